"""Syntax errors that the parser all but names, repaired by the shipped model and its rules end to end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharpen.core.candidate import Candidate
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.embedded import EmbeddedEngine
from sharpen.core.errors import Refused
from sharpen.core.request import CancelToken, Request, Settings
from sharpen.core.verify import judge_for

ENGINE = EmbeddedEngine()


def repaired(text: str) -> Candidate | None:
    document = Document.from_bytes(text.encode(), "a.py")
    found = diagnose(text)
    judge = judge_for(document, document.whole(), found)
    request = Request("fix it", document, document.whole(), found, (), Settings(), judge, CancelToken())
    request = replace(request, settings=Settings(frames=False, candidates=1))
    return next((one for one in ENGINE.refine(request) if isinstance(one, Candidate)), None)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("if link.netloc = PyPI.x:", "if link.netloc == PyPI.x:"),
        ("if !has_pyproject and x:", "if not has_pyproject and x:"),
        ("if a || b && c:", "if a or b and c:"),
        ('if option[1] && option[0][:2] == "--":', 'if option[1] and option[0][:2] == "--":'),
        ('if print(f"hello {name"):', 'if print(f"hello {name}"):'),
        ('if f"{x:.2f":', 'if f"{x:.2f}":'),
    ],
)
def test_a_condition_means_afterwards_what_it_was_to_mean(wrong: str, right: str) -> None:
    frame = "def f(link, PyPI, has_pyproject, x, a, b, c, option, name):\n    {}\n        return 1\n"
    candidate = repaired(frame.format(wrong))
    assert candidate is not None
    assert candidate.text == frame.format(right)
    assert candidate.note == ""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("def f(x):\n    retrun x\n", "def f(x):\n    return x\n"),
        ("def f(x):\n    y = await x.go()\n    return y\n", "async def f(x):\n    y = await x.go()\n    return y\n"),
        ("def f(a, b, c):\n    x = a ? b : c\n    return x\n", "def f(a, b, c):\n    x = b if a else c\n    return x\n"),
        ("def g(a=1, b):\n    return b\n", "def g(a=1, b=None):\n    return b\n"),
        ("def g(a: int = 1, b: list):\n    return b\n", "def g(a: int = 1, b: list = []):\n    return b\n"),
    ],
)  # fmt: skip
def test_the_statement_is_the_one_that_was_meant(wrong: str, right: str) -> None:
    candidate = repaired(wrong)
    assert candidate is not None
    assert candidate.text == right


@pytest.mark.parametrize(
    "text",
    [
        "import os\nimport sys,\n\n\ndef run(cmd):\n    print(cmd\n    return os.system(cmd)\n\n\ndef main():\n    args = sys.argv[1:\n    for a in args\n        run(a)\n",
        "def total(items):\n    total = 0\n    for item in\n    return total\n",
        "def f(item):\n    if item.\n    return item\n",
        "x = 1\nreturn x\n",
    ],
)
def test_code_is_never_wrapped_in_quotes(text: str) -> None:
    candidate = repaired(text)
    assert candidate is None or '"""' not in candidate.text


def test_what_is_taken_away_is_said() -> None:
    candidate = repaired("x = 1\ncontinue\n")
    assert candidate is None or candidate.note


def test_a_merge_conflict_is_refused() -> None:
    text = "def f():\n    x = 1\n<<<<<<< HEAD\n    return 30\n=======\n    return 60\n>>>>>>> feature\n"
    with pytest.raises(Refused, match=r"a.py has an unresolved merge conflict \(line 3\)"):
        repaired(text)
