"""`sharpen undo`: put back what a checkpoint changed; `--list` shows them, `--redo` applies again."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sharpen.cli.fatal import out, say
from sharpen.cli.road import journal_for
from sharpen.cli.terminal import state_folder
from sharpen.core.errors import BadInput
from sharpen.core.worktree.journal import Checkpoint


def run(checkpoint: str | None, *, show: bool, redo: bool) -> int:
    """Undo, redo or list; returns the exit code."""
    journal = journal_for(None)
    if not show and not journal.list() and (other := journal.latest_root(state_folder())) is not None:
        raise BadInput(
            "nothing was edited here", f"the last edit was made in {other}: run sharpen undo there"
        )
    if show:
        for one in journal.list():
            out(_line(one) + "\n")
        return 0
    done = journal.redo(checkpoint) if redo else journal.undo(checkpoint)
    word = "applied again" if redo else "put back"
    for path in done.paths:
        kept = ", keeping what was typed since" if path in done.merged else ""
        say(f"{_near(path)}: {word}{kept}")
    for path in done.already:
        say(f"{_near(path)}: was so already")
    say(
        f"checkpoint {done.checkpoint.id}: sharpen undo{'' if redo else ' --redo'} {done.checkpoint.id} reverses this"
    )
    return 0


def _near(path: str) -> str:
    return os.path.relpath(path) if Path(path).is_absolute() else path


def _line(one: Checkpoint) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time))
    state = " (undone)" if one.undone else ""
    return (
        f"{one.id}  {when}  {one.engine}  {one.instruction}  {', '.join(_near(p) for p in one.paths)}{state}"
    )
