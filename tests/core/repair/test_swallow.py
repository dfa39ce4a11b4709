"""What a repair takes out of a program without the parser minding."""

from __future__ import annotations

import pytest

from sharpen.core.repair.swallow import conflict, is_code, lost, quoted, swallows

CLOSED = 'def f():\n    """One.\n\n    Two."""\n    return 1\n'


def test_lines_of_strings_in_triple_quotes_are_known_without_a_parser() -> None:
    assert quoted(CLOSED) == [False, True, True, True, False, False]
    assert quoted('x = \'"""\'  # """\ny\n') == [False, False, False]
    assert quoted("x = '''\n") == [True, True]


@pytest.mark.parametrize(
    "line",
    [
        "x = 1",
        "import os",
        "import sys,",
        "def f(a):",
        "    for item in",
        "if item.",
        "return x",
        "f(1)",
        "@a",
        "x += y +",
    ],
)
def test_code_is_known_for_code(line: str) -> None:
    assert is_code(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# x = 1",
        "Returns",
        "Use this if you can.",
        "with the given name",
        "name: the name",
        ">>> f(1)",
        "Args:",
        "- item",
    ],
)
def test_prose_is_no_code(line: str) -> None:
    assert not is_code(line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import sys,\nrun()\n", '"""import sys,\nrun()"""\n'),
        ("for item in\n    f(item)\n", '"""for item in"""\n    f(item)\n'),
        ("def f():\n    x = 1\n<<<<<<< HEAD\n", 'def f():"""\n    x = 1\n<<<<<<<"""\n'),
    ],
)
def test_code_within_quotes_is_swallowed(old: str, new: str) -> None:
    assert swallows(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "def f():\n    Return the thing.\n    return 1\n",
            'def f():\n    """Return the thing."""\n    return 1\n',
        ),
        (CLOSED.replace('"""One', "One"), CLOSED),
        (CLOSED.replace('Two."""', "Two."), CLOSED),
        ("x = (1\n", "x = (1)\n"),
    ],
)
def test_prose_that_gets_its_quotes_is_not(old: str, new: str) -> None:
    assert not swallows(old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def f(a, b):\n", "def f(a):\n", "`b` was taken away"),
        ("a = 1\nbreak\n", "a = 1\n", "line 2 was taken away"),
        ("a = 1\nbreak\n", "a = 1\nx\n", "`break` became `x`"),
        ("except P:\n", "#except P:\n", "line 1 was commented out"),
        ("try:\n    x\ny = 1\n", "try:\n    x\nexcept Exception:\n    pass\ny = 1\n", "an `except` was added: errors pass there unseen"),
        ("retrun x\n", "return x\n", ""),
        ("x = (1\n", "x = (1)\n", ""),
        ("if x\n", "if x:\n", ""),
    ],
)  # fmt: skip
def test_what_is_lost_is_said(old: str, new: str, said: str) -> None:
    assert lost(old, new) == said


def test_more_than_a_few_losses_are_counted() -> None:
    assert lost("a\nb\nc\nd\ne\n", "").endswith(" and 2 more")


def test_the_marks_of_a_merge_are_found_and_a_ruler_is_none() -> None:
    text = "x = 1\n<<<<<<< HEAD\ny = 1\n=======\ny = 2\n>>>>>>> other\nz = 3\n"
    assert conflict(text) == (2, 6)
    assert conflict("Title\n=======\n") is None
    assert conflict("x = 1\n") is None
