"""Edit plans: what the noise head's reading of a window proposes, most likely first.

A plan is a set of changes of single tokens with the log-odds that the model gives it. Most plans know their new
tokens at once (the token head, read at an unmasked position, says what should stand there); those that put several
tokens in hold masks, which the engine then denoises. Pure functions of arrays; torch-free, no file, no model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sharpen.core.repair.tokens import MASK

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """The token at `at` becomes `new` (empty: deleted); with `insert`, `new` goes in before it instead."""

    at: int
    insert: bool
    new: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes at different places, sorted, and the log-odds of all of them together against no change."""

    changes: tuple[Change, ...]
    score: float
    beyond: tuple[tuple[int, int, str], ...] = ()
    """Edits of characters after the window's end that go with it: the rest of a block that moves."""
    loose: bool = False
    """Its changes were only put together: some of them may do as well."""

    @property
    def masked(self) -> bool:
        """Whether some new tokens are still unknown."""
        return any(MASK in c.new for c in self.changes)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pass over a window says, without the two tokens that open it: T tokens.

    `logits` row i is what should stand at token i (read one position to its left); row T is the window's end.
    """

    ids: list[int]
    noise: Array
    """(T,) log-odds that the token is wrong."""
    gaps: Array
    """(T + 1, 8) log-probabilities that n tokens are missing before token i."""
    logits: Array
    """(T + 1, V) log-probabilities."""


def log_softmax(x: Array) -> Array:
    """Along the last axis."""
    y = x - x.max(-1, keepdims=True)
    out: Array = y - np.log(np.exp(y).sum(-1, keepdims=True))
    return out


def joined(plans: Iterable[Plan]) -> Plan | None:
    """All changes together, or None where two of them touch the same place."""
    plans = list(plans)
    changes = sorted(c for p in plans for c in p.changes)
    places = [(c.at, c.insert) for c in changes]
    if len(set(places)) < len(places):
        return None
    return Plan(tuple(changes), sum(p.score for p in plans), tuple(b for p in plans for b in p.beyond), True)


def apply(ids: list[int], plan: Plan) -> list[int]:
    """The window's tokens after the plan."""
    out: list[int] = []
    place = {(c.at, c.insert): c.new for c in plan.changes}
    for i in range(len(ids) + 1):
        out.extend(place.get((i, True), ()))
        if i < len(ids):
            out.extend(place.get((i, False), (ids[i],)))
    return out
