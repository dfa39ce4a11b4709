"""Scripts for developers."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_links_show_the_folders_under_their_import_names(tmp_path: Path) -> None:
    for name in ("cli", "core", "prompts"):
        (tmp_path / name).mkdir()
    link = runpy.run_path(str(ROOT / "tools" / "link.py"))["link"]
    assert [place.resolve() for place in link(tmp_path)] == [tmp_path / n for n in ("cli", "core", "prompts")]
    assert link(tmp_path) == link(tmp_path)


def test_the_lowest_versions_are_those_of_the_bounds() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "lowest.py"))
    project = {
        "name": "x",
        "dependencies": ["ruff>=0.8", "numpy>=1.26"],
        "optional-dependencies": {
            "train": ["torch==2.13.0", "anything"],
            "dev": ["x[train]", "ruff==0.17.6"],
        },
    }
    assert tool["lowest"](tool["requirements"](project, [])) == {"ruff": "0.8", "numpy": "1.26"}
    found = tool["lowest"](tool["requirements"](project, ["dev"]))
    assert found == {"ruff": "0.8", "numpy": "1.26", "torch": "2.13.0"}


def test_every_dependency_of_the_project_has_a_bound() -> None:
    """One without a bound is never tried at its lowest."""
    tool = runpy.run_path(str(ROOT / "tools" / "lowest.py"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(tool["lowest"](project["dependencies"])) == len(project["dependencies"])
