"""Noise goes first to the tokens that the model finds least likely."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.checkpoints import write
from sharpen.core.diffusion.likely import noised, probabilities
from sharpen.core.diffusion.load import load
from sharpen.core.diffusion.sample import Options, sample
from sharpen.core.errors import BadInput

PROMPT = [3, 7, 1, 22, 45]


@pytest.mark.parametrize("made", ["llada", "dream", "sdar"])
def test_a_token_is_judged_while_it_is_masked(tmp_path: Path, made: str) -> None:
    torch.set_num_threads(1)
    loaded = load(write(tmp_path / "model", made))
    tokens = [5, 9, 14, 2, 30]
    found = probabilities(loaded, PROMPT, tokens)
    # By hand, the second token: of every four, the one in its place is masked.
    ids = torch.tensor([[*PROMPT, 5, loaded.special.mask, 14, 2, 30]])
    place = len(PROMPT) + 1
    seen = None
    if loaded.family.blocks:
        block = torch.arange(ids.shape[1]) // loaded.block
        seen = (block[None, :] <= block[:, None])[None, None]
    logits = loaded.model.logits(loaded.model.hidden(ids, mask=seen))[0]
    by_hand = logits[place - loaded.family.shift].softmax(-1)[9]
    assert found[1] == pytest.approx(float(by_hand), rel=1e-4)
    assert len(found) == len(tokens)


def test_the_least_likely_are_noised_first_and_a_run_starts_from_the_rest(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "model", "llada"))
    tokens = [5, 9, 14, 2, 30, 7, 7, 1]
    sure = probabilities(loaded, PROMPT, tokens)
    canvas = noised(loaded, PROMPT, tokens, 0.25)
    lowest = sorted(range(8), key=lambda i: sure[i])[:2]
    assert [i for i, t in enumerate(canvas) if t is None] == sorted(lowest)
    steps = list(sample(loaded, PROMPT, Options(exact=False, threshold=1.1), canvas))
    assert len(steps) == 3
    assert noised(loaded, PROMPT, tokens, 0) == tokens
    assert noised(loaded, PROMPT, tokens, 1) == [None] * 8
    assert noised(loaded, PROMPT, tokens, 0.001).count(None) == 1


def test_a_strength_that_is_none_is_refused(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "model", "llada"))
    with pytest.raises(BadInput, match="between 0 and 1"):
        noised(loaded, PROMPT, [1], 1.5)
