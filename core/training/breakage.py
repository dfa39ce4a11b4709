"""What the kinds of breaks share: a place of a pattern on a line, and a new text put there."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Lines = list[str]


Kind = Callable[[Lines, random.Random], str | None]


WORDS = [
    "def",
    "class",
    "if",
    "elif",
    "else",
    "for",
    "while",
    "return",
    "import",
    "from",
    "in",
    "not",
    "and",
    "or",
    "try",
    "except",
    "with",
    "as",
    "lambda",
    "is",
]


KEYWORD = r"\b(?:" + "|".join(WORDS) + r")\b"


def place(lines: Lines, pattern: str, rng: random.Random) -> tuple[int, re.Match[str]] | None:
    """A random match of `pattern` on a line that is not a comment, as (line index, match)."""
    order = rng.sample(range(len(lines)), min(len(lines), 24))
    for i in order:
        if lines[i].lstrip().startswith("#"):
            continue
        found = list(re.finditer(pattern, lines[i]))
        if found:
            return i, rng.choice(found)
    return None


def put(lines: Lines, i: int, start: int, end: int, new: str) -> str:
    """Line i with [start, end) replaced."""
    out = list(lines)
    out[i] = out[i][:start] + new + out[i][end:]
    return "\n".join(out)


def sub(pattern: str, choose: Callable[[str, random.Random], str]) -> Kind:
    """A kind that replaces one match of `pattern` by what `choose` makes of it."""

    def kind(lines: Lines, rng: random.Random) -> str | None:
        spot = place(lines, pattern, rng)
        if spot is None:
            return None
        i, m = spot
        return put(lines, i, m.start(), m.end(), choose(m.group(), rng))

    return kind


def gone(_: str, __: random.Random) -> str:
    """For `sub`: nothing is left."""
    return ""


def among(*new: str) -> Callable[[str, random.Random], str]:
    """For `sub`: one of these."""
    return lambda _, rng: rng.choice(new)
