"""A tiny open checkpoint that has really learnt a few edits, so that the local engine is tried with a model that can.

Half a million parameters in LLaDA's form, taught in seconds to answer the very prompts that the engine sends: masked
diffusion, a random share of the answer unknown, cross-entropy on what is. It knows these edits and nothing else.
"""

from __future__ import annotations

import json
import struct
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from benchmarks.checkpoints import write
from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.load import load
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.tokens import lay_out
from sharpen.core.diffusion.weights import build
from sharpen.core.document import Document
from sharpen.core.engines.local import Unmasked
from sharpen.core.engines.wire.prompt import asked
from sharpen.core.request import Request
from sharpen.core.targets import parse, resolve

SIZES = {
    "width": 128,
    "hidden": 256,
    "layers": 2,
    "heads": 4,
    "kv_heads": 4,
    "head_size": 32,
    "vocabulary": 800,
}
FILE = """import math


def area(width, height):
    return width * height


def mean(values):
    total = sum(values)
    return total / len(values)


LIMIT = 10
"""
EDITS = (
    (
        "area",
        "return the perimeter",
        "def area(width, height):\n    return 2 * (width + height)\n",
    ),
    (
        "mean",
        "return 0.0 where there are no values",
        "def mean(values):\n    if not values:\n        return 0.0\n    total = sum(values)\n    return total / len(values)\n",
    ),
    (
        "mean",
        "divide the largest value",
        "def mean(values):\n    total = max(values)\n    return total / len(values)\n",
    ),
)
"""Symbol, prompt, new text. The last differs from the old text by one token."""


def request(symbol: str, prompt: str, text: str = FILE, path: str = "shapes.py", **more: Any) -> Request:
    """What the road asks for such an edit."""
    document = Document.from_bytes(text.encode(), path)
    return Request(prompt, document, resolve(parse(f"{path}::{symbol}"), document), **more)


def _prompt(one: Request) -> tuple[str, str]:
    """The question as the model reads it, and the answer's fence."""
    told = asked(one, 4096, 512, Unmasked())
    return lay_out("llada", told.messages[1]["content"], told.messages[0]["content"]), told.fence


def taught(folder: Path, steps: int = 150) -> Path:
    """Write a checkpoint that makes the edits of `EDITS` and return its folder."""
    torch.manual_seed(0)
    write(folder, "llada", SIZES, scale=0.7)
    pairs = []
    for symbol, wish, new in EDITS:
        chat, fence = _prompt(request(symbol, wish))
        pairs.append((chat, f"{fence}python\n", new + fence + "\n"))
    config = json.loads((folder / "config.json").read_text())
    _tokenizer(folder, [part for pair in pairs for part in pair], config)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    mask, end = config["mask_token_id"], config["eos_token_id"]
    rows = []
    for (symbol, wish, _new), (chat, opening, answer) in zip(EDITS, pairs, strict=True):
        old = len(tokenizer.encode(request(symbol, wish).text).ids)
        length = -(-(-(-5 * old // 4) + 48) // 32) * 32
        ids = tokenizer.encode(answer).ids
        before = tokenizer.encode(chat).ids + tokenizer.encode(opening).ids
        rows.append((before, ids + [end] * (length - len(ids))))
    checkpoint = Checkpoint.open(folder)
    model = build(checkpoint, "llada", "cpu", "float32")
    weights = list(_weights(model))
    for weight in weights:
        weight.requires_grad_(True)
    optimiser = torch.optim.AdamW(weights, lr=3e-3, weight_decay=0.0)
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        loss = torch.zeros(())
        for chat, answer in rows:
            # Every second canvas ends where the answer does, as one that starts from the old code.
            told = answer if step % 2 else answer[: answer.index(end) - 1]
            loss = loss + _loss(model, chat, told, mask, generator)
        optimiser.zero_grad()
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * min(1.0, 1.2 - step / steps)
        optimiser.step()
    _save(folder, checkpoint)
    load(folder)  # what was written can be read
    return folder


def _loss(
    model: Transformer, chat: list[int], answer: list[int], mask: int, generator: torch.Generator
) -> Tensor:
    """Three canvases of one answer, each with another share of it unknown."""
    target = torch.tensor(answer)
    share = torch.rand(3, 1, generator=generator) * 0.95 + 0.05
    share[0] = 1.0  # generation begins with nothing known
    hidden = torch.rand(3, len(answer), generator=generator) < share
    hidden[:, 0] |= ~hidden.any(dim=1)
    canvas = torch.where(hidden, mask, target[None])
    ids = torch.cat([torch.tensor(chat)[None].expand(3, -1), canvas], dim=1)
    states = Transformer.hidden.__wrapped__(model, ids)[:, len(chat) :]  # type: ignore[attr-defined]
    logits = model.head(states[hidden])
    return torch.nn.functional.cross_entropy(logits, target[None].expand(3, -1)[hidden])


def _weights(part: Any) -> Any:
    """Every tensor that a model's parts hold."""
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, tuple | list):
        for one in part:
            yield from _weights(one)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _weights(getattr(part, field.name))
    elif isinstance(part, Transformer):
        yield from _weights((part.embed, part.layers, part.gain, part.head))
    elif hasattr(part, "weight"):
        yield from _weights([part.weight, part.bias])


def _tokenizer(folder: Path, texts: list[str], config: dict[str, Any]) -> None:
    """Byte pairs learnt from the texts, filled up to the model's vocabulary, special tokens at their ids."""
    size = config["vocab_size"]
    names = {size - 1: "<|mdm_mask|>", size - 2: "<|endoftext|>"}
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size - 8, initial_alphabet=alphabet))
    marks = [names.get(n, f"<|{n}|>") for n in range(inner.get_vocab_size(), size)]
    inner.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    inner.save(str(folder / "tokenizer.json"))


def _save(folder: Path, checkpoint: Checkpoint) -> None:
    """The weights as they are in memory now."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, entry in checkpoint.entries.items():
        data = checkpoint.view(name).detach().contiguous().view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(entry.size), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    draft = folder / "draft"
    draft.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    draft.replace(folder / "model.safetensors")
