"""A plan as an edit of the text: only the changed tokens' characters are written anew, all others are copied."""

from __future__ import annotations

import re
from itertools import pairwise

from sharpen.core.repair.plans import Plan
from sharpen.core.repair.tokens import Codec
from sharpen.core.repair.window import Window

_LINE = re.compile(r"\n( +)")


def edits(window: Window, plan: Plan, codec: Codec) -> list[tuple[int, int, str]] | None:
    """(start_char, end_char, new text), sorted; None where the new tokens are no text or split a character."""
    found: list[tuple[int, int, str]] = []
    for change in plan.changes:
        new = codec.text_of(list(change.new))
        if new is None:
            return None
        if window.tabs:
            new = _LINE.sub(lambda m: "\n" + "\t" * (len(m[1]) // 4) + " " * (len(m[1]) % 4), new)
        if change.insert:
            if change.at == 0 and window.first == 0:
                return None  # before the newline that is not there
            at = window.spans[change.at][0] if change.at < len(window.spans) else window.spans[-1][1]
            found.append((at, at, new))
            continue
        start, end = window.spans[change.at]
        if _shared(window, change.at):
            return None
        if start == 0 and codec.bytes_of(window.ids[change.at])[:1] == b"\n" and new[:1] == "\n":
            new = new[1:]  # the newline before the first line is not there
        elif start == 0 and codec.bytes_of(window.ids[change.at])[:1] == b"\n" and end == 0 and not new:
            return None
        found.append((start, end, new))
    if plan.beyond:
        found = sorted([*found, *plan.beyond])
        if any(b[0] < a[1] for a, b in pairwise(found)):
            return None
    return found


def _shared(window: Window, at: int) -> bool:
    """Whether the token is one of several bytes of one character."""
    a, b = window.spans[at]
    before = at > 0 and window.spans[at - 1][1] > a
    after = at + 1 < len(window.spans) and window.spans[at + 1][0] < b
    return before or after


def rewrite(text: str, changes: list[tuple[int, int, str]]) -> str:
    """The text with the changes made; they are sorted and do not overlap."""
    out, at = [], 0
    for start, end, new in changes:
        out.append(text[at:start])
        out.append(new)
        at = end
    out.append(text[at:])
    return "".join(out)
