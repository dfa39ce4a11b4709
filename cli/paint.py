"""Frames and patches as lines of (text, style name) runs. Pure: no terminal, no clock, no rich.

The live view, the review and the picture all draw what this makes, so that they cannot disagree. One channel a
fact: glyph says masked or known, brightness says confidence (eight steps), a flash says changed in this step, an
underline says revised, a strike says about to go, the gutter says where something is alive. Colour is never the only
sign. Text from files and models is made harmless here: no control character or direction mark reaches a terminal.
`cli.palette` gives the style names their colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharpen.core.canvas import MASK_GLYPH, Canvas, Cell, Frame

if TYPE_CHECKING:  # the app draws its first picture without them
    from sharpen.core.document import Document
    from sharpen.core.patch import Hunk, Patch

Run = tuple[str, str]
"""Text and style name; neighbouring runs of one line differ in style."""

LEVELS = 8
STYLES = (
    "context", "masked", "doomed", "flash",
    *(f"sure{level}" for level in range(LEVELS)),
    *(f"revised{level}" for level in range(1, LEVELS, 2)),
)  # fmt: skip
"""All styles of a canvas. Terminals get slow and wrong with many colours: there are never more than these 16."""

_SURE = tuple(f"sure{level}" for level in range(LEVELS))
_REVISED = tuple(f"revised{level | 1}" for level in range(LEVELS))
UNSURE = 0.5
"""Confidence under which a change is marked in the review: that is where to look."""
AROUND = 60
"""Untouched lines kept on either side of a canvas: more than any region of a terminal is high."""
NEWLINE_GLYPH = "↵"

_TAB = "    "
_HARMLESS = (
    {code: 0x2400 + code for code in range(32) if code != 10}
    | {9: _TAB, 0x7F: 0x2421}
    | dict.fromkeys((*range(128, 160), 8206, 8207, *range(8234, 8239), *range(8294, 8298)), "·")
    | dict.fromkeys(range(55296, 57344), "·")
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line to draw."""

    number: int | None
    """1-based line of the file; None for a heading."""
    mark: str
    """What stands in the gutter: a blank, `▌` where something is alive, `-`, `+`, `?` for an unsure addition."""
    runs: tuple[Run, ...]

    @property
    def alive(self) -> bool:
        """Whether a cell that is not context lies in it."""
        return self.mark == "▌"


def harmless(text: str) -> str:
    """The text with tabs as blanks and control characters, direction marks and lone surrogates as visible signs."""
    # What needs a sign is never printable; most text is, and asking is five times as fast as translating.
    return text if text.isprintable() else text.translate(_HARMLESS)


def style_of(cell: Cell) -> str:
    """The style name of a cell's state and confidence."""
    if cell.state in {"context", "masked", "doomed"}:
        return cell.state
    # An engine that does not say how sure it is: plain text, neither dim nor bright on purpose.
    sure = 1.0 if cell.confidence is None else cell.confidence
    level = min(LEVELS - 1, max(0, int(sure * LEVELS)))
    return (_REVISED if cell.state == "revised" else _SURE)[level]


def changed(now: Canvas, before: Canvas | None) -> range:
    """Indices of the cells of `now` between its first and last difference from `before`; all where there is none."""
    if before is None or before.region != now.region:
        return range(len(now.cells))
    old, new = before.cells, now.cells
    shortest = min(len(old), len(new))
    first = 0
    while first < shortest and _same(old[first], new[first]):
        first += 1
    last = 0
    while last < shortest - first and _same(old[-1 - last], new[-1 - last]):
        last += 1
    return range(first, len(new) - last)


def _same(one: Cell, two: Cell) -> bool:
    return one.text == two.text and one.state == two.state


def frame(document: Document, drawn: Frame, flashing: range = range(0)) -> tuple[Line, ...]:
    """The canvas in its place in the file, with up to `AROUND` untouched lines before and after.

    `flashing`: indices of cells that are to be shown as changed in this step.
    """
    text, canvas = document.text, drawn.canvas
    start = _lines_back(text, canvas.region.start_char)
    end = _lines_on(text, canvas.region.end_char)
    rows = _Rows(text.count("\n", 0, start) + 1)
    rows.add(text[start : canvas.region.start_char], "context")
    for index, cell in enumerate(canvas.cells):
        style = style_of(cell)
        if style != "context" and index in flashing:
            style = "flash"
        rows.add(_shown(cell), style)
    rows.add(text[canvas.region.end_char : end], "context")
    return rows.lines()


