"""A slow second opinion: the transformer written once more, plainly, a head and a token at a time where it can be.

It shares no code with the engine: it reads the checkpoint's tensors by the names that each family publishes. Used
by the tests of exactness only.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


def norm(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * gain


def turned(x: Tensor, place: int, theta: float, size: int) -> Tensor:
    """One head's vector (S) at one position: pairs (i, i + size/2) of the first `size` dimensions turn."""
    half = size // 2
    angle = place / theta ** (torch.arange(half).float() * 2 / size)
    cos, sin = angle.cos(), angle.sin()
    a, b = x[:half], x[half:size]
    return torch.cat([a * cos - b * sin, b * cos + a * sin, x[size:]])


def gated(x: Tensor, t: Tensors, gate: str, up: str, down: str) -> Tensor:
    g = x @ t[gate].T
    return ((g * torch.sigmoid(g)) * (x @ t[up].T)) @ t[down].T


class Naive:
    """`logits(ids, places, sees)`: logits (T, V), where `sees(q, k)` says whether position q attends to k."""

    def __init__(self, config: dict[str, Any], tensors: Tensors) -> None:
        self.c, self.t = config, tensors
        self.llada = "d_model" in config
        self.fused = "model.word_embeddings.weight" in tensors
        self.heads = config["n_heads" if self.llada else "num_attention_heads"]
        self.kv = config["n_kv_heads" if self.llada else "num_key_value_heads"]
        self.size = config.get("head_dim") or config["d_model"] // self.heads
        if config.get("qk_layernorm"):
            self.kv, self.size = self.heads, config["hidden_size"] // self.heads
        self.turning = int(self.size * config.get("partial_rotary_factor", 1))
        self.eps = config["rms_norm_eps"]
        self.depth = config["n_layers" if self.llada else "num_hidden_layers"]

    def logits(self, ids: list[int], places: list[int] | None = None, sees: Any = None) -> Tensor:
        where = list(range(len(ids))) if places is None else places
        seen = torch.tensor(
            [[sees is None or bool(sees(q, k)) for k in range(len(ids))] for q in range(len(ids))]
        )
        first = "model.transformer.wte" if self.llada else "model.embed_tokens"
        first = "model.word_embeddings" if self.fused else first
        x = self.t[f"{first}.weight"][torch.tensor(ids)]
        for i in range(self.depth):
            x = self.block(x, i, where, seen)
        last = "model.transformer.ln_f" if self.llada else "model.norm"
        head = "model.transformer.ff_out.weight" if self.llada else "lm_head.weight"
        return norm(x, self.t[f"{last}.weight"], self.eps) @ self.t.get(head, self.t[f"{first}.weight"]).T

    def block(self, x: Tensor, i: int, where: list[int], seen: Tensor) -> Tensor:
        if self.llada:
            at = f"model.transformer.blocks.{i}."
            x = x + self.attend(norm(x, self.t[at + "attn_norm.weight"], self.eps), at, where, seen)
            y = norm(x, self.t[at + "ff_norm.weight"], self.eps)
            return x + gated(y, self.t, at + "ff_proj.weight", at + "up_proj.weight", at + "ff_out.weight")
        at = f"model.layers.{i}."
        x = x + self.attend(norm(x, self.t[at + "input_layernorm.weight"], self.eps), at, where, seen)
        return x + self.mlp(norm(x, self.t[at + "post_attention_layernorm.weight"], self.eps), at)

    def project(self, x: Tensor, at: str) -> list[Tensor]:
        """Queries, keys and values (T, heads, S)."""
        if self.fused:
            rows = x @ self.t[at + "attention.query_key_value.weight"].T
            parts = rows.view(len(x), -1, self.size)
            return [
                parts[:, : self.heads],
                parts[:, self.heads : self.heads + self.kv],
                parts[:, self.heads + self.kv :],
            ]
        found = []
        for name in "qkv":
            stem = f"{at}{name}_proj" if self.llada else f"{at}self_attn.{name}_proj"
            rows = x @ self.t[stem + ".weight"].T + self.t.get(stem + ".bias", torch.zeros(1))
            found.append(rows.view(len(x), -1, self.size))
        return found

    def attend(self, x: Tensor, at: str, where: list[int], seen: Tensor) -> Tensor:
        q, k, v = self.project(x, at)
        names = (
            ("attention.query_layernorm", "attention.key_layernorm")
            if self.fused
            else ("self_attn.q_norm", "self_attn.k_norm")
        )
        if f"{at}{names[0]}.weight" in self.t:
            q = norm(q, self.t[f"{at}{names[0]}.weight"], self.eps)
            k = norm(k, self.t[f"{at}{names[1]}.weight"], self.eps)
        theta = self.c["rope_theta"]
        outs = []
        for h in range(self.heads):
            g = h // (self.heads // self.kv)
            qs = torch.stack([turned(q[t, h], where[t], theta, self.turning) for t in range(len(x))])
            ks = torch.stack([turned(k[t, g], where[t], theta, self.turning) for t in range(len(x))])
            score = (qs @ ks.T / math.sqrt(self.size)).masked_fill(~seen, -math.inf)
            outs.append(torch.nan_to_num(score.softmax(-1)) @ v[:, g])
        name = "attn_out" if self.llada else "attention.dense" if self.fused else "self_attn.o_proj"
        return torch.cat(outs, dim=-1) @ self.t[f"{at}{name}.weight"].T

    def mlp(self, x: Tensor, at: str) -> Tensor:
        def run(rows: Tensor, stem: str) -> Tensor:
            names = (f"{stem}.gate_proj.weight", f"{stem}.up_proj.weight", f"{stem}.down_proj.weight")
            return gated(rows, self.t, *names)

        if f"{at}mlp.gate.weight" not in self.t:
            return run(x, f"{at}mlp")
        out = torch.stack(
            [sum((w * run(r, f"{at}mlp.experts.{e}") for e, w in self.route(r, at)), 0 * r) for r in x]
        )
        return out + run(x, f"{at}mlp.shared_experts") if self.fused else out

    def route(self, row: Tensor, at: str) -> list[tuple[int, float]]:
        """Experts and weights of one token."""
        scores = self.t[f"{at}mlp.gate.weight"] @ row
        chosen = self.c["num_experts_per_tok"]
        if not self.fused:
            p = scores.softmax(-1)
            best = p.argsort(descending=True)[:chosen].tolist()
            total = (
                sum(float(p[e]) for e in best)
                if self.c["norm_topk_prob"] and "qk_layernorm" not in self.c
                else 1
            )
            return [(e, float(p[e]) / total) for e in best]
        p = scores.sigmoid()
        biased = p + self.t[f"{at}mlp.gate.expert_bias"]
        groups = biased.view(self.c["n_group"], -1)
        strength = groups.sort(descending=True)[0][:, :2].sum(-1)
        kept = set(strength.argsort(descending=True)[: self.c["topk_group"]].tolist())
        size = groups.shape[1]
        order = [e for e in biased.argsort(descending=True).tolist() if e // size in kept][:chosen]
        total = sum(float(p[e]) for e in order) + 1e-20
        return [(e, float(p[e]) / total * self.c["routed_scaling_factor"]) for e in order]
