"""`local:NAME_OR_PATH#WORD,…` taken apart: which checkpoint, and how it is to be run.

`choose` parses. A word after `#` is a precision, a device, `compile` or a family; each is known by itself, so their order does not
matter. Where models lie is told by the front end, since core reads no environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharpen.core.diffusion.family_names import named
from sharpen.core.diffusion.hub import find
from sharpen.core.errors import BadInput, EngineUnavailable

PREFIX = "local:"
_PRECISIONS = {
    "int8": "int8",
    "float32": "float32",
    "fp32": "float32",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
}
_DEVICES = ("cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class LocalName:
    """A checkpoint of this machine."""

    spec: str
    """As it was typed."""
    folder: Path
    family: str | None = None
    device: str = "auto"
    precision: str = "auto"
    compiled: bool = False


def local_name(spec: str, models: Path) -> LocalName:
    """The checkpoint that an engine's name means. Raises EngineUnavailable where there is none, BadInput for a word."""
    name, _, words = spec.removeprefix(PREFIX).partition("#")
    if not name:
        raise BadInput("local: needs a model's name or its folder", "sharpen models list")
    device = precision = "auto"
    family, compiled = None, False
    for word in filter(None, words.lower().split(",")):
        if word in _PRECISIONS:
            precision = _PRECISIONS[word]
        elif word in _DEVICES:
            device = word
        elif word == "compile":
            compiled = True
        else:
            try:
                family = named(word).name
            except BadInput as error:
                raise BadInput(
                    f"{word} is no precision, device or family",
                    f"{PREFIX}{name}#int8, #bf16, #cpu, #cuda, #compile, or a family: {error.hint.removeprefix('one of: ')}",
                ) from error
    try:
        folder = find(models, name)
    except BadInput as error:
        raise EngineUnavailable(error.message, error.hint) from error
    return LocalName(spec, folder, family, device, precision, compiled)
