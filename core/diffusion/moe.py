"""The MLP of a layer: dense, or a mixture of experts with its router.

Called by `local_model`. Routers follow the checkpoints' own order of operations in float32, because two experts of
nearly equal score may swap otherwise. An expert runs once for all tokens that chose it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion.linear import Linear
from sharpen.core.diffusion.spec import Experts


@dataclass(frozen=True, slots=True)
class Mlp:
    """Gate, up, down: `down(silu(gate(x)) * up(x))`."""

    gate: Linear
    up: Linear
    down: Linear

    def __call__(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, D)."""
        return self.down(F.silu(self.gate(x)) * self.up(x))


def route_softmax(x: Tensor, router: Tensor, bias: Tensor | None, spec: Experts) -> tuple[Tensor, Tensor]:
    """Experts (N, K) and weights (N, K) of tokens (N, D): softmax over all, the best kept."""
    weights = F.softmax(F.linear(x, router), dim=1, dtype=torch.float32)
    if bias is not None:
        weights = weights + bias
    best, chosen = torch.topk(weights, spec.chosen, dim=-1)
    if spec.normalise:
        best = best / best.sum(dim=-1, keepdim=True)
    chosen, order = chosen.sort(dim=-1)  # their code adds the experts up by number, not by weight
    return chosen, torch.gather(best, 1, order).to(x.dtype)


def route_sigmoid(x: Tensor, router: Tensor, bias: Tensor | None, spec: Experts) -> tuple[Tensor, Tensor]:
    """Experts and weights by group: chosen with the bias, weighed without it, normalised and scaled."""
    scores = torch.sigmoid(F.linear(x.float(), router.float()))
    biased = scores if bias is None else scores + bias
    grouped = biased.view(len(x), spec.groups, -1)
    strength = grouped.topk(2, dim=-1)[0].sum(dim=-1)
    keep = torch.topk(strength, k=spec.chosen_groups, dim=-1, sorted=False)[1]
    open_groups = torch.zeros_like(strength).scatter_(1, keep, 1).bool()
    allowed = open_groups[:, :, None].expand_as(grouped).reshape(len(x), -1)
    chosen = torch.topk(biased.masked_fill(~allowed, float("-inf")), k=spec.chosen, dim=-1)[1]
    weights = torch.gather(scores, 1, chosen)
    if spec.chosen > 1:
        weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-20)
    return chosen, weights * spec.scale


@dataclass(frozen=True, slots=True)
class Mixture:
    """Router, experts, and perhaps one expert that all tokens share."""

    router: Tensor
    bias: Tensor | None
    experts: tuple[Mlp, ...]
    shared: Mlp | None
    spec: Experts

    def __call__(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        flat = x.reshape(-1, x.shape[-1])
        route = route_softmax if self.spec.router == "softmax" else route_sigmoid
        chosen, weights = route(flat, self.router, self.bias, self.spec)
        order = chosen.reshape(-1).argsort(stable=True)
        counts = torch.bincount(chosen.reshape(-1), minlength=self.spec.count).tolist()
        parts = torch.split(flat[order // self.spec.chosen], counts)
        done = [expert(part) for expert, part in zip(self.experts, parts, strict=True) if len(part)]
        pieces = torch.cat(done)[order.argsort()]
        mixed = pieces.view(*chosen.shape, -1).to(weights.dtype) * weights[:, :, None]
        if self.spec.router == "softmax":  # one after another, as index_add does it
            total = mixed[:, 0].clone()
            for number in range(1, self.spec.chosen):
                total += mixed[:, number]
        else:
            total = mixed.sum(dim=1)
        out = total.to(flat.dtype).view_as(x)
        return out if self.shared is None else out + self.shared(x)
