"""What is said between sharpen and the process that has torch: dataclasses, a JSON line each.

Written by `core.engines.local_process` and read by `host`, and the other way round. Imports no torch, so that asking
costs nothing. A line that is no message is a defect of one of the two, never of a checkpoint.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Open:
    """Load a checkpoint."""

    folder: str
    family: str | None = None
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `mps`."""
    precision: str = "auto"
    """`auto`, `float32`, `bfloat16`, `int8`."""
    compiled: bool = False
    """Whether short passes are compiled, which takes a minute at first."""


@dataclass(frozen=True, slots=True)
class Opened:
    """It is loaded, and this is what it can do."""

    family: str
    title: str
    can: tuple[str, ...]
    context: int
    """Tokens of prompt and canvas together."""
    fills: bool
    """Whether it completes what stands around a hole and knows no instructions."""
    device: str
    precision: str
    parameters: int
    bytes: int
    """Of memory that the process takes now."""
    seconds: float
    """To load it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Write a region anew."""

    run: int
    user: str
    """The question, for models that answer questions."""
    system: str = ""
    opening: str = ""
    """What the answer begins with: a fence. Empty: the answer is plain."""
    closing: str = ""
    """What the answer ends with, on a line of its own."""
    before: str = ""
    """What stands before the region, for models that fill holes; the wish is in it as a comment."""
    after: str = ""
    head: str = ""
    """The whole text before the region, for the grammar."""
    tail: str = ""
    old: str = ""
    path: str = ""
    rows: int = 1
    """Canvases in one batch."""
    steps: int | None = None
    strength: float | None = None
    """0..1, the share of the old tokens that is noised; None or 1: pure noise."""
    seed: int = 0
    frames: bool = True
    algorithm: str | None = None
    """None: by confidence, or as many as `steps` says."""
    length: int | None = None
    """Tokens of the canvas; None: by the region's length."""
    grammar: bool = True
    """Whether tokens in faults of the grammar are masked again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the run after its present step."""

    run: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A state of one canvas."""

    run: int
    row: int
    step: int
    steps: int | None
    cells: tuple[tuple[str, str, float, int], ...]
    """(text, state, confidence, width) of the region's positions."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One canvas is done."""

    run: int
    row: int
    text: str
    score: float
    """Mean log-probability of the tokens that were written, in nats."""
    steps: int
    seconds: float
    tokens: int
    whole: bool
    """Whether the answer came to its end; else the canvas was too short for it."""
    spans: tuple[tuple[int, int, float], ...]
    """(first, after the last, confidence) of the tokens that were written, in characters of the text."""
    remasked: int = 0
    """Tokens that were masked again, because no grammar took them."""
    planned: str = ""
    """How the canvas was laid out, in a few words."""


@dataclass(frozen=True, slots=True)
class Done:
    """All canvases of the run are done, or it was stopped."""

    run: int
    peak: int = 0
    """Bytes of memory at most so far."""
    way: str = ""
    """How short passes through the model were run, where not as they come."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It did not work out."""

    run: int
    kind: Literal["BadInput", "EngineUnavailable", "defect"]
    message: str
    hint: str = ""


Order = Open | Edit | Stop
Answer = Opened | Shown | Ended | Done | Wrong
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Open, Edit, Stop, Opened, Shown, Ended, Done, Wrong)
}


def line_of(message: Order | Answer) -> bytes:
    """The message as a line."""
    told = {"is": type(message).__name__, **asdict(message)}
    return json.dumps(told, ensure_ascii=True).encode("ascii") + b"\n"


def message_of(line: bytes) -> Order | Answer:
    """The message of a line. Raises ValueError where it is none."""
    try:
        told = json.loads(line)
        kind = _KINDS[told.pop("is")]
        return kind(**{name: _frozen(value) for name, value in told.items()})  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a message: {line[:80]!r}") from error


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
