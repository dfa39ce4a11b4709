"""States of a text as frames: consecutive ones aligned, first by what they begin with, then line by line.

A server that sends its canvas sends text and no confidence, no masks, no steps: none is invented. What two changes in a
row left alone at the beginning is settled, because blocks are resolved from the front; the rest is a draft, and a line
that had another text before is revised. `core.engines.rewriter` makes one `Snapshots` for each answer.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, get_args

from sharpen.core.canvas import Canvas, Cell, State
from sharpen.core.engines.wire.harmless import harmless
from sharpen.core.region import Region

_MOST_LINES = 600
"""Above this, lines are compared by their place alone: a frame must cost little."""
_OPENER = re.compile(r"\A[^\n]{0,200}?(?:`{3,}|~{3,})[^\n`]*(?:\n|\Z)")
_CLOSER = re.compile(r"\n {0,3}(?:`{3,}|~{3,})\s*\Z")


class Snapshots:
    """One answer's canvas."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._last = ""
        self._common = self._before = 0
        self._revised: set[int] = set()

    def canvas(self, text: str, *, appended: bool, cells: list[Any] | None = None) -> Canvas:
        """The canvas once the answer reads `text`. `appended`: the server never takes back what it has sent."""
        if cells is not None and (own := _cells(cells)) is not None:
            return Canvas(own, self._region)
        text = harmless(_CLOSER.sub("\n", _OPENER.sub("", text)))
        if appended:
            self._last, self._common = text, len(text)
            return Canvas((Cell(text, "settled", None),) if text else (), self._region)
        self._before, self._common = self._common, common_prefix(self._last, text)
        settled = min(self._before, self._common)
        settled = text.rfind("\n", 0, settled) + 1
        drafts = self._drafts(text, settled)
        self._last = text
        first = (Cell(text[:settled], "settled", None),) if settled else ()
        return Canvas((*first, *drafts), self._region)

    def _drafts(self, text: str, start: int) -> tuple[Cell, ...]:
        """A cell a line of what is not settled yet."""
        old, new = self._last[start:].splitlines(keepends=True), text[start:].splitlines(keepends=True)
        if len(old) > _MOST_LINES or len(new) > _MOST_LINES:
            same = {i for i, line in enumerate(new) if i < len(old) and old[i] == line}
        else:
            matcher = SequenceMatcher(None, old, new, autojunk=False)
            same = {b.b + k for b in matcher.get_matching_blocks() for k in range(b.size)}
        states: list[State] = ["draft" if i in same or i >= len(old) else "revised" for i in range(len(new))]
        return tuple(Cell(line, state, None) for line, state in zip(new, states, strict=True))


def common_prefix(one: str, two: str) -> int:
    """How many characters both begin with; halving, because comparing slices is fast."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _cells(found: list[Any]) -> tuple[Cell, ...] | None:
    """A sharpen's own cells; None where they are not well formed."""
    cells = []
    for row in found:
        if not (
            isinstance(row, list)
            and 2 <= len(row) <= 4
            and isinstance(row[0], str)
            and row[1] in get_args(State)
        ):
            return None
        sure = row[2] if len(row) > 2 else None
        known = isinstance(sure, int | float) and not isinstance(sure, bool) and 0 <= sure <= 1
        width = row[3] if len(row) > 3 and isinstance(row[3], int) and 0 < row[3] < 1000 else 1
        cells.append(Cell(harmless(row[0]), row[1], float(sure or 0) if known else None, width))
    return tuple(cells)
