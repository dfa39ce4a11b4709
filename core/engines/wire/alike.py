"""How alike two texts are, by the words and signs that they have in common.

`answer` and `checks` ask it of a model's answer, which is hostile until proven otherwise: a text is read once, and what
a comparison costs grows with the shorter of the two. The order is not looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Bag:
    """The words and signs of a text, with how often each is there."""

    counts: Counter[str]
    total: int


def bag(text: str) -> Bag:
    """Read a text."""
    counts = Counter(_TOKEN.findall(text))
    return Bag(counts, counts.total())


def alike(one: Bag, two: Bag) -> float:
    """0 for nothing in common, 1 for the same words as often."""
    small, large = (one, two) if len(one.counts) < len(two.counts) else (two, one)
    common = sum(min(count, large.counts[word]) for word, count in small.counts.items())
    return 2 * common / (one.total + two.total) if one.total + two.total else 1.0
