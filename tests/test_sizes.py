"""Size alarms: a file over 400 lines or a function over 60 is two things under one name.

An exception is listed with its present size; it may shrink, never grow, and once it is under the limit its
line here must go.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("cli", "core", "prompts", "tests", "benchmarks", "tools")
NOT_OURS = ("cli/demo/", "tests/cases/", "tests/fixtures/", "benchmarks/.cache/")
"""Broken on purpose, or somebody else's code that a benchmark fetched."""
FILE_LINES = 400
FUNCTION_LINES = 60

LARGE_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def sources() -> dict[str, str]:
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(NOT_OURS):
                found[name] = path.read_text(encoding="utf-8")
    return found


def function_lengths(text: str) -> dict[str, int]:
    """Qualified name -> lines from `def` to the last statement."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}"
                if not isinstance(child, ast.ClassDef):
                    found[name] = (child.end_lineno or child.lineno) - child.lineno + 1
                visit(child, name + ".")
            else:
                visit(child, prefix)

    visit(ast.parse(text), "")
    return found


def alarms(sizes: dict[str, int], limit: int, exceptions: dict[str, int]) -> list[str]:
    """A line for each size over its limit, and for each exception that is out of date."""
    said = [
        f"{name}: {size} lines (limit {max(limit, exceptions.get(name, 0))})"
        for name, size in sizes.items()
        if size > max(limit, exceptions.get(name, 0))
    ]
    for name, allowed in exceptions.items():
        now = sizes.get(name, 0)
        if now <= limit:
            said.append(f"{name}: {now} lines, needs no exception any more")
        elif now < allowed:
            said.append(f"{name}: shrank to {now} lines, so may its exception ({allowed})")
    return said


@pytest.mark.parametrize(
    ("size", "exceptions", "alarming"),
    [(10, {}, False), (11, {}, True), (11, {"x": 11}, False), (12, {"x": 11}, True), (9, {"x": 11}, True)],
)
def test_an_exception_may_only_shrink(size: int, exceptions: dict[str, int], alarming: bool) -> None:
    assert bool(alarms({"x": size}, 10, exceptions)) == alarming


def test_no_file_is_too_long() -> None:
    sizes = {name: text.count("\n") for name, text in sources().items()}
    assert alarms(sizes, FILE_LINES, LARGE_FILES) == []


def test_no_function_is_too_long() -> None:
    sizes = {
        f"{path}::{name}": lines
        for path, text in sources().items()
        for name, lines in function_lengths(text).items()
    }
    assert alarms(sizes, FUNCTION_LINES, LONG_FUNCTIONS) == []
