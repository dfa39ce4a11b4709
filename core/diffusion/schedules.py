"""How many tokens each step commits, as the official samplers count them.

Called by the policies. Pure arithmetic; the rounding is part of the contract.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def even(total: int, steps: int) -> list[int]:
    """As equal as can be, the larger shares first (LLaDA, SDAR, LLaDA2)."""
    return [total // steps + (step < total % steps) for step in range(steps)]


def shared(steps: int, masks: Sequence[int]) -> list[int]:
    """How many of the steps each block has, by its masks: one at least, and together never more than there are
    (unless there are fewer than blocks)."""
    found = []
    left, blocks = sum(masks), sum(count > 0 for count in masks)
    for count in masks:
        blocks -= count > 0
        share = max(1, min(-(-steps * count // left), steps - blocks, count)) if count else 0
        found.append(share)
        steps, left = steps - share, left - count
    return found


def linear(total: int, steps: int) -> list[int]:
    """By the linear noise schedule, rounded half to even, steps that commit nothing left out (dLLM)."""
    counts = []
    left = total
    for step in range(steps, 0, -1):
        # s and t pass through float32 in the scheduler, and this decides some roundings.
        t, s = (torch.as_tensor(n / steps, dtype=torch.float32) for n in (step, step - 1))
        share = 1 - ((1 - (1 - s)) / (1 - (1 - t))).item()
        count = min(left, int(torch.round(torch.tensor(left, dtype=torch.float64) * share).item()))
        left -= count
        if count:
            counts.append(count)
        if not left:
            break
    return counts


def times(steps: int, smallest: float = 1e-3) -> Tensor:
    """Noise levels (steps + 1) from 1 down to `smallest`, float32 (Dream)."""
    return torch.linspace(1, smallest, steps + 1)
