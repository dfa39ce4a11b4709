"""The documents against the code: what they name exists, what they promise is the table that the code has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FIRST_COMMAND = "pip install . && sharpen demo"
TEST_COMMAND = "pip install -e '.[dev]' && pytest"


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


def test_ci_runs_the_readmes_commands_as_they_stand() -> None:
    script = read(".ci/run")
    assert script.count(FIRST_COMMAND) == 1
    assert TEST_COMMAND in script
