"""The canvas: the ordered cells of a region while it is being refined, and one refinement step of it.

Engines make frames, `cli.paint` draws them, `core.record` keeps them. A frame is always a state that the
engine's canvas really had; nothing here interpolates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sharpen.core.region import Region

State = Literal["context", "masked", "draft", "settled", "revised", "doomed"]
"""`context`: not being edited. `masked`: unknown yet. `draft`: known, may still change. `settled`: final in this
run. `revised`: had another text earlier in this run. `doomed`: about to be deleted."""

MASK_GLYPH = "░"


@dataclass(frozen=True, slots=True)
class Cell:
    """One canvas position, usually one token."""

    text: str
    """The characters of the position; empty while masked."""
    state: State = "context"
    confidence: float | None = 1.0
    """0..1, the engine's own probability; 1.0 for context, None where the engine does not say."""
    width: int = 1
    """Characters that a masked cell is expected to take, so that layout need not jump."""
    alternatives: tuple[tuple[str, float], ...] = ()
    """Other texts that the engine considered, with probabilities; empty where it does not know."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """Ordered cells that cover `region` of the document."""

    cells: tuple[Cell, ...]
    region: Region

    @property
    def text(self) -> str:
        """The known text; masked cells join as nothing."""
        return self.join("")

    def join(self, glyph: str) -> str:
        """The text with each masked cell shown as `glyph` repeated to its width (empty glyph: nothing)."""
        return "".join(glyph * c.width if c.state == "masked" else c.text for c in self.cells)

    def count(self, *states: State) -> int:
        """How many cells are in one of the states."""
        return sum(c.state in states for c in self.cells)


@dataclass(frozen=True, slots=True)
class Frame:
    """One refinement step."""

    step: int
    """1-based within one `refine`."""
    steps: int | None
    """Planned steps, or None where the engine cannot know."""
    canvas: Canvas
    seconds: float
    """Since the engine began."""
    note: str = ""
    """What the engine did in this step, in a few words: `noise head`, `fill`, `try plan 3 of 40`."""


def context_cells(texts: Iterable[str]) -> tuple[Cell, ...]:
    """Plain context cells, one a text."""
    return tuple(Cell(t) for t in texts)
