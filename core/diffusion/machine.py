"""What this machine can run a checkpoint on, and in which precision; said before anything is loaded.

Called by `host`. Nothing is chosen silently that would change the tokens: int8 is used only where somebody asks for it,
and where a model does not fit, the sentence names it with what it would need.
"""

from __future__ import annotations

import os

import torch

from sharpen.core.diffusion.load import Described
from sharpen.core.diffusion.weights import Precision
from sharpen.core.errors import BadInput, EngineUnavailable

GB = 1e9
CANVAS = 1024
"""Positions that an estimate reckons with."""


def device_of(wanted: str) -> str:
    """A torch device for `auto`, `cpu`, `cuda` or `mps`. Raises EngineUnavailable for one that is not here."""
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return "cuda" if here["cuda"] else "cpu"  # mps has no float64, which some schedules need
    if wanted not in here:
        raise BadInput(f"{wanted} is no device", "one of cpu, cuda, mps")
    if not here[wanted]:
        raise EngineUnavailable(f"torch finds no {wanted} here", "leave the device out")
    return wanted


def fitting(found: Described, device: str, wanted: str, name: str) -> Precision:
    """The precision to load in. Raises EngineUnavailable where the weights cannot fit, with what would."""
    precision: Precision = "float32" if device == "cpu" else "bfloat16"
    if wanted == "float32":
        precision = "float32"
    elif wanted == "bfloat16":
        precision = "bfloat16"
    elif wanted == "int8":
        precision = "int8"
    room = memory(device)
    needed = needs(found, device, precision)
    if room is None or needed <= room:
        return precision
    small = needs(found, device, "int8")
    where = "the GPU" if device == "cuda" else "this machine"
    ways = "a smaller checkpoint"
    if precision != "int8" and device == "cpu" and small <= room:
        ways = f"local:{name}#int8 needs {small / GB:.1f} GB"
    raise EngineUnavailable(
        f"out of memory: {name} needs {needed / GB:.1f} GB in {precision} with a canvas of {CANVAS} tokens, and "
        f"{where} has {room / GB:.1f} GB",
        f"{ways}; a server elsewhere: openai:URL#MODEL",
    )


def needs(found: Described, device: str, precision: Precision) -> int:
    """Bytes; on the CPU float32 never needs more than the files, whose half precision is widened as it is used."""
    whole = found.needs(precision, CANVAS)
    if device == "cpu" and precision == "float32":
        return min(whole, found.bytes + found.needs(precision, CANVAS) - found.needs(precision, 0))
    return whole


def memory(device: str) -> int | None:
    """Bytes of the device's memory in all; None where the system does not say."""
    if device == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
