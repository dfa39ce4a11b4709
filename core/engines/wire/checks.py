"""What a new text for a region may not be: shortened, cut off, a diff, a letter, or full of control characters.

`core.engines.rewriter` asks after `answer.extracted`. Each check looks only at lines that the region did not have, so
that code that is about ellipses or diffs stays possible. The verifier has the last word, not this list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from textwrap import dedent

from sharpen.core.engines.wire.alike import alike, bag
from sharpen.core.engines.wire.answer import Place, Unusable
from sharpen.core.engines.wire.elisions import elision
from sharpen.core.engines.wire.harmless import harmful

_DOTS = re.compile(r"\s*(?:\.\.\.|…)\s*")
_MODEL_TAG = re.compile(r"<\|[\w/!@# ]{1,40}\|>|</?think(?:ing)?>|<(?:start|end)_of_turn>")
_CONFLICT = re.compile(r"(?:<{7} |={7}$|>{7} )")
_SHORTENS = re.compile(
    r"(?i)\b(delet|remov|drop|strip|shorten|shrink|simplif|clean|extract|inline|reduce|replace|minif|merge|cut|without|no longer|stop|short|fewer|keep|leave|trunc|dedup|split|move|flatten|revert)"
)
_LEAST_SHARE = 0.4
_TAIL_LINES = 2
_SAME_LINE = 0.6
"""From here on a new last line is taken for an old one that was altered."""
_MOST_SIGNS = 300
"""No more of a line is compared."""
_NAME = re.compile(r"[a-z]{3,}")
_GIVES = re.compile(r"(?:return|yield)\b")
"""A function without its last line is none, where that line was this."""


def check(new: str, place: Place, instruction: str) -> None:
    """Raises Unusable with a clause that says what is wrong."""
    old_lines = place.old.split("\n")
    known = set(old_lines)
    fresh = [line for line in new.split("\n") if line not in known]
    unharmed(new, place.old)
    if line := elision(new, place.old):
        raise Unusable(f"it leaves lines out and says so ({line.strip()[:60]!r})")
    for line in fresh:
        if _MODEL_TAG.search(line) or _CONFLICT.match(line.lstrip()):
            raise Unusable(f"it has marks in it that are no code ({line.strip()[:40]!r})")
    _bodies(new, place.old)
    _no_diff(new, place)
    if not _SHORTENS.search(instruction):
        _whole(new, place.old, instruction)


def unharmed(new: str, old: str) -> None:
    """Raises Unusable for characters that the region did not have and no source has."""
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


def _no_diff(new: str, place: Place) -> None:
    # Its indentation has been put right already, as if it were code.
    lines, old = [line for line in dedent(new).split("\n") if line], place.old
    heads = [line for line in lines if re.match(r"@@ .*@@|(?:---|\+\+\+) ", line)]
    if heads and not any(line in old for line in heads):
        raise Unusable("it is a diff and not the region's text")
    marked = [line for line in lines if line[0] in "+-"]
    if len(lines) < 2 or not marked or not all(line[0] in "+- " for line in lines) or _all_marked(old):
        return
    # A list looks the same; a diff's other lines are the region's.
    known = {line.strip() for line in old.split("\n") if line.strip()}
    listed = place.markdown or place.prose or len({line[:2] for line in marked}) == 1
    if not listed or any(line[0] in "- " and line[1:].strip() in known for line in lines):
        raise Unusable("it is a diff and not the region's text")


def _all_marked(text: str) -> bool:
    """Whether the region itself consists of such lines: an indented list, for example."""
    return any(line[:1] in {"+", "-"} for line in text.split("\n"))


def _whole(new: str, old: str, instruction: str) -> None:
    """Nobody asked for less, so the region may not lose its end or most of itself."""
    kept = [line.strip() for line in old.split("\n") if line.strip()]
    have = [line.strip() for line in new.split("\n") if line.strip()]
    if kept and not have:
        raise Unusable("it is empty")
    if len(old) >= 200 and len(new) < _LEAST_SHARE * len(old):
        raise Unusable("most of the region is missing from it")
    if len(have) >= len(kept):
        return
    wanted = set(_NAME.findall(instruction.lower()))
    lost = [line for line in _lost_tail(kept, have) if not _named(line, wanted)]
    if len(lost) >= _TAIL_LINES or any(_GIVES.match(line) for line in lost):
        some = f"last {len(lost)} lines" if len(lost) > 1 else "last line"
        raise Unusable(f"the {some} of the region {'are' if len(lost) > 1 else 'is'} missing from it")


def _named(line: str, wanted: Collection[str]) -> bool:
    """Whether the instruction speaks of what is in the line: who says "do not log" wants that it goes."""
    names = set(_NAME.findall(line.lower()))
    return any(word.startswith(name) or name.startswith(word) for word in wanted for name in names)


def _lost_tail(kept: Sequence[str], have: Sequence[str]) -> Sequence[str]:
    """The region's last lines that are gone, where nothing new stands in their place."""
    end = have[-1]
    if end in kept:
        at = len(kept) - 1 - kept[::-1].index(end)
    elif _first_word(end) == _first_word(kept[-1]):
        return ()
    else:
        last = bag(end[:_MOST_SIGNS])
        sure, at = max((alike(last, bag(line[:_MOST_SIGNS])), i) for i, line in enumerate(kept))
        if sure < _SAME_LINE:
            return ()
    tail = kept[at + 1 :]
    moved = Counter(have) - Counter(kept[: at + 1])
    return () if any(moved[line] for line in tail) else tail


def _first_word(line: str) -> str:
    match = re.match(r"\w+|\S", line)
    return match[0] if match else ""
