"""Run the road for a one-shot command: print or stream its events, ask before applying, and say how it ended."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from sharpen.cli import jsonl
from sharpen.cli.door import say
from sharpen.cli.exits import Exit, code_of
from sharpen.cli.options import Options
from sharpen.cli.terminal import Terminal, state_folder
from sharpen.core.engines.base import Engine
from sharpen.core.errors import SharpenError
from sharpen.core.events import Applied, Failed, Finished, Verified
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken
from sharpen.core.session import Job, run
from sharpen.core.worktree.find import find_root
from sharpen.core.worktree.journal import Journal


def journal_for(path: Path) -> Journal:
    """The journal of the repository that holds `path`; outside git, of its folder."""
    root = find_root(path) or (path if path.is_dir() else path.resolve().parent)
    return Journal(state_folder(), root)


def asked(patch: Patch) -> Patch | None:
    """Show the diff and ask; anything but yes is no."""
    sys.stderr.write(patch.unified())
    sys.stderr.write("apply this? [y/N] ")
    sys.stderr.flush()
    return patch if sys.stdin.readline().strip().lower() in ("y", "yes") else None


def carry_out(
    job: Job, engine: Engine, options: Options, *, write: bool, journal: Journal | None
) -> tuple[Finished, Exit]:
    """Run `job`; returns its last event, and the exit code of the worst failure."""
    terminal, cancel = Terminal.here(not options.no_animation), CancelToken()
    decide = asked if write and terminal.can_ask and not options.yes else None
    previous = signal.signal(signal.SIGINT, lambda _n, _f: cancel.cancel())
    worst, last = Exit.DONE, None
    held: dict[str, str] = {}
    try:
        for event in run(job, engine, journal=journal if write else None, decide=decide, cancel=cancel):
            if isinstance(event, Verified) and event.verdict.holds:
                held.setdefault(event.path, event.candidate.note)
            if isinstance(event, Failed):
                worst = max(worst, code_of(event.error))
                if isinstance(event.error, SharpenError) and not options.json:
                    say(event.error)
                elif not isinstance(event.error, SharpenError):
                    raise event.error
            if isinstance(event, Finished):
                last = event
            elif options.json:
                jsonl.write(event)
            elif isinstance(event, Applied) and not options.quiet:
                sys.stderr.write(f"repaired {event.path} (undo: sharpen undo {event.checkpoint})\n")
    finally:
        signal.signal(signal.SIGINT, previous)
    assert last is not None, "the road always ends with Finished"
    return last, worst
