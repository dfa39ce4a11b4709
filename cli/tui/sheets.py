"""What a view can show, as numbered lines made when they are asked for: a file, or a file with a canvas in it.

`sheet_view` draws them, `review_sheet` adds the diff. Pure: a sheet is a value with no screen, so that a row can be
compared with the row that it replaces. The canvas itself is painted by `cli.paint`, as everywhere.
"""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from sharpen.cli import paint
from sharpen.cli.paint import Line
from sharpen.cli.tui.highlight import Highlighter, recoloured
from sharpen.cli.tui.moved import moved
from sharpen.core.canvas import MASK_GLYPH, Frame
from sharpen.core.document import Document

REGION_MARK = "│"
"""In the gutter of the canvas's rows that are calm at the moment."""
PADDING = Line(None, REGION_MARK, ())
"""A row below the canvas that is kept free, so that the text under it need not move."""


class Sheet(Protocol):
    """Rows to draw."""

    @property
    def width(self) -> int:
        """Cells of the widest row, about."""
        ...

    @property
    def height(self) -> int:
        """Rows."""
        ...

    def line(self, row: int) -> Line:
        """The row, 0-based."""
        ...

    def tint(self, row: int) -> str:
        """What its background says: empty, `alive`, `current`."""
        ...

    def text(self, row: int) -> str:
        """The row as it stands in the file, tabs and all, where `line` is what can be drawn of it."""
        ...


class FileSheet:
    """A document as it is."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._colours = Highlighter(document.path, document.text)

    @property
    def height(self) -> int:
        """Lines of the file."""
        return len(self._colours.lines)

    @cached_property
    def width(self) -> int:
        """Characters of the longest line, with room for wide ones."""
        longest = max(self._colours.lines, key=len, default="")
        return len(longest) + 3 * longest.count("\t") + sum(ord(c) > 0x10FF for c in longest)

    def line(self, row: int, shift: int = 0) -> Line:
        """The line; `shift` is added to its number."""
        return Line(row + 1 + shift, " ", self._colours.runs(row))

    def tint(self, row: int) -> str:  # noqa: ARG002 - the protocol's
        """A file at rest has no background of its own."""
        return ""

    def text(self, row: int) -> str:
        """The line."""
        return self._colours.lines[row]


class LiveSheet:
    """A document with a frame's canvas in its place."""

    def __init__(self, file: FileSheet, frame: Frame, flashing: range = range(0), floor: int = 0) -> None:
        document, region = file.document, frame.canvas.region
        painted = paint.frame(document, frame, flashing)
        self._file, self._frame = file, frame
        self.first = document.text.count("\n", 0, region.start_char)
        """0-based row in which the canvas begins."""
        last = self.first + document.text.count("\n", region.start_char, region.end_char)
        before = self.first - max(0, self.first - paint.AROUND)
        after = min(file.height - 1, last + paint.AROUND) - last
        alive = painted[before : len(painted) - max(0, after)]
        self.canvas_height = len(alive)
        below = last + 1 < file.height  # with nothing below there is nothing to keep in its place
        self._canvas = tuple(alive) + (PADDING,) * (floor - len(alive) if below else 0)
        self._known: dict[int, Line] = {}
        self._tail = last + 1
        self._shift = len(alive) - (self._tail - self.first)

    @property
    def width(self) -> int:
        """As wide as the file; a canvas is cropped where it is wider."""
        return self._file.width

    @property
    def height(self) -> int:
        """Rows of the file with the canvas in place of its region."""
        return self.first + len(self._canvas) + max(0, self._file.height - self._tail)

    def line(self, row: int) -> Line:
        """The row, calm ones coloured as in the file."""
        if row < self.first:
            return self._file.line(row)
        inside = row - self.first
        if inside < len(self._canvas):
            known = self._known.get(inside)
            if known is None:
                known = self._known[inside] = self._coloured(inside)
            return known
        return self._file.line(self._tail + inside - len(self._canvas), self._shift)

    def tint(self, row: int) -> str:
        """`alive` where a cell of the canvas is."""
        inside = row - self.first
        return "alive" if 0 <= inside < len(self._canvas) and self._canvas[inside].alive else ""

    def text(self, row: int) -> str:
        """The row; what is not known yet is as wide as it is drawn."""
        inside = row - self.first
        if inside < 0:
            return self._file.text(row)
        if inside >= len(self._canvas):
            return self._file.text(self._tail + inside - len(self._canvas))
        return self._texts[inside] if inside < len(self._texts) else ""

    @cached_property
    def _texts(self) -> list[str]:
        """The lines that the canvas lies in, with what its cells say."""
        text, canvas = self._file.document.text, self._frame.canvas
        start = text.rfind("\n", 0, canvas.region.start_char) + 1
        end = text.find("\n", canvas.region.end_char)
        cells = (MASK_GLYPH * max(1, c.width) if c.state == "masked" else c.text for c in canvas.cells)
        tail = text[canvas.region.end_char : len(text) if end < 0 else end]
        return "".join([text[start : canvas.region.start_char], *cells, tail]).split("\n")

    def in_file(self, first: int, last: int) -> tuple[int, int]:
        """The file's own rows that these rows stand for: a canvas may have more of them, or fewer."""
        end = self.first + len(self._canvas)
        low, high = max(first, self.first), min(last, end - 1)
        begin, stop = first, last - end + self._tail
        if low <= high:
            region = [self._file.text(row) for row in range(self.first, min(self._tail, self._file.height))]
            rows = moved(
                "\n".join(self._texts), "\n".join(region), low - self.first + 1, high - self.first + 1
            )
            one, two = (self.first + max(0, min(row, len(region)) - 1) for row in rows)
            begin, stop = one if first >= self.first else first, two if last < end else stop
        elif first >= end:
            begin = first - end + self._tail
        else:
            stop = last
        return begin, stop

    def alive_rows(self) -> range:
        """Rows with a cell that is not context; all of the canvas where there is none."""
        rows = [self.first + i for i, line in enumerate(self._canvas) if line.alive]
        if not rows:
            return range(self.first, self.first + self.canvas_height)
        return range(rows[0], rows[-1] + 1)

    def _coloured(self, inside: int) -> Line:
        line = self._canvas[inside]
        runs = _recoloured(line.runs, self._file.document.path)
        return Line(line.number, line.mark if line.alive else REGION_MARK, runs)


def _recoloured(runs: tuple[paint.Run, ...], path: str) -> tuple[paint.Run, ...]:
    key = (runs, path)
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) > 2_000:
            _KNOWN.clear()
        known = _KNOWN[key] = recoloured(runs, path)
    return known


_KNOWN: dict[tuple[tuple[paint.Run, ...], str], tuple[paint.Run, ...]] = {}
