"""The same model on the same canvas twice: one token after another from the left, then by diffusion.

`sharpen race` shows it. Both ways have the same prompt, canvas, cache and process, draw no lots and start cold; what
differs is which positions a step may commit, and how many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sharpen.core.diffusion.order import Edit, Ended, Shown
from sharpen.core.engines.local import LocalEngine
from sharpen.core.request import CancelToken, Request

Way = Literal["left to right", "diffusion"]
LENGTH = 96
"""Tokens, where there is no region."""


@dataclass(frozen=True, slots=True)
class Lap:
    """A state, or the end, of one of the two."""

    way: Way
    said: Shown | Ended


def laps(
    engine: LocalEngine,
    prompt: str,
    request: Request | None,
    cancel: CancelToken,
    *,
    length: int | None = None,
    steps: int | None = None,
) -> Iterator[Lap]:
    """Left to right to its end, then diffusion, in so many steps at most. Raises as `LocalEngine.refine`."""
    engine.open(cancel)
    if request is None:
        base = Edit(0, prompt, length=length or LENGTH, grammar=False, steps=steps)
    else:
        base = replace(engine.order(request)[0], grammar=False, rows=1, length=length, strength=None)
    # A first pass pays for what the machine does once: neither way is to.
    for _ in engine.asks(replace(base, run=engine.next_run(), steps=1, length=8, frames=False), cancel):
        pass
    ways: tuple[tuple[Way, str | None], ...] = (("left to right", "sequential"), ("diffusion", None))
    for way, algorithm in ways:
        steps = base.steps if algorithm is None else None
        order = replace(base, run=engine.next_run(), algorithm=algorithm, steps=steps)
        for said in engine.asks(order, cancel):
            if isinstance(said, Shown | Ended):
                yield Lap(way, said)
