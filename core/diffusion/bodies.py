"""From a checkpoint's config to a `Shape`, and from our names of weights to its tensors': one reading for each body.

Called by `weights` and by the memory estimates. What a tensor's presence can tell (biases, head norms, which layers
have experts, a head of its own) is read from the tensors, not from the config: configs leave it to defaults that
differ between versions. Reads no weight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sharpen.core.diffusion.families import Body
from sharpen.core.diffusion.spec import Experts, Shape
from sharpen.core.errors import EngineUnavailable


@dataclass(frozen=True, slots=True)
class Names:
    """How a body calls its tensors; `{i}` is the layer, `{e}` the expert. Without `.weight` and `.bias`."""

    embed: str
    norm: str
    head: str
    layer: str
    attention_norm: str
    mlp_norm: str
    qkv: tuple[str, ...]
    out: str
    q_norm: str
    k_norm: str
    mlp: tuple[str, str, str]
    """Gate, up, down."""
    router: str = ""
    router_bias: str = ""
    """The whole name: it is no `.bias`."""
    expert: tuple[str, str, str] = ("", "", "")
    shared: tuple[str, str, str] = ("", "", "")


def _mlp(prefix: str) -> tuple[str, str, str]:
    return (f"{prefix}.gate_proj", f"{prefix}.up_proj", f"{prefix}.down_proj")


_QWEN = Names(
    embed="model.embed_tokens",
    norm="model.norm",
    head="lm_head",
    layer="model.layers.{i}.",
    attention_norm="input_layernorm",
    mlp_norm="post_attention_layernorm",
    qkv=("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    out="self_attn.o_proj",
    q_norm="self_attn.q_norm",
    k_norm="self_attn.k_norm",
    mlp=_mlp("mlp"),
    router="mlp.gate",
    router_bias="mlp.expert_bias",
    expert=_mlp("mlp.experts.{e}"),
)
NAMES: dict[Body, Names] = {
    "qwen": _QWEN,
    "llada-moe": _QWEN,
    "llada": Names(
        embed="model.transformer.wte",
        norm="model.transformer.ln_f",
        head="model.transformer.ff_out",
        layer="model.transformer.blocks.{i}.",
        attention_norm="attn_norm",
        mlp_norm="ff_norm",
        qkv=("q_proj", "k_proj", "v_proj"),
        out="attn_out",
        q_norm="",
        k_norm="",
        mlp=("ff_proj", "up_proj", "ff_out"),
    ),
    "llada2": Names(
        embed="model.word_embeddings",
        norm="model.norm",
        head="lm_head",
        layer="model.layers.{i}.",
        attention_norm="input_layernorm",
        mlp_norm="post_attention_layernorm",
        qkv=("attention.query_key_value",),
        out="attention.dense",
        q_norm="attention.query_layernorm",
        k_norm="attention.key_layernorm",
        mlp=_mlp("mlp"),
        router="mlp.gate",
        router_bias="mlp.gate.expert_bias",
        expert=_mlp("mlp.experts.{e}"),
        shared=_mlp("mlp.shared_experts"),
    ),
}


ACTIVATIONS = ("silu", "swish", "swiglu")
"""Words for the one activation that all of them have."""
LARGEST = 1e12
MAYBE_NOUGHT = (
    "clip_qkv", "num_shared_experts", "num_experts", "partial_rotary_factor", "intermediate_size",
    "dense_intermediate_size", "moe_intermediate_size", "expert_intermediate_size",
)  # fmt: skip
"""Keys whose 0 says that there is none of it."""
NEVER_NULL = ("rms_norm_eps", "rope_theta")
"""Keys whose null is no default: nothing stands in for them in the models' own code."""


class Config:
    """A config with its keys asked for by name, so that a missing one is named."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def number(self, *keys: str, default: float | None = None) -> float:
        """The first of the keys that is there and not null. Raises EngineUnavailable."""
        for key in keys:
            found = self.values.get(key)
            if key in self.values and (found is not None or key in NEVER_NULL):
                return _number(key, found)
        if default is None:
            raise EngineUnavailable(
                f"config.json has no {keys[0]}", "pull the model again, or name its --family"
            )
        return default

    def whole(self, *keys: str, default: int | None = None) -> int:
        """As `number`, an int. Raises EngineUnavailable for a fraction."""
        found = self.number(*keys, default=default)
        if found != int(found):
            raise EngineUnavailable(f"{keys[0]} in config.json must be a whole number, not {found}")
        return int(found)

    def theta(self, default: float) -> float:
        """The base of the rotary frequencies. Raises EngineUnavailable for a stretched kind."""
        nested = self.values.get("rope_parameters") or {}
        stretched = self.values.get("rope_scaling") or nested
        if not isinstance(nested, dict) or not isinstance(stretched, dict):
            raise EngineUnavailable("rope_parameters or rope_scaling in config.json is no JSON object")
        kind = stretched.get("rope_type", stretched.get("type", "default"))
        if kind not in {"default", None}:
            raise EngineUnavailable(
                f"config.json asks for rotary embeddings of the type {kind}, not supported"
            )
        if "rope_theta" in nested:
            return Config(nested).number("rope_theta")
        return self.number("rope_theta", default=default)

    def activated(self, *keys: str) -> None:
        """Raise EngineUnavailable for an activation that is not the one which every family has."""
        for key in keys:
            found = self.values.get(key)
            if found is not None and found not in ACTIVATIONS:
                raise EngineUnavailable(f"{key} in config.json is {found!r}; only silu is supported")


def _number(key: str, found: object) -> float:
    """A number as a model can have it. Raises EngineUnavailable."""
    if (
        not isinstance(found, int | float)
        or isinstance(found, bool)
        or not 0 <= found <= LARGEST
        or (found == 0 and key not in MAYBE_NOUGHT)
    ):
        above = "0 or above" if key in MAYBE_NOUGHT else "above 0"
        raise EngineUnavailable(
            f"{key} in config.json must be a number {above}, not {json.dumps(found)[:40]}",
            "pull the model again",
        )
    return float(found)


def shape_of(body: Body, config: Mapping[str, Any], tensors: Mapping[str, object]) -> Shape:
    """The transformer's shape. Raises EngineUnavailable, naming the key that is missing."""
    read = Config(config)
    read.activated("activation_type", "hidden_act")
    for key in ("n_layers", "num_hidden_layers", "num_experts"):
        # Each has several tensors of its own; what is made for each of them is not made for a thousand million.
        if read.values.get(key) is not None and read.whole(key, default=0) > len(tensors):
            raise EngineUnavailable(
                f"{key} in config.json is {read.whole(key)}, and there are {len(tensors)} tensors in all",
                "pull the model again",
            )
    shape = _llada(read, tensors) if body == "llada" else _common(body, read, tensors)
    if not shape.kv_heads or shape.heads % shape.kv_heads or shape.head_size < 1 or shape.rotary % 2:
        raise EngineUnavailable(
            f"config.json has {shape.heads} heads of {shape.head_size}, {shape.kv_heads} for keys and values: "
            "they do not go together"
        )
    return shape


