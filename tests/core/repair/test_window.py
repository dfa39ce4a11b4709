from __future__ import annotations

import pytest

from sharpen.core.repair.tokens import Codec
from sharpen.core.repair.window import cut

TEXT = "\n".join(f"    value_{i} = compute({i}, other)" for i in range(60)) + "\n"


@pytest.mark.parametrize("line", [1, 2, 30, 59, 60, 61, 500])
def test_a_window_holds_the_line_that_was_named_and_no_more_tokens_than_asked(
    codec: Codec, line: int
) -> None:
    window = cut(TEXT, codec, line, 5, length=120)
    assert len(window.ids) <= 120
    assert window.first < min(line, 61) <= window.last
    assert {1, 2} & set(window.flags)


def test_a_window_s_spans_are_its_tokens_characters(codec: Codec) -> None:
    window = cut(TEXT, codec, 30, 8, length=100)
    for token, (a, b) in zip(window.ids, window.spans, strict=True):
        assert codec.bytes_of(token).decode() == TEXT[a:b]


def test_the_newline_before_the_first_line_is_not_there_but_its_indentation_is(codec: Codec) -> None:
    window = cut("    x = 1\n", codec, 1, 0)
    assert window.spans[0] == (0, 4)
    assert codec.bytes_of(window.ids[0]) == b"\n    "


def test_the_named_column_marks_its_token(codec: Codec) -> None:
    text = "a = 1\nb = (2\nc = 3\n"
    window = cut(text, codec, 2, 5)
    marked = [text[a:b] for (a, b), f in zip(window.spans, window.flags, strict=True) if f == 2]
    assert marked == ["("]


def test_a_line_that_is_too_long_is_cut_around_the_column(codec: Codec) -> None:
    text = "x = [" + ", ".join(str(i) for i in range(900)) + "\n"
    window = cut(text, codec, 1, 2000, length=80)
    assert len(window.ids) == 80
    assert window.spans[0][0] < 2000 < window.spans[-1][1]
