"""Rows of a batch: the tokens that each would have alone, in fewer passes, whatever the family and the lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.checkpoints import write
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.lockstep import Lockstep
from sharpen.core.diffusion.options import Options, Step
from sharpen.core.diffusion.sample import sample, sample_batch
from sharpen.core.errors import BadInput, EngineUnavailable

PROMPT = [5, 6, 7, 8, 9, 10, 11]
MADE = ("llada", "dream", "open-dcoder", "sdar", "fast-dllm-v2", "llada2.0", "llada2.1", "llada-moe")


def last(steps: Iterator[Step]) -> dict[int, list[Step]]:
    rows: dict[int, list[Step]] = {}
    for step in steps:
        rows.setdefault(step.row, []).append(step)
    return rows


@pytest.mark.parametrize(("family", "temperature"), [(f, 0.9 * (n % 2)) for n, f in enumerate(MADE)])
def test_each_row_has_the_states_that_it_would_have_alone(
    tmp_path: Path, family: str, temperature: float
) -> None:
    loaded = load(write(tmp_path / family, family))
    options = Options(exact=False, temperature=temperature, seed=7)
    canvases: list[list[int | None]] = [[None] * 20, [None] * 9, [None] * 37]
    rows = last(sample_batch(loaded, PROMPT, options, canvases))
    for row, canvas in enumerate(canvases):
        alone = list(sample(loaded, PROMPT, replace(options, seed=7 + row), canvas))
        assert [s.ids for s in rows[row]] == [s.ids for s in alone]
        assert [s.marks for s in rows[row]] == [s.marks for s in alone]


def counted(loaded: Loaded, canvases: list[list[int | None]], seed: int) -> Lockstep:
    """A batch run to its end."""
    options = Options(exact=False, algorithm="low_confidence", steps=8)

    def row(canvas: list[int | None]) -> object:
        return lambda model: sample(replace(loaded, model=model), PROMPT, options, canvas)

    batch = Lockstep(loaded.model, [row(canvas) for canvas in canvases], seed)  # type: ignore[misc]
    for _ in batch.steps():
        pass
    return batch


def test_rows_share_their_passes(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "llada", "llada"))
    canvases: list[list[int | None]] = [[None] * 32 for _ in range(5)]
    alone, together = counted(loaded, canvases[:1], 0).passes, counted(loaded, canvases, 0).passes
    assert together == alone == 8


def test_exact_mode_reads_every_row_by_itself(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "llada", "llada"))
    sizes = []
    real = Transformer.hidden

    class Watched(Transformer):
        def hidden(self, ids: torch.Tensor, *rest: object, **more: object) -> torch.Tensor:
            sizes.append(len(ids))
            return real(self, ids, *rest, **more)  # type: ignore[arg-type]

    model = loaded.model
    watched = replace(loaded, model=Watched(model.shape, model.embed, model.layers, model.gain, model.head))
    options = Options(steps=4, length=8, block=8)
    for _ in sample_batch(watched, PROMPT, options, [[None] * 8, [None] * 8]):
        pass
    assert set(sizes) == {1}
    sizes.clear()
    for _ in sample_batch(
        watched, PROMPT, replace(options, exact=False), [[None] * 8, [None] * 8, [3] + [None] * 7]
    ):
        pass
    assert max(sizes) == 3


def test_a_consumer_that_goes_away_ends_the_threads(tmp_path: Path) -> None:
    import threading

    loaded = load(write(tmp_path / "llada", "llada"))
    before = threading.active_count()
    running = sample_batch(loaded, PROMPT, Options(exact=False), [[None] * 32, [None] * 32])
    next(running)
    assert threading.active_count() == before + 2
    running.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_what_a_row_raises_reaches_the_consumer(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "llada", "llada"))
    with pytest.raises(BadInput, match="beyond the vocabulary"):
        list(sample_batch(loaded, PROMPT, Options(exact=False), [[None] * 8, [99999, None]]))


def test_memory_that_ends_in_a_shared_pass_is_one_sentence(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "llada", "llada"))

    def greedy(_hidden: torch.Tensor) -> torch.Tensor:
        return torch.empty(2**60)

    loaded.model.head = greedy
    with pytest.raises(EngineUnavailable, match="out of memory with 23 positions"):
        list(sample_batch(loaded, PROMPT, Options(exact=False), [[None] * 8, [None] * 8]))


def test_the_random_numbers_of_whoever_samples_are_left_alone(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "llada", "llada"))
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    list(sample_batch(loaded, PROMPT, Options(exact=False, temperature=1.0), [[None] * 8, [None] * 9]))
    assert torch.equal(torch.rand(2), wanted)
