"""DreamOn's growing canvas in exact mode, against the official loop written plainly over lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.checkpoints import write
from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.sample import Options, sample
from tests.core.diffusion import oracles
from tests.core.diffusion.naive import Naive

PROMPT = [3, 7, 1, 22, 45, 11]
SIZES = {"vocabulary": 24, "width": 32, "hidden": 40, "head_size": 8}
"""So small that expand and end of text are drawn often."""


def spread(x: list[int], was: list[bool], eos: int) -> list[int]:
    """An end of text takes every mask after it along."""
    if eos not in x:
        return x
    first = x.index(eos)
    return [eos if i >= first and was[i] else t for i, t in enumerate(x)]


def official(read: Callable[[list[int]], Tensor], prompt: list[int], suffix: list[int], ids: tuple[int, int, int],
             alg: str, temperature: float, alg_temp: float, wanted: int, most: int) -> list[int]:  # fmt: skip
    mask, eos, expand = ids
    x = [*prompt, *[mask] * wanted, *suffix]
    limit = min(2048, len(x) + most - wanted)
    base, count, budget = len(x) - wanted, wanted, most
    x += [mask] * (limit - len(x))
    for _ in range(60):
        size = base + count
        was = [i < size and t == mask for i, t in enumerate(x)]
        if not any(was):
            break
        raw = read(x[:size])
        places = [i for i in range(len(x)) if was[i]]
        rows = torch.cat([raw[:1], raw[:-1]])[places]
        if size == limit or budget == 0:
            rows[:, expand] -= 1e9
        conf, token = oracles.dream_draw(rows, alg, temperature, None, None, False)
        if alg_temp:
            best = int(torch.multinomial((conf / alg_temp).softmax(-1), 1))
        else:
            best = int(conf.topk(1).indices)
        x[places[best]] = int(token[best])
        x = spread(x, was, eos)
        for i in [i for i, t in enumerate(x) if t == expand][::-1]:
            x = [*x[:i], mask, mask, *x[i + 1 :]][:limit]
            count, budget = count + 1, budget - 1
        for i in [i for i, t in enumerate(x) if t == eos and i < len(was) and was[i]][::-1]:
            x = [*x[:i], *x[i + 1 :], mask]
            count -= 1
    return x[len(prompt) : base + count]


def both(folder: Path, seed: int) -> tuple[Loaded, Naive, tuple[int, int, int]]:
    """One checkpoint read by the engine and by the oracle; its mask, end of text and expand token."""
    loaded = load(write(folder, "dreamon", SIZES, seed=seed))
    checkpoint = Checkpoint.open(folder)
    naive = Naive(checkpoint.config, {n: checkpoint.view(n) for n in checkpoint.entries})
    special = loaded.special
    assert special.eos is not None
    assert special.expand is not None
    return loaded, naive, (special.mask, special.eos, special.expand)


@pytest.mark.parametrize(("algorithm", "temperature", "alg_temp"), [
    ("entropy", 0.0, 0.0), ("entropy", 1.2, 0.0), ("maskgit_plus", 1.5, 0.5), ("topk_margin", 1.0, 0.0),
])  # fmt: skip
def test_dreamon(tmp_path: Path, algorithm: str, temperature: float, alg_temp: float) -> None:
    torch.set_num_threads(1)
    lengths = set()
    for seed in range(4):
        loaded, naive, ids = both(tmp_path / str(seed), seed)
        for suffix in ([], [9, 13, 2, ids[1]]):
            prompt = [t % 18 for t in PROMPT]
            asked = Options(
                algorithm=algorithm,
                temperature=temperature,
                alg_temp=alg_temp,
                max_length=12,
                seed=seed,
                steps=60,
            )
            steps = list(sample(loaded, prompt, asked, canvas=[*[None] * 5, *suffix]))
            torch.manual_seed(seed)
            assert list(steps[-1].ids) == official(
                naive.logits, prompt, suffix, ids, algorithm, temperature, alg_temp, 5, 12
            )
            assert [m for m in steps[-1].marks if m == "frozen"] == ["frozen"] * len(suffix)
            lengths.add(len(steps[-1].ids) - len(suffix))
    assert temperature <= 1 or len(lengths) > 1  # it did grow or shrink


@pytest.mark.parametrize("temperature", [0.0, 1.2])
@pytest.mark.parametrize("most", [5, 7])
def test_special_tokens_that_were_given(tmp_path: Path, temperature: float, most: int) -> None:
    """An expand token in the prompt pushes the canvas beyond its limit; a mask in the suffix is no placeholder."""
    torch.set_num_threads(1)
    for seed in range(3):
        loaded, naive, ids = both(tmp_path / str(seed), seed)
        mask, eos, expand = ids
        for given, suffix in (
            ([expand], [9, 13, eos]),
            ([expand], []),
            ([], [9, mask, 13, eos]),
            ([eos, mask], [expand, eos]),
        ):
            prompt = [*given, *(t % 18 for t in PROMPT)]
            asked = Options(temperature=temperature, max_length=most, seed=seed, steps=60)
            found = list(sample(loaded, prompt, asked, canvas=[*[None] * 5, *suffix]))[-1].ids
            torch.manual_seed(seed)
            assert list(found) == official(
                naive.logits, prompt, suffix, ids, "entropy", temperature, 0.0, 5, most
            )
