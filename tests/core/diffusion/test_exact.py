"""Exact mode gives the official samplers' tokens: compared with a second model and second samplers, written plainly."""

from __future__ import annotations

import itertools
import math
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

PROMPT = [3, 7, 1, 22, 90, 45, 11, 5, 8]
SIZES = {"vocabulary": 60, "width": 32, "hidden": 40, "head_size": 8}
PROMPT = [t % 50 for t in PROMPT]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


class Model:
    """A checkpoint, loaded by the engine and by the second opinion."""

    def __init__(self, folder: Path, made: str, family: str | None = None, seed: int = 0) -> None:
        write(folder, made, SIZES, seed=seed, scale=2.5, experts=8)
        self.loaded: Loaded = load(folder, family)
        checkpoint = Checkpoint.open(folder)
        self.naive = Naive(checkpoint.config, {n: checkpoint.view(n) for n in checkpoint.entries})
        self.mask = self.loaded.special.mask

    def full(self, ids: list[int]) -> Tensor:
        return self.naive.logits(ids)

    def blocks(self, size: int) -> Callable[[list[int]], Tensor]:
        return lambda ids: self.naive.logits(ids, sees=lambda q, k: k // size <= q // size)

    def run(self, prompt: list[int] = PROMPT, seed: int = 0, **asked: object) -> list[int]:
        steps = list(sample(self.loaded, prompt, Options(seed=seed, **asked)))  # type: ignore[arg-type]
        return list(steps[-1].ids)


ALL = ["llada", "llada-moe", "dream", "open-dcoder", "coda", "a2d-qwen3", "a2d-qwen2", "sdar", "sdar-moe",
       "fast-dllm-v2", "llada2.0"]  # fmt: skip


@pytest.mark.parametrize("made", ALL)
def test_the_transformer_agrees_with_a_plain_one(tmp_path: Path, made: str) -> None:
    family = {"a2d-qwen3": "a2d-mdlm", "a2d-qwen2": "a2d-mdlm", "llada2.0": "llada2.0"}.get(made)
    m = Model(tmp_path / "model", made, family)
    ids = [*PROMPT, m.mask, m.mask]
    ours = m.loaded.model.logits(m.loaded.model.hidden(torch.tensor([ids])))[0]
    assert torch.allclose(ours, m.full(ids), atol=2e-4)


@pytest.mark.parametrize("made", ["llada", "llada-moe"])
@pytest.mark.parametrize(
    ("block", "steps", "temperature", "algorithm"),
    [(12, 12, 0.0, "low_confidence"), (4, 6, 0.0, "low_confidence"), (6, 12, 0.7, "low_confidence"),
     (12, 4, 0.0, "random"), (4, 12, 1.2, "random")],
)  # fmt: skip
def test_llada(tmp_path: Path, made: str, block: int, steps: int, temperature: float, algorithm: str) -> None:
    m = Model(tmp_path / "model", made)
    found = m.run(length=12, block=block, steps=steps, temperature=temperature, algorithm=algorithm)
    torch.manual_seed(0)
    each = steps // (12 // block)
    counts = lambda total: oracles.split(total, each)  # noqa: E731
    assert found == oracles.llada(
        m.full, PROMPT, m.mask, 12, block, counts, temperature, algorithm == "random"
    )


@pytest.mark.parametrize("made", ["a2d-qwen3", "a2d-qwen2"])
@pytest.mark.parametrize(("block", "steps", "temperature"), [(12, 12, 0.0), (5, 7, 0.0), (4, 6, 0.8)])
def test_masked_diffusion_of_dllm(
    tmp_path: Path, made: str, block: int, steps: int, temperature: float
) -> None:
    m = Model(tmp_path / "model", made, "a2d-mdlm")
    found = m.run(length=12, block=block, steps=steps, temperature=temperature)
    torch.manual_seed(0)
    each = math.ceil(steps / math.ceil(12 / block))
    counts = lambda total: oracles.rounded(total, each)  # noqa: E731
    assert found == oracles.llada(m.full, PROMPT, m.mask, 12, block, counts, temperature, False)


@pytest.mark.parametrize(("block", "steps", "temperature", "random"), [
    (9, 9, 0.0, False), (4, 4, 0.7, False), (4, 4, 1.3, False), (8, 30, 0.0, True),
])  # fmt: skip
def test_infilling_of_dllm(tmp_path: Path, block: int, steps: int, temperature: float, random: bool) -> None:
    """Where the model draws the mask itself, it stays: later blocks choose inside themselves."""
    m = Model(tmp_path / "model", "a2d-qwen2", "a2d-mdlm", seed=2)
    canvas = [None, 15, None, None, 44, None, None, 30, None]
    asked = Options(
        block=block, steps=steps, temperature=temperature, algorithm="random" if random else None, seed=7
    )
    found = list(sample(m.loaded, [], asked, canvas))[-1].ids
    torch.manual_seed(7)
    given = [m.mask if t is None else t for t in canvas]
    counts = lambda total: oracles.rounded(total, math.ceil(steps / math.ceil(9 / block)))  # noqa: E731
    assert list(found) == oracles.confident(
        m.full, given, m.mask, 0, block, counts, temperature, random, True
    )


DRAWS = [(0.0, None, None, 0.0), (0.8, 0.9, None, 0.0), (1.1, None, 12, 0.4)]


@pytest.mark.parametrize("made", ["dream", "coda", "open-dcoder"])
@pytest.mark.parametrize("algorithm", ["origin", "maskgit_plus", "topk_margin", "entropy", "p2"])
@pytest.mark.parametrize(("temperature", "top_p", "top_k", "alg_temp"), DRAWS)
def test_dream_and_its_relatives(
    tmp_path: Path,
    made: str,
    algorithm: str,
    temperature: float,
    top_p: float | None,
    top_k: int | None,
    alg_temp: float,
) -> None:
    if algorithm == "p2" and made != "open-dcoder":
        with pytest.raises(Exception, match="no algorithm p2"):
            Model(tmp_path / "model", made).run(algorithm="p2")
        return
    m = Model(tmp_path / "model", made)
    asked = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "alg_temp": alg_temp}
    for steps in (5, 10):
        found = m.run(length=10, steps=steps, algorithm=algorithm, **asked)
        torch.manual_seed(0)
        wide = made == "open-dcoder"
        expected = oracles.dream(
            m.full, PROMPT, m.mask, 10, steps, algorithm, temperature, top_p, top_k, alg_temp, wide
        )
        assert found == expected


