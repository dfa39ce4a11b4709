"""When a candidate holds, and what the verdict says where it does not."""

from __future__ import annotations

from sharpen.core.candidate import Verdict
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.verify import judge_for


def _judged(before: str, after: str, path: str = "a.py") -> Verdict:
    document = Document.from_bytes(before.encode(), path)
    return judge_for(document, document.whole(), diagnose(before, path))(after)


def test_a_repair_that_parses_holds() -> None:
    verdict = _judged("def f(:\n    pass\n", "def f():\n    pass\n")
    assert verdict.holds
    assert len(verdict.gone) == 1


def test_a_repair_that_only_moves_the_error_on_says_to_which_line() -> None:
    verdict = _judged("x = (1))\ny = 2\nz = = 3\n", "x = (1)\ny = 2\nz = = 3\n")
    assert not verdict.holds
    assert [d.line for d in verdict.left] == [3]
    assert verdict.reason.startswith("line 3")


def test_names_that_a_syntax_error_hid_are_not_held_against_its_repair() -> None:
    assert _judged("print(nme\n", "print(nme)\n").holds


def test_a_clean_file_must_not_become_broken() -> None:
    verdict = _judged("x = 1\n", "x = = 1\n")
    assert not verdict.holds
    assert [d.code for d in verdict.new] == ["syntax"]


def test_an_undefined_name_must_be_gone_and_no_other_come() -> None:
    before = "name = 1\nprint(nme)\n"
    assert _judged(before, "name = 1\nprint(name)\n").holds
    same = _judged(before, before)
    assert not same.holds
    assert [d.code for d in same.left] == ["F821"]
    other = _judged(before, "name = 1\nprint(nmae)\n")
    assert not other.holds
    assert [d.message for d in other.new] == ["Undefined name `nmae`"]


def test_the_same_name_elsewhere_may_stay_undefined() -> None:
    text = "name = 1\nprint(nme)\nprint(nme)\n"
    document = Document.from_bytes(text.encode(), "a.py")
    judge = judge_for(document, document.whole(), diagnose(text)[:1])
    assert judge("name = 1\nprint(name)\nprint(nme)\n").holds
    assert not judge(text).holds
    assert not judge("name = 1\nprint(nme)\nprint(nme)\nprint(nme)\n").holds


def test_the_region_is_judged_in_its_file() -> None:
    text = "def f(\n    return 1\n"
    document = Document.from_bytes(text.encode(), "a.py")
    start, end = document.line_span(1, 1)
    region = document.whole().__class__(start, end)
    judge = judge_for(document, region, diagnose(text))
    assert judge("def f():\n").holds
    assert not judge("def f()\n").holds
