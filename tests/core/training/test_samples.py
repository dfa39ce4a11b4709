from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import pytest

from sharpen.core.repair.tokens import DEL, MASK, Codec
from sharpen.core.training.samples import IGNORE, Sample, align, collate, stream

pytest.importorskip("torch")


def rebuilt(s: Sample) -> list[int]:
    """The clean window that the targets describe, where every edit is shown or filled and no gap is over one."""
    out: list[int] = []
    for i, token in enumerate(s.ids):
        target = s.fill[i - 1] if token == MASK else s.edit[i - 1] if s.wrong[i] == 1 else token
        if target != DEL:
            out.append(target)
        if s.gap[i] and not (i + 1 < len(s.ids) and s.wrong[i + 1] == 1):
            out.append(s.edit[i])
    return out[2:]


def test_the_targets_of_a_sample_describe_code_that_is_whole(
    units: Path, tokenizer: Path, codec: Codec
) -> None:
    whole = "\n".join(json.loads(u)["text"] for u in units.read_text().split("\n") if u)
    checked = 0
    for s in islice(stream(units, tokenizer, 1), 120):
        if max(s.gap) > 1:
            continue
        text = codec.text_of(rebuilt(s))
        assert text is not None
        assert text in "\n" + whole
        checked += 1
    assert checked > 60


def test_every_position_asks_at_most_one_thing(units: Path, tokenizer: Path) -> None:
    for s in islice(stream(units, tokenizer, 2), 100):
        assert len({len(x) for x in (s.ids, s.flags, s.fill, s.edit, s.wrong, s.gap)}) == 1
        assert all(IGNORE in (f, e) for f, e in zip(s.fill, s.edit, strict=True))
        assert all((t == MASK) == (s.fill[i] != IGNORE) for i, t in enumerate(s.ids[1:]))


def test_aligning_gives_the_edits_that_turn_one_into_the_other() -> None:
    rng = random.Random(0)
    for _ in range(200):
        x = [rng.randrange(6) for _ in range(rng.randrange(12))]
        y = [rng.randrange(6) for _ in range(rng.randrange(12))]
        out, at = [], 0
        for op in align(x, y):
            out += [*x[at : op.a], *op.new]
            at = op.b
        assert out + x[at:] == y


def test_a_batch_is_padded_to_its_longest_sample(units: Path, tokenizer: Path) -> None:
    samples = list(islice(stream(units, tokenizer, 3), 6))
    batch = collate(samples)
    assert batch["ids"].shape == (6, max(len(s.ids) for s in samples))
    short = min(range(6), key=lambda i: len(samples[i].ids))
    assert (batch["ids"][short, len(samples[short].ids) :] == 0).all()
