"""The table of single-token repairs: what it proposes, what it leaves alone, and in which order."""

from __future__ import annotations

import ast

import pytest

from sharpen.core.diagnostic import Diagnostic
from sharpen.core.repair.bugs import swaps
from sharpen.core.repair.bugs_rank import ranked


def texts(text: str) -> set[str]:
    return {text[: s.start] + s.new + text[s.end :] for s in swaps(text)}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("x = a < b\n", "x = a <= b\n"),
        ("x = a == b\n", "x = a != b\n"),
        ("x = a - 1\n", "x = a + 1\n"),
        ("x = a[1]\n", "x = a[0]\n"),
        ("x = a and b\n", "x = a or b\n"),
        ("if not a:\n    pass\n", "if a:\n    pass\n"),
        ("if a:\n    pass\n", "if not a:\n    pass\n"),
        ("x = a is not b\n", "x = a is b\n"),
        ("x = a not in b\n", "x = a in b\n"),
        ("x = max(a)\n", "x = min(a)\n"),
        ("f(a, b)\n", "f(b, a)\n"),
        ("def f(low, high):\n    return low\n", "def f(low, high):\n    return high\n"),
        ("def f(low, high):\n    low = 3\n", "def f(low, high):\n    high = 3\n"),
        ("def f(low, high):\n    low += 3\n", "def f(low, high):\n    high += 3\n"),
        ("x = 'ä' + y\n", "x = 'ä' - y\n"),
        ("x = -y\n", "x = y\n"),
        ("x = True\n", "x = False\n"),
    ],
)
def test_the_repair_is_among_the_proposals(wrong: str, right: str) -> None:
    assert right in texts(wrong)


def test_every_proposal_parses_and_differs() -> None:
    text = (
        "def f(a, *b, c=1, **d):\n    for x in b:\n        if x not in d and not c:\n            return -x\n"
        "    y: int = a ** 2\n    return [z for z in b if z is not y], lambda q=3: q + 1\n"
    )
    found = texts(text)
    assert len(found) > 30
    assert text not in found
    for one in found:
        ast.parse(one)


def test_what_does_not_parse_has_no_proposals() -> None:
    assert swaps("def f(:\n") == []


def test_a_named_line_comes_before_the_others() -> None:
    text = "def f(a, b):\n    c = a < b\n    return a < b\n"
    hint = Diagnostic(35, 48, 3, 1, "check", "", "")
    assert ranked(text, swaps(text), [], None)[0][0].line == 2
    assert ranked(text, swaps(text), [hint], None)[0][0].line == 3
