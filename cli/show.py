"""One-shot rendering: plain lines, JSON lines or the live canvas, all on stderr but for JSON.

`cli.road` makes one viewer a run, shows it every event and lets it decide. It draws and asks; it never writes files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sharpen.cli.fatal import say
from sharpen.cli.options import Options
from sharpen.cli.terminal import Terminal
from sharpen.core.errors import Interrupted, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Started, Verified
from sharpen.core.patch import Patch
from sharpen.core.session import Job


class View(Protocol):
    """What `cli.road` needs of a viewer."""

    def see(self, event: Event, code: int) -> None:
        """Show one event; `code` is the exit code so far."""
        ...

    def decide(self, patch: Patch) -> Patch | None:
        """What of the patch to apply."""
        ...


class Lines:
    """Plain lines for logs, hooks and pipes."""

    def __init__(self, job: Job, options: Options, terminal: Terminal) -> None:
        self._job, self._options, self._terminal = job, options, terminal
        self._notes: dict[str, str] = {}

    def see(self, event: Event, code: int) -> None:  # noqa: C901 - one branch a kind of event
        """At most a line an event."""
        options = self._options
        if isinstance(event, Failed):
            if isinstance(event.error, SharpenError) and not isinstance(event.error, Interrupted):
                say(f"sharpen: {event.error.message}")
                if event.error.hint:
                    say(f"  {event.error.hint}")
        elif options.quiet:
            return
        elif isinstance(event, Started):
            for target in self._job.targets:
                for found in target.diagnostics[:3]:
                    say(f"{target.document.path}:{found.line}:{found.column}: {found.code} {found.message}")
            if options.verbose:
                say(f"engine {event.engine}, model {event.model}")
        elif isinstance(event, Framed) and options.verbose:
            frame = event.frame
            say(
                f"{event.path}: step {frame.step}, {frame.canvas.count('masked')} masks left {frame.note}".rstrip()
            )
        elif isinstance(event, Verified) and event.verdict.holds:
            self._notes[event.path] = event.candidate.note
        elif isinstance(event, Applied):
            note = self._notes.get(event.path, "")
            say(
                f"{event.path}: repaired{f' ({note})' if note else ''}; sharpen undo {event.checkpoint} takes it back"
            )
        elif isinstance(event, Finished) and options.verbose:
            say(f"{event.steps} steps, {event.engine_seconds:.2f} s in the engine, exit {code}")

    def decide(self, patch: Patch) -> Patch | None:
        """Ask where it can be asked and was not told to apply."""
        if self._options.yes or not self._terminal.can_ask:
            return patch
        say(patch.unified().encode("utf-8", "replace").decode())
        say("apply this? [Y/n] ")
        try:
            answer = input().strip().lower()
        except EOFError:
            return None
        return patch if answer in {"", "y", "yes"} else None


class Animated(Lines):
    """Frames as the live canvas; everything else as lines below it."""

    def __init__(self, job: Job, options: Options, terminal: Terminal) -> None:
        from sharpen.cli.live import Canvas

        super().__init__(job, options, terminal)
        self._canvas = Canvas({t.document.path: t.document for t in job.targets}, colour=terminal.can_colour)

    def see(self, event: Event, code: int) -> None:
        """Draw or say."""
        if isinstance(event, Framed):
            self._canvas.draw(event)
            return
        self._canvas.stop()
        super().see(event, code)

    def decide(self, patch: Patch) -> Patch | None:
        """Ask below the canvas."""
        self._canvas.stop()
        return super().decide(patch)

    def stop(self) -> None:
        """Leave the terminal as it was."""
        self._canvas.stop()


@contextmanager
def viewer(job: Job, options: Options, terminal: Terminal, *, fixing: bool) -> Iterator[View]:  # noqa: ARG001
    """The viewer that fits the options and the terminal, for the length of a run."""
    if options.json:
        from sharpen.cli.jsonl import JsonLines

        yield JsonLines(cells=options.cells)
        return
    if not terminal.can_animate or options.quiet:
        yield Lines(job, options, terminal)
        return
    view = Animated(job, options, terminal)
    try:
        yield view
    finally:
        view.stop()
