"""Proposals of one place: what the two heads say together, everywhere, and signs and keywords near the error.

Every plan is scored by the same reading: the log-odds that this place is wrong (or lacks a token) plus the
log-probability of the token there. Plans that would glue two words or change a piece of a name cost `GLUE` more.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sharpen.core.repair.plans import Array, Change, Plan, joined
from sharpen.core.repair.scene import Scene
from sharpen.core.repair.tokens import DEL, FIRST_TEXT, MASK

Places = NDArray[np.int64]
GLUE = 4.0
SUSPECTS = 40
WIDEST = 400
"""Plans of each sort at most."""


def usable(logits: Array) -> Array:
    """Log-probabilities of text tokens and of `<del>` alone."""
    out = logits.copy()
    out[:, :FIRST_TEXT] = -np.inf
    out[:, DEL] = logits[:, DEL]
    return out


def singles(scene: Scene) -> list[Plan]:
    """Changes of one place: a token put in, replaced, deleted; several masks put in. Sorted."""
    logits = usable(scene.reading.logits)
    found = [
        *_inserted(scene, logits),
        *_replaced(scene, logits),
        *_masked(scene, logits),
        *_words(scene, logits),
    ]
    best: dict[tuple[Change, ...], Plan] = {}
    for plan in sorted(found, key=lambda p: -p.score):
        best.setdefault(plan.changes, plan)
    return list(best.values())


def _top(scores: Array, most: int) -> list[tuple[int, int]]:
    """(row, column) of the largest, unordered."""
    flat = scores.ravel()
    most = min(most, flat.size)
    at = np.argpartition(-flat, most - 1)[:most]
    return [(int(k // scores.shape[1]), int(k % scores.shape[1])) for k in at]


def _inserted(scene: Scene, logits: Array) -> list[Plan]:
    traits = scene.traits
    odds = scene.reading.gaps[:, 1] - scene.reading.gaps[:, 0]
    inside = scene.word_before & scene.word_after

    def scored(rows: Places, columns: Places) -> Array:
        glue = scene.word_before[rows][:, None] & traits.begins[columns][None]
        glue |= scene.word_after[rows][:, None] & traits.ends[columns][None]
        glue |= inside[rows][:, None]
        out: Array = odds[rows][:, None] + logits[np.ix_(rows, columns)] - GLUE * glue
        return out

    found: list[Plan] = []
    everything = np.arange(FIRST_TEXT, logits.shape[1])
    for rows, columns, most in (
        (np.argsort(-odds)[:SUSPECTS], everything, WIDEST),
        (np.array(scene.near), traits.signs, WIDEST),
    ):
        scores = scored(rows, columns)
        for r, c in _top(scores, most):
            found.append(Plan((Change(int(rows[r]), True, (int(columns[c]),)),), float(scores[r, c])))
    return found


def _replaced(scene: Scene, logits: Array) -> list[Plan]:
    traits, noise = scene.traits, scene.reading.noise
    t, ids = len(scene.shown), np.asarray(scene.window.ids)
    glued_when_gone = scene.word_before[:-1] & scene.word_after[1:]

    def scored(rows: Places, columns: Places) -> Array:
        cost = scene.word_before[rows][:, None] & traits.begins[columns][None]
        cost |= scene.word_after[rows + 1][:, None] & traits.ends[columns][None]
        cost |= scene.piece[rows][:, None]
        gone = columns == DEL
        cost[:, gone] = (glued_when_gone | scene.piece)[rows][:, None]
        out: Array = noise[rows][:, None] + logits[np.ix_(rows, columns)] - GLUE * cost
        out[columns[None] == ids[rows][:, None]] = -np.inf
        return out

    found: list[Plan] = []
    everything = np.concatenate([[DEL], np.arange(FIRST_TEXT, logits.shape[1])])
    near = np.array([i for i in scene.near if i < t])
    signs = np.unique(np.concatenate([[DEL], traits.signs]))
    for rows, columns, most in ((np.argsort(-noise)[:SUSPECTS], everything, WIDEST), (near, signs, WIDEST)):
        scores = scored(rows, columns)
        for r, c in _top(scores, most):
            if scores[r, c] > -1e8:
                new = () if columns[c] == DEL else (int(columns[c]),)
                wider = _with_space(scene, int(rows[r])) if not new else None
                if wider is not None:
                    found.append(replace(wider, score=float(scores[r, c])))
                    continue
                found.append(Plan((Change(int(rows[r]), False, new),), float(scores[r, c])))
    return found


def _with_space(scene: Scene, at: int) -> Plan | None:
    """The deletion of a token together with the space after it, where one would be left over."""
    shown = scene.shown
    if at + 1 >= len(shown) or shown[at + 1] != " ":
        return None
    before = shown[at - 1][-1:] if at else "\n"
    if not (before.isspace() or before in "([{"):
        return None
    return Plan((Change(at, False, ()), Change(at + 1, False, ())), 0.0)


def _masked(scene: Scene, logits: Array) -> list[Plan]:
    """Two to six tokens put in, or two in one's place: known only once they are denoised."""
    odds = scene.reading.gaps[:, 1:] - scene.reading.gaps[:, :1]
    found: list[Plan] = []
    for i in np.argsort(-odds.max(1))[:12]:
        # a fill costs about a nat and a half a token beyond the first; it is scored truly once it is filled
        found.extend(
            Plan(
                (Change(int(i), True, (MASK,) * n),), float(odds[i, n - 1] + logits[i].max() - 1.5 * (n - 1))
            )
            for n in range(2, 7)
        )
    noise = scene.reading.noise
    found.extend(
        Plan((Change(int(i), False, (MASK, MASK)),), float(noise[i]) - 5.0) for i in np.argsort(-noise)[:8]
    )
    return found


