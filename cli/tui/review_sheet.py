"""A patch as a sheet: the whole file with each hunk in its place, one column or two, and what was decided on it.

`review_view` shows it. The lines are those of `paint.diff`, so that the review and the one-shot diff cannot disagree;
this adds decisions, the current hunk, doubted tokens, and the second column. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from sharpen.cli import paint
from sharpen.cli.paint import Line, Run
from sharpen.cli.tui.highlight import recoloured
from sharpen.cli.tui.review import Marks, Review

_EVERYTHING = 1_000_000


class ReviewSheet:
    """One file of a review."""

    def __init__(self, review: Review, path: str, marks: Marks | None, *, columns: int | None = None) -> None:
        """`columns`: cells for two columns side by side, None for one. `marks` None: doubts are known by hunk alone."""
        self._path, self._columns = path, columns
        hunks = [hunk for hunk in review.patch.hunks() if hunk.path == path]
        self._decided = [review.decisions[hunk.index] for hunk in hunks]
        current = bool(hunks) and review.hunk.path == path
        self._current = next((i for i, h in enumerate(hunks) if current and h.index == review.at), None)
        patch = review.patch.keep(hunk.index for hunk in hunks)
        lines = paint.diff(patch, _EVERYTHING)[1:] if hunks else ()
        rows = [_decorated(line, which, self._decided, marks) for line, which in _numbered(lines)]
        self._rows = _paired(rows, columns, path) if columns else rows
        self._patch = patch

    @property
    def height(self) -> int:
        """Rows of the file with both sides of every hunk."""
        return len(self._rows)

    @cached_property
    def width(self) -> int:
        """Cells of the widest row."""
        if self._columns:
            return self._columns
        return max((sum(cell_len(t) for t, _n in line.runs) for line, _which in self._rows), default=0)

    def line(self, row: int) -> Line:
        """The row, calm ones coloured as in the file."""
        line, which = self._rows[row]
        if which is not None or self._columns:
            return line
        return Line(line.number, line.mark, recoloured(line.runs, self._path))

    def tint(self, row: int) -> str:
        """`current` on the hunk that the keys are about."""
        which = self._rows[row][1]
        return "current" if which is not None and which == self._current else ""

    def text(self, row: int) -> str:
        """The row as the file has it, or will have it; of two columns the new one."""
        if not self._columns:
            return self._texts[row]
        return self._beside[row]

    @cached_property
    def _texts(self) -> list[str]:
        """Every row of one column: what stays, and both sides of every hunk."""
        if self._patch.empty:
            return []
        lines, found, at = self._patch.document(self._path).text.split("\n"), [], 0
        for hunk in self._patch.hunks():
            found += [*lines[at : hunk.start_line - 1], *hunk.old_lines, *hunk.new_lines]
            at = hunk.start_line - 1 + len(hunk.old_lines)
        return [*found, *lines[at:]]

    @cached_property
    def _beside(self) -> list[str]:
        """Every row of two columns, the right one; where nothing stands there the left one."""
        lines, found, at = self._patch.document(self._path).text.split("\n"), [], 0
        for hunk in self._patch.hunks():
            both = zip_longest(hunk.old_lines, hunk.new_lines)
            found += lines[at : hunk.start_line - 1]
            found += [old or "" if new is None else new for old, new in both]
            at = hunk.start_line - 1 + len(hunk.old_lines)
        return [*found, *lines[at:]]

    def current_rows(self) -> range:
        """Where the current hunk stands."""
        rows = [i for i, (_line, which) in enumerate(self._rows) if which == self._current]
        return range(rows[0], rows[-1] + 1) if rows and self._current is not None else range(0)

    def current_cells(self) -> range:
        """Where in its rows the current hunk differs; empty where it is whole lines that come or go."""
        firsts, ends = _changed_cells([self._rows[row][0].runs for row in self.current_rows()])
        return range(min(firsts), max(ends)) if ends else range(0)

    def hunk_at(self, row: int) -> int | None:
        """Which hunk of the file the row belongs to, counted within the file."""
        return self._rows[row][1] if 0 <= row < len(self._rows) else None


Numbered = tuple[Line, int | None]
"""A line, and the hunk that it belongs to."""


def _numbered(lines: tuple[Line, ...]) -> list[Numbered]:
    """Marked lines that follow one another are one hunk: between two hunks stands a line of neither."""
    found: list[Numbered] = []
    which, inside = -1, False
    for line in lines:
        changed = line.mark != " "
        if changed and not inside:
            which += 1
        inside = changed
        found.append((line, which if changed else None))
    return found


def _decorated(line: Line, which: int | None, decided: list[bool | None], marks: Marks | None) -> Numbered:
    if which is None or which >= len(decided):
        return line, None
    decision, new = decided[which], line.mark != "-"
    if new and marks is not None:
        line = _doubted(line, marks)
    if decision is None:
        return line, which
    if decision:
        return Line(line.number, line.mark + "✓", line.runs), which
    if new:
        return Line(line.number, "✗", tuple((text, "rejected") for text, _name in line.runs)), which
    return Line(line.number, " ", tuple((text, "context") for text, _name in line.runs)), which


def _doubted(line: Line, marks: Marks) -> Line:
    """Where the doubted tokens are known, these stand out, not the whole hunk."""
    runs = tuple((text, name.replace("unsure", "added")) for text, name in line.runs)
    columns = marks.get((line.number or 0) - 1)
    return Line(line.number, "?", _marked(runs, columns)) if columns else Line(line.number, "+", runs)


def _marked(runs: tuple[Run, ...], columns: list[tuple[int, int]]) -> tuple[Run, ...]:
    """The runs with those columns in the style of doubt."""
    found: list[Run] = []
    at = 0
    for text, name in runs:
        for offset, char in enumerate(text):
            doubted = any(a <= at + offset < b for a, b in columns) and not char.isspace()
            style = "unsure-strong" if doubted else name
            if found and found[-1][1] == style:
                found[-1] = (found[-1][0] + char, style)
            else:
                found.append((char, style))
        at += len(text)
    return tuple(found)


def _paired(rows: list[Numbered], columns: int, path: str) -> list[Numbered]:
    """Old and new side by side: what goes on the left, what comes on the right."""
    half = (columns - 4) // 2
    found: list[Numbered] = []
    at = 0
    while at < len(rows):
        line, which = rows[at]
        if which is None:
            runs = recoloured(line.runs, path)
            found.append((Line(line.number, " ", _beside(runs, runs, half)), None))
            at += 1
            continue
        end = at
        while end < len(rows) and rows[end][1] == which:
            end += 1
        new_marks = ("+", "?", "✗")
        old = [one for one, _w in rows[at:end] if not one.mark.startswith(new_marks)]
        new = [one for one, _w in rows[at:end] if one.mark.startswith(new_marks)]
        for left, right in zip_longest(old, new):
            one = left or right
            before, after = left.runs if left else (), right.runs if right else ()
            # Each side has its own sign, the decision where there is one.
            sign, skip = right.mark[-1] if right else " ", _skip(before, after, half)
            beside = _beside(before, after, half, skip=skip, sign=sign)
            mark = one.mark if one.mark.strip() or right is None else right.mark
            found.append((Line(one.number, mark, beside), which))
        at = end
    return found


def _skip(left: tuple[Run, ...], right: tuple[Run, ...], half: int) -> int:
    """Cells that both columns leave out at their left, so that what differs is in view."""
    firsts, ends = _changed_cells((left, right))
    if not ends or max(ends) <= half - 1:
        return 0
    return max(0, min(min(firsts) - half // 3, max(ends) - half + 2))


def _changed_cells(rows: Iterable[tuple[Run, ...]]) -> tuple[list[int], list[int]]:
    """Where in the rows what differs begins and ends."""
    firsts, ends = [], []
    for runs in rows:
        at = 0
        for text, name in runs:
            if name.endswith("-strong") and text:
                firsts.append(at)
                ends.append(at + cell_len(text))
            at += cell_len(text)
    return firsts, ends


def _beside(
    left: tuple[Run, ...], right: tuple[Run, ...], half: int, *, skip: int = 0, sign: str = " "
) -> tuple[Run, ...]:
    """Both columns; the right one's sign stands beside the line between them."""
    return (
        *_cropped(_later(left, skip), half),
        (f" │{sign} ", "quiet"),
        *_cropped(_later(right, skip), half),
    )


