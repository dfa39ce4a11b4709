"""`@file` and `@file::symbol` in a prompt: what can be completed, and what a finished prompt asks for. Pure.

`prompt` completes with it, `desk` turns a prompt into targets. A mention is a target as on the command line; the
instruction that goes to the engine is the prompt without its mentions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SHOWN = 8
"""Completions offered at once."""
_OPEN = re.compile(r"(?:^|\s)@(\S*)$")
_MENTION = re.compile(r"(?:(?<=\s)(?:in|of|from|for|at|to)\s+)?(?<!\S)@(\S+?)(?=[,.;!?]?(?:\s|$))")


def being_typed(before_cursor: str) -> str | None:
    """What stands after the `@` that the cursor is in; None where it is in none."""
    match = _OPEN.search(before_cursor)
    return match.group(1) if match else None


def completions(typed: str, files: Sequence[str], symbols: Sequence[str]) -> list[str]:
    """What may stand after the `@`, best first. `symbols` are those of the file before `::`."""
    path, mark, symbol = typed.partition("::")
    if mark:
        return [f"{path}::{name}" for name in _ranked(symbol, symbols)]
    return _ranked(path, files)


def _ranked(typed: str, names: Sequence[str]) -> list[str]:
    """Names that hold the typed letters in their order: beginnings first, then parts, then scattered letters."""
    small = typed.lower()
    scored = []
    for name in names:
        lower = name.lower()
        last = lower.rpartition("/")[2]
        if lower.startswith(small) or last.startswith(small):
            score = 0
        elif small in lower:
            score = 1
        elif _scattered(small, lower):
            score = 2
        else:
            continue
        scored.append((score, len(name), name))
    return [name for _score, _length, name in sorted(scored)[:SHOWN]]


def _scattered(letters: str, name: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)


def split(prompt: str) -> tuple[str, tuple[str, ...]]:
    """The instruction without its mentions, and the mentioned targets in order, each once."""
    targets = tuple(dict.fromkeys(match.group(1) for match in _MENTION.finditer(prompt)))
    instruction = re.sub(r"[ \t]{2,}", " ", _MENTION.sub("", prompt)).strip()
    return re.sub(r"\s+([,.;!?])", r"\1", instruction), targets
