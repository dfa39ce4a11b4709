"""A step of the search as a canvas: the window's tokens as cells, in the states that they are really in."""

from __future__ import annotations

import math

from sharpen.core.canvas import Canvas, Cell, State
from sharpen.core.region import Region
from sharpen.core.repair.plans import Plan
from sharpen.core.repair.search import Step
from sharpen.core.repair.tokens import FIRST_TEXT, MASK, Codec

DOOMED = 0.3
"""Probability of being wrong from which a token is shown as about to go."""


def canvas_of(step: Step, codec: Codec, original: str) -> Canvas:
    """Cells of the step's window; the region is the window's place in the text that the request came with."""
    start, end = step.window.spans[0][0], step.window.spans[-1][1]
    head = start if step.text[:start] == original[:start] else start + len(original) - len(step.text)
    region = Region(max(head, 0), min(max(head, 0) + end - start, len(original)), "diagnostic")
    if step.plan is None:
        return Canvas(_noise_cells(step, codec), region)
    return Canvas(_plan_cells(step, step.plan, codec), region)


def _text(codec: Codec, token: int, first: bool, virtual: bool) -> str:
    text = codec.bytes_of(token).decode("utf-8", "replace")
    return text[1:] if first and virtual and text[:1] == "\n" else text


def _odds(x: float) -> float:
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))


def _noise_cells(step: Step, codec: Codec) -> tuple[Cell, ...]:
    """Every token with the noise head's opinion of it."""
    virtual = step.window.spans[0][0] == 0
    cells = []
    for i, token in enumerate(step.window.ids):
        wrong = _odds(float(step.reading.noise[i]))
        state: State = "doomed" if wrong > DOOMED else "context"
        row = step.reading.logits[i]
        alternatives: tuple[tuple[str, float], ...] = ()
        if state == "doomed":
            best = [int(k) for k in row.argsort()[-3:][::-1] if k >= FIRST_TEXT]
            alternatives = tuple((_text(codec, k, False, False), float(math.exp(row[k]))) for k in best)
        cells.append(Cell(_text(codec, token, i == 0, virtual), state, 1 - wrong, 1, alternatives))
    return tuple(cells)


def _plan_cells(step: Step, plan: Plan, codec: Codec) -> tuple[Cell, ...]:
    """The window with the plan in place: unknown tokens masked, new ones as drafts or revisions."""
    virtual = step.window.spans[0][0] == 0
    sure = _odds(plan.score)
    place = {(c.at, c.insert): c.new for c in plan.changes}
    cells: list[Cell] = []
    for i in range(len(step.window.ids) + 1):
        cells.extend(_new_cell(codec, token, "draft", sure) for token in place.get((i, True), ()))
        if i == len(step.window.ids):
            break
        if (i, False) in place:
            cells.extend(_new_cell(codec, token, "revised", sure) for token in place[i, False])
        else:
            cells.append(Cell(_text(codec, step.window.ids[i], i == 0, virtual)))
    return tuple(cells)


def _new_cell(codec: Codec, token: int, state: State, sure: float) -> Cell:
    if token == MASK:
        return Cell("", "masked", 0.0, 3)
    return Cell(codec.bytes_of(token).decode("utf-8", "replace"), state, sure)
