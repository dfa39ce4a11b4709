"""A trigram model of Python tokens, counted on the standard library: what "mutate and parse" ranks by.

`benchmarks.baselines` uses it. Strings, numbers and all names but keywords and builtins count as one token
each, so the model knows grammar and habits, not vocabulary. Counting takes some seconds, once: the counts
are kept in a git-ignored file beside the benchmarks, named for the Python version. It is no language model to
be proud of, and it is meant as what an afternoon's work can do.
"""

from __future__ import annotations

import builtins
import json
import keyword
import math
import re
import sysconfig
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

CACHE = Path(__file__).resolve().parent / ".cache"
KNOWN = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"self", "cls"}
STRING = r"""[rbfuRBFU]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")"""
TOKEN = re.compile(
    STRING
    + r"|\#[^\n]*|\n[ \t]*|[ \t]+|[^\W\d]\w*|\d[\w.]*"
    + r"|\*\*=|//=|>>=|<<=|\.\.\.|->|:=|==|!=|<=|>=|\*\*|//|<<|>>|[-+*/%&|^@]=|.",
    re.DOTALL,
)
BACK_OFF = 0.4


def tokens(text: str) -> list[str]:
    """The text cut into tokens; joined they are the text again. Never fails, whatever is broken."""
    return TOKEN.findall(text)


def kind(token: str) -> str:
    """What the counts know of a token: itself, or its class. Blanks and comments are none: empty."""
    if token.startswith("\n"):
        return "\n"
    if not token.strip() or token.startswith("#"):
        return ""
    if token[-1] in "'\"" and len(token) > 1:
        return "STRING"
    if token[0].isdigit():
        return "NUMBER"
    if (token[0].isalpha() or token[0] == "_") and token not in KNOWN:
        return "NAME"
    return token


def kinds(parts: list[str]) -> list[str]:
    """The kinds of a token list, blanks and comments left out and empty lines folded."""
    out: list[str] = []
    for part in parts:
        this = kind(part)
        if this and not (this == "\n" and out and out[-1] == "\n"):
            out.append(this)
    return out


class Trigrams:
    """Counts of runs of one to three kinds, and log probabilities with back-off."""

    def __init__(self, counts: dict[str, int]) -> None:
        """`counts`: runs joined by a blank, for example `def NAME (`."""
        self.counts = counts
        self.total = sum(n for run, n in counts.items() if " " not in run)

    @classmethod
    def of_standard_library(cls, limit: int = 700) -> Trigrams:
        """Read the cached counts, or count the first `limit` modules and keep them."""
        version = sysconfig.get_python_version()
        place = CACHE / f"trigrams-{version}-{limit}.json"
        if not place.exists():
            counted = count(sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")), limit)
            place.parent.mkdir(exist_ok=True)
            place.write_text(json.dumps({run: n for run, n in counted.items() if n > 1}), encoding="utf-8")
        return cls(json.loads(place.read_text(encoding="utf-8")))

    def common(self, size: int) -> list[str]:
        """The most frequent kinds that are text themselves: signs, keywords, builtins."""
        single = [(n, run) for run, n in self.counts.items() if " " not in run]
        classes = {"NAME", "STRING", "NUMBER", "\n"}
        return [run for _, run in sorted(single, reverse=True) if run not in classes][:size]

    def log_probability(self, sequence: list[str]) -> float:
        """Natural log of the sequence's probability, given the two kinds that it begins with."""
        return sum(self._step(*sequence[i - 2 : i + 1]) for i in range(2, len(sequence)))

    @lru_cache(maxsize=200_000)  # noqa: B019  # one model lives as long as the benchmark
    def _step(self, first: str, second: str, third: str) -> float:
        weight = 1.0
        for run, given in ((f"{first} {second} {third}", f"{first} {second}"), (f"{second} {third}", second)):
            if seen := self.counts.get(run):
                return math.log(weight * seen / self.counts[given])
            weight *= BACK_OFF
        return math.log(weight * (self.counts.get(third, 0) + 0.1) / self.total)


def count(paths: list[Path], limit: int) -> Counter[str]:
    """Runs of one to three kinds in the first `limit` files."""
    counted: Counter[str] = Counter()
    for path in paths[:limit]:
        sequence = kinds(tokens(path.read_text(encoding="utf-8", errors="replace")))
        counted.update(sequence)
        counted.update(f"{a} {b}" for a, b in pairwise(sequence))
        counted.update(f"{a} {b} {c}" for a, b, c in zip(sequence, sequence[1:], sequence[2:], strict=False))
    return counted
