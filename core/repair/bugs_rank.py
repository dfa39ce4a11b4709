"""Which single-token repair first: the table's prior, what the failing command pointed at, and what the model expects.

The model's part is its own denoising: the token is masked, and a repair gains what the new token is likelier there
than the old one. Sites are read in batches, the likeliest first, within a time. Knows arrays, no files, no engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sharpen.core.diagnostic import Diagnostic
from sharpen.core.repair.reader import Run, at_masks
from sharpen.core.repair.swap import Swap
from sharpen.core.repair.tokens import MASK, Codec, kind_id
from sharpen.core.repair.window import cut

VIEW = 96
"""Tokens around a site."""
SITES = 192
"""Masked windows read at most."""
BATCH = 16
GAIN = 0.45
"""Weight of the model's nats against the prior's."""
MOST_GAIN = 6.0
NAMED_LINE = 2.0
NAMED_FUNCTION = 1.2


@dataclass(frozen=True, slots=True)
class Model:
    """What reading needs."""

    run: Run
    codec: Codec
    deadline: float
    """As `time.monotonic` has it; what is not read by then keeps its prior."""
    stopped: Callable[[], bool] = lambda: False


def ranked(
    text: str, found: Sequence[Swap], hints: Sequence[Diagnostic], model: Model | None
) -> list[tuple[Swap, float]]:
    """The swaps, best first, with their scores. `hints` are the places that the command's output names."""
    lines = {hint.line for hint in hints if hint.end_char > hint.start_char}
    scores = {swap: swap.prior + _pointed_at(swap, lines, text) for swap in found}
    if model is not None:
        for swap, gain in _gains(text, sorted(found, key=lambda s: -scores[s]), model):
            scores[swap] += GAIN * max(-MOST_GAIN, min(MOST_GAIN, gain))
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _pointed_at(swap: Swap, lines: set[int], text: str) -> float:
    if swap.line in lines:
        return NAMED_LINE
    heads = [line for line in lines if _defines(text, line, swap.scope)]
    return NAMED_FUNCTION if swap.scope and heads else 0.0


def _defines(text: str, line: int, name: str) -> bool:
    found = text.split("\n")[line - 1 : line]
    return bool(found) and f"def {name}(" in found[0]


@dataclass(frozen=True, slots=True)
class _Masked:
    """A window with the site's tokens masked: room for `count` tokens."""

    ids: tuple[int, ...]
    flags: tuple[int, ...]
    at: int
    count: int


def _gains(text: str, found: Sequence[Swap], model: Model) -> Iterator[tuple[Swap, float]]:
    """(swap, nats that the new tokens are likelier than the old ones), as far as time and `SITES` allow."""
    wanted: dict[_Masked, list[tuple[Swap, str, tuple[int, ...]]]] = {}
    for swap in found:
        for which, masked, ids in _windows(text, swap, model.codec):
            if masked in wanted or len(wanted) < SITES:
                wanted.setdefault(masked, []).append((swap, which, ids))
    known: dict[tuple[Swap, str], float] = {}
    order = list(wanted)
    for first in range(0, len(order), BATCH):
        if model.stopped() or time.monotonic() > model.deadline:
            break
        some = order[first : first + BATCH]
        read = at_masks(
            model.run,
            [list(m.ids) for m in some],
            [list(m.flags) for m in some],
            kind_id(""),
            [list(range(m.at, m.at + m.count)) for m in some],
        )
        for masked, logp in zip(some, read, strict=True):
            for swap, which, ids in wanted[masked]:
                known[swap, which] = sum(float(logp[k, token]) for k, token in enumerate(ids))
    for swap in found:
        if (swap, "new") in known and (swap, "old") in known:
            yield swap, known[swap, "new"] - known[swap, "old"]


def _windows(text: str, swap: Swap, codec: Codec) -> Iterator[tuple[str, _Masked, tuple[int, ...]]]:
    """The window twice: with room for the old tokens and for the new ones; nothing where tokens do not fit the site."""
    column = swap.start - text.rfind("\n", 0, swap.start)
    window = cut(text, codec, swap.line, column, VIEW)
    if window.tabs or swap.start == swap.end or not swap.new:
        return
    touched = [k for k, (a, b) in enumerate(window.spans) if a < swap.end and b > swap.start]
    if not touched or len(touched) > 4:
        return
    first, last = touched[0], touched[-1] + 1
    head = text[window.spans[first][0] : swap.start]
    new = tuple(codec.encode(head + swap.new).ids)
    if window.spans[last - 1][1] != swap.end or not 0 < len(new) <= 4:
        return
    old = tuple(window.ids[first:last])
    for which, ids in (("old", old), ("new", new)):
        masks = (*window.ids[:first], *[MASK] * len(ids), *window.ids[last:])
        flags = (*window.flags[:first], *[0] * len(ids), *window.flags[last:])
        yield which, _Masked(masks, tuple(0 for _ in flags), first, len(ids)), ids
