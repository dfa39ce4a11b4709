"""Stage two: the edit objective, from the pre-trained weights. `python -m sharpen.core.training edit` runs it.

Four losses of one pass: fill (what a mask hides), edit (what a wrong token should be, or the first missing one),
noise (is this token wrong) and gap (how many are missing after it). Killed at any time, it goes on from its last
checkpoint; the rate falls only in the last part of the planned time, and the checkpoint before the fall is kept, so
that a longer run can go on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from sharpen.core.diffusion.transformer import Editor, Shape
from sharpen.core.training import checkpoint
from sharpen.core.training.optim import factor, optimisers
from sharpen.core.training.samples import batches

NOISE_WEIGHT, GAP_WEIGHT, EDIT_WEIGHT = 15.0, 15.0, 1.0


class Stream(IterableDataset[dict[str, Tensor]]):
    """Batches made in a process of their own, so that the breaking of code does not hold up the matrices."""

    def __init__(self, folder: Path, seed: int, size: int) -> None:
        self.folder, self.seed, self.size = folder, seed, size

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = torch.utils.data.get_worker_info()
        seed = self.seed * 64 + (worker.id if worker else 0)
        for batch in batches(self.folder / "units.jsonl", self.folder / "tokenizer.json", seed, self.size):
            yield {k: torch.from_numpy(v) for k, v in batch.items()}


def losses(model: Editor, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum and its parts (nats; noise and gap a token, fill and edit a target)."""
    h = model.trunk(batch["ids"], batch["flags"])
    fill, edit = batch["fill"] >= 0, batch["edit"] >= 0
    chosen = fill | edit
    target = torch.where(edit, batch["edit"], batch["fill"])[chosen]
    each = F.cross_entropy(model.tokens(h[chosen]), target, reduction="none")
    is_edit = edit[chosen]
    zero = each.new_zeros(())
    fill_loss = each[~is_edit].mean() if bool((~is_edit).any()) else zero
    edit_loss = each[is_edit].mean() if bool(is_edit.any()) else zero
    heads = model.noise(h)
    known = batch["wrong"] >= 0
    noise = F.binary_cross_entropy_with_logits(heads[..., 0][known], batch["wrong"][known].float())
    there = batch["gap"] >= 0
    gap = F.cross_entropy(heads[..., 1:][there], batch["gap"][there])
    total = fill_loss + EDIT_WEIGHT * edit_loss + NOISE_WEIGHT * noise + GAP_WEIGHT * gap
    parts = {"fill": fill_loss, "edit": edit_loss, "noise": noise, "gap": gap}
    return total, {k: float(v.detach()) for k, v in parts.items()}


def train(folder: Path, minutes: float, size: int = 32, device: str = "cpu", workers: int = 1) -> Path:
    """Train for `minutes` in all, counted over all runs; returns the checkpoint's path."""
    path = folder / "edit.pt"
    model = Editor(Shape()).to(device)
    optimiser = optimisers(model, muon_rate=0.01, adam_rate=0.001)
    state: dict[str, Any] = checkpoint.load(path) or {"step": 0, "seconds": 0.0, "curve": []}
    if "model" in state:
        model.load_state_dict(state["model"])
        optimiser.restore(state["optimiser"])
    else:
        start_from = checkpoint.load(folder / "pretrain.pt")
        if start_from is not None:
            model.load_state_dict(start_from["model"])
    step, before, curve = state["step"], state["seconds"], state["curve"]
    loader = DataLoader(Stream(folder, step, size), batch_size=None, num_workers=workers, prefetch_factor=8)
    start = shown = time.monotonic()
    sums: dict[str, float] = {}
    count, cooled = 0, False
    for batch in loader:
        spent = before + time.monotonic() - start
        done = spent / (60 * minutes)
        loss, parts = losses(model, {k: v.to(device) for k, v in batch.items()})
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(
            min((step + 1) / 30, 1.0) * factor(max(51, int(done * 10000)), 10000, cool=0.3, floor=0.02)
        )
        step, count = step + 1, count + 1
        for k, v in parts.items():
            sums[k] = sums.get(k, 0.0) + v
        if time.monotonic() - shown > 30 or done >= 1:
            shown = time.monotonic()
            means = {k: v / count for k, v in sums.items()}
            curve.append((step, spent, means))
            print(
                f"edit step {step} {spent:.0f}s " + " ".join(f"{k} {v:.4f}" for k, v in means.items()),
                flush=True,
            )
            sums, count = {}, 0
            saved = {"step": step, "seconds": spent, "curve": curve, "model": model.state_dict()}
            if done > 0.7 and not cooled:
                cooled = True
                checkpoint.save(folder / "stable.pt", saved | {"optimiser": optimiser.state()})
            checkpoint.save(path, saved | {"optimiser": optimiser.state()})
        if done >= 1:
            break
    return path
