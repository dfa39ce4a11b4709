"""One-shot rendering of the road's events: plain lines, the live canvas with the diff in its place, or JSON lines.

`cli.road` makes one viewer a run, shows it every event and lets it decide. All of it goes to stderr, but for JSON. A
viewer draws and asks; it writes no files and knows nothing of engines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from sharpen.cli.fatal import say, say_error, shown
from sharpen.cli.options import Options
from sharpen.cli.terminal import Terminal, size
from sharpen.core.errors import Interrupted, NothingHeld, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified
from sharpen.core.patch import Patch
from sharpen.core.session import Job

OUTPUT_LINES = 20
"""Lines of a check command's output that `-v` shows where nothing held."""
FINDINGS = 3
"""Findings said of one file before it is worked on."""


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

    def __init__(self, job: Job, options: Options, terminal: Terminal, undo: str = "sharpen undo") -> None:
        self._job, self._options, self._terminal, self._undo = job, options, terminal, undo
        self._notes: dict[str, str] = {}
        self._same: set[tuple[str, int]] = set()
        """Candidates that change nothing."""
        self._idle: dict[str, str] = {}
        """Files of which such a candidate held, and its note."""
        self._proposed = self._tried = 0
        self._output = ""
        """What the check command said last of a candidate that it did not take."""

    def see(self, event: Event, code: int) -> None:
        """At most a line an event, and a few where the work begins."""
        if isinstance(event, Failed):
            if isinstance(event.error, SharpenError) and not isinstance(event.error, Interrupted):
                say_error(event.error)
            if isinstance(event.error, NothingHeld) and self._options.verbose:
                for line in self._output.splitlines()[-OUTPUT_LINES:]:
                    say(f"  {shown(line)}")
        elif isinstance(event, Verified):
            if event.verdict.check is not None:
                self._tried += 1
                self._output = event.verdict.check.output if event.verdict.check.exit else self._output
            if event.verdict.holds:
                self._notes.setdefault(event.path, event.candidate.note)
                if (event.path, event.index) in self._same:
                    self._idle[event.path] = event.candidate.note
        elif isinstance(event, Proposed):
            self._proposed += 1
            if event.patch.empty:
                self._same.add((event.path, event.index))
        elif not self._options.quiet:
            self._tell(event, code)

    def _tell(self, event: Event, code: int) -> None:
        verbose = self._options.verbose
        if isinstance(event, Started):
            self._findings()
            if verbose:
                say(f"engine {event.engine}, model {event.model}")
        elif isinstance(event, Framed) and verbose:
            frame = event.frame
            from sharpen.cli.pace import masks_left

            left = masks_left(frame.canvas.count("masked"))
            say(shown(f"{event.path}: step {frame.step}, {left} {frame.note}".rstrip()))
        elif isinstance(event, Applied):
            note = self._notes.get(event.path, "")
            said = f" ({note})" if note else ""
            done = "repaired" if any(t.diagnostics for t in self._job.targets) else "edited"
            say(shown(f"{event.path}: {done}{said}{self._where(event)}"))
        elif isinstance(event, Finished):
            for path, found in event.left:
                say(shown(f"{path}:{found.line}:{found.column}: {found.code} {found.message}; not repaired"))
            proposed = event.proposed.paths if event.proposed else ()
            for path in event.unchanged:
                if path in self._idle and path not in proposed:
                    note = self._idle[path]
                    say(shown(f"{path}: nothing to change{f' ({note})' if note else ''}"))
            if self._job.hunts:
                say(f"{self._tried} of {self._proposed} single-token repairs were tried")
            if verbose:
                say(f"{event.steps} steps, {event.engine_seconds:.2f} s in the engine, exit {code}")

    def _where(self, event: Applied) -> str:
        places = {
            "file": "",
            "both": " in the index and in the file",
            "index": " in the index alone (the file has further changes, which stay as they are)",
        }
        return f"{places[event.where]}; {self._undo} {event.checkpoint} takes it back"

    def _findings(self) -> None:
        for target in self._job.targets if not self._job.hunts else ():
            for found in target.diagnostics[:FINDINGS]:
                place = f"{target.document.path}:{found.line}:{found.column}"
                say(shown(f"{place}: {found.code} {found.message}"))
            if (more := len(target.diagnostics) - FINDINGS) > 0:
                say(f"{shown(target.document.path)}: {more} more")

    def decide(self, patch: Patch) -> Patch | None:
        """Show the patch where somebody looks; ask where it can be asked and was not told to apply."""
        if self._terminal.can_ask and not self._options.quiet:
            self.review(patch)
        if self._options.yes or not self._terminal.can_ask:
            return patch
        chosen = ask(patch, _answer)
        if chosen is None:
            say("nothing was written")
        return chosen

    def review(self, patch: Patch) -> None:
        """The patch as a diff at the file's own line numbers."""
        from sharpen.cli import paint, palette

        lines = paint.diff(patch)
        drawn = palette.ansi(
            lines, size().columns - 1, colours=self._terminal.colours, light=self._terminal.is_light
        )
        say("\n".join(drawn))
        if any(paint.is_unsure(hunk) for hunk in patch.hunks()):
            say("? marks what the model was unsure of: look there")


