"""One pass of the model over windows, as readings; and the filling of masks. Knows arrays, not where they come from.

`Run` is the model itself: (ids, flags, rows) -> (heads, logits), shapes as `core.training.export` names them. The
engine gives it onnxruntime's session, a test may give it anything that is as long.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sharpen.core.repair.plans import Array, Reading, log_softmax
from sharpen.core.repair.tokens import DEL, FIRST_TEXT, MASK, PAD, SEP

Ints = NDArray[np.int64]
Run = Callable[[Ints, Ints, Ints], tuple[Array, Array]]
OPEN = 2
"""Tokens that open every window: the diagnostic's kind, and a separator."""


def _batch(windows: list[list[int]], flags: list[list[int]], kind: int) -> tuple[Ints, Ints]:
    longest = OPEN + max(len(w) for w in windows)
    ids = np.full((len(windows), longest), PAD, np.int64)
    marks = np.zeros((len(windows), longest), np.int64)
    for row, (window, flag) in enumerate(zip(windows, flags, strict=True)):
        ids[row, :OPEN] = (kind, SEP)
        ids[row, OPEN : OPEN + len(window)] = window
        marks[row, OPEN : OPEN + len(flag)] = flag
    return ids, marks


def read(run: Run, window: list[int], flags: list[int], kind: int) -> Reading:
    """The noise head's and the token head's view of one window of T tokens."""
    ids, marks = _batch([window], [flags], kind)
    t = len(window)
    heads, logits = run(ids, marks, np.arange(OPEN - 1, OPEN + t, dtype=np.int64))
    gaps = log_softmax(heads[0, OPEN - 1 : OPEN + t, 1:])
    return Reading(list(window), heads[0, OPEN : OPEN + t, 0], gaps, log_softmax(logits))


def second_opinion(
    run: Run, windows: list[list[int]], flags: list[list[int]], kind: int, hidden: list[list[tuple[int, int]]]
) -> list[float]:
    """Log-probability of the hidden tokens of each window, all masked at once: sum over (position, token) in nats."""
    ids, marks = _batch(windows, flags, kind)
    width = ids.shape[1]
    rows = np.asarray(
        [r * width + OPEN + i - 1 for r, places in enumerate(hidden) for i, _ in places], np.int64
    )
    if not len(rows):
        return [0.0] * len(windows)
    _, logits = run(ids, marks, rows)
    logp = log_softmax(_known(logits))
    sums, k = [], 0
    for places in hidden:
        sums.append(float(sum(logp[k + n, token] for n, (_, token) in enumerate(places))))
        k += len(places)
    return sums


def at_masks(
    run: Run, windows: list[list[int]], flags: list[list[int]], kind: int, places: list[list[int]]
) -> list[Array]:
    """Log-probabilities of all text tokens at these positions of each window, (positions, vocabulary) nats."""
    ids, marks = _batch(windows, flags, kind)
    width = ids.shape[1]
    rows = np.asarray([r * width + OPEN + i - 1 for r, own in enumerate(places) for i in own], np.int64)
    _, logits = run(ids, marks, rows)
    logp = log_softmax(_known(logits))
    ends = np.cumsum([len(own) for own in places])
    return [logp[end - len(own) : end] for end, own in zip(ends, places, strict=True)]


def _known(logits: Array) -> Array:
    """Without the tokens that are no text; `<del>` stays."""
    out = logits.copy()
    out[:, :FIRST_TEXT] = -np.inf
    out[:, DEL] = logits[:, DEL]
    return out


def fill(
    run: Run, windows: list[list[int]], flags: list[list[int]], kind: int, steps: int = 2
) -> list[tuple[list[int], float]]:
    """Denoise the masks of all windows in one batch: each step settles the more confident part of what is left.

    Returns each window with its masks filled (DEL where the model says that nothing belongs there) and the sum of
    the settled tokens' log-probabilities. The schedule is the cosine-free linear one of masked diffusion (MDLM).
    """
    windows = [list(w) for w in windows]
    scores = [0.0] * len(windows)
    for step in range(steps):
        places = [(r, i) for r, w in enumerate(windows) for i, t in enumerate(w) if t == MASK]
        if not places:
            break
        ids, marks = _batch(windows, flags, kind)
        width = ids.shape[1]
        rows = np.asarray([r * width + OPEN + i - 1 for r, i in places], np.int64)
        _, logits = run(ids, marks, rows)
        logp = log_softmax(_known(logits))
        best = logp.argmax(-1)
        sure = logp[np.arange(len(best)), best]
        for r, window in enumerate(windows):
            mine = sorted((k for k, p in enumerate(places) if p[0] == r), key=lambda k: -sure[k])
            take = -(-len(mine) // (steps - step))
            for k in mine[:take]:
                window[places[k][1]] = int(best[k])
                scores[r] += float(sure[k])
    return list(zip(windows, scores, strict=True))
