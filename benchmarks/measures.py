"""Judge one attempted repair against the human's own: the rules that every figure of the tables rests on.

`benchmarks.repair` calls it for each case. Lines are compared without trailing blanks and whatever the line
ending; every count is in lines. It reads no files and starts one process only: ruff, for undefined names.

A repair counts when the file compiles (undefined names: the named ones are gone and none is new), at least
80 % of the lines that the human left alone are still there, and no code was thrown away to get there:
deleted, commented out, replaced by `pass`, or turned into the inside of a string.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
import warnings
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Literal

KEPT_AT_LEAST = 0.8
RESEMBLES = 0.5
"""A changed line whose tokens survive to this share in its replacement was edited, not thrown away."""

Outcome = Literal["repaired", "thrown away", "gutted", "still broken", "untouched"]
Span = tuple[int, int, int, int]
"""Lines [a, b) of the old text became lines [c, d) of the new one."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an attempt did to one file."""

    outcome: Outcome
    compiles: bool
    identical: bool
    """Equal to one of the human's versions, line for line."""
    same_tree: bool
    beyond: int
    """Lines changed or added away from the human's change."""
    kept: float
    """0..1, the share of the lines the human left alone that are still there."""
    names_gone: bool = False
    """Undefined names: none of the case's own is left."""
    names_new: int = 0


def split(text: str) -> list[str]:
    """Lines without trailing blanks, and without empty lines at the end."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and lines[-1] == "":
        lines.pop()
    return lines


def compiles(text: str) -> bool:
    """Whether the running interpreter takes the text, beyond parsing: `return` outside a function counts."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "case.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def same_tree(one: str, other: str) -> bool:
    """Whether both parse, to equal syntax trees."""
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


