"""Rotary position embeddings (Su et al. 2021), with halves rotated as in NeoX.

Called by `local_model` once a forward pass and by `attention` once a layer. Angles are float32 whatever the model's
type is; they are cast afterwards, because a bfloat16 angle is wrong by whole turns at long distances.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frequencies(size: int, theta: float, device: torch.device | str = "cpu") -> Tensor:
    """Radians a position for each pair of dimensions, (size / 2)."""
    return 1.0 / (theta ** (torch.arange(0, size, 2, dtype=torch.float32, device=device) / size))


def angles(positions: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (B, 1, T, size) of positions (B, T)."""
    turns = positions[:, :, None].float() * inverse[None, None, :]
    both = torch.cat((turns, turns), dim=-1)[:, None]
    return both.cos(), both.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the first dimensions of each head's vector, (B, H, T, D); those beyond the angles pass."""
    size = cos.shape[-1]
    turned, rest = x[..., :size], x[..., size:]
    first, second = turned.chunk(2, dim=-1)
    out = turned * cos + torch.cat((-second, first), dim=-1) * sin
    return torch.cat((out, rest), dim=-1) if rest.shape[-1] else out
