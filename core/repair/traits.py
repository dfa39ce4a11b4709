"""What the proposals need to know of tokens: which are words, signs or lines. Made once for a vocabulary.

The arrays let a plan that would glue two words together, or change a piece of a name, be told from one that puts a
sign where signs go, for all tokens and places at once. Pure; no model, no text.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sharpen.core.repair.tokens import FIRST_TEXT, Codec

Flags = NDArray[np.bool_]
SIGNS = (
    ",", ":", "(", ")", "[", "]", "{", "}", "'", '"', "=", ".", "#", '"""', "'''", " =", " #", " ==", " +", " -", " *", " %", "-", "*",
    " in", " and", " or", " not", " not ", " if", " else", " for", " import", " as", " is", " from", "def", "return",
    "f", "pass", "@", "\\", "import", "class", "if", "not", "self", "elif", "else", "for", "while", "print", "None",
)  # fmt: skip
"""Tokens that are tried at every place near the error, whatever the token head says."""


@dataclass(frozen=True, slots=True)
class Traits:
    """Arrays over the vocabulary (V,) and the tokens that rules put in."""

    begins: Flags
    """The token's first character is of a word."""
    ends: Flags
    """Its last character is of a word."""
    signs: NDArray[np.int64]
    keywords: tuple[tuple[str, int], ...]
    """(keyword, token) with and without a leading space."""
    lines: dict[int, int]
    """Token of a newline and indentation by spaces -> columns."""
    at_column: dict[int, int]
    tabbed: dict[int, int]
    """Token of a newline and tabs -> how many."""

    @classmethod
    def of(cls, codec: Codec) -> Traits:
        """Read the vocabulary."""
        texts = [codec.bytes_of(t).decode("utf-8", "replace") for t in range(codec.size)]
        begins = np.array([t[:1].isalnum() or t[:1] == "_" for t in texts])
        ends = np.array([t[-1:].isalnum() or t[-1:] == "_" for t in texts])
        index = {t: i for i, t in enumerate(texts) if i >= FIRST_TEXT}
        signs = [index[s] for s in SIGNS if s in index]
        words = [(k, index[x]) for k in keyword.kwlist for x in (k, " " + k) if x in index]
        spaces = {i: len(t) - 1 for t, i in index.items() if t[:1] == "\n" and not t[1:].strip(" ")}
        tabs = {
            i: len(t) - 1 for t, i in index.items() if t[:1] == "\n" and len(t) > 1 and not t[1:].strip("\t")
        }
        return cls(
            begins,
            ends,
            np.array(signs, np.int64),
            tuple(words),
            spaces,
            {n: i for i, n in spaces.items()},
            tabs,
        )
