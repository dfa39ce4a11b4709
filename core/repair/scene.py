"""A window and what the model read in it, with the words and lines that proposals speak of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharpen.core.repair.plans import Reading
from sharpen.core.repair.tokens import Codec
from sharpen.core.repair.traits import Flags, Traits
from sharpen.core.repair.window import Window


@dataclass(frozen=True)
class Scene:
    """What `proposals` and `moves` look at: T tokens of a window of `text`."""

    text: str
    window: Window
    reading: Reading
    codec: Codec
    traits: Traits

    @cached_property
    def shown(self) -> list[str]:
        """Each token's characters."""
        return [self.codec.bytes_of(t).decode("utf-8", "replace") for t in self.window.ids]

    @cached_property
    def word_before(self) -> Flags:
        """(T + 1,) whether a character of a word stands right before the gap."""
        return np.append([False], self.traits.ends[self.window.ids])

    @cached_property
    def word_after(self) -> Flags:
        """(T + 1,) whether a character of a word stands right after the gap."""
        return np.append(self.traits.begins[self.window.ids], [False])

    @cached_property
    def piece(self) -> Flags:
        """(T,) whether the token is a part of a longer word."""
        inner = self.word_before & self.word_after
        out: Flags = inner[:-1] | inner[1:]
        return out

    @cached_property
    def lines(self) -> list[int]:
        """Indexes of the tokens that begin a line."""
        return [i for i, s in enumerate(self.shown) if s[:1] == "\n"]

    @cached_property
    def starts(self) -> list[int]:
        """Those of them that begin a line with something on it."""
        return [
            i
            for n, i in enumerate(self.lines)
            if i + 1 < len(self.shown) and (n + 1 == len(self.lines) or self.lines[n + 1] != i + 1)
        ]

    @cached_property
    def named(self) -> tuple[int, int]:
        """[first, end) of the tokens on the line that the diagnostic names."""
        flagged = [i for i, f in enumerate(self.window.flags) if f]
        return (flagged[0], flagged[-1] + 1) if flagged else (0, len(self.shown))

    @cached_property
    def near(self) -> range:
        """Gaps from the second line with code before the named line to the end of the next one after it."""
        a, b = self.named
        before = [s for s in self.starts if s < a]
        after = [s for s in self.starts if s >= b]
        low = before[-2] if len(before) > 1 else 0
        high = after[1] if len(after) > 1 else len(self.shown)
        return range(low, high + 1)

    def word_spans(self) -> list[tuple[int, int]]:
        """[i, j) of the words near the error that take several tokens."""
        inner = self.word_before & self.word_after
        spans, i = [], 0
        while i < len(self.shown):
            j = i + 1
            while j < len(self.shown) and inner[j]:
                j += 1
            if j - i > 1 and i in self.near:
                spans.append((i, j))
            i = j
        return spans
