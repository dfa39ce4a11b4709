"""What a new text for a region may not be: shortened, cut off, a diff, a letter, or full of control characters.

`core.engines.rewriter` asks after `answer.extracted`. Each check looks only at lines that the region did not have, so
that code that is about ellipses or diffs stays possible. The verifier has the last word, not this list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from textwrap import dedent

from sharpen.core.engines.wire.answer import Place, Unusable
from sharpen.core.engines.wire.harmless import harmful

_COMMENT = r"(?:#|//|--|;|%|/\*|<!--|\{/\*|\"\"\"|''')"
_ELIDED = re.compile(
    rf"\s*{_COMMENT}\s*(?:(?:\.\.\.|…)\s*(?:\*/|-->|\*/\}})?\s*$|.*\b(?:rest of|existing|remaining|other|previous)\b.*"
    r"\b(?:code|function|method|class|file|implementation|imports?|unchanged|same)\b|.*(?:\.\.\.|…).*\b(?:unchanged|rest|same|"
    r"existing|omitted)\b|.*\b(?:remains? (?:the same|unchanged)|same as before|omitted for brevity|your code here|unchanged)\b)",
    re.IGNORECASE,
)
_DOTS = re.compile(r"\s*(?:\.\.\.|…)\s*")
_MODEL_TAG = re.compile(r"<\|[\w/!@# ]{1,40}\|>|</?think(?:ing)?>|<(?:start|end)_of_turn>")
_CONFLICT = re.compile(r"(?:<{7} |={7}$|>{7} )")
_SHORTENS = re.compile(
    r"(?i)\b(delet|remov|drop|strip|shorten|shrink|simplif|clean|extract|inline|reduce|replace|minif|merge|cut)"
)
_LEAST_SHARE = 0.4
_TAIL_LINES = 3


def check(new: str, place: Place, instruction: str) -> None:
    """Raises Unusable with a clause that says what is wrong."""
    old_lines = place.old.split("\n")
    known = set(old_lines)
    fresh = [line for line in new.split("\n") if line not in known]
    _harm(new, place.old)
    for line in fresh:
        if _ELIDED.match(line):
            raise Unusable(f"it leaves lines out and says so ({line.strip()[:60]!r})")
        if _MODEL_TAG.search(line) or _CONFLICT.match(line.lstrip()):
            raise Unusable(f"it has marks in it that are no code ({line.strip()[:40]!r})")
    _bodies(new, place.old)
    _no_diff(new, place.old)
    if not _SHORTENS.search(instruction):
        _whole(new, place.old)


def _harm(new: str, old: str) -> None:
    bad = (harmful(new) | ({"\ufffd"} & set(new))) - harmful(old) - set(old)
    if bad:
        names = ", ".join(f"U+{ord(c):04X}" for c in sorted(bad)[:3])
        raise Unusable(f"it has characters in it that no source has ({names})")


def _bodies(new: str, old: str) -> None:
    """A bare ellipsis where the region had statements."""
    dots = sum(1 for line in new.split("\n") if _DOTS.fullmatch(line))
    were = sum(1 for line in old.split("\n") if _DOTS.fullmatch(line))
    if dots > were and len(new) < len(old):
        raise Unusable("it has an ellipsis in the place of code")


def _no_diff(new: str, old: str) -> None:
    # Its indentation has been put right already, as if it were code.
    lines = [line for line in dedent(new).split("\n") if line]
    heads = [line for line in lines if re.match(r"@@ .*@@|(?:---|\+\+\+) ", line)]
    if heads and not any(line in old for line in heads):
        raise Unusable("it is a diff and not the region's text")
    marked = [line for line in lines if line[0] in "+-"]
    if len(lines) > 1 and marked and all(line[0] in "+- " for line in lines) and not _all_marked(old):
        raise Unusable("it is a diff and not the region's text")


def _all_marked(text: str) -> bool:
    """Whether the region itself consists of such lines: an indented list, for example."""
    return any(line[:1] in {"+", "-"} for line in text.split("\n"))


def _whole(new: str, old: str) -> None:
    """Nobody asked for less, so the region may not lose its end or most of itself."""
    kept = [line.strip() for line in old.split("\n") if line.strip()]
    have = [line.strip() for line in new.split("\n") if line.strip()]
    if kept and not have:
        raise Unusable("it is empty")
    if len(old) >= 200 and len(new) < _LEAST_SHARE * len(old):
        raise Unusable("most of the region is missing from it")
    if len(kept) <= 2 * _TAIL_LINES or len(have) >= len(kept):
        return
    lost = _lost_tail(kept, have)
    if lost >= _TAIL_LINES:
        raise Unusable(f"the last {lost} lines of the region are missing from it")


def _lost_tail(kept: Sequence[str], have: Sequence[str]) -> int:
    """How many of the region's last lines are gone, where nothing new stands in their place."""
    blocks = SequenceMatcher(None, kept, have, autojunk=False).get_matching_blocks()
    ends = [(b.a + b.size, b.b + b.size) for b in blocks if b.size]
    if not ends:
        return 0
    old_end, new_end = ends[-1]
    return len(kept) - old_end if new_end == len(have) else 0