def focus(lines: Sequence[Line], height: int, top: int | None) -> int:
    """Where a window of `height` lines begins so that what is alive is in it; stays at `top` while that will do."""
    alive = [index for index, line in enumerate(lines) if line.alive]
    limit = max(0, len(lines) - height)
    if not alive:
        return min(top if top is not None else limit // 2, limit)
    if top is not None and top <= alive[0] and (alive[-1] < top + height or alive[0] == top) and top <= limit:
        return top
    spare = height - (alive[-1] - alive[0] + 1)
    return max(0, min(limit, alive[0] - max(1, spare // 2)))


def diff(patch: Patch, context: int = 3) -> tuple[Line, ...]:
    """The patch as lines with the file's own numbers: old ones for what goes, new ones for all that stays."""
    found: list[Line] = []
    for path in patch.paths:
        document = patch.document(path)
        hunks = [hunk for hunk in patch.hunks() if hunk.path == path]
        text = document.text.split("\n")
        if text and not text[-1]:
            text.pop()
        found.append(Line(None, " ", ((harmless(path), "heading"),)))
        shown = 0  # lines of the old file that stand on the screen already
        for at, hunk in enumerate(hunks):
            first = max(shown, hunk.start_line - 1 - context)
            if at and first > shown:
                found.append(Line(None, " ", (("⋯", "quiet"),)))
            found.extend(_plain(text, first, hunk.start_line - 1, hunk.shift))
            found.extend(_hunk(hunk))
            after = hunk.start_line - 1 + len(hunk.old_lines)
            following = hunks[at + 1].start_line - 1 if at + 1 < len(hunks) else len(text)
            shown = min(after + context, following, len(text))
            shift = hunk.shift + len(hunk.new_lines) - len(hunk.old_lines)
            found.extend(_plain(text, after, shown, shift))
    return tuple(found)


def is_unsure(hunk: Hunk) -> bool:
    """Whether the engine doubted a token of it."""
    return bool(hunk.confidence) and min(hunk.confidence) < UNSURE


def _plain(text: Sequence[str], first: int, last: int, shift: int) -> Iterator[Line]:
    for index in range(first, last):
        yield Line(index + 1 + shift, " ", _joined([(harmless(text[index]), "context")]))


def _hunk(hunk: Hunk) -> Iterator[Line]:
    paired = len(hunk.old_lines) == len(hunk.new_lines)
    partners = list(zip(hunk.old_lines, hunk.new_lines, strict=True)) if paired else []
    for index, line in enumerate(hunk.old_lines):
        yield Line(
            hunk.start_line + index, "-", _marked(line, partners[index][1] if paired else None, "removed")
        )
    unsure = is_unsure(hunk)
    for index, line in enumerate(hunk.new_lines):
        runs = _marked(line, partners[index][0] if paired else None, "unsure" if unsure else "added")
        yield Line(hunk.start_line + hunk.shift + index, "?" if unsure else "+", runs)


def _marked(line: str, other: str | None, style: str) -> tuple[Run, ...]:
    """The line with what differs from its partner standing out."""
    if other is None:
        return _joined([(harmless(line), style)])
    shortest = min(len(line), len(other))
    head = next((i for i in range(shortest) if line[i] != other[i]), shortest)
    tail = next((i for i in range(shortest - head) if line[-1 - i] != other[-1 - i]), shortest - head)
    end = len(line) - tail
    parts = [(line[:head], style), (line[head:end], style + "-strong"), (line[end:], style)]
    return _joined([(harmless(text), name) for text, name in parts])


def _shown(cell: Cell) -> str:
    if cell.state == "masked":
        return MASK_GLYPH * max(1, cell.width)
    # A struck newline cannot be seen.
    return cell.text.replace("\n", NEWLINE_GLYPH + "\n") if cell.state == "doomed" else cell.text


def _lines_back(text: str, char_index: int) -> int:
    for _ in range(AROUND + 1):
        char_index = text.rfind("\n", 0, char_index)
        if char_index < 0:
            return 0
    return char_index + 1


def _lines_on(text: str, char_index: int) -> int:
    for _ in range(AROUND + 1):
        char_index = text.find("\n", char_index) + 1
        if not char_index:
            return len(text)
    return char_index - 1


def _joined(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Neighbours of one style as one run: the cost of drawing is by runs."""
    found: list[Run] = []
    for text, style in runs:
        if found and found[-1][1] == style:
            found[-1] = (found[-1][0] + text, style)
        elif text:
            found.append((text, style))
    return tuple(found)


class _Rows:
    """Text with styles, cut into numbered lines."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._rows: list[list[Run]] = [[]]
        self._alive = [False]

    def add(self, text: str, style: str) -> None:
        if text and "\n" not in text:  # nearly every cell
            self._rows[-1].append((harmless(text), style))
            if style != "context":
                self._alive[-1] = True
            return
        for index, part in enumerate(text.split("\n")):
            if index:
                self._rows.append([])
                self._alive.append(False)
            # A newline alone leaves the line that it opens calm.
            if style != "context" and (part or not index):
                self._alive[-1] = True
            if part:
                self._rows[-1].append((harmless(part), style))

    def lines(self) -> tuple[Line, ...]:
        rows, alive = self._rows, self._alive
        if len(rows) > 1 and not rows[-1]:  # what stands after a final newline is no line
            rows, alive = rows[:-1], alive[:-1]
        return tuple(
            Line(self._first + index, "▌" if live else " ", _joined(runs))
            for index, (runs, live) in enumerate(zip(rows, alive, strict=True))
        )
