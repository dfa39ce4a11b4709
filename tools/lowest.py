"""Print the lowest version that `pyproject.toml` allows of each dependency, as a constraints file for pip.

    python tools/lowest.py train dev > lowest.txt
    pip install -e '.[train]' pytest hypothesis import-linter -c lowest.txt && pytest

Run it before a release and when a bound changes: a bound that no test-suite has passed on is a guess. It reads
`pyproject.toml` alone and writes nothing.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_BOUND = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,. -]+\])?\s*(?:>=|==)\s*(?P<version>[\w.]+)")


def lowest(requirements: Iterable[str]) -> dict[str, str]:
    """Package -> lowest version. A requirement without a bound is left out; of two the lower one counts: the exact version of
    a checker in `dev` is not what users are promised.
    """
    found: dict[str, str] = {}
    for requirement in requirements:
        match = _BOUND.match(requirement)
        if match:
            found[match["name"]] = min(found.get(match["name"], "9999"), match["version"], key=_key)
    return found


def requirements(project: dict[str, object], extras: Iterable[str]) -> list[str]:
    """Those of the project itself and of its extras; an extra that names another one brings it."""
    table = project["optional-dependencies"]
    asked, seen, found = list(extras), set[str](), project["dependencies"]
    assert isinstance(table, dict)
    assert isinstance(found, list)
    all_of = list(found)
    while asked:
        extra = asked.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in table[extra]:
            inner = re.fullmatch(rf"{project['name']}\[([\w,]+)\]", requirement)
            if inner:
                asked += inner[1].split(",")
            else:
                all_of.append(requirement)
    return all_of


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


if __name__ == "__main__":
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    for name, version in lowest(requirements(project, sys.argv[1:])).items():
        print(f"{name}=={version}")
