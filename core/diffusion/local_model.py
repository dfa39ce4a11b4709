"""The one transformer of the local engine: pre-norm, rotary, dense or with experts, any mask, with or without cache.

Built by `weights`, called by `readers`. It has no notion of a family, of denoising or of a mask token: it maps
token ids to hidden states, and hidden states to logits, at the rows that are asked for. `Editor` in `transformer`,
the embedded model, is another one and shares nothing with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion.attention import Attention, rms
from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.linear import Linear
from sharpen.core.diffusion.moe import Mixture, Mlp
from sharpen.core.diffusion.rope import angles, frequencies
from sharpen.core.diffusion.spec import Shape


@dataclass(frozen=True, slots=True)
class Layer:
    """One block: attention and an MLP, each behind a norm and a residual."""

    attention_gain: Tensor
    attention: Attention
    mlp_gain: Tensor
    mlp: Mlp | Mixture


class Transformer:
    """Weights and shape; B rows, T tokens, D width, V vocabulary."""

    def __init__(
        self, shape: Shape, embed: Tensor, layers: tuple[Layer, ...], gain: Tensor, head: Linear
    ) -> None:
        self.shape = shape
        self.embed = embed
        self.layers = layers
        self.gain = gain
        self.head = head
        self.inverse = frequencies(shape.rotary, shape.theta, embed.device)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embed.device

    @property
    def way(self) -> str:
        """How passes are run, where not as they come (`steady`)."""
        return ""

    def room(self, capacity: int, rows: int = 1) -> Cache:
        """Memory for the keys and values of so many positions, for one run."""
        return Cache(self.shape, capacity, rows, like=self.gain)

    @torch.no_grad()
    def hidden(
        self,
        ids: Tensor,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        at: int = 0,
    ) -> Tensor:
        """ids (B, T) -> normed hidden states (B, T, D).

        positions (B, T): `at`… where not given. mask: True where a key is seen, (B or 1, 1, T, K). With a cache, the
        T tokens fill its slots from `at` on, and every slot in use is attended to.
        """
        if positions is None:
            positions = torch.arange(at, at + ids.shape[1], device=ids.device)[None]
        x = F.embedding(ids, self.embed).to(self.gain.dtype)
        cos, sin = angles(positions, self.inverse)
        turn = (cos, sin) if self.shape.rope_full else (cos.to(x.dtype), sin.to(x.dtype))
        for number, layer in enumerate(self.layers):
            memory = None if cache is None else (cache, number, at)
            normed = rms(x, layer.attention_gain, self.shape.eps)
            x = x + layer.attention(normed, self.shape, turn, mask, memory)
            x = x + layer.mlp(rms(x, layer.mlp_gain, self.shape.eps))
        return rms(x, self.gain, self.shape.eps)

    @torch.no_grad()
    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) -> (…, V)."""
        return self.head(hidden)
