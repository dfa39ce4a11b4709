"""The region's own indentation for an answer: its tabs or spaces, its depth, and the first line's own.

`answer` asks. A model often shifts the whole text to the margin, or forgets the first line's indentation alone, and
some write spaces whatever the file has. Only what is the same for all lines is put right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import gcd

_WORD = re.compile(r"\w+|\S")
_WIDTHS = range(2, 9)
"""How many spaces a level may have."""


def indented_as(new: str, old: str, around: str = "") -> str:
    """`new` at the indentation that `old` has. `around`: what shows the file's tabs or spaces where `old` does not."""
    return _moved(_tabbed_as(new, old, around), old)


def indent(line: str) -> str:
    """What the line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def _said(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _tabbed_as(new: str, old: str, around: str) -> str:
    """Tabs for spaces or spaces for tabs, where the file has only one of them and the answer only the other."""
    known = set(old.split("\n"))
    own = [indent(line) for line in _said(old) if indent(line)]
    own = own or [indent(line) for line in _said(around) if indent(line)]
    fresh = [indent(line) for line in _said(new) if indent(line) and line not in known]
    if not own or not fresh:
        return new
    tabs = all(set(one) == {"\t"} for one in own)
    if tabs and all(set(one) == {" "} for one in fresh):
        width = _width(fresh, _said(new), _said(old))
        return new if width is None else _replaced(new, known, " " * width, "\t")
    if all(set(one) == {" "} for one in own) and all(set(one) == {"\t"} for one in fresh):
        width = _step(own)
        return new if width is None else _replaced(new, known, "\t", " " * width)
    return new


def _width(fresh: Sequence[str], said: Sequence[str], kept: Sequence[str]) -> int | None:
    """How many of the answer's spaces are one tab of the region's."""
    tabs, spaces = (len(indent(lines[0])) if lines else 0 for lines in (kept, said))
    if tabs and spaces and spaces % tabs == 0 and spaces // tabs in _WIDTHS:
        return spaces // tabs
    return _step(fresh)


def _step(indents: Sequence[str]) -> int | None:
    """The width of which all are multiples; None where there is none."""
    step = gcd(*(len(one) for one in indents))
    return step if step in _WIDTHS else None


def _replaced(text: str, known: set[str], unit: str, by: str) -> str:
    lines = []
    for line in text.split("\n"):
        own = "" if line in known else indent(line)
        lines.append(by * (len(own) // len(unit)) + line[len(own) :] if own else line)
    return "\n".join(lines)


def _moved(new: str, old: str) -> str:
    """The whole text moved to the region's depth where all of it lacks or adds the same, or the first line alone."""
    lines, said, kept = new.split("\n"), _said(new), _said(old)
    if not said or not kept:
        return new
    want, have = indent(kept[0]), indent(said[0])
    least, lowest = min(map(indent, said), key=len), min(map(indent, kept), key=len)
    if have == want or said[0] in kept:
        return new
    if len(have) < len(want) and _first_alone(said, kept):
        index = lines.index(said[0])
        return "\n".join([*lines[:index], want + said[0].lstrip(" \t"), *lines[index + 1 :]])
    if least == have and want.startswith(have) and lowest == want:
        return "\n".join(want[len(have) :] + line if line.strip() else line for line in lines)
    if have.startswith(want) and all(line.startswith(have) for line in said) and lowest == want:
        return "\n".join(line[len(have) - len(want) :] if line.strip() else line for line in lines)
    return new


def _first_alone(said: Sequence[str], kept: Sequence[str]) -> bool:
    """Whether the lines below the first are as deep as the region's, so that it alone lost its indentation."""
    first, was = said[0].strip(), kept[0].strip()
    if first == was and any(line in kept for line in said[1:]):
        return True
    if len(said) < 2 or len(kept) < 2 or first[-1] != was[-1] or _begin(first) != _begin(was):
        return False
    return min(len(indent(line)) for line in said[1:]) >= min(len(indent(line)) for line in kept[1:])


def _begin(line: str) -> str:
    match = _WORD.match(line)
    return match[0] if match else ""
