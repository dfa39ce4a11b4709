"""From a checkpoint's tensors to a `Transformer`, with every tensor accounted for.

Called by `load`. A tensor that is missing, has another size than the config says, or that nothing asks for is an
error that names it: a model that is half understood gives plausible nonsense. Weights in the wanted type stay mapped;
others are converted once, or stay and are widened as they are used (`lean`); int8 is packed matrix by matrix. No
second copy of the whole ever exists.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from sharpen.core.diffusion.attention import Attention
from sharpen.core.diffusion.bodies import NAMES, Names, shape_of
from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.families import Body
from sharpen.core.diffusion.linear import Dense, Int8, Linear, Widened
from sharpen.core.diffusion.local_model import Layer, Transformer
from sharpen.core.diffusion.moe import Mixture, Mlp
from sharpen.core.diffusion.spec import Experts, Shape
from sharpen.core.errors import EngineUnavailable

Precision = Literal["float32", "bfloat16", "int8"]
DERIVED = ("rotary_emb.inv_freq",)
"""Tensors that some files carry although the config implies them."""


class Weights:
    """Tensors handed out by name and ticked off."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: Precision, lean: bool = False) -> None:
        self.checkpoint = checkpoint
        self.lean = lean and precision == "float32"
        self.device = device
        self.precision = precision
        self.dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.left = {n for n in checkpoint.entries if not n.endswith(DERIVED)}
        self.missing: list[str] = []

    def has(self, name: str) -> bool:
        """Whether the checkpoint has the tensor."""
        return name in self.checkpoint.entries

    def take(self, name: str, *size: int, lean: bool = False) -> Tensor:
        """The tensor in the wanted type (`lean`: in its own) and place. A missing one is noted and comes back as
        nothing."""
        self.left.discard(name)
        if not self.has(name):
            self.missing.append(name)
            return torch.empty(0)
        entry = self.checkpoint.entries[name]
        if entry.size != size:
            raise EngineUnavailable(f"{name} has the size {entry.size}; by config.json it must be {size}")
        found = self.checkpoint.view(name).to(self.device, None if lean else self.dtype)
        if found.dtype == self.dtype and entry.dtype != "F32":
            self.checkpoint.release()  # what was converted need not stay mapped
        return found

    def linear(self, name: str, rows: int, columns: int, bias: bool = False) -> Linear:
        """A matrix (rows, columns), perhaps with its bias."""
        weight = self.take(f"{name}.weight", rows, columns, lean=self.lean)
        offset = self.take(f"{name}.bias", rows) if bias else None
        return self.wrap(weight, offset)

    def wrap(self, weight: Tensor, bias: Tensor | None = None) -> Linear:
        """A matrix at hand, in the wanted precision."""
        if weight.numel() and self.precision == "float32" and weight.dtype != torch.float32:
            return Widened(weight, bias)
        if self.precision != "int8" or not weight.numel():
            return Dense(weight, bias)
        packed = Int8(weight, bias)
        self.checkpoint.release()
        return packed

    def check(self) -> None:
        """Raise EngineUnavailable where tensors are missing or left over."""
        if self.missing:
            raise EngineUnavailable(
                f"{len(self.missing)} tensors are missing, such as {self.missing[0]}", "pull the model again"
            )
        if self.left:
            example = ", ".join(sorted(self.left)[:3])
            raise EngineUnavailable(
                f"{len(self.left)} tensors belong to no part of this family: {example}",
                "name another --family",
            )


def build(
    checkpoint: Checkpoint, body: Body, device: str, precision: Precision, lean: bool = False
) -> Transformer:
    """The model. Raises EngineUnavailable for tensors that are missing, of another size, or unexpected."""
    names = NAMES[body]
    shape = shape_of(body, checkpoint.config, checkpoint.entries)
    weights = Weights(checkpoint, device, precision, lean)
    embed = weights.take(f"{names.embed}.weight", shape.vocabulary, shape.width, lean=weights.lean)
    layers = tuple(_layer(weights, names, shape, i) for i in range(shape.layers))
    gain = weights.take(f"{names.norm}.weight", shape.width)
    if shape.tied:
        weights.left.discard(f"{names.head}.weight")
        head = weights.wrap(embed)
    else:
        head = weights.linear(names.head, shape.vocabulary, shape.width)
    weights.check()
    return Transformer(shape, embed, layers, gain, head)


def _layer(weights: Weights, names: Names, shape: Shape, number: int) -> Layer:
    prefix = names.layer.format(i=number)
    attended, kept = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    rows = (attended + 2 * kept,) if shape.fused_qkv else (attended, kept, kept)
    qkv = tuple(
        weights.linear(prefix + name, r, shape.width, shape.qkv_bias)
        for name, r in zip(names.qkv, rows, strict=True)
    )
    out = weights.linear(prefix + names.out, shape.width, attended, shape.out_bias)
    gains = (
        [weights.take(f"{prefix}{n}.weight", shape.head_size) for n in (names.q_norm, names.k_norm)]
        if shape.head_norm
        else [None, None]
    )
    mlp: Mlp | Mixture
    if shape.experts is not None and shape.is_sparse(number):
        mlp = _mixture(weights, names, shape, shape.experts, prefix)
    else:
        mlp = _mlp(weights, prefix, names.mlp, shape.width, shape.hidden)
    return Layer(
        weights.take(f"{prefix}{names.attention_norm}.weight", shape.width),
        Attention(qkv, out, gains[0], gains[1]),
        weights.take(f"{prefix}{names.mlp_norm}.weight", shape.width),
        mlp,
    )


def _mlp(weights: Weights, prefix: str, parts: tuple[str, str, str], width: int, hidden: int) -> Mlp:
    gate, up, down = parts
    return Mlp(
        weights.linear(prefix + gate, hidden, width),
        weights.linear(prefix + up, hidden, width),
        weights.linear(prefix + down, width, hidden),
    )


def _mixture(weights: Weights, names: Names, shape: Shape, spec: Experts, prefix: str) -> Mixture:
    def expert(number: int) -> Mlp:
        gate, up, down = (n.format(e=number) for n in names.expert)
        return _mlp(weights, prefix, (gate, up, down), shape.width, spec.hidden)

    return Mixture(
        weights.take(f"{prefix}{names.router}.weight", spec.count, shape.width),
        weights.take(f"{prefix}{names.router_bias}", spec.count) if spec.biased else None,
        tuple(expert(e) for e in range(spec.count)),
        _mlp(weights, prefix, names.shared, shape.width, spec.shared) if spec.shared else None,
        spec,
    )
