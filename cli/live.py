"""The live canvas of a one-shot: the file in place, in a region of fixed height on stderr, in the normal screen.

`cli.show` hands it every frame; a thread of its own draws the latest one, at most `PER_SECOND` times, so that drawing
never holds the engine up and the last frame is never stale. Each drawing is one write between the marks of
synchronised output, so that nothing flickers. Invariant: `clear` leaves the terminal as it was, with the cursor where
the region began, and whatever fails while drawing only ends the drawing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TextIO

from sharpen.cli import paint, palette
from sharpen.cli.pace import Pace, figures
from sharpen.cli.terminal import size
from sharpen.core.canvas import Frame
from sharpen.core.document import Document
from sharpen.core.events import Framed

HEIGHT = 13
"""Lines of the file that are shown, where the terminal is high enough."""
PER_SECOND = 30
PER_SECOND_REDUCED = 4
FLASH_EVERY = 0.34
"""Seconds between flashes: never more than three in one second."""
_BARS = "▁▂▃▄▅▆▇█"
_SYNC, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"  # terminals that do not know it ignore it


class Meter:
    """Figures under the canvas, from the frames as the engine made them."""

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._pace = Pace()
        self._masks: list[int] = []

    def add(self, frame: Frame) -> range:
        """Count a frame; returns the indices of the cells that it changed."""
        before = None if self._last is None or frame.step <= self._last.step else self._last.canvas
        if self._last is not None and frame.step <= self._last.step:  # the next file's run
            self._pace, self._masks = Pace(), []
        fresh = paint.changed(frame.canvas, before)
        self._pace = self._pace.after(frame, fresh)
        self._masks.append(frame.canvas.count("masked"))
        self._last = frame
        return fresh if before is not None else range(0)

    def line(self, width: int) -> str:
        """Step, masks left, tokens a second, the masks over time, what the engine did."""
        frame = self._last
        if frame is None:
            return ""
        parts = [
            *figures(frame, self._masks[-1], self._pace),
            self._spark(),
            paint.harmless(frame.note),
        ]
        return "  ".join(part for part in parts if part)[: width - 1]

    def _spark(self) -> str:
        recent = self._masks[-16:]
        most = max(recent)
        return "".join(_BARS[round(m / most * (len(_BARS) - 1))] for m in recent) if most else ""


class Canvas:
    """Draws frames until it is cleared; a later frame starts it again."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        stream: TextIO,
        *,
        colours: str | None,
        light: bool = False,
        reduced: bool = False,
        pace: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents, self._stream, self._clock = documents, stream, clock
        self._colours, self._light, self._reduced = colours, light, reduced
        self._pace = pace
        # The latest frame alone; where somebody is to follow it, all of them.
        self._slots: deque[tuple[Framed, range, str]] = deque(maxlen=None if pace else 1)
        self._wake = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._meter = Meter()
        self._paths: list[str] = []
        self._height = 0  # lines that stand on the screen
        self._top: int | None = None
        self._flashed = -1.0
        self._broken = False

    def show(self, event: Framed) -> None:
        """Take the frame; returns at once. Frames that come faster than they are drawn are counted, not drawn."""
        flashing = self._meter.add(event.frame)
        if event.path not in self._paths:
            self._paths.append(event.path)
            self._top = None
        with self._wake:
            self._slots.append((event, flashing, self._meter.line(self._width())))
            self._wake.notify()
        if self._thread is None and not self._broken:
            self._closing.clear()
            self._thread = threading.Thread(target=self._run, name="live view", daemon=True)
            self._thread.start()

    def clear(self) -> None:
        """End the drawing and take the region off the screen; with a pace, once every frame has had its time."""
        while self._pace and self._slots and self._thread is not None and self._thread.is_alive():
            self._closing.wait(self._pace)
        thread, self._thread = self._thread, None
        self._closing.set()
        with self._wake:
            self._wake.notify()
        if thread is not None:
            thread.join()
        self._slots.clear()
        if self._height:
            self._write(f"\x1b[{self._height}A\r\x1b[J")
            self._height = 0
        self._top = None

    def _run(self) -> None:
        interval = max(self._pace, 1 / (PER_SECOND_REDUCED if self._reduced else PER_SECOND))
        while not self._closing.is_set():
            with self._wake:
                while not self._slots and not self._closing.is_set():
                    self._wake.wait()
                if not self._slots:
                    return
                slot = self._slots.popleft()
            began = self._clock()
            self._draw(*slot)
            self._closing.wait(max(0.0, interval - (self._clock() - began)))

    def _draw(self, event: Framed, flashing: range, facts: str) -> None:
        now = self._clock()
        if self._reduced or now - self._flashed < FLASH_EVERY:
            flashing = range(0)
        elif flashing:
            self._flashed = now
        width = self._width()
        lines = [
            palette.ansi([line], width, colours=self._colours, light=self._light)[0]
            for line in self.lines(event, flashing, facts)
        ]
        up = f"\x1b[{self._height}A\r" if self._height else ""
        # A wrapped line would move everything: the last column stays free.
        self._write(_SYNC + up + "".join(f"{line}\x1b[0m\x1b[K\n" for line in lines) + _SYNC_END)
        self._height = len(lines)

    def lines(self, event: Framed, flashing: range, facts: str) -> list[paint.Line]:
        """The region: heading, a window of the file, the figures. As many lines for every frame."""
        rows = max(3, min(HEIGHT, size().lines - 5))
        if self._height:  # it never grows or shrinks while it stands
            rows = self._height - 2
        drawn = paint.frame(event.document or self._documents[event.path], event.frame, flashing)
        self._top = paint.focus(drawn, rows, self._top)
        window = list(drawn[self._top : self._top + rows])
        window += [paint.Line(None, " ", ())] * (rows - len(window))
        many = f"  {len(self._paths)} of {len(self._documents)}" if len(self._documents) > 1 else ""
        heading = paint.Line(None, " ", ((paint.harmless(event.path), "heading"), (many, "quiet")))
        return [heading, *window, paint.Line(None, " ", ((facts, "quiet"),))]

    def _width(self) -> int:
        return size().columns - 1

    def _write(self, text: str) -> None:
        if self._broken:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone: work on without it
            self._broken = True
