"""Repairs that need no training: what the model has to beat. `benchmarks.repair` runs them beside it.

Each is a function from a case to the repaired text, or the text as it was. They see what the model sees: the
file, the parser's line, the names that ruff calls undefined. None of them looks at the human's fix.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from benchmarks.cases import Case
from benchmarks.measures import compiles, undefined_names
from benchmarks.ngrams import Trigrams, kinds, tokens

MOST_TRIES = 6_000
"""Candidates that "mutate and parse" may hand to the parser for one file."""
COMMON = 45
"""Signs, keywords and builtins that it may insert, most frequent first."""


def identity(case: Case) -> str:
    """Change nothing."""
    return case.before


# ------------------------------------------------------------------ tree-sitter's own error recovery
def tree_sitter_recovery(case: Case) -> str:
    """Do what the error-tolerant parser had to assume: insert what it calls MISSING, delete its ERROR nodes."""
    if case.set != "syntax":
        return case.before
    text = case.before
    for _ in range(5):
        edits = _recovery_edits(text)
        inserts = [e for e in edits if e[2]]
        for chosen in (inserts, edits, *([e] for e in edits[:20])):
            if chosen and compiles(result := _spliced(text, chosen)):
                return result
        if not edits:
            break
        text = _spliced(text, inserts or edits)
    return case.before


def _recovery_edits(text: str) -> list[tuple[int, int, bytes]]:
    """(start_byte, end_byte, new bytes) for each place where the tree differs from the text."""
    import tree_sitter_python
    from tree_sitter import Language, Node, Parser

    root = Parser(Language(tree_sitter_python.language())).parse(text.encode()).root_node
    stand_ins = {"identifier": b"_", "_newline": b"\n", "_indent": b"    ", "block": b"pass"}
    edits: list[tuple[int, int, bytes]] = []
    open_nodes: list[Node] = [root]
    while open_nodes:
        node = open_nodes.pop()
        if node.is_missing:
            new = stand_ins.get(node.type, node.type.encode() if not node.is_named else b"_")
            edits.append((node.start_byte, node.start_byte, new))
        elif node.is_error and node is not root:
            edits.append((node.start_byte, node.end_byte, b""))
        elif node.has_error:
            open_nodes.extend(reversed(node.children))
    return sorted(edits)


def _spliced(text: str, edits: Iterable[tuple[int, int, bytes]]) -> str:
    data = text.encode()
    for start, end, new in sorted(edits, reverse=True):
        data = data[:start] + new + data[end:]
    return data.decode(errors="replace")


# ------------------------------------------------------------------ mutate and parse
@cache
def _trigrams() -> Trigrams:
    return Trigrams.of_standard_library()


def mutate_and_parse(case: Case) -> str:
    """The first that parses, of all single-token edits near the error, likeliest first.

    Undefined names: the first of the names in the file (nearest spelling, then most used) that ruff takes.
    """
    if case.set == "undefined":
        return _nearest_names(case)
    line = _error_line(case.before)
    ranked = sorted(_mutations(case.before, line), key=lambda scored: -scored[0])
    for _, result in ranked[:MOST_TRIES]:
        if _parses(result) and compiles(result):
            return result
    return case.before


def _error_line(text: str) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "case.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1
    except ValueError:
        return 1
    return 1


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _mutations(text: str, line: int) -> Iterator[tuple[float, str]]:
    """(score, text) of every insertion, deletion and replacement of one token near the error's line.

    The window is the line, the code line before it and the line after; the score is the gain in
    log-probability, each token of difference in length paid for at the window's mean.
    """
    lines = text.split("\n")
    at = min(max(line - 1, 0), len(lines) - 1)
    first = max(at - 1, 0)
    while first > 0 and not lines[first].strip():
        first -= 1
    last = min(at + 2, len(lines))
    head = "\n".join(lines[:first]) + ("\n" if first else "")
    tail = "\n" + "\n".join(lines[last:]) if last < len(lines) else ""
    parts = tokens("\n" + "\n".join(lines[first:last]))
    model = _trigrams()
    before = ["NAME", "\n", *kinds(parts), "\n"]
    base = model.log_probability(before)
    mean = base / max(len(before), 1)
    for edited in _single_edits(parts, _vocabulary(parts, text)):
        sequence = ["NAME", "\n", *kinds(edited), "\n"]
        score = model.log_probability(sequence) - base - mean * (len(sequence) - len(before))
        yield score, head + "".join(edited)[1:] + tail


def _vocabulary(parts: list[str], text: str) -> list[str]:
    """What may be inserted: common signs and keywords, the window's names, quotes, indentations."""
    names = Counter(p for p in parts if p.isidentifier())
    indents = {p for p in tokens(text) if p.startswith("\n") and len(p) <= 25}
    common = _trigrams().common(COMMON)
    return [*common, *(n for n, _ in names.most_common(10)), '"', "'", *sorted(indents, key=len)[:8]]


def _single_edits(parts: list[str], vocabulary: list[str]) -> Iterator[list[str]]:
    for i, part in enumerate(parts):
        if i:  # the first token is the line break that the window was given
            yield parts[:i] + parts[i + 1 :]
        for new in vocabulary:
            if new != part and (i or new.startswith("\n")):
                yield [*parts[:i], new, *parts[i + 1 :]]
            spaced = f" {new}" if new.isidentifier() and part.strip() else new
            yield [*parts[: i + 1], spaced, *parts[i + 1 :]]


def _nearest_names(case: Case) -> str:
    text = case.before
    for name in case.undefined:
        for other in [*_candidate_names(name, text), None]:
            result = _renamed(text, name, other) if other else _imported(text, name)
            left = undefined_names(result)
            if left is not None and name not in left:
                text = result
                break
    return text


def _candidate_names(name: str, text: str) -> list[str]:
    """Names that the file binds, and builtins, that are spelt nearly alike; the most used first on a tie."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    used = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
    used.update(a.arg for a in ast.walk(tree) if isinstance(a, ast.arg))
    used.update(dir(builtins))
    del used[name]
    alike = {other: difflib.SequenceMatcher(None, name, other).ratio() for other in used}
    near = [other for other in used if alike[other] >= 0.75]
    return sorted(near, key=lambda other: (-round(alike[other], 2), -used[other]))[:5]


def _renamed(text: str, name: str, other: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", other, text)


def _imported(text: str, name: str) -> str:
    """`import name` before the first import, where the standard library has it."""
    if name not in sys.stdlib_module_names:
        return text
    found = re.search(r"^(?:import|from) (?!__future__)", text, re.MULTILINE)
    at = found.start() if found else 0
    return f"{text[:at]}import {name}\n{text[at:]}"
