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


class _Layout:
    """A sample while it is laid out, token by token."""

    def __init__(self, kind: int, rng: random.Random, vocabulary: int) -> None:
        mode = rng.random()
        self.show = 1.0 if mode < 0.5 else 0.0 if mode < 0.9 else 0.5
        self.mask_rate = rng.uniform(0.0, 0.12) if self.show == 1.0 else rng.uniform(0.1, 0.5)
        self.noise_rate = rng.uniform(0.0, 0.06) if rng.random() < 0.3 else 0.0
        self.rng, self.vocabulary = rng, vocabulary
        self.sample = Sample([kind, SEP], [0, 0], [IGNORE] * 2, [IGNORE] * 2, [IGNORE] * 2, [0, 0])

    def put(self, token: int, flag: int, wrong: int = 0, fill: int = IGNORE, edit: int = IGNORE) -> None:
        """One token; its target goes to the position before it."""
        s = self.sample
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

    def keep(self, x: list[int], flags: list[int]) -> None:
        """Right tokens, some of them masked or replaced at random (never one that a missing token is asked before)."""
        for token, flag in zip(x, flags, strict=True):
            r = self.rng.random()
            free = self.sample.edit[-1] == IGNORE
            if free and r < self.mask_rate:
                self.put(MASK, flag, fill=token)
            elif free and r > 1 - self.noise_rate:
                self.put(self.rng.randrange(FIRST_TEXT, self.vocabulary), flag, wrong=1, edit=token)
            else:
                self.put(token, flag)

    def op(self, old: list[int], flags: list[int], new: tuple[int, ...]) -> None:
        """An edit: shown as it was broken, or with masks (now and then already resolved) in place. `flags` has a spare."""
        shown = self.rng.random() < self.show
        targets = [*new[: len(old)], *[DEL] * (len(old) - len(new))]
        for token, flag, target in zip(old, flags, targets, strict=False):
            if shown:
                self.put(token, flag, wrong=1, edit=target)
            elif target != DEL and self.rng.random() < 0.12:
                self.put(target, flag)
            else:
                self.put(MASK, flag, fill=target)
        missing = new[len(old) :]
        if missing and shown:
            self.sample.gap[-1] = min(len(missing), 7)
            self.sample.edit[-1] = missing[0]
        for token in () if shown else missing:
            self.put(MASK, flags[-1], fill=token)


def build(x: list[int], flags: list[int], ops: list[Op], layout: _Layout) -> Sample:
    """Lay the sample out: ops shown or masked, plus random masks and replacements on the rest."""
    at, last = 0, len(flags) - 1
    for op in ops:
        layout.keep(x[at : op.a], flags[at : op.a])
        layout.op(x[op.a : op.b], [*flags[op.a : op.b], flags[min(op.a, last)]], op.new)
        at = op.b
    layout.keep(x[at:], flags[at:])
    return layout.sample


def sample(unit: str, codec: Codec, rng: random.Random) -> Sample | None:
    """One sample from one unit; None where the unit cannot be broken or the break leaves the window."""
    if rng.random() < 0.08:
        window = cut(unit, codec, rng.randrange(unit.count("\n") + 1) + 1)
        return build(window.ids, [0] * len(window.ids), [], _Layout(BOS, rng, codec.size))
    broken = break_text(unit, rng)
    if broken is None:
        return None
    length = LENGTH if rng.random() < 0.7 else rng.randrange(60, LENGTH)
    window = cut(broken.before, codec, broken.line, broken.column, length)
    before, after = broken.before.split("\n"), broken.after.split("\n")
    more = len(after) - len(before)
    inside = before[: window.first] == after[: window.first]
    inside = inside and before[window.last :] == after[window.last + more :]
    if more and not inside:
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
    return build(window.ids, flags, ops, _Layout(kind, rng, codec.size))


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
