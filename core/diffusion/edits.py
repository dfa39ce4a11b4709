"""One edit on a loaded model: canvases in one batch, each state of them as cells, each end as a text.

Called by `host`. `layout` says how the canvases begin, `sample` denoises them, `mend` looks at the grammar. What is
told is what the canvas really holds; positions after the answer's end are not the region's and are left out.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sharpen.core.definitions import language_for
from sharpen.core.diffusion.layout import Layout, Row, laid_out
from sharpen.core.diffusion.load import Loaded
from sharpen.core.diffusion.mend import Doubt
from sharpen.core.diffusion.options import Options, Step
from sharpen.core.diffusion.order import Done, Edit, Ended, Shown
from sharpen.core.diffusion.sample import sample_batch
from sharpen.core.diffusion.spelling import Spelling
from sharpen.core.errors import EngineUnavailable
from sharpen.core.grammars import faults

SHARE = 0.25
"""Of a region's tokens, how many the grammar may have masked again."""
LEAST = 4
_STATES = {"frozen": "context", "masked": "masked", "provisional": "draft"}


@dataclass(slots=True)
class _Track:
    """What is known of one canvas so far."""

    row: Row
    last: Step | None = None
    revised: set[int] = field(default_factory=set)
    known: dict[int, int] = field(default_factory=dict)
    """Position -> the token that it had last."""
    remasked: int = 0


def run(
    loaded: Loaded, order: Edit, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Shown | Ended | Done]:
    """States and ends of the order's canvases. Raises BadInput and EngineUnavailable as `laid_out` and `sample` do."""
    began = time.monotonic()
    plan = laid_out(loaded, order)
    assert loaded.tokenizer is not None
    spelling = Spelling(loaded.tokenizer)
    tracks = [_Track(row) for row in plan.rows]
    doubts = _doubts(order, plan, spelling) if order.grammar else None
    options = [_options(loaded, order, row, len(plan.prompt)) for row in plan.rows]
    steps = sample_batch(
        loaded,
        plan.prompt,
        replace(options[0], seed=order.seed),
        [row.canvas for row in plan.rows],
        [row.frozen for row in plan.rows],
        each=options,
        doubts=doubts,
    )
    for step in steps:
        if stopped():
            break
        track = tracks[step.row]
        _follow(track, step)
        if order.frames:
            yield Shown(
                order.run, step.row, step.index, step.planned, _cells(plan, track, step, spelling, order)
            )
    else:
        for number, track in enumerate(tracks):
            yield _ended(order, plan, number, track, spelling=spelling, seconds=time.monotonic() - began)
    yield Done(order.run)


