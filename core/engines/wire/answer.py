"""From a model's answer to the region's new text: the one block taken out, its indentation and ends put right.

`core.engines.rewriter` calls it once an answer is complete. What is certain is repaired, everything else is Unusable,
with a clause that the model is told on the retry. `checks` then looks at what the text says. Nothing is stripped that
could be code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)")
_PROSE = re.compile(
    r"(?i)^(here(?:'s| is| are)|sure\b|certainly|of course|okay|ok,|i(?:['’](?:ve|d|m|ll)| have| will| would| can| could| am| used| made)\b|"
    r"(?:sorry|unfortunately|as an ai|there is no|you (?:can|could|should)|we (?:can|could|should))\b|the (?:updated|new|following|"
    r"rewritten|region)\b|below is|this (?:code|version|is)|to (?:fix|do)|note:|let me)"
)
_NUMBERED = re.compile(r"\s*(\d+)(?:[:|]|\s\|)\s?(.*)")
_TAG = re.compile(r"<\|/?(?:code_to_edit|cursor|current_file_content)\|>\n?")
_LONG_LINE = 10


class Unusable(Exception):
    """An answer that is not the region's new text; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the region is, and what lies around it."""

    old: str
    before: str
    after: str
    markdown: bool = False


def fence_for(text: str) -> str:
    """A fence that the text does not contain."""
    runs = [len(run) for run in re.findall(r"`{3,}", text)]
    return "`" * (max([2, *runs]) + 1)


def extracted(answer: str, place: Place) -> str:
    """The region's new text as the answer has it. Raises Unusable."""
    text = _TAG.sub("", answer.replace("\r\n", "\n").replace("\r", "\n"))
    if text.strip() == "None" and place.old.strip() != "None":
        return place.old
    blocks = _blocks(text, place)
    if len(blocks) > 1:
        blocks = [_likest(blocks, place.old)]
    new = blocks[0] if blocks else _bare(text, place)
    new = _unnumbered(new, place.old)
    new = _without_echo(new, place)
    return _ended_as(_indented_as(new, place.old), place.old)


def _blocks(text: str, place: Place) -> list[str]:
    """What stands between fences. Raises Unusable for one that never closes."""
    lines = text.split("\n")
    marks = [
        (i, m["mark"], m["info"].strip()) for i, line in enumerate(lines) if (m := _FENCE.fullmatch(line))
    ]
    if not marks or (
        not _FENCE.fullmatch(lines[0]) and not marks[0][2] and _looks_like_code(lines[0], place)
    ):
        return []
    found, at = [], 0
    while at < len(marks):
        start, mark, _info = marks[at]
        closers = [
            k for k in range(at + 1, len(marks))
            if not marks[k][2] and marks[k][1][0] == mark[0] and len(marks[k][1]) >= len(mark)
        ]  # fmt: skip
        if not closers:
            raise Unusable("its code block never ends, so that its tail is missing")
        # Inside a document about code, fences belong to the text: the last closer is ours.
        end = closers[-1] if place.markdown or "```" in place.old else closers[0]
        found.append("\n".join(lines[start + 1 : marks[end][0]]) + "\n")
        at = end + 1
    return found


def _looks_like_code(line: str, place: Place) -> bool:
    return bool(line.strip()) and line in place.old.split("\n")


def _likest(blocks: Sequence[str], old: str) -> str:
    """The block that is most like the region. Raises Unusable where two are equally so."""
    ratios = sorted(
        ((SequenceMatcher(None, old, b, autojunk=False).ratio(), i) for i, b in enumerate(blocks)),
        reverse=True,
    )
    if ratios[0][0] < 0.3 or ratios[0][0] - ratios[1][0] < 0.05:
        raise Unusable("it has several code blocks, and which one is the region cannot be told")
    return blocks[ratios[0][1]]


def _bare(text: str, place: Place) -> str:
    """An answer without any fence: code if it does not begin like a letter."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    if not place.markdown and _PROSE.match(first.strip()) and first not in place.old:
        raise Unusable("it is prose without a code block")
    return text.lstrip("\n") if not place.old.startswith("\n") else text


def _unnumbered(new: str, old: str) -> str:
    """Line numbers taken off where every line has one and they count up."""
    lines = new.rstrip("\n").split("\n")
    matches = [_NUMBERED.fullmatch(line) for line in lines]
    numbers = [int(m[1]) for m in matches if m]
    if (
        len(lines) < 2
        or len(numbers) < len(lines)
        or numbers != list(range(numbers[0], numbers[0] + len(lines)))
    ):
        return new
    if all(_NUMBERED.fullmatch(line) for line in old.rstrip("\n").split("\n")):
        return new
    return "\n".join(m[2] for m in matches if m) + "\n"


def _without_echo(new: str, place: Place) -> str:
    """Lines from before the region at its head and from after it at its tail, cut where they are certain."""
    lines, old = new.split("\n"), place.old.split("\n")
    before, after = place.before.removesuffix("\n").split("\n"), place.after.split("\n")
    ended = lines[-1] == ""
    body = lines[:-1] if ended else lines
    head = max((k for k in range(1, min(len(before), len(body)) + 1) if body[:k] == before[-k:]), default=0)
    if _certain(body[:head]) and body[:head] != old[:head]:
        body = body[head:]
    tail = max((k for k in range(1, min(len(after), len(body)) + 1) if body[-k:] == after[:k]), default=0)
    rest = old[:-1] if old and old[-1] == "" else old
    if _certain(body[len(body) - tail :]) and body[len(body) - tail :] != rest[len(rest) - tail :]:
        body = body[: len(body) - tail]
    return "\n".join([*body, ""] if ended else body)


def _certain(echo: Sequence[str]) -> bool:
    """Whether the overlap is no chance: a closing bracket stands everywhere."""
    said = [line for line in echo if line.strip()]
    return len(said) >= 2 or any(len(line.strip()) > _LONG_LINE for line in said)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _indented_as(new: str, old: str) -> str:
    """The whole text moved to the region's own indentation where all of it lacks or adds the same."""
    lines = new.split("\n")
    said = [line for line in lines if line.strip()]
    kept = [line for line in old.split("\n") if line.strip()]
    if not said or not kept:
        return new
    want, have = _indent(kept[0]), _indent(said[0])
    least = min((_indent(line) for line in said), key=len)
    lowest = min((_indent(line) for line in kept), key=len)
    if have == want or said[0] in kept:
        return new
    alone = [line for line in said[1:] if line in kept]
    if said[0].strip() == kept[0].strip() and alone:
        index = lines.index(said[0])
        return "\n".join([*lines[:index], want + said[0].lstrip(" \t"), *lines[index + 1 :]])
    if least == have and want.startswith(have) and lowest == want:
        return "\n".join(want[len(have) :] + line if line.strip() else line for line in lines)
    if have.startswith(want) and all(line.startswith(have) for line in said) and lowest == want:
        return "\n".join(line[len(have) - len(want) :] if line.strip() else line for line in lines)
    return new


def _ended_as(new: str, old: str) -> str:
    """The newline at the end as the region has it."""
    if old.endswith("\n") and not new.endswith("\n"):
        return new + "\n"
    if old and not old.endswith("\n") and new.endswith("\n"):
        return new[:-1]
    if not old.endswith("\n\n"):  # a blank line before the closing fence
        while new.endswith("\n\n") and old:
            new = new[:-1]
    return new
