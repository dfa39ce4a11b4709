"""Keys and values that are kept from one forward pass to the next, in slots that are the tokens' positions.

Made by the readers (`readers`), filled and read by `attention`. There is one rule for every policy: a pass writes the
slots that it computes and attends to all slots below `used`. Appending a settled block (exact, for block-causal
models), keeping a prefix, and overwriting the block in the middle of a canvas (both approximate) differ only in
what the reader computes and when it starts afresh.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sharpen.core.diffusion.spec import Shape


class Cache:
    """Memory for `capacity` positions of every layer."""

    def __init__(self, shape: Shape, capacity: int, rows: int = 1, like: Tensor | None = None) -> None:
        device = "cpu" if like is None else like.device
        dtype = torch.float32 if like is None else like.dtype
        size = (shape.layers, rows, shape.kv_heads, capacity, shape.head_size)
        self.keys = torch.empty(size, device=device, dtype=dtype)
        self.values = torch.empty(size, device=device, dtype=dtype)
        self.used = 0
        """Slots that hold something."""

    def swap(self, layer: int, keys: Tensor, values: Tensor, at: int) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D) to slots `at`…, and return all keys and values that the pass attends to."""
        end = at + keys.shape[2]
        self.keys[layer, :, :, at:end] = keys
        self.values[layer, :, :, at:end] = values
        upto = max(self.used, end)
        return self.keys[layer, :, :, :upto], self.values[layer, :, :, :upto]

    def keep(self, length: int) -> None:
        """From now on `length` slots count; those beyond are written anew before they are read."""
        self.used = length

    @property
    def bytes(self) -> int:
        """Memory taken."""
        return 2 * self.keys.numel() * self.keys.element_size()
