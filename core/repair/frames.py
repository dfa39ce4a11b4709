"""A step of the search as a canvas: the window's tokens as cells, in the states that they are really in.

Untouched tokens show the file's own characters; where several tokens are one character only together (the tokens are
bytes), they are one cell. The last canvas of a run is what the engine proposes.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from sharpen.core.canvas import Canvas, Cell, State
from sharpen.core.region import Region
from sharpen.core.repair.plans import Plan
from sharpen.core.repair.search import Step
from sharpen.core.repair.tokens import FIRST_TEXT, MASK, Codec

DOOMED = 0.3
"""Probability of being wrong from which a token is shown as about to go."""
_STRONGEST: tuple[State, ...] = ("doomed", "revised", "draft", "settled", "context")


@dataclass(frozen=True, slots=True)
class _Part:
    """One token's share of a cell."""

    data: bytes
    cell: Cell
    span: tuple[int, int] | None = None
    """Where its characters stand in the source; None for a token that is new."""


def canvas_of(step: Step, codec: Codec, original: str) -> Canvas:
    """Cells of the step's window; the region is the window's place in the text that the request came with."""
    start, end = step.window.spans[0][0], step.window.spans[-1][1]
    head = start if step.text[:start] == original[:start] else start + len(original) - len(step.text)
    region = Region(max(head, 0), min(max(head, 0) + end - start, len(original)), "diagnostic")
    parts = _noise_parts(step, codec) if step.plan is None else _plan_parts(step, step.plan, codec)
    return Canvas(_cells(parts, step.text), region)


def settled(original: str, new: str, score: float, codec: Codec, seen: Region | None) -> Canvas:
    """The repaired text, as it is proposed: whole lines around all that became different, and what `seen` covered.

    `score`: log-odds of the repair, shown as the confidence of its new tokens.
    """
    same = min(len(original), len(new))
    head = next((i for i in range(same) if original[i] != new[i]), same)
    tail = next((i for i in range(same - head) if original[-1 - i] != new[-1 - i]), same - head)
    start = original.rfind("\n", 0, head) + 1
    stop = original.find("\n", len(original) - tail)
    end = stop if stop >= 0 else len(original)
    if seen is not None:
        start, end = min(start, seen.start_char), max(end, seen.end_char)
    before, after = original[start:end], new[start : len(new) - (len(original) - end)]
    old, now = codec.encode(before).ids, codec.encode(after)
    kept = [False] * len(now.ids)
    for block in SequenceMatcher(None, old, now.ids, autojunk=False).get_matching_blocks():
        kept[block.b : block.b + block.size] = [True] * block.size
    fresh = Cell("", "settled", _odds(score))
    parts = [
        _Part(codec.bytes_of(token), Cell("") if same_token else fresh, span)
        for token, span, same_token in zip(now.ids, now.spans, kept, strict=True)
    ]
    return Canvas(_cells(parts, after), Region(start, end, "diagnostic"))


def _odds(x: float) -> float:
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))


def _noise_parts(step: Step, codec: Codec) -> Iterable[_Part]:
    """Every token with the noise head's opinion of it."""
    for i, token in enumerate(step.window.ids):
        wrong = _odds(float(step.reading.noise[i]))
        state: State = "doomed" if wrong > DOOMED else "context"
        row = step.reading.logits[i]
        alternatives: tuple[tuple[str, float], ...] = ()
        if state == "doomed":
            best = [int(k) for k in row.argsort()[-3:][::-1] if k >= FIRST_TEXT]
            alternatives = tuple(
                (codec.bytes_of(k).decode("utf-8", "replace"), float(math.exp(row[k]))) for k in best
            )
        yield _Part(codec.bytes_of(token), Cell("", state, 1 - wrong, 1, alternatives), step.window.spans[i])


def _plan_parts(step: Step, plan: Plan, codec: Codec) -> Iterable[_Part]:
    """The window with the plan in place: unknown tokens masked, new ones as drafts or revisions."""
    sure = _odds(plan.score)
    place = {(c.at, c.insert): c.new for c in plan.changes}
    for i in range(len(step.window.ids) + 1):
        yield from (_new(codec, token, "draft", sure) for token in place.get((i, True), ()))
        if i == len(step.window.ids):
            return
        if (i, False) in place:
            yield from (_new(codec, token, "revised", sure) for token in place[i, False])
        else:
            yield _Part(codec.bytes_of(step.window.ids[i]), Cell(""), step.window.spans[i])


def _new(codec: Codec, token: int, state: State, sure: float) -> _Part:
    if token == MASK:
        return _Part(b"", Cell("", "masked", 0.0, 3))
    return _Part(codec.bytes_of(token), Cell("", state, sure))


def _cells(parts: Iterable[_Part], source: str) -> tuple[Cell, ...]:
    """The parts with their text, those that are one character together as one cell."""
    cells: list[Cell] = []
    group: list[_Part] = []
    for part in parts:
        if part.cell.state == "masked":
            cells += _joined(group, source)
            cells.append(part.cell)
            group = []
            continue
        group.append(part)
        if not _cut_off(b"".join(one.data for one in group)):
            cells += _joined(group, source)
            group = []
    return (*cells, *_joined(group, source))


def _cut_off(data: bytes) -> bool:
    """Whether the bytes end within a character."""
    if data.isascii():
        return False
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    return bool(decoder.getstate()[0])


def _joined(group: list[_Part], source: str) -> list[Cell]:
    if not group:
        return []
    spans = [part.span for part in group if part.span is not None]
    if len(spans) == len(group):
        text = source[spans[0][0] : spans[-1][1]]
    else:
        text = b"".join(part.data for part in group).decode("utf-8", "replace")
    cells = [part.cell for part in group]
    strongest = min(cells, key=lambda cell: _STRONGEST.index(cell.state))
    sure = min((cell.confidence for cell in cells if cell.confidence is not None), default=None)
    return [replace(strongest, text=text, confidence=sure)]
