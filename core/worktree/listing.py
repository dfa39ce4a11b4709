"""The files of a work tree as a file browser shows them: what git tracks or would track, each with its status.

The terminal app asks once it has drawn itself, and after every change. Ignored files are never listed. Outside git
the folder itself is walked, without hidden names and without the folders that tools fill. It reads names, not files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.worktree import git
from sharpen.core.worktree.find import find_root

MOST = 50_000
"""Names in one list; a browser of more helps nobody."""
_FILLED_BY_TOOLS = frozenset(("node_modules", "__pycache__", "venv", "build", "dist", "target"))


@dataclass(frozen=True, slots=True)
class Listed:
    """One file."""

    name: str
    """Relative to the folder asked about, with `/`."""
    status: str = " "
    """` ` as in HEAD, `M` modified, `A` added to the index, `?` untracked, `D` deleted, `U` in conflict."""


def listed(folder: Path) -> tuple[Listed, ...]:
    """The files under `folder`, sorted by name. Raises Refused where git does not answer."""
    root = find_root(folder)
    if root is None or not git.has_work_tree(root):
        return tuple(Listed(name) for name in sorted(_walked(folder)))
    under = Path(os.path.realpath(folder))
    states = {os.path.relpath(root / name, under): state for name, state in git.states(root).items()}
    names = {os.path.relpath(root / name, under) for name in git.files(root)}
    inside = sorted(name for name in names | states.keys() if not name.startswith(".."))
    return tuple(Listed(name, states.get(name, " ")) for name in inside[:MOST])


def _walked(folder: Path) -> Iterator[str]:
    found = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _FILLED_BY_TOOLS)
        for name in sorted(files):
            if not name.startswith("."):
                found += 1
                yield os.path.relpath(Path(place) / name, folder)
        if found > MOST:
            return
