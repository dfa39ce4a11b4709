"""Tokenizers without running a checkpoint's code, and the ids that a sampler needs, from wherever they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel

from benchmarks.checkpoints import write
from sharpen.core.diffusion.load import load
from sharpen.core.errors import EngineUnavailable

LETTERS = sorted(ByteLevel.alphabet())
VOCABULARY = {letter: number for number, letter in enumerate(LETTERS)} | {"de": 256, "def": 257}
MERGES = ["d e", "de f"]
SIZES = {"vocabulary": 270}
MASK, EOS, PAD, EXPAND = 264, 265, 266, 267


def keep(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def without_ids(folder: Path) -> Path:
    config = json.loads((folder / "config.json").read_text())
    keep(folder, "config.json", {k: v for k, v in config.items() if not k.endswith("_token_id")})
    return folder


def decoder(**tokens: int) -> dict[str, object]:
    return {"added_tokens_decoder": {str(n): {"content": t, "special": True} for t, n in tokens.items()}}


def test_a_tokenizer_kept_as_code_is_read_from_its_vocabulary_and_merges(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "dream", SIZES)
    keep(folder, "vocab.json", VOCABULARY)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES), encoding="utf-8")
    keep(
        folder, "tokenizer_config.json", decoder(**{"<|mask|>": MASK, "<|im_start|>": 262, "<|im_end|>": 263})
    )
    tokenizer = load(folder).tokenizer
    assert tokenizer is not None
    ids = tokenizer.encode("def f(é): return 1\n<|mask|>")
    assert ids[0] == 257
    assert len(ids) == len("def f(é): return 1\n".encode()) - 2 + 1
    assert tokenizer.decode(ids) == "def f(é): return 1\n"
    assert tokenizer.decode(ids, special=True).endswith("<|mask|>")


def test_a_tokenizer_json_is_read_and_a_chat_ends_where_the_answer_begins(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar", SIZES)
    inner = Tokenizer(models.BPE(VOCABULARY, [tuple(m.split()) for m in MERGES]))  # type: ignore[arg-type]
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(t, special=True) for t in ("<|im_start|>", "<|im_end|>")])
    inner.save(str(folder / "tokenizer.json"))
    tokenizer = load(folder).tokenizer
    assert tokenizer is not None
    assert tokenizer.decode(tokenizer.chat("def"), special=True) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\ndef<|im_end|>\n<|im_start|>assistant\n"
    )


def test_ids_come_from_the_tokenizer_where_the_config_has_none(tmp_path: Path) -> None:
    folder = without_ids(write(tmp_path / "dreamon", "dreamon", SIZES))
    named = {"<|mask|>": MASK, "<|endoftext|>": EOS, "<pad>": PAD, "<|expand|>": EXPAND}
    keep(
        folder,
        "tokenizer_config.json",
        {**decoder(**named), "pad_token": "<pad>", "eos_token": "<|endoftext|>"},
    )
    loaded = load(folder)
    assert loaded.family.name == "dreamon"
    special = loaded.special
    assert (special.mask, special.eos, special.pad, special.expand) == (MASK, EOS, PAD, EXPAND)


def test_open_dcoder_is_known_by_its_mask_token_alone(tmp_path: Path) -> None:
    folder = without_ids(write(tmp_path / "model", "open-dcoder", SIZES))
    with pytest.raises(EngineUnavailable):
        load(folder)
    keep(folder, "added_tokens.json", {"<M>": MASK})
    loaded = load(folder)
    assert (loaded.family.name, loaded.special.mask, loaded.special.pad) == ("open-dcoder", MASK, None)


def test_several_ends_of_text_are_all_stops(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar", SIZES)
    keep(folder, "generation_config.json", {"eos_token_id": [EOS, PAD]})
    assert load(folder).special.stops == (EOS, PAD)


def test_a_checkpoint_without_a_mask_token_is_refused(tmp_path: Path) -> None:
    folder = without_ids(write(tmp_path / "model", "sdar", SIZES))
    with pytest.raises(EngineUnavailable, match="no mask token"):
        load(folder)


def test_a_broken_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar", SIZES)
    (folder / "tokenizer.json").write_text('{"added_tokens": []}', encoding="utf-8")
    with pytest.raises(EngineUnavailable, match="the tokenizer in"):
        load(folder)
