"""Random checkpoints in the form that each family publishes: for tests of the local engine and its benchmarks.

Weights are random and scaled up, so that a model has opinions and ties are rare; sizes are whatever is asked for. The
files are written by hand from the format's description, not by the reader under test.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import torch

Sizes = dict[str, tuple[int, ...]]
DTYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}

SMALL: dict[str, int] = {
    "width": 64,
    "hidden": 96,
    "layers": 2,
    "heads": 4,
    "kv_heads": 2,
    "head_size": 16,
    "vocabulary": 160,
}
"""Large enough to have every part, small enough for a test."""


def _gated(prefix: str, width: int, hidden: int) -> Sizes:
    return {
        f"{prefix}.gate_proj.weight": (hidden, width),
        f"{prefix}.up_proj.weight": (hidden, width),
        f"{prefix}.down_proj.weight": (width, hidden),
    }


def _qwen(s: dict[str, int], *, bias: bool, norm: bool, tied: bool, experts: int = 0) -> Sizes:
    width, q, kv = s["width"], s["heads"] * s["head_size"], s["kv_heads"] * s["head_size"]
    sizes: Sizes = {"model.embed_tokens.weight": (s["vocabulary"], width), "model.norm.weight": (width,)}
    if not tied:
        sizes["lm_head.weight"] = (s["vocabulary"], width)
    for i in range(s["layers"]):
        at = f"model.layers.{i}."
        for name, rows in (("q", q), ("k", kv), ("v", kv)):
            sizes[f"{at}self_attn.{name}_proj.weight"] = (rows, width)
            if bias:
                sizes[f"{at}self_attn.{name}_proj.bias"] = (rows,)
        sizes[f"{at}self_attn.o_proj.weight"] = (width, q)
        if norm:
            sizes[f"{at}self_attn.q_norm.weight"] = (s["head_size"],)
            sizes[f"{at}self_attn.k_norm.weight"] = (s["head_size"],)
        sizes[f"{at}input_layernorm.weight"] = (width,)
        sizes[f"{at}post_attention_layernorm.weight"] = (width,)
        if experts:
            sizes[f"{at}mlp.gate.weight"] = (experts, width)
            for e in range(experts):
                sizes |= _gated(f"{at}mlp.experts.{e}", width, s["hidden"])
        else:
            sizes |= _gated(f"{at}mlp", width, s["hidden"])
    return sizes


def _llada(s: dict[str, int]) -> Sizes:
    width, hidden, at = s["width"], s["hidden"], "model.transformer."
    kv = s["kv_heads"] * s["head_size"]
    sizes: Sizes = {
        f"{at}wte.weight": (s["vocabulary"], width),
        f"{at}ln_f.weight": (width,),
        f"{at}ff_out.weight": (s["vocabulary"], width),
    }
    for i in range(s["layers"]):
        block = f"{at}blocks.{i}."
        sizes |= {f"{block}attn_norm.weight": (width,), f"{block}ff_norm.weight": (width,)}
        sizes |= {f"{block}q_proj.weight": (width, width), f"{block}attn_out.weight": (width, width)}
        sizes |= {f"{block}k_proj.weight": (kv, width), f"{block}v_proj.weight": (kv, width)}
        sizes |= {f"{block}ff_proj.weight": (hidden, width), f"{block}up_proj.weight": (hidden, width)}
        sizes[f"{block}ff_out.weight"] = (width, hidden)
    return sizes


def _llada2(s: dict[str, int], experts: int) -> Sizes:
    width, rows = s["width"], (s["heads"] + 2 * s["kv_heads"]) * s["head_size"]
    sizes: Sizes = {
        "model.word_embeddings.weight": (s["vocabulary"], width),
        "model.norm.weight": (width,),
        "lm_head.weight": (s["vocabulary"], width),
    }
    for i in range(s["layers"]):
        at = f"model.layers.{i}."
        sizes |= {f"{at}input_layernorm.weight": (width,), f"{at}post_attention_layernorm.weight": (width,)}
        sizes[f"{at}attention.query_key_value.weight"] = (rows, width)
        sizes[f"{at}attention.dense.weight"] = (width, s["heads"] * s["head_size"])
        sizes[f"{at}attention.query_layernorm.weight"] = (s["head_size"],)
        sizes[f"{at}attention.key_layernorm.weight"] = (s["head_size"],)
        if i == 0:
            sizes |= _gated(f"{at}mlp", width, 2 * s["hidden"])
            continue
        sizes |= {f"{at}mlp.gate.weight": (experts, width), f"{at}mlp.gate.expert_bias": (experts,)}
        sizes |= _gated(f"{at}mlp.shared_experts", width, s["hidden"])
        for e in range(experts):
            sizes |= _gated(f"{at}mlp.experts.{e}", width, s["hidden"])
    return sizes


def _hf_config(s: dict[str, int], **more: Any) -> dict[str, Any]:
    last = s["vocabulary"] - 1
    return {
        "hidden_size": s["width"],
        "intermediate_size": s["hidden"],
        "num_hidden_layers": s["layers"],
        "num_attention_heads": s["heads"],
        "num_key_value_heads": s["kv_heads"],
        "head_dim": s["head_size"],
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "vocab_size": s["vocabulary"],
        "max_position_embeddings": 2048,
        "tie_word_embeddings": False,
        "hidden_act": "silu",
        "mask_token_id": last,
        "eos_token_id": last - 1,
        "pad_token_id": last - 2,
        **more,
    }


def _llada_config(s: dict[str, int]) -> dict[str, Any]:
    last = s["vocabulary"] - 1
    return {
        "architectures": ["LLaDAModelLM"],
        "model_type": "llada",
        "d_model": s["width"],
        "n_layers": s["layers"],
        "n_heads": s["heads"],
        "n_kv_heads": s["kv_heads"],
        "mlp_hidden_size": s["hidden"],
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "rope_full_precision": True,
        "max_sequence_length": 2048,
        "vocab_size": s["vocabulary"],
        "embedding_size": s["vocabulary"],
        "mask_token_id": last,
        "eos_token_id": last - 1,
        "pad_token_id": last - 1,
    }


def published(
    family: str, sizes: dict[str, int] | None = None, experts: int = 8
) -> tuple[dict[str, Any], Sizes]:
    """The config and the tensors' sizes of a family's checkpoint."""
    s = {**SMALL, **(sizes or {})}
    dream = {"architectures": ["DreamModel"], "model_type": "Dream"}
    match family:
        case "llada":
            return _llada_config(s), _llada(s)
        case "dream" | "dream-coder" | "diffucoder":
            return _hf_config(s, **dream), _qwen(s, bias=True, norm=False, tied=False)
        case "dreamon":
            more = {**dream, "expand_token_id": s["vocabulary"] - 4}
            return _hf_config(s, **more), _qwen(s, bias=True, norm=False, tied=False)
        case "open-dcoder":
            more = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "tie_word_embeddings": True}
            return _hf_config(s, **more), _qwen(s, bias=True, norm=False, tied=True)
        case "coda":
            more = {"architectures": ["CoDALanguageModel"], "model_type": "CoDA"}
            return _hf_config(s, **more), _qwen(s, bias=False, norm=True, tied=False)
        case "a2d-qwen3" | "a2d-qwen2":
            new = family == "a2d-qwen3"
            name = "A2DQwen3LMHeadModel" if new else "A2DQwen2LMHeadModel"
            more = {"architectures": [name], "model_type": family, "tie_word_embeddings": True}
            return _hf_config(s, **more), _qwen(s, bias=not new, norm=new, tied=True)
        case "sdar":
            more = {"architectures": ["SDARForCausalLM"], "model_type": "sdar", "block_size": 4}
            return _hf_config(s, **more), _qwen(s, bias=False, norm=True, tied=False)
        case "fast-dllm-v2":
            more = {
                "architectures": ["Fast_dLLM_QwenForCausalLM"],
                "model_type": "Fast_dLLM_Qwen",
                "bd_size": 32,
            }
            return _hf_config(s, **more), _qwen(s, bias=True, norm=False, tied=False)
        case _:
            return _published_moe(family, s, experts)


def _published_moe(family: str, s: dict[str, int], experts: int) -> tuple[dict[str, Any], Sizes]:
    shared = {"num_experts": experts, "num_experts_per_tok": 2}
    match family:
        case "sdar-moe":
            more = {"architectures": ["SDARMoeForCausalLM"], "model_type": "sdar_moe", "block_size": 4}
            more |= {"moe_intermediate_size": s["hidden"], "norm_topk_prob": True, **shared}
            return _hf_config(s, **more), _qwen(s, bias=False, norm=True, tied=False, experts=experts)
        case "llada-moe":
            s = {**s, "kv_heads": s["heads"], "head_size": s["width"] // s["heads"]}
            more = {"architectures": ["LLaDAMoEModelLM"], "model_type": "llada", "qk_layernorm": True}
            more |= {"expert_intermediate_size": s["hidden"], "dense_intermediate_size": s["hidden"]}
            more |= {"moe_layer_freq": [1] * s["layers"], "norm_topk_prob": False, **shared}
            more |= {
                "partial_rotary_factor": 1,
                "moe_router_score_function": "softmax",
                "rope_theta": 50000.0,
            }
            return _hf_config(s, **more), _qwen(s, bias=False, norm=True, tied=False, experts=experts)
        case "llada2.0" | "llada2.1":
            more = {"architectures": ["LLaDA2MoeModelLM"], "model_type": "llada2_moe", "use_qk_norm": True}
            more |= {"intermediate_size": 2 * s["hidden"], "moe_intermediate_size": s["hidden"], **shared}
            more |= {"first_k_dense_replace": 1, "n_group": 4, "topk_group": 2, "num_shared_experts": 1}
            more |= {"routed_scaling_factor": 2.5, "partial_rotary_factor": 0.5, "norm_topk_prob": True}
            more |= {"score_function": "sigmoid", "use_bias": False, "use_qkv_bias": False}
            return _hf_config(s, **more), _llada2(s, experts)
    raise ValueError(family)


def _random(name: str, size: tuple[int, ...], generator: torch.Generator, scale: float) -> torch.Tensor:
    noise = torch.randn(size, generator=generator)
    if len(size) == 1:
        return 0.1 * noise if name.endswith("bias") else 1.0 + 0.1 * noise
    if name.endswith(("wte.weight", "embed_tokens.weight", "word_embeddings.weight")):
        return noise * scale / 2
    return noise * scale / math.sqrt(size[1])


def write(
    folder: Path,
    family: str,
    sizes: dict[str, int] | None = None,
    *,
    seed: int = 0,
    scale: float = 2.0,
    experts: int = 8,
    dtype: torch.dtype = torch.float32,
    config: dict[str, Any] | None = None,
    quiet_mask: bool = False,
) -> Path:
    """Write config.json and model.safetensors into the folder and return it.

    quiet_mask: the mask's own rows are 0, so that with a large vocabulary it is never the likeliest token.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings, tensors = published(family, sizes, experts)
    (folder / "config.json").write_text(json.dumps({**settings, **(config or {})}), encoding="utf-8")
    generator = torch.Generator().manual_seed(seed)
    header: dict[str, Any] = {}
    offset = 0
    for name, size in tensors.items():
        length = math.prod(size) * dtype.itemsize
        header[name] = {
            "dtype": DTYPES[dtype],
            "shape": list(size),
            "data_offsets": [offset, offset + length],
        }
        offset += length
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, size in tensors.items():
            weights = _random(name, size, generator, scale).to(dtype)
            if quiet_mask and len(size) == 2 and size[0] == settings["vocab_size"]:
                weights[settings["mask_token_id"]] = 0
            file.write(weights.contiguous().view(torch.uint8).numpy().tobytes())
    return folder


def tokenizer(folder: Path) -> Path:
    """Add a byte-level tokenizer to a checkpoint: a token a byte, the config's special ids at their places."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    size = config["vocab_size"]
    if size < 256 + 8:
        raise ValueError("a tokenizer of bytes needs a vocabulary of 264 and more")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = {size - 1: "<|mask|>", size - 2: "<|endoftext|>", size - 3: "<|pad|>"}
    if "expand_token_id" in config:
        names[config["expand_token_id"]] = "<|expand|>"
    words = {letter: number for number, letter in enumerate(letters)}
    words |= {names.get(number, f"<|{number}|>"): number for number in range(256, size)}
    inner = Tokenizer(models.BPE(words, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    marks = [names.get(number, f"<|{number}|>") for number in range(256, size)]
    inner.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    inner.save(str(folder / "tokenizer.json"))
    return folder
