"""Every frame of a run, with its figures, and what became of a cell from frame to frame.

The screen adds a frame as it comes and asks for any of them while scrubbing. Equal cells are kept once, so that a
frame costs little more than its list of cells. Invariant: a frame that was added is never changed or dropped.
It draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.cells import cell_len

from sharpen.cli import paint
from sharpen.cli.pace import Pace, figures
from sharpen.core.canvas import MASK_GLYPH, Canvas, Cell, Frame
from sharpen.core.document import Document

BARS = "▁▂▃▄▅▆▇█"


def here_style(bar: str) -> str:
    """The style of the bar that is looked at: a full one would cover a background."""
    return "number-current" if bar == BARS[-1] else "here"


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame, and what the instruments say at it."""

    path: str
    document: Document
    """What the canvas lies in."""
    frame: Frame
    fresh: range
    """Indices of the cells that this step changed; empty for the first frame of a file."""
    masks: int
    pace: Pace
    """How fast its file's run has been up to here."""

    @property
    def facts(self) -> str:
        """Step, masks left, tokens a second, what the engine did."""
        return "  ".join(self._parts())

    def facts_in(self, cells: int) -> str:
        """As many of them as there is room for, whole: half a figure would be another one."""
        found: list[str] = []
        for part in self._parts():
            if cell_len("  ".join([*found, part])) > cells:
                break
            found.append(part)
        return "  ".join(found)

    def _parts(self) -> list[str]:
        frame = self.frame
        parts = [
            *figures(frame, self.masks, self.pace),
            f"{frame.seconds:.2f} s" if frame.step else "",
            paint.harmless(frame.note),
        ]
        return [part for part in parts if part]


@dataclass(frozen=True, slots=True)
class CellStory:
    """What is known of one cell at one frame."""

    cell: Cell
    since: int
    """Step in which it became what it is."""
    revised: int
    """How often its text had been another."""

    @property
    def text(self) -> str:
        """One line for the inspector."""
        cell = self.cell
        shown = MASK_GLYPH * cell.width if cell.state == "masked" else paint.harmless(repr(cell.text)[1:-1])
        parts = [f"“{shown}”", cell.state]
        if (
            cell.state not in {"masked", "context"} and cell.confidence is not None
        ):  # nobody asked about the context
            parts.append(f"confidence {cell.confidence:.2f}")
        word = "settled" if cell.state == "settled" else "so"
        parts.append(f"{word} since step {self.since}")
        if self.revised:
            parts.append(f"revised {self.revised} time{'' if self.revised == 1 else 's'}")
        if cell.alternatives:
            others = ", ".join(f"{paint.harmless(repr(t)[1:-1])} {p:.2f}" for t, p in cell.alternatives)
            parts.append(f"or: {others}")
        return "  ".join(parts)


class FrameLog:
    """The frames of one run, in order, over all its files."""

    def __init__(self) -> None:
        self.shots: list[Shot] = []
        self._documents: dict[str, Document] = {}
        self._cells: dict[Cell, Cell] = {}

    def __len__(self) -> int:
        return len(self.shots)

    def know(self, document: Document) -> None:
        """The document that the following frames of its path lie in."""
        self._documents[document.path] = document

    def add(self, path: str, frame: Frame, document: Document | None = None) -> Shot:
        """Keep the frame. `document` None: the one before."""
        if document is not None:
            self.know(document)
        last = self.shots[-1] if self.shots else None
        follows = last is not None and last.path == path and last.frame.step < frame.step
        before = last.frame.canvas if follows and last is not None else None
        cells = tuple(self._cells.setdefault(cell, cell) for cell in frame.canvas.cells)
        frame = replace(frame, canvas=Canvas(cells, frame.canvas.region))
        fresh = paint.changed(frame.canvas, before) if before is not None else range(0)
        pace = (last.pace if follows and last is not None else Pace()).after(frame, fresh)
        shot = Shot(path, self._documents[path], frame, fresh, frame.canvas.count("masked"), pace)
        self.shots.append(shot)
        return shot

    def story(self, index: int, cell_index: int) -> CellStory:
        """How the cell came to be what it is at that frame, followed backwards through its file's frames."""
        shot = self.shots[index]
        cell = now = shot.frame.canvas.cells[cell_index]
        since, revised, settled = shot.frame.step, 0, True
        at: int | None = cell_index
        for earlier in range(index - 1, -1, -1):
            later, before = self.shots[earlier + 1], self.shots[earlier]
            if before.path != later.path or before.frame.step >= later.frame.step or at is None:
                break
            at = _where_before(later.frame.canvas, before.frame.canvas, at)
            if at is None:
                break
            was = before.frame.canvas.cells[at]
            if settled and (was.text, was.state) == (cell.text, cell.state):
                since = before.frame.step
            else:
                settled = False
            if was.text != now.text and was.text and was.state != "masked":
                revised += 1
            now = was
        return CellStory(cell, since, revised)

    def bars(self, width: int) -> str:
        """Masks left over all frames, as a line of `width` bars or fewer."""
        count = len(self.shots)
        if not count or width < 1:
            return ""
        if count <= width:
            values = [shot.masks for shot in self.shots]
        else:  # the highest of each share: a short peak is the news
            edges = [i * count // width for i in range(width + 1)]
            values = [
                max(self.shots[k].masks for k in range(edges[i], max(edges[i] + 1, edges[i + 1])))
                for i in range(width)
            ]
        most = max(values)
        return "".join(BARS[round(v / most * (len(BARS) - 1))] if most else BARS[0] for v in values)


def _where_before(later: Canvas, before: Canvas, at: int) -> int | None:
    """The index in the canvas before of the cell that is at `at` now; None where it was not there."""
    fresh = paint.changed(later, before)
    if at < fresh.start:
        return at
    grown = len(later.cells) - len(before.cells)
    if at >= fresh.stop:
        return at - grown
    was = at if grown == 0 else None
    return was if was is not None and was < len(before.cells) else None


def cell_at(shot: Shot, row: int, column: int) -> int | None:
    """The index of the cell drawn at the 0-based row of the file and character column; None outside the canvas."""
    canvas, text = shot.frame.canvas, shot.document.text
    start = canvas.region.start_char
    at_row = text.count("\n", 0, start)
    at_column = len(paint.harmless(text[text.rfind("\n", 0, start) + 1 : start]))
    for index, cell in enumerate(canvas.cells):
        shown = MASK_GLYPH * max(1, cell.width) if cell.state == "masked" else cell.text
        for part_index, part in enumerate(shown.split("\n")):
            if part_index:
                at_row, at_column = at_row + 1, 0
            width = len(paint.harmless(part))
            if at_row == row and at_column <= column < at_column + width:
                return index
            at_column += width
        if at_row > row:
            return None
    return None