class Animated(Lines):
    """Frames as the live canvas, which turns into the diff; everything else as lines below."""

    def __init__(self, job: Job, options: Options, terminal: Terminal, undo: str = "sharpen undo") -> None:
        from sharpen.cli.live import Canvas

        super().__init__(job, options, terminal, undo)
        self._canvas = Canvas(
            {target.document.path: target.document for target in job.targets},
            sys.stderr,
            colours=terminal.colours,
            light=terminal.is_light,
            reduced=options.animation == "reduced",
            pace=options.pace,
        )

    def see(self, event: Event, code: int) -> None:
        """Draw or say."""
        if isinstance(event, Framed):
            self._canvas.show(event)
            return
        # Anything else says nothing while the canvas stands.
        if isinstance(event, Failed | Applied | Finished):
            self._canvas.clear()
        super().see(event, code)

    def decide(self, patch: Patch) -> Patch | None:
        """The diff where the canvas stood, and the question below it."""
        self._canvas.clear()
        return super().decide(patch)

    def stop(self) -> None:
        """Leave the terminal as it was."""
        self._canvas.clear()


def ask(patch: Patch, answer: Callable[[str], str | None]) -> Patch | None:
    """Which hunks to apply. `answer` takes a question and returns a line, None where the input ended."""
    hunks = patch.hunks()
    choice = "[Y]es, [n]o" + (", [s]elect" if len(hunks) > 1 else "")
    while True:
        given = answer(f"apply? {choice}: ")
        word = "n" if given is None else given.strip().lower()
        if word in {"", "y", "yes"}:
            return patch
        if word in {"n", "no", "q"}:
            return None
        if word in {"s", "select"} and len(hunks) > 1:
            return _select(patch, answer)


def _select(patch: Patch, answer: Callable[[str], str | None]) -> Patch | None:
    kept: list[int] = []
    for hunk in patch.hunks():
        given = answer(
            f"{shown(hunk.path)}, line {hunk.start_line}: {_first_line(hunk.new_lines)}  [Y]es, [n]o: "
        )
        if given is None:
            return None
        if given.strip().lower() in {"", "y", "yes"}:
            kept.append(hunk.index)
    return patch.keep(kept) if kept else None


def _first_line(lines: Sequence[str]) -> str:
    from sharpen.cli.paint import harmless

    return harmless(lines[0].strip()) if lines else "(removed)"


def _answer(question: str) -> str | None:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline() or None


@contextmanager
def viewer(job: Job, options: Options, terminal: Terminal, undo: str) -> Iterator[View]:
    """The viewer that fits the options and the terminal, for the length of a run. `undo`: what takes an edit back."""
    if options.json:
        from sharpen.cli.jsonl import JsonLines

        yield JsonLines(cells=options.cells)
        return
    if not terminal.can_animate or options.quiet:
        yield Lines(job, options, terminal, undo)
        return
    view = Animated(job, options, terminal, undo)
    try:
        yield view
    finally:
        view.stop()
