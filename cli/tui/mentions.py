"""`@file` and `@file::symbol` in a prompt: what can be completed, and what a finished prompt asks for. Pure.

`prompt` completes with it, `wants` turns a prompt into targets. A mention is a target as on the command line; the
instruction that goes to the engine is the prompt without its mentions. `@property` is no mention but Python: what
neither is there nor looks like a path stays in the instruction. A name with spaces is quoted, `@"my notes.py"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

SHOWN = 8
"""Completions offered at once."""
_OPEN = re.compile(r"(?:^|\s)@(?:\"([^\"\n]*)|(\S*))$")
_MENTION = re.compile(
    r"(?:(?<=\s)(?:in|of|from|for|at|to)\s+)?(?<!\S)@(?:\"([^\"\n]+)\"|(\S+?))(?=[,.;!?]?(?:\s|$))"
)
_LINES = re.compile(r"(?::\d+(?:-\d+)?|::.+)$")
_ENDING = re.compile(
    r"[^.]\.(?:pyi?|[cm]?[jt]sx?|go|rs|[ch](?:pp)?|cc|java|json|toml|ya?ml|md|txt|rst|cfg|ini|sh)$"
)


def being_typed(before_cursor: str) -> str | None:
    """What stands after the `@` that the cursor is in; None where it is in none."""
    match = _OPEN.search(before_cursor)
    return None if match is None else match.group(1) if match.group(1) is not None else match.group(2)


def spelled(name: str) -> str:
    """A completed name as it stands behind the `@`."""
    return f'"{name}"' if re.search(r"\s", name) else name


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


def split(prompt: str, exists: Callable[[str], bool]) -> tuple[str, tuple[str, ...]]:
    """The instruction without its mentions, and the mentioned targets in order, each once.

    `exists` says whether there is a file or folder of a name.
    """
    targets: dict[str, None] = {}

    def take(match: re.Match[str]) -> str:
        quoted, plain = match.groups()
        if quoted is None and not _means_a_path(plain, exists):
            return match.group()
        targets[quoted or plain] = None
        return ""

    rest = _MENTION.sub(take, prompt)
    instruction = re.sub(r"[ \t]{2,}", " ", rest).strip() if targets else prompt.strip()
    return re.sub(r"\s+([,.;!?])", r"\1", instruction) if targets else instruction, tuple(targets)


def _means_a_path(name: str, exists: Callable[[str], bool]) -> bool:
    """Whether it is there, or is spelled as only a path is: then a typing error is worth a sentence."""
    path = _LINES.sub("", name)
    if exists(path) or path != name:
        return True
    folder = path.startswith(("/", "./", "../")) or ("/" in path and exists(path.partition("/")[0]))
    return "(" not in path and (folder or _ENDING.search(path) is not None)