def _words(scene: Scene, logits: Array) -> list[Plan]:
    """A word of several tokens deleted, or replaced by one: a keyword like it, or what the token head says."""
    noise = scene.reading.noise
    found = []
    for i, j in scene.word_spans():
        rest = float(sum(min(0.0, noise[k] + logits[k, DEL]) for k in range(i + 1, j))) * 0.3
        word = "".join(scene.shown[i:j])
        spaced = word[:1] == " "
        near = set(
            difflib.get_close_matches(word.strip().lower(), [k for k, _ in scene.traits.keywords], 3, 0.65)
        )
        fits = [
            t
            for k, t in scene.traits.keywords
            if k in near and scene.codec.bytes_of(t)[:1].isspace() == spaced
        ]
        for new in {*fits, *(int(n) for n in np.argsort(-logits[i])[:3]), DEL}:
            base = float(noise[i] + logits[i, new])
            changes = [
                Change(i, False, () if new == DEL else (new,)),
                *(Change(k, False, ()) for k in range(i + 1, j)),
            ]
            found.append(Plan(tuple(changes), max(base + rest, base - 4.0)))
    return found


def together(one: list[Plan], pairs: int = 16) -> list[Plan]:
    """Plans of several places: the likeliest first k together, and pairs of the likeliest."""
    best: dict[tuple[int, bool], Plan] = {}
    for plan in one:
        best.setdefault((plan.changes[0].at, plan.changes[0].insert), plan)
    top = [p for p in best.values() if not p.masked][:10]
    found = []
    for k in range(3, 9):
        likely = [p for p in top[:k] if p.score > -3.0]
        made = joined(likely) if len(likely) == k else None
        if made:
            found.append(made)
    plain = [p for p in one[: pairs * 2] if not p.masked][:pairs]
    for a, b in [*combinations(plain, 2), *combinations(top, 2)]:
        made = joined((a, b))
        if made:
            found.append(made)
    return found


def repeated(scene: Scene, one: list[Plan], most: int = 24) -> list[Plan]:
    """The same change at every place of the window that looks the same (its token, and the one beside it)."""
    ids = scene.window.ids
    found = []
    for plan in one[:most]:
        change = plan.changes[0]
        if plan.masked or len(plan.changes) > 1 or change.at >= len(ids):
            continue
        same = [
            k
            for k in range(1, len(ids) - 1)
            if k != change.at
            and ids[k] == ids[change.at]
            and (ids[k - 1] == ids[change.at - 1] or ids[min(change.at + 1, len(ids) - 1)] == ids[k + 1])
        ]
        if not 0 < len(same) < 6:
            continue
        every = sorted([change, *(Change(k, change.insert, change.new) for k in same)])
        found.append(Plan(tuple(every), plan.score - 2.0 - 0.5 * len(same), loose=True))
    return found