def _later(runs: tuple[Run, ...], skip: int) -> tuple[Run, ...]:
    """The runs without their first cells, and a sign that some are missing."""
    if not skip or not runs:
        return runs
    found: list[Run] = [("…", "quiet")]
    left = skip + 1  # where the sign stands
    for text, name in runs:
        at = 0
        while left > 0 and at < len(text):
            left -= cell_len(text[at])
            at += 1
        if text[at:]:
            found.append((text[at:], name))
    return tuple(found)


def _cropped(runs: tuple[Run, ...], width: int) -> tuple[Run, ...]:
    """The runs in exactly so many cells; a sign at the end says that some did not fit."""
    cut = sum(cell_len(text) for text, _name in runs) > width
    if cut:
        return (*_cropped(_first(runs, width - 1), width - 1), ("…", "quiet"))
    found: list[Run] = []
    used = 0
    for text, name in runs:
        kept = text if used + cell_len(text) <= width else set_cell_size(text, width - used)
        if kept:
            found.append((kept, name))
        used += cell_len(kept)
        if used >= width:
            return tuple(found)
    found.append((" " * (width - used), "context"))
    return tuple(found)


def _first(runs: tuple[Run, ...], width: int) -> tuple[Run, ...]:
    found: list[Run] = []
    for text, name in runs:
        kept = text if cell_len(text) <= width else set_cell_size(text, width)
        width -= cell_len(kept)
        if kept:
            found.append((kept, name))
    return tuple(found)
