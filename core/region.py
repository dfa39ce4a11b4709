"""A character range of a document, with how it was chosen. Offsets are characters of `Document.text`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Chosen = Literal["lines", "symbol", "diagnostic", "file"]


@dataclass(frozen=True, slots=True)
class Region:
    """Half-open range [`start_char`, `end_char`) of a document's text."""

    start_char: int
    end_char: int
    chosen: Chosen = "file"
    label: str = ""
    """What the user called it: `12-20`, `Parser.feed`, empty for a whole file."""

    def contains(self, start_char: int, end_char: int) -> bool:
        """Whether [start_char, end_char) lies inside."""
        return self.start_char <= start_char and end_char <= self.end_char
