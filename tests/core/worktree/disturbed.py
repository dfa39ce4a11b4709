"""What the tests of writing look at and get in the way with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below the folder with its bytes and mode, git's own left out."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def interfering(step: str, act: Callable[[], object]) -> Callable[[str], None]:
    def on_step(name: str) -> None:
        if name == step:
            act()

    return on_step
