"""A matrix as the model applies it: in its own type, widened as it is used, or as int8 on the CPU.

Made by `weights` while a checkpoint is read, applied by `attention`, `moe` and `local_model`. A `Dense` holds the
checkpoint's mapped memory and copies nothing. Int8 quantises a row of the matrix at a time and the activations at
every call; it is an approximation and only fast mode offers it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Linear = Callable[[Tensor], Tensor]
"""(…, in) -> (…, out)."""


class Dense:
    """A matrix (out, in), perhaps with a bias, applied as it stands."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.weight = weight
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) -> (…, out)."""
        return F.linear(x, self.weight, self.bias)


CHUNK = 16384
"""Rows of a matrix that are widened at a time."""


class Widened:
    """A matrix that stays in half precision in the mapped file and is made float32 as it is used, a part at a time.

    The sums are those of the converted matrix; it takes half the memory and the time of the conversion.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.weight = weight
        self.bias = None if bias is None else bias.float()

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) -> (…, out) in float32."""
        if len(self.weight) <= CHUNK:
            return F.linear(x, self.weight.float(), self.bias)
        out = torch.cat([F.linear(x, part.float()) for part in torch.split(self.weight, CHUNK)], dim=-1)
        return out if self.bias is None else out + self.bias


class Int8:
    """The same matrix in a quarter of the memory: int8 rows with a scale each, packed for the CPU's kernels."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        rows = weight.detach().float()
        scales = rows.abs().amax(dim=1).clamp_min(1e-8) / 127.0
        zeros = torch.zeros(rows.shape[0], dtype=torch.int64)
        with (
            warnings.catch_warnings()
        ):  # torch says at every call that these types will move to another package
            warnings.simplefilter("ignore")
            quantised = torch.quantize_per_channel(rows, scales.double(), zeros, 0, torch.qint8)
            self.packed = torch.ops.quantized.linear_prepack(
                quantised, None if bias is None else bias.float()
            )

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) -> (…, out) in float32."""
        out: Tensor = torch.ops.quantized.linear_dynamic(x.float(), self.packed, reduce_range=False)
        return out
