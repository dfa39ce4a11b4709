from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sharpen.core.repair.names_alike import edits, likeness, words

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,14}", fullmatch=True)


@pytest.mark.parametrize(
    ("wrong", "likely", "unlikely"),
    [
        ("reponse", "response", "request"),
        ("indiaonfirmed", "indiaconfirmed", "indiatotal"),
        ("currlen", "curr_len", "max_len"),
        ("vow", "vowel_list", "sentence"),
        ("fluid_density", "density", "bulk_modulus"),
        ("heap_sort", "sleep_sort", "heap_size_of_all"),
        ("s", "sock", "port"),
        ("tl", "total_len", "mcost"),
        ("Path", "Paths", "path"),
        ("ANY", "ANYTHING", "self"),
        ("myAdaBoost", "Adaboost", "make_blobs"),
        ("teh_name", "the_name", "name_list"),
        ("msgs", "messages", "sizes"),
    ],
)
def test_the_likelier_name_is_more_alike(wrong: str, likely: str, unlikely: str) -> None:
    assert likeness(wrong, likely) > likeness(wrong, unlikely)


@given(NAMES, NAMES)
@example("A0A", "A0")  # short words in common once summed to more than a whole
def test_likeness_is_a_share_and_typing_errors_count_both_ways_alike(one: str, other: str) -> None:
    assert -0.2 <= likeness(one, other) <= 1
    assert edits(one, other) == edits(other, one)
    assert (edits(one, other) == 0) == (one == other)


@pytest.mark.parametrize(
    ("a", "b", "count"), [("ab", "ba", 1), ("abc", "abd", 1), ("abc", "abcd", 1), ("abcdef", "uvwxyz", 4)]
)
def test_typing_errors_are_counted_up_to_a_limit(a: str, b: str, count: int) -> None:
    assert edits(a, b) == count


def test_words_of_every_style() -> None:
    assert words("HTTPServer_maxLen2") == ("http", "server", "max", "len", "2")
