"""The two optimisers of a run and their schedule: Muon for the blocks' matrices, AdamW for all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from sharpen.core.diffusion.transformer import Editor
from sharpen.core.training.muon import Muon


@dataclass
class Optimisers:
    """Stepped together, saved together."""

    muon: Muon
    adam: torch.optim.AdamW
    muon_rate: float
    adam_rate: float

    def step(self, factor: float) -> None:
        """Update with the learning rates times `factor`, then drop the gradients."""
        for optimiser, rate in ((self.muon, self.muon_rate), (self.adam, self.adam_rate)):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


def optimisers(model: Editor, muon_rate: float = 0.02, adam_rate: float = 0.002) -> Optimisers:
    """Matrices of the blocks to Muon; embeddings, heads and scalars to AdamW."""
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    adam = torch.optim.AdamW(rest, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0)
    return Optimisers(Muon(matrices, muon_rate), adam, muon_rate, adam_rate)


def factor(step: int, steps: int, warm: int = 50, cool: float = 0.3, floor: float = 0.02) -> float:
    """Warm up, hold, then fall linearly over the last `cool` share (Hu et al. 2024, warmup-stable-decay)."""
    if step < warm:
        return (step + 1) / warm
    left = (steps - step) / max(1.0, steps * cool)
    return max(floor, min(1.0, left))
