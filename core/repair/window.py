"""The window that the embedded model sees: whole lines around the place that the parser names, as tokens.

`engines.embedded` makes it at inference and `training.samples` in training, by this one function. Offsets are
characters of the whole text; the first token is the newline-and-indentation before the first line (at the start of
a text, a newline that is not there: its span is empty but for the indentation).
"""

from __future__ import annotations

from dataclasses import dataclass

from sharpen.core.repair.tokens import Codec

LENGTH = 160
"""Tokens of a window, the two that open it not counted."""
BEFORE = 2
"""Lines taken before the place for each line taken after it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens of the lines [`first`, `last`) (0-based), with spans and flags."""

    ids: list[int]
    spans: list[tuple[int, int]]
    flags: list[int]
    """1 on the line that the diagnostic names, 2 on the token that it names, else 0."""
    first: int
    last: int
    tabs: bool = False
    """Its lines are indented by tabs alone: `ids` show each tab as four spaces, and new lines are written in tabs."""


def line_starts(text: str) -> list[int]:
    """Character offset of each line's first character."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def cut(text: str, codec: Codec, line: int, column: int = 0, length: int = LENGTH) -> Window:
    """The window around 1-based `line` and `column` (0: only the line is known) of at most `length` tokens.

    Lines are added above and below while they fit, two above for each below; a line that is too long on its own
    is cut around the column.
    """
    starts = line_starts(text)
    at = min(max(line - 1, 0), len(starts) - 1)
    ends = [*(s - 1 for s in starts[1:]), len(text)]

    def tokens(i: int) -> tuple[list[int], list[tuple[int, int]]]:
        begin = starts[i]
        piece = codec.encode("\n" + text[begin : ends[i]])
        spans = [(max(a + begin - 1, 0 if i == 0 else begin - 1), b + begin - 1) for a, b in piece.spans]
        return piece.ids, [(a, max(a, b)) for a, b in spans]

    ids, spans = tokens(at)
    if len(ids) > length:
        mark = starts[at] + max(column - 1, 0)
        middle = next((k for k, (_, b) in enumerate(spans) if b > mark), len(ids))
        low = max(0, min(middle - length // 2, len(ids) - length))
        ids, spans = ids[low : low + length], spans[low : low + length]
    flags = [1] * len(ids)
    if column:
        mark = starts[at] + column - 1
        for k, (a, b) in enumerate(spans):
            if a <= mark < b or (mark >= b and k == len(spans) - 1):
                flags[k] = 2
                break
    first, last, turn = at, at + 1, 0
    room = length - len(ids)
    up, down = first > 0, last < len(starts)
    while up or down:
        if up and (turn % (BEFORE + 1) < BEFORE or not down):
            more, where = tokens(first - 1)
            if len(more) > room:
                up = False
            else:
                ids, spans, flags = more + ids, where + spans, [0] * len(more) + flags
                first, room = first - 1, room - len(more)
                up = first > 0
        elif down:
            more, where = tokens(last)
            if len(more) > room:
                down = False
            else:
                ids, spans, flags = ids + more, spans + where, flags + [0] * len(more)
                last, room = last + 1, room - len(more)
                down = last < len(starts)
        turn += 1
    tabs = _tabbed(text[starts[first] : ends[last - 1]])
    return Window(_spaced(ids, codec) if tabs else ids, spans, flags, first, last, tabs)


def _tabbed(text: str) -> bool:
    """Whether tabs begin some of its lines, and spaces none."""
    heads = {line[:1] for line in text.split("\n")}
    return "\t" in heads and " " not in heads


def _spaced(ids: list[int], codec: Codec) -> list[int]:
    """Lines that begin with tabs as the model knows them: with four spaces for each."""
    out = []
    for token in ids:
        piece = codec.bytes_of(token)
        if piece[:2] == b"\n\t" and not piece[1:].strip(b"\t"):
            out.append(codec.id_of("\n" + "    " * (len(piece) - 1)) or token)
        else:
            out.append(token)
    return out
