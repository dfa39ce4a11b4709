"""How alike two texts are, by the words and signs that they have in common.

`answer` and `checks` ask it of a model's answer, which is hostile until proven otherwise: what it costs grows with the
length and no faster. The order is not looked at.
"""

from __future__ import annotations

import re
from collections import Counter

_TOKEN = re.compile(r"\w+|[^\w\s]")


def alike(one: str, two: str) -> float:
    """0 for nothing in common, 1 for the same words as often."""
    first, second = Counter(_TOKEN.findall(one)), Counter(_TOKEN.findall(two))
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 1.0