def test_a_step_of_dream_may_commit_nothing(tmp_path: Path) -> None:
    m = Model(tmp_path / "model", "dream")
    steps = list(sample(m.loaded, PROMPT, Options(length=10, steps=10, algorithm="entropy", temperature=0.0)))
    assert [s.masked for s in steps] == [10, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0]


def test_padding_in_the_prompt_is_not_attended_to_by_open_dcoder(tmp_path: Path) -> None:
    m = Model(tmp_path / "model", "open-dcoder")
    pad = m.loaded.special.pad
    assert pad is not None
    prompt = [pad, *PROMPT]
    found = m.run(prompt, length=6, steps=6)
    read = lambda ids: m.naive.logits(ids, sees=lambda q, k: k != 0)  # noqa: E731
    assert found == oracles.dream(read, prompt, m.mask, 6, 6, "entropy", 0.0, None, None, 0.0, True)


@pytest.mark.parametrize("algorithm", ["maskgit_plus", "topk_margin"])
def test_a_known_token_is_masked_again_where_dream_has_no_lot_left(tmp_path: Path, algorithm: str) -> None:
    m = Model(tmp_path / "model", "dream")
    prompt = [7, 29, 47, 48, 1, m.mask, m.mask, m.mask]
    asked = {"temperature": 3.0, "top_p": 0.5, "top_k": 2, "alg_temp": 1e-3}
    again = 0
    for seed in range(4):
        options = Options(seed=seed, length=8, steps=6, algorithm=algorithm, **asked)  # type: ignore[arg-type]
        steps = list(sample(m.loaded, prompt, options))
        again += sum(
            x != m.mask == y for a, b in itertools.pairwise(steps) for x, y in zip(a.ids, b.ids, strict=True)
        )
        torch.manual_seed(seed)
        assert list(steps[-1].ids) == oracles.dream(
            m.full, prompt, m.mask, 8, 6, algorithm, *asked.values(), False
        )
        held = list(sample(m.loaded, prompt, options, canvas=[None, 3, None, 4, None]))
        assert all((step.ids[1], step.ids[3]) == (3, 4) for step in held)
    assert again


