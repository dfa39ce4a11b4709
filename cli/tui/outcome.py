"""What a run came to, in a sentence for the screen and as a row for the store. Pure."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.cli.tui.sitting import Run
from sharpen.cli.tui.store import Outcome
from sharpen.core.errors import FileChanged, Interrupted, SharpenError

if TYPE_CHECKING:
    from sharpen.core.worktree.journal import Checkpoint, Restored


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence in the place where the answer would have come."""

    text: str
    hint: str = ""
    bad: bool = False
    asks: bool = False
    """It waits for an answer."""


def of_error(error: Exception) -> Notice:
    """The error's own words."""
    if isinstance(error, SharpenError):
        return Notice(error.message, _here(error.hint), bad=True)
    return Notice(str(error) or type(error).__name__, bad=True)


def _here(hint: str) -> str:
    """The hint as one can follow it in the app: what is typed in a shell is said to be."""
    if hint.startswith("sharpen ") and "--engine" in hint:
        return "F2 chooses another engine"
    return f"in a shell: {hint}" if hint.startswith(("sharpen ", "pip ")) else hint


def of_sending(run: Run) -> Notice:
    """How much leaves the machine and where to; a question where nothing has gone there yet."""
    from sharpen.cli.sending import sentence

    sent = run.sending
    assert sent is not None
    said = sentence(sent.size, sent.files, sent.host)
    return Notice(f"{said}?", "Enter sends it, Esc keeps it here", asks=True) if sent.asks else Notice(said)


def of_run(run: Run) -> Notice:
    """How it ended."""
    if run.state == "applied":
        files = ", ".join(near(path) for path in run.changed)
        uncovered = (
            f"; {len(run.finished.left)} findings are left" if run.finished and run.finished.left else ""
        )
        return Notice(f"applied to {files} as checkpoint {run.checkpoint}{uncovered}", "u takes it back")
    if run.state == "stopped":
        return Notice("stopped; nothing was written", "the prompt is there to be sent again")
    if run.state == "failed":
        errors = [e for e in run.errors if not isinstance(e, Interrupted)]
        if errors and isinstance(errors[0], FileChanged):
            hint = "send the prompt again, or open the proposal with F3"
            return Notice(
                errors[0].message, hint if run.patch and not run.kept else "send the prompt again", bad=True
            )
        return of_error(errors[0]) if errors else Notice("it failed", bad=True)
    if run.state == "nothing" and run.candidates:
        files = ", ".join(dict.fromkeys(near(one.path) for one in run.candidates))
        return Notice(f"nothing to change: what was proposed for {files} is what it says already")
    if run.state == "nothing":
        files = ", ".join(near(path) for path in run.looked_at) or "the files that differ from HEAD"
        return Notice(f"nothing to repair in {files}")
    return Notice("rejected; nothing was written")


def first_row(run: Run, path: str) -> int:
    """The 0-based row of the file in which what was applied begins; 0 where nothing was."""
    patch = run.finished.proposed if run.finished and run.state == "applied" else None
    starts = (
        [hunk.start_line - 1 + hunk.shift for hunk in patch.hunks() if hunk.path == path] if patch else []
    )
    return min(starts, default=0)


def id_of(run: Run) -> str:
    """The name that its frames, its outcome and its proposal are kept under."""
    return run.ask.record.rpartition("/")[2].removesuffix(".jsonl")


def row(run: Run, run_id: str) -> Outcome:
    """For the list of runs."""
    error = next((e for e in run.errors), None)
    said = run.checkpoint if run.state == "applied" else str(error) if error else ""
    steps = run.finished.steps if run.finished else len(run.log)
    last = run.log.shots[-1].frame.seconds if len(run.log) else 0.0
    seconds = run.finished.engine_seconds if run.finished else last
    ended = "open" if run.state == "review" else run.state
    engine = run.engine or (run.kept.engine if run.kept else "")
    return Outcome(run_id, time.time(), run.typed, run.paths, engine, ended, said, steps, seconds)


def of_undo(restored: Restored, *, redo: bool) -> Notice:
    """What was put back."""
    word = "applied again" if redo else "put back"
    files = ", ".join(near(path) for path in restored.paths) or "everything was so already"
    kept = "; what was typed since is kept" if restored.merged else ""
    hint = "u takes it back" if redo else "Ctrl+Y applies it again"
    return Notice(f"checkpoint {restored.checkpoint.id}: {files} {word}{kept}", hint)


def checkpoint_label(one: Checkpoint) -> tuple[str, str]:
    """A checkpoint as a row of a list: label and note."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time))
    state = "  (undone)" if one.undone else ""
    return f"{one.id}  {when}  {one.instruction}{state}", ", ".join(near(path) for path in one.paths)


def near(path: str) -> str:
    """The path from here."""
    return os.path.relpath(path) if Path(path).is_absolute() else path
