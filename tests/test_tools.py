"""Scripts for developers."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_links_show_the_folders_under_their_import_names(tmp_path: Path) -> None:
    for name in ("cli", "core", "prompts"):
        (tmp_path / name).mkdir()
    link = runpy.run_path(str(ROOT / "tools" / "link.py"))["link"]
    assert [place.resolve() for place in link(tmp_path)] == [tmp_path / n for n in ("cli", "core", "prompts")]
    assert link(tmp_path) == link(tmp_path)
