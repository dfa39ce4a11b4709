"""A checkpoint's folder as it lies on disk: config, token names, and tensors mapped into memory.

Opened by `load` and by the commands that describe a model without running it. Reads JSON and safetensors and
nothing else: no pickle, no template, no code of the checkpoint is ever run. Tensors are views of the mapped file,
private to the process, so that a checkpoint takes the memory that is touched and nothing twice.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sharpen.core.errors import EngineUnavailable

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
LARGEST_HEADER = 100_000_000
PICKLES = (".bin", ".pt", ".pth", ".ckpt")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is no such file. Raises EngineUnavailable where it is not JSON."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"{path.name} in {path.parent} is not readable: {error}") from error
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies."""

    file: Path
    dtype: str
    size: tuple[int, ...]
    start: int
    """Bytes from the file's beginning."""
    bytes: int


def read_header(path: Path) -> dict[str, Entry]:
    """The tensors of one safetensors file. Raises EngineUnavailable where the file is cut or not such a file."""
    total = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else total
        if length > min(total - 8, LARGEST_HEADER):
            raise EngineUnavailable(f"{path.name} is not a whole safetensors file", "pull the model again")
        try:
            table = json.loads(file.read(length))
        except ValueError as error:
            raise EngineUnavailable(f"{path.name} is not a safetensors file: {error}") from error
    found = {}
    for name, row in table.items():
        if name == "__metadata__":
            continue
        begin, end = row["data_offsets"]
        entry = Entry(path, row["dtype"], tuple(row["shape"]), 8 + length + begin, end - begin)
        if entry.dtype not in DTYPES:
            raise EngineUnavailable(
                f"{name} in {path.name} has the type {entry.dtype}, which is not supported"
            )
        if (
            entry.bytes != math.prod(entry.size) * DTYPES[entry.dtype].itemsize
            or entry.start + entry.bytes > total
        ):
            raise EngineUnavailable(f"{path.name} is cut off at {name}", "pull the model again")
        found[name] = entry
    return found


@dataclass
class Checkpoint:
    """A folder with a model in it."""

    folder: Path
    config: dict[str, Any]
    entries: dict[str, Entry]
    _maps: dict[Path, mmap.mmap] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Checkpoint:
        """Read names and sizes, no weight yet. Raises EngineUnavailable with what is missing."""
        if not folder.is_dir():
            raise EngineUnavailable(f"there is no folder {folder}", "sharpen models list")
        config = read_json(folder / "config.json")
        if not config:
            raise EngineUnavailable(f"{folder} has no config.json, so it is not a model")
        files = sorted(folder.glob("*.safetensors"))
        if not files:
            pickled = [p.name for p in sorted(folder.iterdir()) if p.suffix in PICKLES]
            why = f"only {pickled[0]}, a format that can run code" if pickled else "no .safetensors file"
            raise EngineUnavailable(f"{folder} holds {why}", "choose a repository with safetensors")
        listed = read_json(folder / "model.safetensors.index.json").get("weight_map")
        if isinstance(listed, dict):
            files = [folder / name for name in sorted({Path(str(v)).name for v in listed.values()})]
            absent = [p.name for p in files if not p.is_file()]
            if absent:
                raise EngineUnavailable(f"{folder} lacks {', '.join(absent)}", "pull the model again")
        entries: dict[str, Entry] = {}
        for file in files:
            entries.update(read_header(file))
        return cls(folder, config, entries)

    @property
    def bytes(self) -> int:
        """Of all tensors together."""
        return sum(e.bytes for e in self.entries.values())

    @cached_property
    def generation(self) -> dict[str, Any]:
        """generation_config.json."""
        return read_json(self.folder / "generation_config.json")

    @cached_property
    def tokenizer_config(self) -> dict[str, Any]:
        """tokenizer_config.json, with the names of special_tokens_map.json where it has none."""
        return {
            **read_json(self.folder / "special_tokens_map.json"),
            **read_json(self.folder / "tokenizer_config.json"),
        }

    @cached_property
    def added_tokens(self) -> dict[str, int]:
        """Special tokens' text -> id, from wherever the folder says it, without a tokenizer."""
        found: dict[str, int] = {}
        for token in read_json(self.folder / "tokenizer.json").get("added_tokens", []):
            found[str(token["content"])] = int(token["id"])
        for text, number in read_json(self.folder / "added_tokens.json").items():
            found[str(text)] = int(number)
        for number, token in self.tokenizer_config.get("added_tokens_decoder", {}).items():
            found[str(token["content"])] = int(number)
        return found

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Ordinary tokens' text -> id, where the folder lists them."""
        inner = read_json(self.folder / "tokenizer.json").get("model", {})
        listed = inner.get("vocab") if isinstance(inner, dict) else None
        return listed if isinstance(listed, dict) else read_json(self.folder / "vocab.json")

    def view(self, name: str) -> Tensor:
        """The tensor as the file has it, mapped, not copied. Raises KeyError."""
        entry = self.entries[name]
        memory = self._maps.get(entry.file)
        if memory is None:
            with entry.file.open("rb") as file:
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            self._maps[entry.file] = memory
        dtype = DTYPES[entry.dtype]
        count = math.prod(entry.size)
        if not count:
            return torch.empty(entry.size, dtype=dtype)
        return torch.frombuffer(memory, dtype=dtype, count=count, offset=entry.start).view(entry.size)

    def release(self) -> None:
        """Give back the memory of pages that were only read; a view that is touched again is read again."""
        for memory in self._maps.values():
            if hasattr(mmap, "MADV_DONTNEED"):
                memory.madvise(mmap.MADV_DONTNEED)
