from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharpen.core.repair.tokens import KIND_BASE, KINDS, Codec, kind_id


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \n\t()[]:,'\"=é中")), max_size=60
    )
)
def test_decoding_the_tokens_of_any_text_gives_the_text_back(codec: Codec, text: str) -> None:
    assert codec.text_of(codec.encode(text).ids) == text


@pytest.mark.parametrize(
    "text", ["(", ")", "[", "]", "{", "}", ",", ":", '"', "'", '"""', "\n", "\n     ", "\n\t", " =="]
)
def test_what_a_repair_puts_in_is_one_token(codec: Codec, text: str) -> None:
    assert codec.id_of(text) is not None


def test_spans_cover_the_text_in_order(codec: Codec) -> None:
    text = "def f(a, b):\n    return a + b\n"
    spans = codec.encode(text).spans
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))


def test_bytes_that_are_half_a_character_are_no_text(codec: Codec) -> None:
    ids = codec.encode("中").ids
    assert len(ids) > 1
    assert codec.text_of(ids[:1]) is None


def test_kinds_of_messages_do_not_depend_on_names_or_numbers() -> None:
    one = kind_id("expected an indented block after 'if' statement on line 3")
    assert one == kind_id("expected an indented block after 'for' statement on line 99")
    assert KIND_BASE <= one < KIND_BASE + KINDS
    assert one != kind_id("invalid syntax")
