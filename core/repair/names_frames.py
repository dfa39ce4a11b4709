"""The repair of undefined names as canvases: the names as they are doubted, then each plan as it is judged.

`engines.embedded` shows them. Probabilities are the plans' own priors, brought to one; nothing else is known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from sharpen.core.canvas import Canvas, Cell, State
from sharpen.core.region import Region
from sharpen.core.repair.names import NamePlan
from sharpen.core.repair.names_choice import Edit

DOOMED = 0.3
"""Probability of being another name from which a name is shown as about to go."""
SHOWN = 3
"""Alternatives of one name."""


def shares(plans: Sequence[NamePlan]) -> list[float]:
    """How likely each plan is against the others, 0..1: a prior is twice the log-odds."""
    top = max((p.prior for p in plans), default=0.0)
    weights = [math.exp((p.prior - top) / 2) for p in plans]
    return [w / sum(weights) for w in weights]


def doubted(text: str, names: Sequence[tuple[int, int]], plans: Sequence[NamePlan], within: Region) -> Canvas:
    """The undefined names, each with what the plans would write in its place."""
    marks = []
    for span in names:
        odds: dict[str, float] = {}
        for plan, share in zip(plans, shares(plans), strict=True):
            for start, end, new in plan.edits:
                if (start, end) == span:
                    odds[new] = odds.get(new, 0.0) + share
        wrong = min(1.0, sum(odds.values(), 0.0))
        best = sorted(odds.items(), key=lambda one: -one[1])[:SHOWN]
        state: State = "doomed" if wrong > DOOMED else "context"
        marks.append((span[0], span[1], Cell(text[span[0] : span[1]], state, 1 - wrong, 1, tuple(best))))
    return _canvas(text, marks, _lines(text, names, within))


def tried(
    text: str, names: Sequence[tuple[int, int]], plan: tuple[NamePlan, float], state: State, within: Region
) -> Canvas:
    """The text with the plan in place, its new characters in `state` with the plan's share as confidence."""
    chosen, share = plan
    marks = [(start, end, Cell(new, state, share)) for start, end, new in chosen.edits]
    return _canvas(text, marks, _lines(text, [*names, *((a, b) for a, b, _ in chosen.edits)], within))


def _lines(text: str, spans: Sequence[tuple[int, int] | Edit], within: Region) -> Region:
    """The lines of the spans and all between, as far as they lie in the request's region."""
    start = min(span[0] for span in spans)
    end = max(span[1] for span in spans)
    start = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    end = stop + 1 if stop >= 0 else len(text)
    return Region(max(start, within.start_char), min(end, within.end_char), "diagnostic")


def _canvas(text: str, marks: list[tuple[int, int, Cell]], region: Region) -> Canvas:
    """Cells over the region, context cells a line each between the marks."""
    cells: list[Cell] = []
    at = region.start_char
    for start, end, cell in sorted(marks, key=lambda m: (m[0], m[1])):
        cells += _context(text[at:start])
        if cell.text:
            cells.append(cell)
        at = end
    return Canvas((*cells, *_context(text[at : region.end_char])), region)


def _context(text: str) -> list[Cell]:
    ends = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
    ends += [len(text)] if ends[-1] != len(text) else []
    return [Cell(text[a:b]) for a, b in pairwise(ends)]
