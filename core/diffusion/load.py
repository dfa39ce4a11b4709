"""A checkpoint's folder made ready to sample from: the door of the local engine.

Called by the torch process, the model commands, the benchmarks and the tests. Detects the family, maps the weights,
reads the tokenizer, and fails with one sentence where any of them does not fit. Runs nothing from the folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharpen.core.diffusion.bodies import Config, shape_of
from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.detect import detect
from sharpen.core.diffusion.families import Family
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.spec import Shape
from sharpen.core.diffusion.steady import Steady, inductor
from sharpen.core.diffusion.tokens import Special, Tokenizer, special_of, tokenizer_of
from sharpen.core.diffusion.weights import Precision, build
from sharpen.core.errors import BadInput, EngineUnavailable


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that can be sampled from."""

    model: Transformer
    family: Family
    tokenizer: Tokenizer | None
    """None where the folder has none: ids can still be given."""
    config: dict[str, Any]
    special: Special
    folder: Path

    @property
    def block(self) -> int:
        """Tokens in a block: the checkpoint's own, else the family's."""
        own = self.config.get(self.family.block_key) if self.family.block_key else None
        return int(own or self.family.defaults.block or 32)


@dataclass(frozen=True, slots=True)
class Described:
    """What can be said of a checkpoint without reading its weights."""

    family: Family
    shape: Shape
    parameters: int
    bytes: int
    """Of the files' tensors."""

    def needs(self, dtype: Precision, positions: int) -> int:
        """Bytes of memory to run it with a canvas of so many positions, weights and cache together."""
        weights = self.parameters * {"float32": 4, "bfloat16": 2, "int8": 1}[dtype]
        if dtype == "int8":  # the embedding stays as it is
            weights += 3 * self.shape.vocabulary * self.shape.width
        cache = 2 * self.shape.layers * self.shape.kv_heads * self.shape.head_size * positions * 4
        return weights + cache


def describe(folder: Path, family: str | None = None) -> Described:
    """Family, shape and sizes, from headers alone. Raises EngineUnavailable, BadInput for a family that is none."""
    checkpoint = Checkpoint.open(folder)
    found = detect(checkpoint, family)
    shape = shape_of(found.body, checkpoint.config, checkpoint.entries)
    numbers = sum(_count(e.size) for e in checkpoint.entries.values())
    return Described(found, shape, numbers, checkpoint.bytes)


def _count(size: tuple[int, ...]) -> int:
    total = 1
    for n in size:
        total *= n
    return total


def _tight(checkpoint: Checkpoint) -> bool:
    """Whether the weights, converted to float32, would take more than half of the machine's memory."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not said on this system
        return False
    return 4 * sum(_count(e.size) for e in checkpoint.entries.values()) > memory / 2


def load(
    folder: Path,
    family: str | None = None,
    device: str = "cpu",
    dtype: Precision = "float32",
    lean: bool | None = None,
    *,
    compiled: bool = False,
    steady: bool | None = None,
) -> Loaded:
    """Open a checkpoint. Raises EngineUnavailable (what is missing or does not fit), BadInput for `family` or `compiled`.

    lean: half-precision weights stay as they lie in the file and are widened to float32 as they are used, which
    takes half the memory and some time; None: only where the converted weights would not fit into half of the
    machine's memory. The tokens are the same. steady: short passes keep their shape and are CUDA graphs on a GPU
    (`steady`); None: there, and where they are compiled. A mixture of experts chooses its shapes as it runs, and has
    neither.
    """
    if dtype == "int8" and not device.startswith("cpu"):
        raise EngineUnavailable("int8 runs on the CPU only", "choose bfloat16 on a GPU")
    checkpoint = Checkpoint.open(folder)
    found = detect(checkpoint, family)
    try:
        model = build(checkpoint, found.body, device, dtype, _tight(checkpoint) if lean is None else lean)
    except (MemoryError, RuntimeError) as error:
        raise EngineUnavailable(
            f"{folder.name} does not fit into memory ({checkpoint.bytes / 1e9:.1f} GB of weights): {error}",
            "int8 (#int8 behind the model's name), or a smaller model",
        ) from error
    special = special_of(checkpoint, found, model.shape.vocabulary)
    if not 0 <= special.mask < model.shape.vocabulary:
        raise EngineUnavailable(
            f"the mask's id {special.mask} is beyond the vocabulary of {model.shape.vocabulary}"
        )
    words = checkpoint.config.get("vocab_size")
    if isinstance(words, int) and special.mask >= words:
        raise EngineUnavailable(
            f"the mask's id {special.mask} is beyond the vocab_size {words} of config.json"
        )
    if found.block_key:
        Config(checkpoint.config).whole(found.block_key, default=32)
    if compiled and dtype == "int8":
        raise BadInput("int8 cannot be compiled", "leave compile out, or int8")
    if compiled and model.shape.experts is not None:
        raise BadInput(
            f"{folder.name} is a mixture of experts, which cannot be compiled", "leave compile out"
        )
    prepared = compiled or device.startswith("cuda") if steady is None else steady
    if prepared and model.shape.experts is None:
        model = Steady(model, inductor if compiled else None)
    return Loaded(model, found, tokenizer_of(checkpoint, found), checkpoint.config, special, folder)
