"""The embedded model's transformer: bidirectional (or causal while it pre-trains), RMSNorm, RoPE, tied embeddings.

Shapes: B windows, T tokens, D width, H heads, V vocabulary. Token logits are read one position to the left
(position i tells what should stand at i + 1), which is what causal pre-training teaches and what lets one head
serve three questions: what a mask hides, what a wrong token should be, and what is missing after a token.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GAPS = 8
"""How many tokens are missing after a token: 0..7."""
FLAGS = 4
"""0 nothing, 1 on the line that the diagnostic names, 2 the token itself, 3 reserved."""


@dataclass(frozen=True)
class Shape:
    """The model's size."""

    vocabulary: int = 6144
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 1024

    def as_dict(self) -> dict[str, int]:
        """For config.json."""
        return asdict(self)


def rms(x: Tensor) -> Tensor:
    """Root-mean-square norm without a gain; gains are absorbed by the next matrix."""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def rotary(length: int, size: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, size / 2) of rotary position embeddings (Su et al. 2021)."""
    frequency = 10000.0 ** (-torch.arange(0, size, 2, device=device, dtype=torch.float32) / size)
    angle = torch.arange(length, device=device, dtype=torch.float32)[:, None] * frequency[None]
    return angle.cos(), angle.sin()


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the halves of each head's vector, (B, H, T, S)."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Block(nn.Module):
    """Attention and a squared-ReLU MLP, each behind a norm and a residual."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q = nn.Linear(shape.width, shape.width, bias=False)
        self.k = nn.Linear(shape.width, shape.width, bias=False)
        self.v = nn.Linear(shape.width, shape.width, bias=False)
        self.o = nn.Linear(shape.width, shape.width, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)
        nn.init.zeros_(self.o.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, bias: Tensor | None, causal: bool) -> Tensor:
        """x (B, T, D); bias (B, 1, 1, T) is added to the attention scores."""
        b, t, d = x.shape
        h = rms(x)
        size = d // self.heads
        q, k, v = (m(h).view(b, t, self.heads, size).transpose(1, 2) for m in (self.q, self.k, self.v))
        q, k = rms(turn(q, cos, sin)), rms(turn(k, cos, sin))
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=causal)
        x = x + self.o(a.transpose(1, 2).reshape(b, t, d))
        out: Tensor = x + self.down(F.relu(self.up(rms(x))).square())
        return out


class Editor(nn.Module):
    """One trunk, three readings: token logits, noise (is this token wrong), gap (how many are missing after it)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocabulary, shape.width)
        self.flag = nn.Embedding(FLAGS, shape.width)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.layers)])
        self.noise = nn.Linear(shape.width, 1 + GAPS)
        self.scale = nn.Parameter(torch.tensor(1.0))
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.zeros_(self.flag.weight)
        nn.init.zeros_(self.noise.weight)
        nn.init.zeros_(self.noise.bias)
        for block in self.layers():
            for m in (block.q, block.k, block.v, block.up):
                nn.init.normal_(m.weight, std=shape.width**-0.5)

    def layers(self) -> list[Block]:
        """The blocks, in order."""
        return [b for b in self.blocks if isinstance(b, Block)]

    def trunk(self, ids: Tensor, flags: Tensor | None = None, causal: bool = False) -> Tensor:
        """ids, flags (B, T) -> hidden (B, T, D). Padding (id 0) is not attended to."""
        x = self.embed(ids)
        if flags is not None:
            x = x + self.flag(flags)
        x = rms(x)
        cos, sin = rotary(ids.shape[1], self.shape.width // self.shape.heads, ids.device)
        bias = None if causal else torch.where(ids == 0, -1e9, 0.0)[:, None, None, :]
        for block in self.blocks:
            x = block(x, cos, sin, bias, causal)
        return rms(x)

    def tokens(self, hidden: Tensor) -> Tensor:
        """Logits (..., V) of the token that should stand one position to the right."""
        return F.linear(hidden * (self.scale * 8.0 / self.shape.width**0.5), self.embed.weight) * 8.0

    def forward(self, ids: Tensor, flags: Tensor) -> tuple[Tensor, Tensor]:
        """(token logits (B, T, V), noise and gap logits (B, T, 1 + GAPS)) as exported."""
        h = self.trunk(ids, flags)
        return self.tokens(h), self.noise(h)
