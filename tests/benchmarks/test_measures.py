"""What counts as a repair in every table, shown on one small file."""

from __future__ import annotations

import pytest

from benchmarks.baselines import identity, mutate_and_parse, tree_sitter_recovery
from benchmarks.cases import Case
from benchmarks.measures import compiles, judge, undefined_names
from benchmarks.repair import judged, table

LINES = [
    "import os",
    "",
    "def size(path):",
    "    total = 0",
    "    for name in os.listdir(path):",
    "        total += len(name)",
    "    print(total)",
    "    return total",
]
GOOD = "\n".join(LINES) + "\n"
BROKEN = GOOD.replace("listdir(path):", "listdir(path:")


def outcome(result: str, after: str = GOOD) -> str:
    return judge(BROKEN, [after], result, passes=compiles(result)).outcome


def test_the_humans_own_fix_is_repaired_and_identical() -> None:
    found = judge(BROKEN, [GOOD], GOOD, passes=True)
    assert (found.outcome, found.identical, found.beyond, found.kept) == ("repaired", True, 0, 1.0)


def test_another_fix_of_the_same_line_is_repaired_and_not_identical() -> None:
    found = judge(BROKEN, [GOOD], GOOD.replace("listdir(path)", "listdir((path))"), passes=True)
    assert (found.outcome, found.identical, found.same_tree) == ("repaired", False, True)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (BROKEN, "untouched"),
        (BROKEN.replace("total = 0", "total = 1"), "still broken"),
        (GOOD.replace("    for name in os.listdir(path):\n        total += len(name)\n", ""), "thrown away"),
        (
            GOOD.replace("    for name", "    # for name").replace("        total +=", "    total +="),
            "thrown away",
        ),
        (f'"""\n{BROKEN}"""\n', "thrown away"),
        ("x = 1\n", "gutted"),
        ("", "gutted"),
    ],
    ids=["nothing", "elsewhere", "deleted", "commented", "quoted", "replaced", "emptied"],
)
def test_getting_it_to_parse_by_losing_code_is_no_repair(result: str, expected: str) -> None:
    assert outcome(result) == expected


def test_a_deletion_that_the_human_made_too_is_a_repair() -> None:
    shorter = GOOD.replace("    for name in os.listdir(path):\n        total += len(name)\n", "")
    assert outcome(shorter.replace("total = 0", "total = 2"), after=shorter) == "repaired"


def test_lines_changed_elsewhere_are_counted_as_beyond() -> None:
    assert judge(BROKEN, [GOOD], GOOD.replace("import os", "import os, sys"), passes=True).beyond == 1


def test_line_endings_and_trailing_blanks_do_not_count() -> None:
    assert judge(BROKEN, [GOOD], GOOD.replace("\n", " \r\n"), passes=True).identical


def test_a_new_undefined_name_is_no_repair() -> None:
    broken = GOOD.replace("print(total)", "print(totl)")
    case = Case("u", "undefined", "misspelt name", broken, (GOOD,), undefined=("totl",))
    assert judged(case, GOOD).outcome == "repaired"
    swapped = judged(case, GOOD.replace("print(total)", "print(tutal)"))
    assert (swapped.outcome, swapped.names_gone, swapped.names_new) == ("still broken", True, 1)


def test_undefined_names_are_those_that_ruff_names() -> None:
    assert undefined_names("x = y\n") == {"y"}
    assert undefined_names("x = (\n") is None


def test_the_baselines_repair_what_they_can_and_leave_the_rest() -> None:
    case = Case("s", "syntax", "bracket", BROKEN, (GOOD,))
    assert identity(case) == BROKEN
    assert compiles(tree_sitter_recovery(case))
    assert judged(case, mutate_and_parse(case)).outcome == "repaired"


def test_the_name_baseline_finds_a_near_spelling_and_a_missing_import() -> None:
    misspelt = Case("n", "undefined", "", GOOD.replace("print(total)", "print(totl)"), (GOOD,), ("totl",))
    assert mutate_and_parse(misspelt) == GOOD
    unimported = Case("i", "undefined", "", GOOD.replace("import os\n", "import re\n"), (GOOD,), ("os",))
    assert undefined_names(mutate_and_parse(unimported)) == frozenset()


def test_a_table_lines_up() -> None:
    lines = table(["", "n"], [["a long label", "1"], ["b", "22"]]).split("\n")
    assert len({len(line) for line in lines}) == 1
