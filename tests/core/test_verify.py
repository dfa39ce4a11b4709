"""When a candidate holds, and what the verdict says where it does not."""

from __future__ import annotations

import pytest

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


OLD_FAULT = "def far(:\n    pass\n"
GOOD = "def area(w, h):\n    return w + h\n"
METHOD = "class Shape:\n    def area(self):\n        return 1\n\n    def rim(self):\n        return 2\n"


def _edited(text: str, region: str, new: str, asked: bool = False) -> Verdict:
    """`new` in the place of `region`, by an edit that is about nothing, or about what is wrong."""
    document = Document.from_bytes(text.encode(), "a.py")
    start = text.index(region)
    place = document.whole().__class__(start, start + len(region))
    return judge_for(document, place, diagnose(text) if asked else ())(new)


@pytest.mark.parametrize("text", [OLD_FAULT + "\n\n" + GOOD, GOOD + "\n\n" + OLD_FAULT, "x = (1,\n" + GOOD,
                                  GOOD + "print('a\n", 's = """\n' + GOOD, GOOD + "\n\nif True:\nx = 1\n"])  # fmt: skip
def test_an_old_fault_outside_the_region_does_not_stand_in_the_way_of_a_free_edit(text: str) -> None:
    assert _edited(text, GOOD, GOOD.replace("+", "*")).holds
    assert _edited(text, GOOD, "# twice\n" + GOOD.replace("w + h", "2 *\\\n        w")).holds
    for bad in ("def area(w, h:\n    return w\n", "def area(w, h):\n", GOOD.replace("w + h", "(w + h"),
                GOOD + "x = '''\n", "    " + GOOD, GOOD.replace("    return", "return")):  # fmt: skip
        assert not _edited(text, GOOD, bad).holds, bad


def test_a_definition_may_be_taken_out_beside_an_old_fault_and_the_only_one_of_a_body_may_not() -> None:
    assert _edited(OLD_FAULT + GOOD, GOOD, "").holds
    only = "    def area(self):\n        return 1\n"
    assert not _edited(OLD_FAULT + "class Shape:\n" + only, only, "").holds


def test_a_repair_must_still_end_what_it_is_about() -> None:
    text = OLD_FAULT + "\n\n" + GOOD
    assert not _edited(text, GOOD, GOOD.replace("+", "*"), asked=True).holds
    assert _edited(text, OLD_FAULT, "def far():\n    pass\n", asked=True).holds


def test_a_region_that_was_broken_must_be_sound_and_what_follows_it_may_stay_broken() -> None:
    broken = "def area(w, h:\n    return w + h\n"
    text = broken + "\n\n" + OLD_FAULT
    assert _edited(text, broken, GOOD).holds
    assert not _edited(text, broken, broken.replace("+", "*")).holds
    assert not _edited(text, broken, "def area(w, h):\n").holds


def test_a_method_keeps_its_indentation_beside_an_old_fault() -> None:
    text = METHOD + "\n\n" + OLD_FAULT
    area = "    def area(self):\n        return 1\n"
    assert _edited(text, area, area.replace("1", "3")).holds
    assert not _edited(text, area, "  def area(self):\n    return 3\n").holds
    assert not _edited(OLD_FAULT + METHOD, area, "  def area(self):\n    return 3\n").holds


def test_a_part_of_a_statement_is_judged_by_the_grammar_that_recovers() -> None:
    text = OLD_FAULT + "if a:\n    b()\nelif c:\n    d()\nelse:\n    e()\n"
    assert _edited(text, "elif c:\n    d()\n", "elif c:\n    f()\n").holds
    assert not _edited(text, "elif c:\n    d()\n", "elif c(:\n    f()\n").holds
