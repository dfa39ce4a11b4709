"""Selected lines are found again after an edit before them, around them and in them."""

from __future__ import annotations

import pytest

from sharpen.cli.tui.moved import moved, respelled

FILE = "".join(f"line {n}\n" for n in range(1, 11))


@pytest.mark.parametrize(
    ("now", "lines"),
    [
        (FILE, (4, 6)),
        ("new\n" + FILE, (5, 7)),
        (FILE.removeprefix("line 1\n"), (3, 5)),
        (FILE + "new\n", (4, 6)),
        (FILE.replace("line 5\n", "line 5\nbetween\n"), (4, 7)),
        (FILE.replace("line 5\n", ""), (4, 5)),
        (FILE.replace("line 4\n", "other\n"), (4, 6)),
        (FILE.replace("line 6\n", "other\nand more\n"), (4, 7)),
        (FILE.replace("line 4\nline 5\nline 6\n", ""), (4, 4)),
        ("", (1, 1)),
    ],
)
def test_the_lines_are_found_again(now: str, lines: tuple[int, int]) -> None:
    assert moved(FILE, now, 4, 6) == lines


def test_only_lines_are_spelled_anew() -> None:
    assert respelled("a:b.py:4-6", FILE, "new\n" + FILE) == "a:b.py:5-7"
    assert respelled("a.py", FILE, "new\n" + FILE) == "a.py"
    assert respelled("a.py:4-6", FILE, FILE) == "a.py:4-6"
