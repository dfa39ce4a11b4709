"""The shape of a transformer that the local engine can run: enough for every family, and nothing of any one.

Made by `bodies` from a checkpoint's config; read by `local_model`, `attention`, `moe` and the memory estimates.
Frozen numbers only: no tensor, no name of a checkpoint's tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts in place of the layer's MLP."""

    count: int
    chosen: int
    hidden: int
    router: Literal["softmax", "sigmoid"]
    """`softmax`: weights of all experts, the best kept. `sigmoid`: chosen by group with the bias, weighed without."""
    groups: int = 1
    chosen_groups: int = 1
    normalise: bool = False
    scale: float = 1.0
    shared: int = 0
    """Width of the expert that every token passes; 0 where there is none."""
    biased: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The model's sizes and the few bits in which families differ."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    hidden: int
    """Width of the dense MLP."""
    eps: float
    theta: float
    rotary: int
    """How many of a head's dimensions are rotated; the rest pass through."""
    context: int
    qkv_bias: bool = False
    out_bias: bool = False
    fused_qkv: bool = False
    head_norm: bool = False
    """Norm of queries and keys over each head, before the rotation."""
    clip: float | None = None
    rope_full: bool = False
    """Rotate in float32 whatever the weights are in."""
    tied: bool = False
    experts: Experts | None = None
    sparse: tuple[bool, ...] = ()
    """Which layers have experts; empty where none has."""

    def is_sparse(self, layer: int) -> bool:
        """Whether the layer has experts."""
        return bool(self.sparse) and self.sparse[layer]
