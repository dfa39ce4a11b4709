"""Frames as sheets: which of their changes flash, and how much room the canvas keeps. No widget, no timer.

`stage` shows what it makes. Invariants: never more than three flashes in one second, each short, and the text below a
canvas moves once where the canvas grows, not line by line.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sharpen.cli.tui.frames import Shot
from sharpen.cli.tui.sheets import FileSheet, LiveSheet
from sharpen.core.document import Document

FLASH_EVERY, FLASH_FOR = 0.34, 0.1
"""Seconds: never more than three flashes in one, each short."""
ROOM = 2
"""Rows kept free where a canvas grows."""


class LiveCanvas:
    """The document in view, at rest or with a frame's canvas in it."""

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self._file = FileSheet(Document.from_bytes(b"", ""))
        self._floor = 0
        self._flashed, self._flashing = -1.0, False

    def open(self, document: Document) -> None:
        """Another document, or a newer state of the same one."""
        self._file = FileSheet(document)

    @property
    def file(self) -> FileSheet:
        """The document at rest."""
        return self._file

    def begin(self) -> None:
        """Another run: no room is kept, nothing flashes."""
        self._flashing = False
        self.another_file()

    def another_file(self) -> None:
        """The following frames are of another file."""
        self._floor = 0

    @property
    def flash_is_over(self) -> bool:
        """Whether something flashes that should not any longer."""
        return self._flashing and self.clock() - self._flashed > FLASH_FOR

    def drawn(self, shot: Shot, *, flash: bool) -> LiveSheet:
        """The frame in its document. `flash`: what it has changed may flash, if none did just now."""
        if self._file.document is not shot.document:
            self._file = FileSheet(shot.document)
        now = self.clock()
        flash = flash and bool(shot.fresh) and now - self._flashed >= FLASH_EVERY
        if flash:
            self._flashed = now
        self._flashing = flash
        fresh = shot.fresh if flash else range(0)
        sheet = LiveSheet(self._file, shot.frame, fresh, self._floor)
        if sheet.canvas_height > self._floor:
            grown = self._floor > 0
            self._floor = sheet.canvas_height + (ROOM if grown else 0)
            if grown:
                sheet = LiveSheet(self._file, shot.frame, fresh, self._floor)
        return sheet
