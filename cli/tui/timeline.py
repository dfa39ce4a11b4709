"""The instruments under the canvas: figures of the shown frame, and all frames as bars that can be dragged through.

`desk` shows a log on it and hears `Scrubbed`. Two rows, drawn by the line API; nothing moves by itself.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.events import MouseDown, MouseMove, MouseUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from sharpen.cli.tui.frames import FrameLog, here_style
from sharpen.cli.tui.ink import DARK, Ink


class Timeline(Widget):
    """Figures and bars of one run."""

    class Scrubbed(Message):
        """The user wants to see that frame."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.ink: Ink = DARK
        self._log = FrameLog()
        self._at: int | None = None
        self._state = ""
        self._dragging = False

    def show(self, log: FrameLog, at: int | None, state: str) -> None:
        """Show the log at the frame `at` (None: the last one). `state`: a word in front."""
        self._log, self._at, self._state = log, at, state
        self.refresh()

    def use_ink(self, ink: Ink) -> None:
        """Other colours."""
        self.ink = ink
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Figures above, bars below."""
        width, count = self.size.width, len(self._log)
        ink = self.ink
        if not count:
            said = self._state if y == 0 else ""
            return _fitted([Segment(f" {said}", ink.style("quiet"))], width, ink)
        at = count - 1 if self._at is None else self._at
        shot = self._log.shots[at]
        if y == 0:
            place = f"frame {at + 1}/{count}"
            return _fitted(
                [
                    Segment(f" {self._state}", ink.style("heading")),
                    Segment(f"  {place}  ", ink.style("quiet")),
                    Segment(shot.facts_in(width - len(self._state) - len(place) - 5), ink.style("context")),
                ],
                width,
                ink,
            )
        bars = self._log.bars(width - 2)
        here = self._column(at, len(bars), count)
        return _fitted(
            [
                Segment(" ", ink.style("context")),
                Segment(bars[:here], ink.style("gutter")),
                Segment(bars[here : here + 1], ink.style(here_style(bars[here : here + 1]))),
                Segment(bars[here + 1 :], ink.style("quiet")),
            ],
            width,
            ink,
        )

    @staticmethod
    def _column(index: int, bars: int, count: int) -> int:
        return index if count <= bars else min(bars - 1, index * bars // count)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Go to the frame under the pointer."""
        self._dragging = True
        self.capture_mouse()
        self._point(event.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Follow the pointer while the button is down."""
        if self._dragging and event.button:
            self._point(event.x)
        elif self._dragging:  # it was let go where this terminal could not see it
            self._let_go()

    def on_mouse_up(self, _event: MouseUp) -> None:
        """Let go."""
        self._let_go()

    def _let_go(self) -> None:
        self._dragging = False
        self.release_mouse()

    def _point(self, x: int) -> None:
        count, bars = len(self._log), len(self._log.bars(self.size.width - 2))
        if count:
            column = max(0, min(bars - 1, x - 1))
            index = column if count <= bars else -(-column * count // bars)
            self.post_message(self.Scrubbed(min(count - 1, index)))


def _fitted(segments: list[Segment], width: int, ink: Ink) -> Strip:
    return Strip(segments).adjust_cell_length(width, ink.style("context"))
