"""`sharpen undo`: put back what a checkpoint changed, or do it again."""

from __future__ import annotations

import sys
from pathlib import Path

from sharpen.cli.exits import Exit
from sharpen.cli.runner import journal_for


def undo(checkpoint: str | None, *, show: bool, redo: bool) -> int:
    """Undo, redo or list; returns the exit code."""
    journal = journal_for(Path.cwd())
    if show:
        for one in journal.list():
            sys.stdout.write(f"{one.id}  {one.instruction}  {', '.join(one.paths)}\n")
        return int(Exit.DONE)
    restored = journal.redo(checkpoint) if redo else journal.undo(checkpoint)
    word = "redid" if redo else "undid"
    sys.stderr.write(f"{word} {restored.checkpoint.id}: {', '.join(restored.checkpoint.paths)}\n")
    return int(Exit.DONE)
