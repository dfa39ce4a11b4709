"""The live canvas of a one-shot: the file in place, on stderr, in a region of fixed height. Used by `cli.show`."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from sharpen.cli import paint
from sharpen.core.document import Document
from sharpen.core.events import Framed

HEIGHT = 11
PER_SECOND = 30
_GREYS = ("grey42", "grey50", "grey58", "grey66", "grey74", "grey82", "grey93", "bold white")


def style(name: str) -> str:
    """rich's style for a name of `cli.paint`."""
    base, _, revised = name.partition("+")
    if base.startswith("sure"):
        return _GREYS[int(base[4:])] + (" underline" if revised else "")
    return {"context": "dim", "masked": "yellow", "doomed": "red strike"}[base]


class Canvas:
    """Draws the latest frame, at most `PER_SECOND` times a second, and leaves nothing behind."""

    def __init__(self, documents: dict[str, Document], *, colour: bool) -> None:
        self._documents = documents
        self._console = Console(stderr=True, no_color=not colour, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._last = 0.0
        self._running = False

    def draw(self, event: Framed) -> None:
        """Show a frame, unless the last one was drawn a moment ago."""
        now = time.monotonic()
        if now - self._last < 1 / PER_SECOND:
            return
        self._last = now
        if not self._running:
            self._live.start()
            self._running = True
        self._live.update(self._text(event), refresh=True)

    def stop(self) -> None:
        """Clear the region; what follows is printed where it stood."""
        if self._running:
            self._live.stop()
            self._running = False

    def _text(self, event: Framed) -> Text:
        frame, document = event.frame, self._documents[event.path]
        height = max(3, min(HEIGHT, self._console.height - 3))
        shown = Text(no_wrap=True, overflow="crop")
        shown.append(f"{event.path}\n", "bold")
        rows = paint.lines(document, frame, height)
        for number, alive, runs in rows:
            shown.append(f"{number:>5} {'┃' if alive else '│'} ", "cyan" if alive else "dim")
            for text, name in runs:
                shown.append(text, style(name))
            shown.append("\n")
        shown.append("\n" * (height - len(rows)))
        of = f" of {frame.steps}" if frame.steps else ""
        speed = frame.canvas.count("draft", "settled", "revised") / max(frame.seconds, 1e-3)
        facts = f"step {frame.step}{of}   {frame.canvas.count('masked')} masks left   {speed:.0f} tokens/s   {frame.note}"
        shown.append(facts, "dim")
        return shown
