"""Break Python the way people do: text in, broken text out, kept only if the parser then complains.

`training.samples` and the benchmark on synthetic breaks call `break_text`. Each kind is a small function of (lines, a
random generator) in `core.training.breaks`; the weights follow what people really commit. The inverse of a break is
the repair that the model learns, so a kind must lose little: what was dropped can be guessed from what is around it.
"""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass

from sharpen.core.training.breaks import KINDS

_NAMES = list(KINDS)
_WEIGHTS = [KINDS[k][1] for k in _NAMES]


@dataclass(frozen=True, slots=True)
class Broken:
    """A unit before its repair (broken) and after it (whole), with the kind of break."""

    before: str
    after: str
    kind: str
    message: str
    line: int
    """1-based line that the parser names."""
    column: int
    """1-based column that the parser names; 0 where it names none."""


def complaint(text: str) -> tuple[str, int, int] | None:
    """(message, line, column) of the running interpreter's complaint, None where it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "x.py", "exec", dont_inherit=True)
    except SyntaxError as e:
        return str(e.msg), e.lineno or 1, e.offset or 0
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def break_text(text: str, rng: random.Random, kind: str | None = None, tries: int = 12) -> Broken | None:
    """Break `text` once, or now and then in the same way twice; None where no try made the parser complain."""
    for _ in range(tries):
        name = kind or rng.choices(_NAMES, _WEIGHTS)[0]
        lines = text.split("\n")
        broken = KINDS[name][0](lines, rng)
        if broken is None:
            continue
        if rng.random() < 0.12:
            again = rng.choices(_NAMES, _WEIGHTS)[0] if rng.random() < 0.5 else name
            broken = KINDS[again][0](broken.split("\n"), rng) or broken
        if broken == text or len(broken) > 2 * len(text) + 200:
            continue
        found = complaint(broken)
        if found is not None:
            return Broken(broken, text, name, *found)
    return None
