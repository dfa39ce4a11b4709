"""The families of open diffusion language models, as data: how each is recognised, built and sampled.

Read by `detect`, `bodies`, `load`, `sample` and the model commands. Adding a family is adding a row; a new kind of
body, sampler or chat is a new name in its own module. Nothing here looks at a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sharpen.core.diffusion.options import Options

Body = Literal["llada", "qwen", "llada-moe", "llada2"]
"""Whose tensor names and config keys the checkpoint has."""
Sampler = Literal[
    "llada", "mdlm", "dream", "dreamon", "opendcoder", "sdar", "fastdllm", "llada2.0", "llada2.1", "bd3lm"
]
Chat = Literal["chatml", "llada", "roles"]
Ability = Literal["infill", "edit_in_place", "variable_length", "kv_exact"]

CONFIDENCE = ("low_confidence", "random")
DREAM = ("origin", "maskgit_plus", "topk_margin", "entropy")
ONE = ("low_confidence_dynamic", "low_confidence")
"""Two names for the only algorithm of some families."""
BLOCKS = ("low_confidence_dynamic", "low_confidence_static", "sequential")


@dataclass(frozen=True, slots=True)
class Family:
    """One row of the table."""

    name: str
    """What the user types after `--family`."""
    title: str
    body: Body
    sampler: Sampler
    algorithms: tuple[str, ...]
    """What `--algorithm` may be in exact mode; the first is the default."""
    architectures: tuple[str, ...]
    """One of them must stand in the config's `architectures`, or its `model_type` in `model_types`."""
    model_types: tuple[str, ...]
    blocks: bool = False
    """Attention is causal over blocks (else every position sees every other)."""
    shift: bool = False
    """The logits at a position speak of the next one."""
    needs: tuple[str, ...] = ()
    """Keys that the config must have."""
    lacks: tuple[str, ...] = ()
    """Keys that the config must not have."""
    mask_tokens: tuple[str, ...] = ()
    mask_id: int = -1
    """Where neither config nor tokenizer says."""
    must_mask: bool = False
    """The tokenizer or config must have a mask token of its own: that is all that tells it from its base model."""
    eos_tokens: tuple[str, ...] = ()
    eos_id: int = -1
    pad_id: int = -1
    expand_tokens: tuple[str, ...] = ()
    expand_id: int = -1
    hints: tuple[str, ...] = ()
    """Parts of the folder's name that decide where several rows match."""
    fallback: bool = False
    """Taken where several rows match and no hint decides: they sample alike."""
    block_key: str = ""
    """The config key that holds the block's length."""
    chat: Chat = "chatml"
    can: frozenset[Ability] = frozenset()
    context: int = 2048
    defaults: Options = field(default=Options())
    """What the family's own sampler does where nothing is asked."""


def _can(*abilities: Ability) -> frozenset[Ability]:
    return frozenset(abilities)


_DREAM_OPTIONS = Options(algorithm="origin", steps=512, length=128, temperature=0.0)
_TWO = Options(steps=32, block=32, length=2048, temperature=0.0, threshold=0.95)