@pytest.mark.parametrize("algorithm", ["p2", "entropy", "origin"])
def test_a_mask_in_the_prompt_is_unknown_to_open_dcoder(tmp_path: Path, algorithm: str) -> None:
    m = Model(tmp_path / "model", "open-dcoder")
    prompt = [*PROMPT[:3], m.mask, m.mask, *PROMPT[3:]]
    found = m.run(prompt, length=10, steps=5, algorithm=algorithm, temperature=0.8)
    torch.manual_seed(0)
    assert found == oracles.dream(m.full, prompt, m.mask, 10, 5, algorithm, 0.8, None, None, 0.0, True)


@pytest.mark.parametrize("made", ["sdar", "sdar-moe"])
@pytest.mark.parametrize("algorithm", ["sequential", "low_confidence_static", "low_confidence_dynamic"])
@pytest.mark.parametrize(
    ("block", "steps", "temperature", "top_k", "top_p", "threshold"),
    [(4, 4, 1.0, 1, None, 0.85), (4, 4, 1.0, None, None, 0.3), (8, 3, 0.7, 20, 0.9, 0.5)],
)
def test_sdar(
    tmp_path: Path,
    made: str,
    algorithm: str,
    block: int,
    steps: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    threshold: float,
) -> None:
    m = Model(tmp_path / "model", made, seed=1)
    asked = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "threshold": threshold}
    for prompt in (PROMPT[:3], PROMPT[:8], PROMPT):
        found = m.run(prompt, length=10, block=block, steps=steps, algorithm=algorithm, **asked)
        torch.manual_seed(0)
        assert found == oracles.sdar(
            m.blocks(block), prompt, m.mask, 10, block, steps, algorithm, temperature, top_k, top_p, threshold,
            m.loaded.special.stops,
        )  # fmt: skip


def test_greedy_sdar_is_top_k_one(tmp_path: Path) -> None:
    m = Model(tmp_path / "model", "sdar")
    assert m.run(length=8, temperature=0.0) == m.run(length=8, temperature=1.0, top_k=1)


TWO = [(8, 8, 0.0, 0.95, False), (8, 3, 0.0, 0.2, True), (4, 4, 0.8, 0.4, True)]


@pytest.mark.parametrize(("block", "steps", "temperature", "threshold", "early"), TWO)
def test_llada_two(
    tmp_path: Path, block: int, steps: int, temperature: float, threshold: float, early: bool
) -> None:
    m = Model(tmp_path / "model", "llada2.0", "llada2.0")
    eos = m.loaded.special.eos
    assert eos is not None
    asked = {"temperature": temperature, "threshold": threshold, "eos_early_stop": early}
    for prompt in (PROMPT[:3], PROMPT[:8], PROMPT):
        found = m.run(prompt, length=14, block=block, steps=steps, **asked)
        torch.manual_seed(0)
        assert found == oracles.llada20(
            m.blocks(block), prompt, m.mask, eos, 14, block, steps, temperature, threshold, early
        )


