"""Repairs that the parser all but names, or that one line shows: `=` for `==`, an f-string's brace, a misspelt keyword.

They are worth more than what a small model makes of the same place. Called by `rules`; edits of characters.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from sharpen.core.repair.names_alike import likeness
from sharpen.core.repair.plans import Plan
from sharpen.core.repair.scene import Scene
from sharpen.core.repair.window import line_starts

SURE = 12.0
"""What the message names is right nearly always."""
MISSPELT = 0.8
"""Likeness of a word to the keyword that it was meant to be."""
_BEGINS = frozenset(keyword.kwlist) - {
    "False",
    "None",
    "True",
    "and",
    "as",
    "in",
    "is",
    "lambda",
    "not",
    "or",
}
_ASSIGNED = re.compile(r"(?<![=!<>:+\-*/%|&^@])=(?!=)")
_F_STRING = re.compile(r"\b(?:[fF][rR]?|[rR][fF])([\"'])")
_OPEN_BRACKET = re.compile(r"\{[^{}]*\([^(){}]*(?=\})")
_BARE_PARAMETER = re.compile(r",\s*\w+(\s*:\s*[\w.\[\], |]+?)?(?=\s*(?:,|\)))")
_OPEN_BRACE = re.compile(r"\{[^{}\"'\n]*(?=[\"'])")
_FIRST_WORD = re.compile(r"\s*([A-Za-z]{3,9})(?=\s*:|\s+[\w\"'(\[{-])")
_TERNARY = re.compile(r"^(\s*(?:return +|[\w.\[\]]+ *= *)?)([^?\n]+?) *\? *([^:\n]+?) *: *([^;\n]+?);?$")
_ASYNC = re.compile(r"^([ \t]*)def ", re.MULTILINE)


def told(scene: Scene, message: str) -> Iterator[Plan]:
    """All that apply to the line that the parser names, and to the one before it."""
    text = scene.text
    starts = line_starts(text)
    row = text.count("\n", 0, scene.window.spans[scene.named[1] - 1][1])
    for at in (row, row - 1):
        if 0 <= at < len(starts):
            start = starts[at]
            line = text[start : text.find("\n", start) if text.find("\n", start) >= 0 else len(text)]
            found = [*_keyword(text, line), *_ternary(line)]
            if at == row:
                found += [*_compared(line, message), *_braced(line, message), *_defaulted(line, message)]
            for low, high, new in found:
                yield Plan((), SURE - (at != row), ((start + low, start + high, new),))
    if "outside async function" in message and row < len(starts):
        yield from _awaited(text, starts[row])


Edit = tuple[int, int, str]


def _compared(line: str, message: str) -> Iterator[Edit]:
    """`if a = b`, where the parser asks whether `==` was meant."""
    if "'=='" in message:
        for found in list(_ASSIGNED.finditer(line))[:3]:
            yield found.start(), found.end(), "=="


def _braced(line: str, message: str) -> Iterator[Edit]:
    """Within an f-string: the brace before the quote, the bracket before the brace, its own quotes in a field."""
    opened = _F_STRING.search(line)
    if opened is None or not ("f-string" in message or "'{' was never closed" in message or "'}'" in message):
        return
    for found in list(_OPEN_BRACE.finditer(line, opened.end()))[:3]:
        yield found.end(), found.end(), "}"
    for found in list(_OPEN_BRACKET.finditer(line, opened.end()))[:3]:
        yield found.end(), found.end(), ")"
    quote, other = opened[1], "'" if opened[1] == '"' else '"'
    end = line.rfind(quote)
    inner = line[opened.end() : end]
    if quote in inner and other not in inner:
        yield opened.end(), end, inner.replace(quote, other)


def _defaulted(line: str, message: str) -> Iterator[Edit]:
    """A parameter behind one with a default: `None`, or an empty list where it is said to be one."""
    if "follows default" not in message and "follows parameter with a default" not in message:
        return
    after = line.find("=")
    for found in list(_BARE_PARAMETER.finditer(line, max(after, 0)))[:4]:
        kind = (found[1] or "").strip(" :")
        spaces = " " if kind else ""
        new = {"list": "[]", "dict": "{}", "str": '""', "int": "0"}.get(kind, "None")
        yield found.end(), found.end(), f"{spaces}={spaces}{new}"


def _keyword(text: str, line: str) -> Iterator[Edit]:
    """`retrun x`: a first word that stands nowhere else, and that is nearly a keyword."""
    first = _FIRST_WORD.match(line)
    if first is None or first[1] in _BEGINS or len(re.findall(rf"\b{first[1]}\b", text)) > 1:
        return
    best = max(sorted(_BEGINS), key=lambda word: likeness(first[1], word))
    if likeness(first[1], best) >= MISSPELT:
        yield first.start(1), first.end(1), best


def _ternary(line: str) -> Iterator[Edit]:
    """`a ? b : c` of other languages."""
    found = _TERNARY.match(line)
    if found is not None:
        yield found.start(2), found.end(), f"{found[3]} if {found[2]} else {found[4]}"


def _awaited(text: str, at: int) -> Iterator[Plan]:
    """`async` for the function that awaits."""
    column = len(text[at:]) - len(text[at:].lstrip(" \t"))
    for found in reversed(list(_ASYNC.finditer(text, 0, at))):
        if len(found[1]) < column:
            place = found.end(1)
            yield Plan((), SURE, ((place, place, "async "),))
            return