FAMILIES: tuple[Family, ...] = (
    Family(
        name="llada",
        title="LLaDA-8B, LLaDA-1.5",
        body="llada",
        sampler="llada",
        algorithms=CONFIDENCE,
        architectures=("LLaDAModelLM",),
        model_types=("llada",),
        needs=("d_model", "n_layers"),
        lacks=("num_experts",),
        mask_tokens=("<|mdm_mask|>",),
        mask_id=126336,
        eos_tokens=("<|endoftext|>",),
        eos_id=126081,
        pad_id=126081,
        chat="llada",
        can=_can("infill"),
        context=4096,
        defaults=Options(algorithm="low_confidence", steps=128, block=128, length=128, temperature=0.0),
    ),
    Family(
        name="llada-moe",
        title="LLaDA-MoE-7B-A1B",
        body="llada-moe",
        sampler="llada",
        algorithms=CONFIDENCE,
        architectures=("LLaDAMoEModelLM", "LLaDAMoEModel"),
        model_types=("llada", "lladamoe", "llada_moe"),
        needs=("num_experts", "expert_intermediate_size"),
        mask_tokens=("<|mask|>",),
        mask_id=156895,
        eos_tokens=("<|endoftext|>",),
        eos_id=156892,
        pad_id=156892,
        chat="roles",
        can=_can("infill"),
        context=8192,
        defaults=Options(algorithm="low_confidence", steps=128, block=128, length=128, temperature=0.0),
    ),
    Family(
        name="dreamon",
        title="DreamOn-v0-7B",
        body="qwen",
        sampler="dreamon",
        algorithms=("entropy", "maskgit_plus", "topk_margin"),
        architectures=("DreamModel",),
        model_types=("Dream",),
        shift=True,
        mask_tokens=("<|mask|>",),
        mask_id=151666,
        eos_tokens=("<|endoftext|>",),
        eos_id=151643,
        pad_id=151643,
        expand_tokens=("<|expand|>",),
        expand_id=151667,
        can=_can("infill", "variable_length"),
        defaults=Options(algorithm="entropy", steps=512, length=4, max_length=64, temperature=0.0),
    ),
    Family(
        name="dream",
        title="Dream-v0-7B",
        body="qwen",
        sampler="dream",
        algorithms=DREAM,
        architectures=("DreamModel",),
        model_types=("Dream",),
        shift=True,
        mask_tokens=("<|mask|>",),
        mask_id=151666,
        eos_tokens=("<|endoftext|>",),
        eos_id=151643,
        pad_id=151643,
        fallback=True,
        can=_can("infill"),
        defaults=_DREAM_OPTIONS,
    ),
    Family(
        name="dream-coder",
        title="Dream-Coder-v0-7B",
        body="qwen",
        sampler="dream",
        algorithms=DREAM,
        architectures=("DreamModel",),
        model_types=("Dream",),
        shift=True,
        mask_tokens=("<|mask|>",),
        mask_id=151666,
        eos_tokens=("<|endoftext|>",),
        eos_id=151643,
        pad_id=151643,
        hints=("dream-coder", "dreamcoder", "dream_coder"),
        can=_can("infill"),
        defaults=_DREAM_OPTIONS,
    ),
    Family(
        name="diffucoder",
        title="DiffuCoder-7B",
        body="qwen",
        sampler="dream",
        algorithms=DREAM,
        architectures=("DreamModel",),
        model_types=("Dream",),
        shift=True,
        mask_tokens=("<|mask|>",),
        mask_id=151666,
        eos_tokens=("<|endoftext|>",),
        eos_id=151643,
        pad_id=151643,
        hints=("diffucoder",),
        can=_can("infill"),
        defaults=_DREAM_OPTIONS,
    ),
    Family(
        name="open-dcoder",
        title="Open-dCoder-0.5B",
        body="qwen",
        sampler="opendcoder",
        algorithms=("entropy", "origin", "maskgit_plus", "topk_margin", "p2"),
        architectures=("Qwen2ForCausalLM",),
        model_types=("qwen2",),
        shift=True,
        mask_tokens=("<M>",),
        mask_id=151665,
        must_mask=True,
        eos_tokens=("<|endoftext|>",),
        eos_id=151643,
        can=_can("infill", "edit_in_place"),
        defaults=Options(algorithm="entropy", steps=512, length=128, temperature=0.0, alg_temp=0.0),
    ),
    Family(
        name="coda",
        title="CoDA-v0",
        body="qwen",
        sampler="dream",
        algorithms=DREAM,
        architectures=("CoDALanguageModel",),
        model_types=("CoDA",),
        shift=True,
        mask_tokens=("<|mask|>",),
        mask_id=151669,
        eos_tokens=("<|im_end|>",),
        eos_id=151645,
        pad_id=151643,
        can=_can("infill"),
        context=40960,
        defaults=_DREAM_OPTIONS,
    ),
    Family(
        name="a2d-mdlm",
        title="Tiny-A2D, masked diffusion",
        body="qwen",
        sampler="mdlm",
        algorithms=CONFIDENCE,
        architectures=("A2DQwen3LMHeadModel", "A2DQwen2LMHeadModel", "A2DLlamaLMHeadModel"),
        model_types=("a2d-qwen3", "a2d-qwen2", "a2d-llama"),
        mask_tokens=("<|mask|>",),
        mask_id=151669,
        eos_tokens=("<|im_end|>",),
        eos_id=151645,
        pad_id=151643,
        hints=("mdlm",),
        can=_can("infill"),
        context=32768,
        defaults=Options(algorithm="low_confidence", steps=128, block=128, length=128, temperature=0.0),
    ),
    Family(
        name="a2d-bd3lm",
        title="Tiny-A2D, block diffusion",
        body="qwen",
        sampler="bd3lm",
        algorithms=CONFIDENCE,
        architectures=("A2DQwen3LMHeadModel", "A2DQwen2LMHeadModel", "A2DLlamaLMHeadModel"),
        model_types=("a2d-qwen3", "a2d-qwen2", "a2d-llama"),
        blocks=True,
        mask_tokens=("<|mask|>",),
        mask_id=151669,
        eos_tokens=("<|im_end|>",),
        eos_id=151645,
        pad_id=151643,
        hints=("bd3lm",),
        can=_can("kv_exact"),
        context=32768,
        defaults=Options(algorithm="low_confidence", steps=128, block=32, length=128, temperature=0.0),
    ),
    Family(
        name="sdar",
        title="SDAR-1.7B, 4B, 8B, 30B-A3B",
        body="qwen",
        sampler="sdar",
        algorithms=BLOCKS,
        architectures=("SDARForCausalLM", "SDARMoeForCausalLM"),
        model_types=("sdar", "sdar_moe"),
        blocks=True,
        mask_tokens=("<|MASK|>",),
        mask_id=151669,
        eos_tokens=("<|im_end|>", "<|endoftext|>"),
        eos_id=151645,
        pad_id=151643,
        block_key="block_size",
        can=_can("kv_exact"),
        context=32768,
        defaults=Options(
            algorithm="low_confidence_dynamic", steps=4, block=4, length=128, temperature=1.0, threshold=0.85
        ),
    ),
    Family(
        name="fast-dllm-v2",
        title="Fast-dLLM-v2-1.5B, 7B",
        body="qwen",
        sampler="fastdllm",
        algorithms=ONE,
        architectures=("Fast_dLLM_QwenForCausalLM",),
        model_types=("Fast_dLLM_Qwen",),
        blocks=True,
        shift=True,
        mask_tokens=("|<MASK>|", "<|mask|>"),
        mask_id=151665,
        eos_tokens=("<|im_end|>",),
        eos_id=151645,
        pad_id=151643,
        block_key="bd_size",
        can=_can("kv_exact"),
        context=32768,
        defaults=Options(
            algorithm="low_confidence_dynamic", steps=8, block=32, length=128, temperature=0.0, threshold=1.0
        ),
    ),
    Family(
        name="llada2.0",
        title="LLaDA2.0-mini, flash",
        body="llada2",
        sampler="llada2.0",
        algorithms=ONE,
        architectures=("LLaDA2MoeModelLM", "LLaDA2MoeForCausalLM"),
        model_types=("llada2_moe", "llada2_moe_veomni"),
        blocks=True,
        mask_tokens=("<|mask|>",),
        mask_id=156895,
        eos_tokens=("<|endoftext|>",),
        eos_id=156892,
        pad_id=156892,
        hints=("llada2.0", "llada2_0", "llada2-0"),
        chat="roles",
        can=_can("kv_exact"),
        context=32768,
        defaults=_TWO,
    ),
    Family(
        name="llada2.1",
        title="LLaDA2.1-mini, flash",
        body="llada2",
        sampler="llada2.1",
        algorithms=ONE,
        architectures=("LLaDA2MoeModelLM", "LLaDA2MoeForCausalLM"),
        model_types=("llada2_moe", "llada2_moe_veomni"),
        blocks=True,
        mask_tokens=("<|mask|>",),
        mask_id=156895,
        eos_tokens=("<|endoftext|>",),
        eos_id=156892,
        pad_id=156892,
        hints=("llada2.1", "llada2_1", "llada2-1", "llada21"),
        chat="roles",
        can=_can("kv_exact", "edit_in_place"),
        context=32768,
        defaults=Options(
            steps=32, block=32, length=2048, temperature=0.0, threshold=0.95, editing_threshold=0.9
        ),
    ),
)

BY_NAME: dict[str, Family] = {f.name: f for f in FAMILIES}
