"""Training samples of the edit stage: a broken window, and what every position of it should become.

One sample shows each edit either as it was broken (the noise head learns where, the token head learns what) or with
the right masks in place (the token head learns to fill); more tokens are masked or replaced at random, which is what
makes the token head learn the language. Token targets are stored one position to the left of the token they are for.
"""

from __future__ import annotations

import difflib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sharpen.core.repair.tokens import BOS, DEL, FIRST_TEXT, MASK, SEP, Codec, kind_id
from sharpen.core.repair.window import LENGTH, cut
from sharpen.core.training.corrupt import break_text

IGNORE = -1


@dataclass(slots=True)
class Sample:
    """Lists of one length: inputs, and targets with IGNORE where there is nothing to learn."""

    ids: list[int]
    flags: list[int]
    fill: list[int]
    """Token target of a masked position, at the position before it."""
    edit: list[int]
    """Token target of a wrong token or of the first missing token, at the position before it."""
    wrong: list[int]
    gap: list[int]


@dataclass(frozen=True, slots=True)
class Op:
    """x[a:b] should become `new`; for an insertion a == b and it stands before x[a]."""

    a: int
    b: int
    new: tuple[int, ...]


def align(x: list[int], y: list[int]) -> list[Op]:
    """The edits that turn the tokens x into y."""
    matcher = difflib.SequenceMatcher(None, x, y, autojunk=False)
    return [Op(i1, i2, tuple(y[j1:j2])) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def build(
    x: list[int], flags: list[int], ops: list[Op], kind: int, rng: random.Random, vocabulary: int
) -> Sample:
    """Lay the sample out: ops shown or masked, plus random masks and replacements on the rest."""
    mode = rng.random()
    show = 1.0 if mode < 0.5 else 0.0 if mode < 0.9 else 0.5
    mask_rate = rng.uniform(0.0, 0.12) if show == 1.0 else rng.uniform(0.1, 0.5)
    noise_rate = rng.uniform(0.0, 0.06) if rng.random() < 0.3 else 0.0
    s = Sample([kind, SEP], [0, 0], [IGNORE] * 2, [IGNORE] * 2, [IGNORE] * 2, [0, 0])

    def put(token: int, flag: int, wrong: int = 0, fill: int = IGNORE, edit: int = IGNORE) -> None:
        if fill != IGNORE:
            s.fill[-1] = fill
        if edit != IGNORE:
            s.edit[-1] = edit
        s.ids.append(token)
        s.flags.append(flag)
        s.fill.append(IGNORE)
        s.edit.append(IGNORE)
        s.wrong.append(wrong if token != MASK else IGNORE)
        s.gap.append(0)

    def keep(a: int, b: int) -> None:
        for i in range(a, b):
            r = rng.random()
            if r < mask_rate and s.edit[-1] == IGNORE:
                put(MASK, flags[i], fill=x[i])
            elif r > 1 - noise_rate and s.edit[-1] == IGNORE:
                put(rng.randrange(FIRST_TEXT, vocabulary), flags[i], wrong=1, edit=x[i])
            else:
                put(x[i], flags[i])

    at = 0
    for op in ops:
        keep(at, op.a)
        at = op.b
        shown = rng.random() < show
        paired = min(op.b - op.a, len(op.new))
        for k in range(op.b - op.a):
            target = op.new[k] if k < paired else DEL
            if shown:
                put(x[op.a + k], flags[op.a + k], wrong=1, edit=target)
            elif rng.random() < 0.12 and target != DEL:
                put(target, flags[op.a + k])
            else:
                put(MASK, flags[op.a + k], fill=target)
        missing = op.new[paired:]
        if missing and shown:
            s.gap[-1] = min(len(missing), 7)
            s.edit[-1] = missing[0]
        elif missing:
            flag = flags[min(op.a, len(flags) - 1)]
            for token in missing:
                put(MASK, flag, fill=token)
    keep(at, len(x))
    return s


def sample(unit: str, codec: Codec, rng: random.Random) -> Sample | None:
    """One sample from one unit; None where the unit cannot be broken or the break leaves the window."""
    if rng.random() < 0.08:
        window = cut(unit, codec, rng.randrange(unit.count("\n") + 1) + 1)
        return build(window.ids, [0] * len(window.ids), [], BOS, rng, codec.size)
    broken = break_text(unit, rng)
    if broken is None:
        return None
    length = LENGTH if rng.random() < 0.7 else rng.randrange(60, LENGTH)
    window = cut(broken.before, codec, broken.line, broken.column, length)
    before, after = broken.before.split("\n"), broken.after.split("\n")
    more = len(after) - len(before)
    if (
        before[: window.first] != after[: window.first]
        or before[window.last :] != after[window.last + more :]
    ):
        if more:
            return None
    right = codec.encode("\n" + "\n".join(after[window.first : window.last + more])).ids
    if abs(len(right) - len(window.ids)) > 24:
        return None
    ops = align(window.ids, right)
    if not ops or sum(len(o.new) + o.b - o.a for o in ops) > 48:
        return None
    flags, kind = window.flags, kind_id(broken.message)
    if rng.random() < 0.12:
        flags, kind = [0] * len(flags), BOS
    return build(window.ids, flags, ops, kind, rng, codec.size)


def stream(units: Path, tokenizer: Path, seed: int) -> Iterator[Sample]:
    """Samples without end, from random places of the units file."""
    codec, rng = Codec(tokenizer), random.Random(seed)
    with units.open("rb") as f:
        f.seek(0, 2)
        size = f.tell()
        while True:
            f.seek(rng.randrange(size))
            f.readline()
            for line in (f.readline() for _ in range(8)):
                if line:
                    made = sample(json.loads(line)["text"], codec, rng)
                    if made is not None:
                        yield made


def collate(samples: list[Sample]) -> dict[str, Any]:
    """int64 arrays (B, T), padded with 0 (ids, flags) or IGNORE (targets)."""
    longest = max(len(s.ids) for s in samples)
    out: dict[str, Any] = {}
    for name in ("ids", "flags", "fill", "edit", "wrong", "gap"):
        pad = 0 if name in ("ids", "flags") else IGNORE
        rows = [getattr(s, name) + [pad] * (longest - len(s.ids)) for s in samples]
        out[name] = np.asarray(rows, np.int64)
    return out


def batches(units: Path, tokenizer: Path, seed: int, size: int) -> Iterator[dict[str, Any]]:
    """Batches of like lengths: of every four drawn, sorted by length, and handed out in random order."""
    source, rng = stream(units, tokenizer, seed), random.Random(seed)
    while True:
        pool = sorted((next(source) for _ in range(4 * size)), key=lambda s: len(s.ids))
        order = [pool[i * size : (i + 1) * size] for i in range(4)]
        rng.shuffle(order)
        yield from (collate(part) for part in order)