@pytest.mark.parametrize(("block", "steps", "temperature", "threshold", "early"), TWO)
def test_llada_two_with_edits(
    tmp_path: Path, block: int, steps: int, temperature: float, threshold: float, early: bool
) -> None:
    compared = 0
    asked = {"temperature": temperature, "threshold": threshold, "eos_early_stop": early}
    for seed in range(6):
        m = Model(tmp_path / str(seed), "llada2.1", "llada2.1", seed)
        eos = m.loaded.special.eos
        assert eos is not None
        for prompt in (PROMPT[:8], PROMPT):
            found = m.run(prompt, length=14, block=block, steps=steps, editing_threshold=0.3, **asked)
            if m.mask in found:  # the official loop has no end where the model draws the mask itself
                continue
            torch.manual_seed(0)
            assert found == oracles.llada21(
                m.blocks(block), prompt, m.mask, eos, 14, block, temperature, threshold, 0.3, early
            )
            compared += 1
        if compared >= 2:
            return
    assert compared >= 2


def test_llada_two_with_edits_waits_for_another_lot_than_the_mask(tmp_path: Path) -> None:
    m = Model(tmp_path / "model", "llada2.1", "llada2.1")
    eos = m.loaded.special.eos
    assert eos is not None
    prompt = [7, 29, 47, 48, 1, 24, 16]
    asked = Options(length=8, block=8, temperature=1.0, eos_early_stop=True, seed=5)
    steps = list(sample(m.loaded, prompt, asked))
    idle = "".join("=" if a.ids == b.ids else " " for a, b in itertools.pairwise(steps))
    assert max(map(len, idle.split())) > 64
    torch.manual_seed(5)
    expected = oracles.llada21(m.blocks(8), prompt, m.mask, eos, 8, 8, 1.0, 0.95, 0.9, True)
    assert list(steps[-1].ids) == expected


@pytest.mark.parametrize("made", ["a2d-qwen3", "a2d-qwen2"])
@pytest.mark.parametrize(("block", "steps", "temperature"), [(8, 16, 0.0), (4, 6, 0.8)])
def test_block_diffusion_of_dllm(
    tmp_path: Path, made: str, block: int, steps: int, temperature: float
) -> None:
    m = Model(tmp_path / "model", made, "a2d-bd3lm")
    special = m.loaded.special
    assert special.pad is not None
    assert special.eos is not None
    for prompt in (PROMPT[:3], PROMPT[:8], PROMPT):
        found = m.run(prompt, length=14, block=block, steps=steps, temperature=temperature)
        torch.manual_seed(0)
        assert found == oracles.bd3lm(
            m.naive.logits, prompt, m.mask, special.pad, special.eos, 14, block, steps, temperature
        )


@pytest.mark.parametrize(("block", "threshold"), [(32, 1.0), (32, 0.3), (16, 0.6), (48, 0.6)])
def test_fast_dllm(tmp_path: Path, block: int, threshold: float) -> None:
    m = Model(tmp_path / "model", "fast-dllm-v2", seed=2)
    stop = m.loaded.special.eos
    assert stop is not None

    def within(ids: list[int], low: int) -> Tensor:
        def sees(q: int, k: int) -> bool:
            size = 32 if q >= low else block
            return k // size <= q // size

        return m.naive.logits(ids, sees=sees)

    compared = 0
    for prompt in (PROMPT, [*PROMPT, *range(10, 35)], [*range(16), *range(10, 26), *range(2, 34)]):
        found = m.run(prompt, length=block, block=block, threshold=threshold)
        if m.mask in found:  # as above
            continue
        assert found == oracles.fast_dllm(
            m.blocks(block), within, prompt, m.mask, stop, block, block, threshold
        )
        compared += 1
    assert compared


def test_a_model_that_draws_its_own_mask_does_not_hang_the_loop(tmp_path: Path) -> None:
    m = Model(tmp_path / "model", "fast-dllm-v2")
    with torch.no_grad():
        m.loaded.model.layers[-1].mlp_gain.zero_()
        m.loaded.model.gain.zero_()  # all logits 0: the first token wins everywhere
    folder = tmp_path / "model"
    again = Loaded(
        m.loaded.model,
        m.loaded.family,
        None,
        m.loaded.config,
        type(m.loaded.special)(0, 58, (58,), 57),
        folder,
    )
    steps = list(sample(again, PROMPT, Options(length=32)))
    assert steps[-1].masked > 0
