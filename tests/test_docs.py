"""The documents against the code: what they name exists, what they promise is the table that the code has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from sharpen.cli.exits import Exit
from sharpen.cli.jsonl import fields
from sharpen.core.candidate import Candidate, Verdict
from sharpen.core.canvas import Canvas, Frame
from sharpen.core.document import Document
from sharpen.core.errors import NotAFile
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified
from sharpen.core.patch import Patch
from sharpen.core.region import Region

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FIRST_COMMAND = "pip install . && sharpen demo"
TEST_COMMAND = "pip install -e '.[dev]' && pytest"

DOCUMENT = Document.from_bytes(b"x = 1\n", path="x.py")
CANDIDATE = Candidate("x = 2\n", 0.5, 1, 0.1)
EVENTS: list[Event] = [
    Started(0.0, "embedded", "a model", ("x.py",)),
    Framed(0.1, "x.py", Frame(1, None, Canvas((), Region(0, 6)), 0.1)),
    Proposed(0.2, "x.py", 0, CANDIDATE, Patch.of(DOCUMENT, DOCUMENT.whole(), CANDIDATE.text)),
    Verified(0.3, "x.py", 0, CANDIDATE, Verdict(holds=True)),
    Applied(0.4, "x.py", "1"),
    Failed(0.5, "y.py", NotAFile("there is no y.py")),
    Finished(0.6, ("x.py",), (), ("y.py",), 1, 0.1),
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for path, test in re.findall(r"(tests/[\w/]+\.py)::(\w+)", page.read_text(encoding="utf-8")):
        assert f"def {test}(" in read(path), f"{page.name} names {path}::{test}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_architecture_page_states_every_import_contract() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    page = read("docs/architecture.md")
    assert [c["name"] for c in contracts if c["name"] not in page] == []


def test_the_architecture_page_names_only_folders_and_files_that_exist() -> None:
    named = re.findall(
        r"\*\*`([\w/]+/)(?:\*\.py)?`\*\*|`((?:core|cli)/[\w/]+\.py)`", read("docs/architecture.md")
    )
    absent = [name for pair in named for name in pair if name and not (ROOT / name).exists()]
    assert absent == []


def test_the_readme_is_short_and_has_the_two_commands() -> None:
    text = read("README.md")
    assert text.count("\n") <= 120
    assert FIRST_COMMAND in text
    assert TEST_COMMAND in text


def first_column(page: str, heading: str) -> dict[str, str]:
    """The table under a heading: first cell -> the rest of the row."""
    section = read(page).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \| (.+) \|$", section, re.MULTILINE)
    return {cell.strip("`"): rest for cell, rest in rows if not set(cell) <= {"-", ":"}}


def test_the_exit_code_table_is_the_codes() -> None:
    documented = [cell for cell in first_column("docs/cli.md", "Exit codes") if cell.isdigit()]
    assert documented == [str(int(code)) for code in Exit]


def test_the_json_table_is_the_fields_that_are_written() -> None:
    table = first_column("docs/cli.md", "JSON lines")
    for event in EVENTS:
        written = fields(event, 0)
        name = str(written["event"])
        documented = set(re.findall(r"`(\w+)`", table[name].partition(";")[0]))
        assert documented == set(written) - {"event", "seconds"}, name
    assert {str(fields(event, 0)["event"]) for event in EVENTS} == set(table) - {"event"}


def test_ci_runs_the_readmes_commands_as_they_stand() -> None:
    script = read(".ci/run")
    assert script.count(FIRST_COMMAND) == 1
    assert TEST_COMMAND in script
