"""Lines that were selected, found again in another state of their file: after an edit, or in it under a frame. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher


def moved(before: str, now: str, first: int, last: int) -> tuple[int, int]:
    """Where lines first..last (1-based, inclusive) of `before` are in `now`; what was changed among them counts as them.

    Where all of them are gone, the line at their place.
    """
    old, new = before.split("\n"), now.split("\n")
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    begin = end = None
    for kind, a, b, c, d in steps:
        low, high = max(a, first - 1), min(b, last)
        if (
            low >= high
        ):  # none of them; an insertion between two of them lies within the bounds that they give
            continue
        same = kind == "equal"
        one, two = (c + low - a, c + high - a) if same else (c, d)
        begin, end = one if begin is None else begin, two
    if begin is None or end is None:
        return first, last
    begin = min(begin, max(0, len(new) - 1))
    return begin + 1, max(end, begin + 1)


def respelled(spec: str, before: str, now: str) -> str:
    """`PATH:FIRST-LAST` for the file as it is now. Without a change, or without lines, it is what it was."""
    path, _, lines = spec.rpartition(":")
    first, _, last = lines.partition("-")
    if before == now or not path or not (first.isdecimal() and last.isdecimal()):
        return spec
    one, two = moved(before, now, int(first), int(last))
    return f"{path}:{one}-{two}"
