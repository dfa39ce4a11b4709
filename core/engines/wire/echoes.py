"""Lines from around the region that an answer repeats at its head or its tail, cut off where they are certain.

`answer` and `filled` ask. The cost grows with the lines and no faster, however often one line is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

_LONG_LINE = 10
_LEAST_SIGNS = 6
"""A line of fewer letters stands everywhere: a bracket, `end`, `pass`."""


def overlap(first: Sequence[str], second: Sequence[str]) -> int:
    """How many lines at the end of `first` are those that `second` begins with, at most."""
    if not first or not second:
        return 0
    lines: list[str | None] = [*second, None, *first[-len(second) :]]
    # For each line, how long a beginning of `second` ends there: the failure function of Knuth, Morris and Pratt.
    longest = [0] * len(lines)
    for at in range(1, len(lines)):
        known = longest[at - 1]
        while known and lines[at] != lines[known]:
            known = longest[known - 1]
        longest[at] = known + (lines[at] == lines[known])
    return longest[-1]


def without_echo(new: str, old: str, before: str, after: str) -> str:
    """The answer without lines from before the region at its head and from after it at its tail."""
    lines, kept = new.split("\n"), old.split("\n")
    ended = lines[-1] == ""
    body = lines[:-1] if ended else lines
    head = overlap(_lines(before), body)
    if _certain(body[:head]) and body[:head] != kept[:head]:
        body = body[head:]
    tail = overlap(body, after.split("\n"))
    rest = kept[:-1] if kept and kept[-1] == "" else kept
    if _certain(body[len(body) - tail :]) and body[len(body) - tail :] != rest[len(rest) - tail :]:
        body = body[: len(body) - tail]
    return "\n".join([*body, ""] if ended else body)


def unrepeated(new: str, prompt: str, before: str, after: str) -> str:
    """An insertion without the end of its own prompt and without the beginning of what follows.

    Nothing of either is expected in it, so that one line which says something is enough. Where `prompt` ends otherwise
    than `before`, it ends in a comment of ours, which nobody wants in the file.
    """
    ours = _lines(prompt)[-1] != _lines(before)[-1]
    lines = new.split("\n")
    ended = lines[-1] == ""
    body = lines[:-1] if ended else lines
    head = overlap(_lines(prompt), body)
    if ours or any(map(_says, body[:head])):
        body = body[head:]
    # Blank lines at the end are not what decides; the caller puts the end right.
    told = [*body]
    while told and not told[-1].strip():
        told.pop()
    tail = overlap(told, _lines(after))
    if any(map(_says, told[len(told) - tail :])):
        body = told[: len(told) - tail]
    return "\n".join([*body, ""] if ended else body)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _certain(echo: Sequence[str]) -> bool:
    """Whether the overlap is no chance: a closing bracket stands everywhere."""
    said = [line for line in echo if line.strip()]
    return len(said) >= 2 or any(len(line.strip()) > _LONG_LINE for line in said)


def _says(line: str) -> bool:
    return sum(1 for sign in line if not sign.isspace()) >= _LEAST_SIGNS