@cache
def _blocks(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[Span, ...]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return tuple((a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal")


def changes(old: list[str], new: list[str]) -> tuple[Span, ...]:
    """The blocks of lines in which the two texts differ."""
    return _blocks(tuple(old), tuple(new))


def surviving(old: list[str], new: list[str]) -> dict[int, int]:
    """Old line index -> new line index, for the lines outside all changes."""
    found: dict[int, int] = {}
    at_old = at_new = 0
    for a, b, c, d in (*changes(old, new), (len(old), len(old), len(new), len(new))):
        found.update(zip(range(at_old, a), range(at_new, c), strict=True))
        at_old, at_new = b, d
    return found


def is_code(line: str) -> bool:
    """Not blank, not a comment, and more than punctuation."""
    bare = line.strip()
    return bool(re.search(r"\w", bare)) and not bare.startswith("#")


def resemblance(line: str, replacement: str) -> float:
    """0..1: the share of the line's words and signs that the replacement still has, in order."""
    mine, theirs = (re.findall(r"\w+|[^\w\s]", text) for text in (line, replacement))
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return sum(b.size for b in blocks) / len(mine) if mine else 1.0


def abandoned(old: list[str], new: list[str]) -> set[int]:
    """Old code lines with no counterpart in the new text; a line that was only moved has one."""
    missing = Counter(line.strip() for line in old)
    missing.subtract(line.strip() for line in new)
    gone: set[int] = set()
    for a, b, c, d in changes(old, new):
        code = [
            line for line in new[c:d] if is_code(line) and line.strip().rstrip(";") not in ("pass", "...")
        ]
        replacement = "\n".join(code)
        for index in range(a, b):
            line = old[index].strip()
            if is_code(line) and missing[line] > 0 and resemblance(line, replacement) < RESEMBLES:
                gone.add(index)
    return gone


def dropped_by_human(before: list[str], after: list[str]) -> set[int]:
    """Lines that the human took out too: a repair may do the same."""
    lost = abandoned(before, after)
    gone: set[int] = set()
    for a, b, c, d in changes(before, after):
        if not any(is_code(line) for line in after[c:d]):
            gone.update(range(a, b))
        elif b - a > d - c:
            gone.update(lost & set(range(a, b)))
    return gone


def inside_strings(lines: list[str]) -> set[int]:
    """Indexes of lines that begin inside a string literal and do not end it."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            if token.type == tokenize.STRING:
                inside.update(range(token.start[0], token.end[0] - 1))
    except (tokenize.TokenError, SyntaxError):
        return inside
    return inside


def _quoted(before: list[str], after: list[str], result: list[str], untouched: list[int]) -> int:
    """Code lines that the human's file runs and the result only quotes."""
    in_result, in_human = inside_strings(result), inside_strings(after)
    to_result, to_human = surviving(before, result), surviving(before, after)
    return sum(
        is_code(before[i])
        and to_result.get(i) in in_result
        and to_human.get(i) is not None
        and to_human[i] not in in_human
        for i in untouched
    )


def _beyond(before: list[str], after: list[str], result: list[str]) -> int:
    """Lines changed away from the human's change; its neighbours count as at it, since a diff may put an
    inserted line on either side of an equal one."""
    near: set[int] = set()
    for a, b, _, _ in changes(before, after):
        near.update(range(a - 1, b + 1))
    count = 0
    for a, b, c, d in changes(before, result):
        if a == b:
            count += 0 if near & {a - 1, a} else d - c
        else:
            count += sum(i not in near for i in range(a, b))
    return count


@dataclass(frozen=True, slots=True)
class _Against:
    """An attempt compared with one of the human's versions."""

    thrown: int
    distance: int
    kept: float
    beyond: int


def _against(old: list[str], after: list[str], new: list[str]) -> _Against:
    touched = {i for a, b, _, _ in changes(old, after) for i in range(a, b)}
    untouched = [i for i, line in enumerate(old) if line and i not in touched]
    stayed = surviving(old, new)
    return _Against(
        thrown=len(abandoned(old, new) - dropped_by_human(old, after)) + _quoted(old, after, new, untouched),
        distance=sum(max(b - a, d - c) for a, b, c, d in changes(after, new)),
        kept=sum(i in stayed for i in untouched) / len(untouched) if untouched else 1.0,
        beyond=_beyond(old, after, new),
    )


def judge(before: str, humans: list[str], result: str, *, passes: bool, may_drop: bool = False) -> Judgement:
    """Judge `result` against the human's version that is kindest to it.

    `passes`: whether the set's own test holds. `may_drop`: the human's repair was itself a deletion.
    """
    old, new = split(before), split(result)
    compared = [_against(old, split(human), new) for human in humans]
    best = min(compared, key=lambda one: (one.thrown, one.distance))
    identical = any(split(text) == new for text in humans)
    outcome: Outcome = "repaired"
    if result == before:
        outcome = "untouched"
    elif not passes:
        outcome = "still broken"
    elif best.kept < KEPT_AT_LEAST:
        outcome = "gutted"
    elif best.thrown and not may_drop and not identical:
        outcome = "thrown away"
    return Judgement(
        outcome=outcome,
        compiles=compiles(result),
        identical=identical,
        same_tree=identical or any(same_tree(text, result) for text in humans),
        beyond=best.beyond,
        kept=best.kept,
    )


@cache
def undefined_names(text: str) -> frozenset[str] | None:
    """Names that ruff calls undefined (F821), or None where the text does not compile."""
    if not compiles(text):
        return None
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else "ruff"
    options = [
        "--isolated",
        "--no-cache",
        "--select",
        "F821",
        "--target-version",
        "py311",
        "--output-format",
        "json",
    ]
    done = subprocess.run(
        [ruff, "check", *options, "--stdin-filename", "case.py", "-"],
        input=text.encode("utf-8", "surrogatepass"),
        capture_output=True,
        check=False,
    )
    named = (re.search(r"`(.+?)`", found["message"]) for found in json.loads(done.stdout or b"[]"))
    return frozenset(match.group(1) for match in named if match)
