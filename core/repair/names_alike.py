"""How alike two identifiers are, as people confuse them: case, typos, abbreviations, shared words. Pure and torch-free."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

TYPO = (1.0, 0.95, 0.8, 0.62)
"""Likeness after 0, 1, 2, 3 typing errors in a name that is long enough for them."""


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a snake_case or camelCase name."""
    return tuple(w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+", name))


def plain(name: str) -> str:
    """The name without case and underscores."""
    return name.replace("_", "").lower()


def edits(a: str, b: str, most: int = 3) -> int:
    """Typing errors between two words (one character lost, added, changed, or two swapped); `most` + 1 for more."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


@lru_cache(maxsize=16384)
def likeness(wrong: str, right: str) -> float:
    """0..1: how likely somebody who meant `right` wrote `wrong`, by the letters alone."""
    a, b = plain(wrong), plain(right)
    if a == b:
        # `Path` is not a typo of `path`: a class beside a variable; `maxLen` beside `max_len` is the same name
        if wrong[:1].isupper() == right[:1].isupper():
            return 1.0
        return 0.6 if wrong.upper() != wrong else 0.75
    found = min(1.0, max(_typing(a, b), _part(wrong, right, a, b), _shared(wrong, right)))
    classlike = len(wrong) > 1 and wrong[0].isupper() and not wrong.isupper() and not right.isupper()
    return found - 0.2 if classlike and right[:1].islower() else found


def _typing(a: str, b: str) -> float:
    longest = max(len(a), len(b))
    wrong = edits(a, b)
    if wrong > 3 or wrong * 3 > longest:
        return 0.75 * max(0.0, difflib.SequenceMatcher(None, a, b).ratio() - 0.3) if longest > 3 else 0.0
    digits = re.sub(r"\D", "", a) != re.sub(r"\D", "", b)  # x1 for x2 is seldom a slip of the finger
    return TYPO[wrong] - 0.15 * digits - 0.1 * (longest < 5)


def _part(wrong: str, right: str, a: str, b: str) -> float:
    """One name within the other, an abbreviation, or initials."""
    if not a or not b:
        return 0.0
    if len(a) == 1 or len(b) == 1:
        return 0.45 if a[0] == b[0] else 0.1 if a in b or b in a else 0.0
    one, other = words(wrong), words(right)
    if a == "".join(w[0] for w in other) or b == "".join(w[0] for w in one):
        return 0.7
    short, long = sorted((a, b), key=len)
    if long.startswith(short) or long.endswith(short):
        return 0.4 + 0.5 * len(short) / len(long)
    if len(short) > 2 and short in long:
        return 0.45 + 0.35 * len(short) / len(long)
    return 0.45 if len(short) > 1 and short[0] == long[0] and _abbreviates(short, long) else 0.0


def _abbreviates(short: str, long: str) -> bool:
    rest = iter(long)
    return all(letter in rest for letter in short)


def _shared(wrong: str, right: str) -> float:
    """Words in common, the last one counting most: `heap_sort` and `sleep_sort`."""
    one, other = words(wrong), words(right)
    if not one or not other or max(len(one), len(other)) < 2:
        return 0.0
    near = sum(any(w == v or (len(w) > 3 and edits(w, v, 1) < 2) for v in other) for w in one)
    return 0.85 * 2 * near / (len(one) + len(other)) + 0.1 * (one[-1] == other[-1])