def _options(loaded: Loaded, order: Edit, row: Row, before: int) -> Options:
    """By confidence, or in a planned number of steps where somebody says how many."""
    steps = order.steps
    if steps is not None and loaded.family.blocks and loaded.family.sampler != "bd3lm":
        # These count the steps of one block, and the first is begun by the prompt. A block takes a step at least.
        blocks = math.ceil((before % loaded.block + len(row.canvas)) / loaded.block)
        steps = max(1, steps // blocks)
    return Options(exact=False, algorithm=order.algorithm, steps=steps, temperature=row.temperature)


def _doubts(order: Edit, plan: Layout, spelling: Spelling) -> list[Doubt] | None:
    """What the grammar is asked about each canvas; None where there is no grammar for the file."""
    try:
        language = language_for(order.path) if order.path else None
        if language is None or not order.opening:
            return None
        faults("", language)
    except EngineUnavailable:  # its package is not installed
        return None
    budgets = [max(LEAST, round(SHARE * row.canvas.count(None))) for row in plan.rows]
    found = language

    def objections(text: str, whole: bool) -> Sequence[tuple[int, int]]:
        inside = text if plan.fills else _cut(text, order.closing)
        whole = whole or len(inside) < len(text)
        if not whole:
            inside = inside[: inside.rfind("\n") + 1]  # the line that is being written
        there = faults(order.head + inside + (order.tail if whole else ""), found)
        shift = len(order.head)
        ranges = [(d.start_char - shift, d.end_char - shift) for d in there]
        return [(max(0, a), min(b, len(inside))) for a, b in ranges if a < b and b > 0 and a < len(inside)]

    return [Doubt(spelling, objections, budget) for budget in budgets]


def _follow(track: _Track, step: Step) -> None:
    """Remember which positions had another token before."""
    if track.last is not None and len(track.last.ids) > len(step.ids):
        track.known = {at: token for at, token in track.known.items() if at < len(step.ids)}
    for at, (token, mark) in enumerate(zip(step.ids, step.marks, strict=True)):
        if mark == "masked":
            track.remasked += (
                track.last is not None
                and at < len(track.last.marks)
                and (track.last.marks[at] not in {"masked", "frozen"})
            )
        else:
            if track.known.get(at, token) != token:
                track.revised.add(at)
            track.known[at] = token
    track.last = step


def _end(row: Row, step: Step) -> int:
    """Where the region's positions end."""
    return max(0, len(step.ids) - row.tail)


def _cells(
    plan: Layout, track: _Track, step: Step, spelling: Spelling, order: Edit
) -> tuple[tuple[str, str, float, int], ...]:
    """The region's positions as they are, up to the answer's end."""
    end = _end(track.row, step)
    known = [mark != "masked" for mark in step.marks[:end]]
    parts = spelling.parts(step.ids[:end], known)
    same = _given(track.row, step)
    found = []
    said = ""
    for at, (part, mark) in enumerate(zip(parts, step.marks[:end], strict=True)):
        state = "revised" if mark == "revised" or at in track.revised else _STATES.get(mark, "settled")
        if at in same and state != "masked":
            state = "context"
        if mark == "masked":
            found.append(("", "masked", 0.0, plan.width))
            said += "\0"
        elif part:
            said += part
            if not plan.fills and len(_cut(said, order.closing)) < len(said):
                break
            found.append((part, state, 1.0 if at in same else round(step.confidence[at], 4), 1))
    return tuple(found)


def _given(row: Row, step: Step) -> set[int]:
    """Positions that still hold the old text's token."""
    if len(step.ids) > len(row.canvas):  # the canvas grew: places have moved
        return set()
    return {at for at, token in enumerate(step.ids) if token == row.canvas[at]}


def _cut(text: str, closing: str) -> str:
    """The text up to the line that closes it."""
    if not closing:
        return text
    mark = closing.strip()
    match = re.search(rf"(?m)^[ \t]*{re.escape(mark)}[ \t]*$", text)
    return text if match is None else text[: match.start()]


def _ended(
    order: Edit, plan: Layout, number: int, track: _Track, *, spelling: Spelling, seconds: float
) -> Ended:
    step, row = track.last, track.row
    assert step is not None
    end = _end(row, step)
    parts = spelling.parts(step.ids[:end], [mark != "masked" for mark in step.marks[:end]])
    text = "".join(parts)
    cut = text if plan.fills else _cut(text, order.closing)
    same = _given(row, step)
    spans, written, at = [], [], 0
    for place, part in enumerate(parts):
        start, at = at, at + len(part)
        if step.marks[place] != "frozen" and place not in same and start < len(cut):
            written.append(step.confidence[place])
            if part:
                spans.append((start, min(at, len(cut)), round(step.confidence[place], 4)))
    score = sum(math.log(max(c, 1e-6)) for c in written) / max(1, len(written))
    # A canvas that nothing closes has come to its end only if the model said so.
    whole = bool(row.tail) or len(cut) < len(text) or len(step.ids) < len(row.canvas) or not order.closing
    steps = step.index
    return Ended(
        order.run, number, cut, score, steps, seconds, len(written), whole, tuple(spans), track.remasked,
        row.label,
    )  # fmt: skip
