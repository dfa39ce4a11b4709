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
    """The object in a file; empty where there is no such file. Raises EngineUnavailable where it is no JSON object."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EngineUnavailable(f"{path.name} in {path.parent} is not readable: {error}") from error
    if not isinstance(found, dict):
        raise EngineUnavailable(f"{path.name} in {path.parent} holds no JSON object", "pull the model again")
    return found


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
    try:
        total = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(8)
            length = struct.unpack("<Q", first)[0] if len(first) == 8 else total
            if length > min(total - 8, LARGEST_HEADER):
                raise EngineUnavailable(
                    f"{path.name} is not a whole safetensors file", "pull the model again"
                )
            table = json.loads(file.read(length))
    except OSError as error:
        raise EngineUnavailable(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise EngineUnavailable(f"{path.name} is not a safetensors file: {error}") from error
    if not isinstance(table, dict):
        raise EngineUnavailable(f"{path.name} is not a safetensors file: its header is no JSON object")
    found = {}
    for name, row in table.items():
        if name == "__metadata__":
            continue
        entry = _entry(path, name, row, 8 + length)
        if (
            entry.bytes != math.prod(entry.size) * DTYPES[entry.dtype].itemsize
            or entry.start + entry.bytes > total
        ):
            raise EngineUnavailable(f"{path.name} is cut off at {name}", "pull the model again")
        found[name] = entry
    return found


def _entry(path: Path, name: str, row: Any, first: int) -> Entry:
    """Where a tensor lies by its row of the header; data begin at `first`. Raises EngineUnavailable for an odd row."""
    row = row if isinstance(row, dict) else {}
    dtype, size, place = row.get("dtype"), row.get("shape"), row.get("data_offsets")
    if not (_sizes(size) and _sizes(place) and len(place) == 2 and place[0] <= place[1]):
        raise EngineUnavailable(
            f"{name} in {path.name} has no shape or no place in the file", "pull the model again"
        )
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise EngineUnavailable(f"{name} in {path.name} has the type {dtype}, which is not supported")
    return Entry(path, dtype, tuple(size), first + place[0], place[1] - place[0])


def _sizes(value: Any) -> bool:
    """Whether it is a list of whole numbers, none below 0."""
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


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
        if not (folder / "config.json").is_file():
            raise EngineUnavailable(f"{folder} has no config.json, so it is not a model")
        config = read_json(folder / "config.json")
        files = sorted(p for p in folder.glob("*.safetensors") if p.is_file())
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
        try:
            for token in read_json(self.folder / "tokenizer.json").get("added_tokens") or []:
                found[str(token["content"])] = int(token["id"])
            for text, number in read_json(self.folder / "added_tokens.json").items():
                found[str(text)] = int(number)
            for number, token in (self.tokenizer_config.get("added_tokens_decoder") or {}).items():
                found[str(token["content"])] = int(number)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise EngineUnavailable(
                f"the added tokens in {self.folder} are not listed as a text with an id each",
                "pull the model again",
            ) from error
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
