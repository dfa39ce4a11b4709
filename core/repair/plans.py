"""Edit plans: what the noise head's reading of a window proposes, most likely first.

A plan is a set of changes of single tokens with the log-odds that the model gives it. Most plans know their new
tokens at once (the token head, read at an unmasked position, says what should stand there); those that put several
tokens in hold masks, which the engine then denoises. Pure functions of arrays; torch-free, no file, no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sharpen.core.repair.tokens import DEL, FIRST_TEXT, MASK

Array = NDArray[np.float32]
NEWS = 6
"""New tokens tried at one place."""


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


def singles(reading: Reading, most: int = 48) -> list[Plan]:
    """The best changes of one place: another token, none, or one to six more before it."""
    found: list[Plan] = []
    usable = reading.logits.copy()
    usable[:, :FIRST_TEXT] = -np.inf
    usable[:, DEL] = reading.logits[:, DEL]
    suspects = np.argsort(-reading.noise)[:24]
    for i in suspects:
        row = usable[i]
        for new in np.argpartition(-row, NEWS)[: NEWS + 1]:
            if int(new) == reading.ids[i]:
                continue
            score = float(reading.noise[i] + row[new])
            found.append(Plan((Change(int(i), False, () if new == DEL else (int(new),)),), score))
    odds = reading.gaps[:, 1:] - reading.gaps[:, :1]
    for i in np.argsort(-odds.max(1))[:24]:
        row = usable[i].copy()
        row[DEL] = -np.inf
        best = np.argpartition(-row, NEWS)[:NEWS]
        found.extend(Plan((Change(int(i), True, (int(n),)),), float(odds[i, 0] + row[n])) for n in best)
        for n in range(2, 7):
            # a fill costs about a nat and a half a token beyond the first; it is scored truly once it is filled
            score = float(odds[i, n - 1] + row.max() - 1.5 * (n - 1))
            found.append(Plan((Change(int(i), True, (MASK,) * n),), score))
    found.extend(
        Plan((Change(int(i), False, (MASK, MASK)),), float(reading.noise[i]) - 5.0) for i in suspects[:8]
    )
    found.sort(key=lambda p: -p.score)
    return found[:most]


def joined(plans: Iterable[Plan]) -> Plan | None:
    """All changes together, or None where two of them touch the same place."""
    plans = list(plans)
    changes = sorted(c for p in plans for c in p.changes)
    places = [(c.at, c.insert) for c in changes]
    if len(set(places)) < len(places):
        return None
    return Plan(tuple(changes), sum(p.score for p in plans))


def together(one: list[Plan], pairs: int = 14) -> list[Plan]:
    """Plans of several places: the likeliest first k together, and pairs of the likeliest."""
    best: dict[tuple[int, bool], Plan] = {}
    for plan in one:
        best.setdefault((plan.changes[0].at, plan.changes[0].insert), plan)
    top = [p for p in best.values() if not p.masked]
    found: list[Plan] = []
    for k in range(2, 9):
        likely = [p for p in top[:k] if p.score > -3.0]
        if len(likely) == k:
            made = joined(likely)
            if made:
                found.append(made)
    for a, b in combinations(one[:pairs], 2):
        made = joined((a, b))
        if made and not made.masked:
            found.append(made)
    return found


def indents(
    reading: Reading, starts: list[int], depth: Callable[[int], int], token: Callable[[int], int | None]
) -> list[Plan]:
    """Plans that move runs of lines in or out by the same amount.

    `starts` are the indexes of tokens that begin a line with code, `depth` gives a line token's columns, `token` the
    line token of so many columns. Each run is a line and what follows it down to the first line that is less deep.
    """
    found: list[Plan] = []
    for k, first in enumerate(starts):
        base = depth(reading.ids[first])
        run = [first]
        for nxt in starts[k + 1 :]:
            if depth(reading.ids[nxt]) < base:
                break
            run.append(nxt)
        for by in (-8, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 8):
            if base + by < 0:
                continue
            changes, total = [], 0.0
            for n, at in enumerate(run):
                new = token(depth(reading.ids[at]) + by)
                if new is None or depth(reading.ids[at]) + by < 0:
                    break
                changes.append(Change(at, False, (new,)))
                # lines that move together are one decision: the followers count for little
                own = float(reading.noise[at] + reading.logits[at, new])
                total += own if n == 0 else max(own, -6.0) * 0.15
                if n in (0, len(run) - 1) or n < 6:
                    found.append(Plan(tuple(changes), total))
    found.sort(key=lambda p: -p.score)
    return found[:24]


def apply(ids: list[int], plan: Plan) -> list[int]:
    """The window's tokens after the plan."""
    out: list[int] = []
    place = {(c.at, c.insert): c.new for c in plan.changes}
    for i in range(len(ids) + 1):
        out.extend(place.get((i, True), ()))
        if i < len(ids):
            out.extend(place.get((i, False), (ids[i],)))
    return out
