"""Attention of one layer: projections, head norms, rotation, grouped heads, and a mask or none.

Called by `local_model`. Which position sees which is the mask's business (`readers` makes it); nothing here is
causal by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.linear import Linear
from sharpen.core.diffusion.rope import rotate
from sharpen.core.diffusion.spec import Shape


def rms(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    """Root-mean-square norm: in float32, cast back, then the gain, in this order."""
    wide = x.to(torch.float32)
    wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return gain * wide.to(x.dtype)


@dataclass(frozen=True, slots=True)
class Attention:
    """The weights of one layer's attention."""

    qkv: tuple[Linear, ...]
    """One fused matrix, or three."""
    out: Linear
    q_gain: Tensor | None
    k_gain: Tensor | None

    def project(self, x: Tensor, shape: Shape) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, D) -> queries (B, H, T, S), keys and values (B, KV, T, S), not yet rotated."""
        rows = [
            shape.heads * shape.head_size,
            shape.kv_heads * shape.head_size,
            shape.kv_heads * shape.head_size,
        ]
        parts = (
            torch.split(self.qkv[0](x), rows, dim=-1) if len(self.qkv) == 1 else tuple(m(x) for m in self.qkv)
        )
        b, t = x.shape[:2]
        q, k, v = (p.reshape(b, t, -1, shape.head_size) for p in parts)
        if self.q_gain is not None and self.k_gain is not None:
            q, k = rms(q, self.q_gain, shape.eps), rms(k, self.k_gain, shape.eps)
        if shape.clip is not None:
            q, k, v = (p.clamp(-shape.clip, shape.clip) for p in (q, k, v))
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def __call__(
        self,
        x: Tensor,
        shape: Shape,
        turn: tuple[Tensor, Tensor],
        mask: Tensor | None,
        memory: tuple[Cache, int, int] | None,
    ) -> Tensor:
        """x (B, T, D); mask (B or 1, 1, T, K), True where a key is seen; memory: cache, layer, first slot."""
        q, k, v = self.project(x, shape)
        cos, sin = turn
        if shape.rope_full:
            q, k = rotate(q.float(), cos, sin).to(q.dtype), rotate(k.float(), cos, sin).to(k.dtype)
        else:
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if memory is not None:
            cache, layer, at = memory
            k, v = cache.swap(layer, k, v, at)
        grouped = shape.heads != shape.kv_heads
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped)
        b, _, t, _ = a.shape
        return self.out(a.transpose(1, 2).reshape(b, t, -1))