def _has_bias(tensors: Mapping[str, object], names: Names, part: str) -> bool:
    return f"{names.layer.format(i=0)}{part}.bias" in tensors


def _llada(read: Config, tensors: Mapping[str, object]) -> Shape:
    names = NAMES["llada"]
    width, heads = read.whole("d_model"), read.whole("n_heads")
    hidden = read.whole("mlp_hidden_size", default=int(width * read.number("mlp_ratio", default=4)))
    return Shape(
        vocabulary=read.whole("embedding_size", "vocab_size"),
        width=width,
        layers=read.whole("n_layers"),
        heads=heads,
        kv_heads=read.whole("n_kv_heads", default=heads),
        head_size=width // heads,
        hidden=hidden,
        eps=read.number("rms_norm_eps", default=1e-5),
        theta=read.theta(10000.0),
        rotary=width // heads,
        context=read.whole("max_sequence_length", default=4096),
        qkv_bias=_has_bias(tensors, names, names.qkv[0]),
        rope_full=bool(read.values.get("rope_full_precision", True)),
        tied=f"{names.head}.weight" not in tensors,
    )


def _common(body: Body, read: Config, tensors: Mapping[str, object]) -> Shape:
    names = NAMES[body]
    width, heads = read.whole("hidden_size"), read.whole("num_attention_heads")
    layers = read.whole("num_hidden_layers")
    head_size = read.whole("head_dim", default=width // heads)
    part = read.number("partial_rotary_factor", default=0.5 if body == "llada2" else 1.0)
    sparse = tuple(f"{names.layer.format(i=i)}{names.router}.weight" in tensors for i in range(layers))
    return Shape(
        vocabulary=read.whole("vocab_size"),
        width=width,
        layers=layers,
        heads=heads,
        kv_heads=read.whole("num_key_value_heads", default=heads),
        head_size=head_size,
        hidden=read.whole("dense_intermediate_size", "intermediate_size", default=0),
        eps=read.number("rms_norm_eps", default=1e-6),
        theta=read.theta(10000.0),
        rotary=int(head_size * part) if part > 0 else head_size,
        context=read.whole("max_position_embeddings", default=2048),
        qkv_bias=_has_bias(tensors, names, names.qkv[0]),
        out_bias=_has_bias(tensors, names, names.out),
        fused_qkv=len(names.qkv) == 1,
        head_norm=f"{names.layer.format(i=0)}{names.q_norm}.weight" in tensors,
        clip=read.number("clip_qkv", default=0.0) or None,
        tied=f"{names.head}.weight" not in tensors or (body == "qwen" and _tied(read)),
        experts=_experts(body, read, names, tensors) if any(sparse) else None,
        sparse=sparse if any(sparse) else (),
    )


def _tied(read: Config) -> bool:
    # CoDA's own code never ties the two, whatever its config says.
    return bool(read.values.get("tie_word_embeddings")) and read.values.get("model_type") != "CoDA"


def _experts(body: Body, read: Config, names: Names, tensors: Mapping[str, object]) -> Experts:
    biased = any(n.endswith(names.router_bias) for n in tensors)
    hidden = read.whole("expert_intermediate_size", "moe_intermediate_size")
    count, chosen = read.whole("num_experts"), read.whole("num_experts_per_tok")
    groups = best = 1
    if body == "llada2":  # the others' code has no groups, whatever their configs say
        groups, best = read.whole("n_group", default=1), read.whole("topk_group", default=1)
    if chosen > count or count % groups or best > groups:
        raise EngineUnavailable(
            f"config.json chooses {chosen} of {count} experts, by {best} of {groups} groups: they do not go together"
        )
    if body == "llada2":
        return Experts(
            count=count,
            chosen=chosen,
            hidden=hidden,
            router="sigmoid",
            groups=groups,
            chosen_groups=best,
            scale=read.number("routed_scaling_factor", default=1.0),
            shared=hidden * read.whole("num_shared_experts", default=0),
            biased=biased,
        )
    # LLaDA-MoE's code ignores norm_topk_prob, Qwen3-MoE's obeys it.
    normalise = body == "qwen" and bool(read.values.get("norm_topk_prob"))
    return Experts(count, chosen, hidden, "softmax", normalise=normalise, biased=biased)
