"""How many steps fast mode takes where somebody says how many: those, or fewer, and never more."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sharpen.core.diffusion.schedules import shared
from sharpen.core.errors import BadInput
from tests.core.diffusion.test_fast import ready, run


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("made", "family"),
    [("llada", "llada"), ("llada-moe", "llada-moe"), ("dream", "dream"), ("open-dcoder", "open-dcoder"),
     ("coda", "coda"), ("a2d-qwen2", "a2d-mdlm")],
)  # fmt: skip
def test_steps_alone_are_the_plan(tmp_path: Path, made: str, family: str) -> None:
    loaded = ready(tmp_path / "model", made, family)
    for steps in (1, 2, 4, 7):
        taken = run(loaded, exact=False, length=40, steps=steps)
        assert (taken[-1].index, taken[-1].masked) == (steps, 0)
        assert {step.planned for step in taken} == {steps}


@pytest.mark.parametrize("asked", [{"algorithm": "threshold"}, {"algorithm": "entropy_bounded"}, {}])
def test_confidence_may_commit_sooner_and_never_takes_more(tmp_path: Path, asked: dict[str, object]) -> None:
    loaded = ready(tmp_path / "model", "llada")
    careful = run(loaded, exact=False, length=40, steps=6, threshold=1.0, entropy_bound=0.0, **asked)
    assert (careful[-1].index, careful[-1].masked) == (6, 0)
    bold = run(loaded, exact=False, length=40, steps=20, threshold=0.05, entropy_bound=1e9, **asked)
    assert bold[-1].index < 20
    assert bold[-1].masked == 0


@pytest.mark.parametrize(
    ("made", "family", "blocks"),
    [("sdar", "sdar", 7), ("llada2.0", "llada2.0", 2), ("llada2.1", "llada2.1", 2), ("fast-dllm-v2", "fast-dllm-v2", 2)],
)  # fmt: skip
def test_where_blocks_have_steps_each_block_keeps_to_them(
    tmp_path: Path, made: str, family: str, blocks: int
) -> None:
    loaded = ready(tmp_path / "model", made, family)
    for steps in (1, 3):
        taken = run(loaded, exact=False, length=24, steps=steps)
        assert taken[-1].index <= steps * blocks
        assert taken[-1].masked == 0


def test_block_diffusion_counts_for_the_whole_canvas(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "a2d-qwen3", "a2d-bd3lm")
    for steps in (2, 3, 5):
        taken = run(loaded, exact=False, length=40, steps=steps)
        assert taken[-1].index <= steps
        assert taken[-1].masked == 0


def test_blocks_that_no_such_count_can_fill_are_refused(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    with pytest.raises(BadInput, match="24 tokens in blocks of 8 take 3 steps at least, not 2"):
        run(loaded, exact=False, steps=2, block=8)


@given(st.integers(1, 200), st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_shares_add_up_to_no_more_than_there_are(steps: int, masks: list[int]) -> None:
    shares = shared(steps, masks)
    assert all((share > 0) == (count > 0) for share, count in zip(shares, masks, strict=True))
    assert sum(shares) <= max(steps, sum(count > 0 for count in masks))
