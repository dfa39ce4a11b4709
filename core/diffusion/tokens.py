"""A checkpoint's tokenizer and the ids that a sampler must know: mask, end of text, padding, expand.

Called by `load`. The tokenizer is read from tokenizer.json, or from vocab.json and merges.txt where a repository
keeps its tokenizer as code, which is never run. A chat is laid out by our own few lines (`chat`), not by the
checkpoint's template, which is a program too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Inner

from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.families import Chat, Family
from sharpen.core.errors import EngineUnavailable

QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
"""How the Qwen2 tokenizer cuts text before it merges bytes."""


ASK_TOKENIZER = ("mdlm", "bd3lm")
"""Samplers that ask the tokenizer, not the config, for the end of text and for padding."""


@dataclass(frozen=True, slots=True)
class Special:
    """Ids with a meaning for the sampler; None where the checkpoint has none."""

    mask: int
    eos: int | None
    stops: tuple[int, ...]
    pad: int | None
    bos: int | None = None
    expand: int | None = None


class Tokenizer:
    """Text to ids and back."""

    def __init__(self, inner: Inner, chat_style: Chat) -> None:
        self.inner = inner
        self.chat_style = chat_style

    def encode(self, text: str) -> list[int]:
        """Ids; the names of special tokens in the text become their ids, nothing is added around it."""
        return list(self.inner.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int], special: bool = False) -> str:
        """Text; special tokens are left out unless asked for."""
        return self.inner.decode(list(ids), skip_special_tokens=not special)

    def chat(self, user: str, system: str | None = None) -> list[int]:
        """Ids of one question, laid out as the family was taught, up to where its answer begins."""
        return self.encode(lay_out(self.chat_style, user, system))


def lay_out(style: Chat, user: str, system: str | None = None) -> str:
    """One question as text with the family's own markers."""
    if style == "chatml":
        said = "You are a helpful assistant." if system is None else system
        head = f"<|im_start|>system\n{said}<|im_end|>\n" if said else ""
        return f"{head}<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"
    if style == "llada":
        turns = ([("system", system)] if system else []) + [("user", user)]
        body = "".join(f"<|start_header_id|>{r}<|end_header_id|>\n\n{t.strip()}<|eot_id|>" for r, t in turns)
        return f"<|startoftext|>{body}<|start_header_id|>assistant<|end_header_id|>\n\n"
    head = f"<role>SYSTEM</role>{system}<|role_end|>" if system else ""
    return f"{head}<role>HUMAN</role>{user}<|role_end|><role>ASSISTANT</role>"


def tokenizer_of(checkpoint: Checkpoint, family: Family) -> Tokenizer | None:
    """The checkpoint's tokenizer; None where it has none (ids can still be given). Raises EngineUnavailable."""
    folder = checkpoint.folder
    try:
        if (folder / "tokenizer.json").is_file():
            return Tokenizer(Inner.from_file(str(folder / "tokenizer.json")), family.chat)
        if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
            return Tokenizer(_byte_pairs(folder, checkpoint.added_tokens), family.chat)
    except Exception as error:
        raise EngineUnavailable(f"the tokenizer in {folder} is not readable: {error}") from error
    return None


def _byte_pairs(folder: Path, added: dict[str, int]) -> Inner:
    inner = Inner(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    inner.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(QWEN_WORDS), behavior="isolated")
    inner.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    inner.decoder = decoders.ByteLevel()
    names = sorted(added, key=added.__getitem__)
    inner.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    return inner


def special_of(checkpoint: Checkpoint, family: Family, vocabulary: int) -> Special:
    """The ids, from config, then tokenizer, then the family. Raises EngineUnavailable where there is no mask."""
    mask = _first(
        _integer(checkpoint.config.get("mask_token_id")),
        _named(checkpoint, family.mask_tokens, "mask_token"),
        _integer(checkpoint.generation.get("mask_token_id")),
        family.mask_id if 0 <= family.mask_id < vocabulary else None,
    )
    if mask is None:
        names = " or ".join(family.mask_tokens)
        raise EngineUnavailable(f"no mask token: config.json has no mask_token_id, the tokenizer no {names}")
    eos = _ends(checkpoint, family, vocabulary)
    pad = _integer(checkpoint.config.get("pad_token_id"))
    if family.sampler in ASK_TOKENIZER:
        pad = _first(_named(checkpoint, (), "pad_token"), pad)
    if pad is None and family.pad_id >= 0:  # where the family's own code reads the tokenizer's
        pad = _first(
            _named(checkpoint, (), "pad_token"),
            _integer(checkpoint.generation.get("pad_token_id")),
            family.pad_id if family.pad_id < vocabulary else None,
        )
    expand = None
    if family.expand_tokens:
        expand = _first(
            _integer(checkpoint.config.get("expand_token_id")),
            _named(checkpoint, family.expand_tokens, "expand_token"),
            family.expand_id if family.expand_id < vocabulary else None,
        )
    bos = _first(_named(checkpoint, (), "bos_token"), _integer(checkpoint.config.get("bos_token_id")))
    return Special(mask, eos[0] if eos else None, eos, pad, bos, expand)


def _ends(checkpoint: Checkpoint, family: Family, vocabulary: int) -> tuple[int, ...]:
    listed = checkpoint.generation.get("eos_token_id", checkpoint.config.get("eos_token_id"))
    several = tuple(i for i in listed if _integer(i) is not None) if isinstance(listed, list) else ()
    named = _named(checkpoint, (), "eos_token")
    if family.sampler in ASK_TOKENIZER and named is not None:
        return (named,)
    if several:
        return several
    one = _first(
        _integer(listed),
        named,
        _named(checkpoint, family.eos_tokens, "eos_token"),
        family.eos_id if 0 <= family.eos_id < vocabulary else None,
    )
    return () if one is None else (one,)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _first(*values: int | None) -> int | None:
    return next((v for v in values if v is not None), None)


def _named(checkpoint: Checkpoint, names: tuple[str, ...], key: str) -> int | None:
    """The id of a token by the family's name for it, or by what the tokenizer's config calls `key`."""
    named = checkpoint.tokenizer_config.get(key)
    if isinstance(named, dict):
        named = named.get("content")
    wanted = [*names, *([named] if isinstance(named, str) else [])]
    found = next((checkpoint.added_tokens[n] for n in wanted if n in checkpoint.added_tokens), None)
    if found is not None or not wanted:
        return found
    vocabulary = checkpoint.vocabulary
    return next((vocabulary[n] for n in wanted if n in vocabulary), None)
