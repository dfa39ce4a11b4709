"""Passes in shapes that stay: the same tokens, few shapes, and the plain pass where they cannot be had."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.checkpoints import write
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.options import Options, Step
from sharpen.core.diffusion.sample import sample, sample_batch
from sharpen.core.diffusion.steady import MOST_ROOMS, MOST_TOKENS, Pass, Steady
from sharpen.core.errors import BadInput

PROMPT = [3, 7, 1, 22, 90, 45, 11, 5, 8]
BY_BLOCK = {"algorithm": "low_confidence", "block": 8, "steps": 24}
DENSE = [
    ("a2d-qwen3", "a2d-bd3lm", BY_BLOCK),
    ("a2d-qwen2", "a2d-mdlm", {**BY_BLOCK, "cache": "dual"}),
    ("a2d-qwen2", "a2d-mdlm", {**BY_BLOCK, "cache": "prefix"}),
    ("llada", "llada", {**BY_BLOCK, "cache": "dual"}),
    ("dream", "dream", {"algorithm": "maskgit_plus", "block": 8, "steps": 24, "cache": "dual"}),
    ("sdar", "sdar", {"algorithm": "sequential", "block": 4, "steps": 4}),
    ("fast-dllm-v2", "fast-dllm-v2", {"algorithm": "low_confidence_dynamic", "block": 8, "steps": 8}),
]

# The whole of torch.compile but for its last part, which needs a C++ compiler and a minute.
traced = functools.partial(torch.compile, backend="eager", fullgraph=True, dynamic=False)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    torch._dynamo.reset()  # type: ignore[no-untyped-call]


def tokens(steps: Iterator[Step] | list[Step]) -> list[tuple[int, tuple[int, ...], tuple[str, ...]]]:
    """Row, ids and marks of each step: sums in another order move a confidence by its last digits."""
    return [(step.row, step.ids, step.marks) for step in steps]


def run(loaded: Loaded, model: Steady | None = None, **asked: object) -> list[tuple[object, ...]]:
    options = Options(exact=False, temperature=0.0, length=24, eos_early_stop=False)
    used = loaded if model is None else replace(loaded, model=model)
    return tokens(sample(used, PROMPT, replace(options, **asked)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("made", "family", "asked"), DENSE)
def test_the_tokens_are_those_of_the_plain_passes_from_few_shapes(
    tmp_path: Path, made: str, family: str, asked: dict[str, object]
) -> None:
    loaded = load(write(tmp_path, made), family)
    model = Steady(loaded.model)
    for _ in range(2):  # the second run finds everything prepared, and the first one's leftovers in the cache
        assert run(loaded, model, **asked) == run(loaded, **asked)
    assert model.way == "fixed shapes"
    assert 1 <= len(model._prepared) <= 3


def test_a_batch_has_the_tokens_of_the_plain_passes(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "a2d-qwen2"), "a2d-mdlm")
    model = Steady(loaded.model)
    options = Options(exact=False, block=8, steps=12, temperature=0.8, seed=4, algorithm="low_confidence")
    canvases: list[list[int | None]] = [[None] * n for n in (8, 16, 24)]
    plain = sample_batch(loaded, PROMPT, options, canvases)
    steady = sample_batch(replace(loaded, model=model), PROMPT, options, canvases)
    assert tokens(steady) == tokens(plain)
    assert {rows for rows, _, _ in model._prepared} >= {
        1,
        3,
    }  # those that still write, together, and the last one


def test_two_runs_at_once_do_not_share_memory(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "a2d-qwen3"), "a2d-bd3lm")
    options = Options(exact=False, temperature=0.0, length=24, block=8, steps=24, algorithm="low_confidence")
    both = replace(loaded, model=Steady(loaded.model))
    one, two = sample(both, PROMPT, options), sample(both, PROMPT[::-1], options)
    seen = list(zip(one, two, strict=False))
    assert tokens([a for a, _ in seen]) == tokens(sample(loaded, PROMPT, options))[: len(seen)]
    assert tokens([b for _, b in seen]) == tokens(sample(loaded, PROMPT[::-1], options))[: len(seen)]


def test_of_many_lengths_the_last_few_are_kept(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "llada"), "llada")
    model = Steady(loaded.model)
    for length in (96, 384, 672, 960, 1248, 96):
        asked = {"algorithm": "low_confidence", "block": 96, "steps": length // 48, "length": length}
        assert run(loaded, model, **asked) == run(loaded, **asked)
    assert len(model._rooms) == MOST_ROOMS
    assert (
        {shape[2] for shape in model._prepared}
        == {capacity for capacity, _ in model._rooms}
        == {1024, 1280, 256}
    )


def test_a_compiled_pass_gives_the_same_tokens(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "llada"), "llada")
    model = Steady(loaded.model, traced)
    assert run(loaded, model, **BY_BLOCK) == run(loaded, **BY_BLOCK)
    assert model.way == "compiled"
    assert len(model._prepared) == 1


def off(run: Pass) -> Pass:
    return lambda *given: run(*given) * 1.2


def endless(run: Pass) -> Pass:
    return lambda *given: run(*given) * float("nan")


def failing(run: Pass) -> Pass:
    def fails(*given: Tensor) -> Tensor:
        raise RuntimeError("no compiler is here\nand more")

    return fails


@pytest.mark.parametrize(
    ("compiler", "why"),
    [(off, "its numbers are 0.2 off"), (endless, "its numbers are nan off"), (failing, "RuntimeError: no compiler is here")],
)  # fmt: skip
def test_what_differs_or_fails_is_left_and_told(tmp_path: Path, compiler: object, why: str) -> None:
    loaded = load(write(tmp_path, "llada"), "llada")
    model = Steady(loaded.model, compiler)  # type: ignore[arg-type]
    assert run(loaded, model, **BY_BLOCK) == run(loaded, **BY_BLOCK)
    assert model.way == f"not compiled ({why})"


def test_a_long_pass_is_left_as_it_is(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "llada"), "llada")
    model = Steady(loaded.model)
    asked = {"block": 2 * MOST_TOKENS, "steps": 2, "length": 2 * MOST_TOKENS, "algorithm": "low_confidence"}
    assert run(loaded, model, **asked) == run(loaded, **asked)
    assert not model._prepared
    assert not model.way


def test_neither_experts_nor_int8_are_compiled(tmp_path: Path) -> None:
    folder = write(tmp_path, "llada2.0")
    with pytest.raises(BadInput, match="mixture of experts"):
        load(folder, "llada2.0", compiled=True)
    with pytest.raises(BadInput, match="int8 cannot be compiled"):
        load(folder, "llada2.0", dtype="int8", compiled=True)
    assert not isinstance(load(folder, "llada2.0", steady=True).model, Steady)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("made", "family", "asked"), DENSE)
def test_graphs_give_the_tokens_of_the_plain_passes(
    tmp_path: Path, made: str, family: str, asked: dict[str, object]
) -> None:
    folder = write(tmp_path, made)
    plain, graphs = load(folder, family, "cuda", steady=False), load(folder, family, "cuda")
    for _ in range(2):
        assert run(graphs, **asked) == run(plain, **asked)
    assert graphs.model.way == "CUDA graphs"
