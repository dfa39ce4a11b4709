"""One task of the local engine done in several ways, timed in turn: what `local` and `llama_cpp` make their tables of.

The official way is what the official code does: everything is read anew in each step, the head runs at every row,
nothing is kept. The others are fast mode with the same plan of steps, but for what is asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch

from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.exact_blocks import Llada20
from sharpen.core.diffusion.exact_llada import Confident
from sharpen.core.diffusion.load import Loaded
from sharpen.core.diffusion.options import Options, Step
from sharpen.core.diffusion.policy import denoise
from sharpen.core.diffusion.sample import sample
from sharpen.core.diffusion.schedules import even

OPEN_DCODER = {
    "width": 896, "hidden": 4864, "layers": 24, "heads": 14, "kv_heads": 2, "head_size": 64, "vocabulary": 151936,
}  # fmt: skip
TINY = {
    "width": 64,
    "hidden": 128,
    "layers": 2,
    "heads": 4,
    "kv_heads": 2,
    "head_size": 16,
    "vocabulary": 512,
}
MIXTURE = {
    "width": 512, "hidden": 256, "layers": 8, "heads": 8, "kv_heads": 2, "head_size": 64, "vocabulary": 32000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """One task: so many tokens after such a prompt, in blocks of so many steps."""

    prompt: int = 256
    length: int = 64
    block: int = 32
    steps: int = 8
    """In each block."""

    @property
    def total(self) -> int:
        """Steps in all."""
        return self.steps * (self.length // self.block)


@dataclass(frozen=True, slots=True)
class Row:
    """One way of doing a task."""

    table: str
    label: str
    tokens: int
    steps: int
    seconds: float
    same: bool
    """The tokens are those of the official way."""
    ratio: float = 1.0


def prompt_of(work: Work, vocabulary: int) -> list[int]:
    """Some ids, the same in every run."""
    return [(37 * i + 11) % (vocabulary - 16) for i in range(work.prompt)]


def officially(loaded: Loaded, work: Work, blocks: bool) -> Iterator[Step]:
    """Everything read anew, the head at every row, `steps` in each block."""
    options = Options(
        block=work.block, steps=work.steps, length=work.length, threshold=2.0, algorithm="low_confidence"
    )
    prompt = prompt_of(work, loaded.model.shape.vocabulary)
    board = Board(prompt, [None] * work.length, loaded.special.mask, by_id=True, device=loaded.model.device)
    if blocks:
        return denoise(board, Llada20(loaded.model, options, None, work.length))
    return denoise(board, Confident(loaded.model, options, even, work.steps))


def quickly(loaded: Loaded, work: Work, **asked: object) -> Iterator[Step]:
    """Fast mode with the same plan, but for what is asked."""
    steps = work.steps if loaded.family.blocks and loaded.family.sampler != "bd3lm" else work.total
    plan = Options(
        exact=False,
        algorithm="low_confidence",
        block=work.block,
        steps=steps,
        length=work.length,
        eos_early_stop=False,
    )
    wanted = replace(plan, **asked)  # type: ignore[arg-type]
    if loaded.family.sampler == "llada2.0" and wanted.algorithm == "low_confidence":
        wanted = replace(wanted, algorithm="low_confidence_dynamic", threshold=2.0)
    return sample(loaded, prompt_of(work, loaded.model.shape.vocabulary), wanted)


def timed(steps: Iterator[Step]) -> tuple[float, int, Step]:
    """Seconds, steps and the last state."""
    begun, last = time.perf_counter(), None
    for step in steps:
        last = step
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    assert last is not None
    return time.perf_counter() - begun, last.index, last


def compare(
    table: str,
    ways: Mapping[str, tuple[Loaded, dict[str, object] | None]],
    work: Work,
    blocks: bool,
    runs: int,
) -> list[Row]:
    """Time the ways in turn, the best of the runs each; None for what is asked is the official way."""
    best: dict[str, tuple[float, int, Step]] = {}
    for _ in range(runs):
        for label, (loaded, asked) in ways.items():
            steps = officially(loaded, work, blocks) if asked is None else quickly(loaded, work, **asked)
            now = timed(steps)
            if label not in best or now[0] < best[label][0]:
                best[label] = now
    base = next(iter(best.values()))
    return [
        Row(
            table,
            label,
            work.length,
            steps,
            seconds,
            last.ids[: work.length] == base[2].ids[: work.length],
            base[0] / seconds,
        )
        for label, (seconds, steps, last) in best.items()
    ]
