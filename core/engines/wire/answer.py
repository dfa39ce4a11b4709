"""From a model's answer to the region's new text: the one block taken out, its indentation and ends put right.

`core.engines.rewriter` calls it once an answer is complete. What is certain is repaired, everything else is Unusable,
with a clause that the model is told on the retry. `checks` then looks at what the text says. Nothing is stripped that
could be code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sharpen.core.engines.wire.alike import alike, bag
from sharpen.core.engines.wire.echoes import without_echo
from sharpen.core.engines.wire.indents import indented_as
from sharpen.core.engines.wire.sentences import is_sentence

_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)")
_PROSE = re.compile(
    r"(?i)^(here(?:'s| is| are)|sure\b|certainly|of course|okay|ok,|i(?:['’](?:ve|d|m|ll)| have| will| would| can| could| am| used| made)\b|"
    r"(?:sorry|unfortunately|as an ai|there is no|you (?:can|could|should)|we (?:can|could|should))\b|the (?:updated|new|following|"
    r"rewritten|region)\b|below is|this (?:code|version|is)|to (?:fix|do)|note:|let me)"
)
_NUMBERED = re.compile(r"\s*(\d+)(?:[:|]|\s\|)\s?(.*)")
_TAG = re.compile(r"<\|/?(?:code_to_edit|cursor|current_file_content)\|>\n?")


class Unusable(Exception):
    """An answer that is not the region's new text; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the region is, and what lies around it."""

    old: str
    before: str
    after: str
    markdown: bool = False
    prose: bool = False
    """Whether the file is text for readers, in which sentences are what is asked for."""


def fence_for(text: str) -> str:
    """A fence that the text does not contain."""
    runs = [len(run) for run in re.findall(r"`{3,}", text)]
    return "`" * (max([2, *runs]) + 1)


def extracted(answer: str, place: Place) -> str:
    """The region's new text as the answer has it. Raises Unusable."""
    text, blocks = _parted(answer, place)
    if len(blocks) > 1:
        blocks = [_likest(blocks, place.old)]
    new = blocks[0] if blocks else _bare(text, place)
    new = _unnumbered(new, place.old)
    new = without_echo(new, place.old, place.before, place.after)
    around = "" if place.markdown or place.prose else place.before + place.after
    return ended_as(indented_as(new, place.old, around), place.old)


def unfenced(answer: str, place: Place) -> str:
    """The answer's one block where it has one, else all of it. Raises Unusable."""
    text, blocks = _parted(answer, place)
    return blocks[0] if len(blocks) == 1 else text


def _parted(answer: str, place: Place) -> tuple[str, list[str]]:
    """The answer with the line ends and without the tags of the wire, and its blocks."""
    text = _TAG.sub("", answer.replace("\r\n", "\n").replace("\r", "\n"))
    return text, _blocks(text, place)


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
    # Inside a document about code, fences belong to the text: the last closer is ours.
    nested = place.markdown or "```" in place.old
    found, at = [], 0
    while at < len(marks):
        start, mark, _info = marks[at]
        rest = range(at + 1, len(marks))
        order = reversed(rest) if nested else rest
        end = next((k for k in order if _closes(marks[k], mark)), None)
        if end is None:
            raise Unusable("its code block never ends, so that its tail is missing")
        found.append("\n".join(lines[start + 1 : marks[end][0]]) + "\n")
        at = end + 1
    return found


def _closes(fence: tuple[int, str, str], mark: str) -> bool:
    _, own, info = fence
    return not info and own[0] == mark[0] and len(own) >= len(mark)


def _looks_like_code(line: str, place: Place) -> bool:
    return bool(line.strip()) and line in place.old.split("\n")


def _likest(blocks: Sequence[str], old: str) -> str:
    """The block that is most like the region. Raises Unusable where two are equally so."""
    was = bag(old)
    ratios = sorted(((alike(was, bag(block)), i) for i, block in enumerate(blocks)), reverse=True)
    if ratios[0][0] < 0.3 or ratios[0][0] - ratios[1][0] < 0.05:
        raise Unusable("it has several code blocks, and which one is the region cannot be told")
    return blocks[ratios[0][1]]


def _bare(text: str, place: Place) -> str:
    """An answer without any fence: code if it neither begins nor ends like a letter."""
    said = [line for line in text.split("\n") if line.strip()]
    if text.strip() == "None" and place.old.strip() != "None":
        raise Unusable("it says None in place of the region's text")
    if not place.markdown and said and _PROSE.match(said[0].strip()) and said[0] not in place.old:
        raise Unusable("it is prose without a code block")
    chats = (line for line in (said[0], said[-1]) if line not in place.old) if said else ()
    if not (place.markdown or place.prose or any(map(is_sentence, place.old.split("\n")))) and any(
        map(is_sentence, chats)
    ):
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


def ended_as(new: str, old: str) -> str:
    """The newline at the end as the region has it."""
    if old.endswith("\n") and not new.endswith("\n"):
        return new + "\n"
    if old and not old.endswith("\n") and new.endswith("\n"):
        return new[:-1]
    if not old.endswith("\n\n"):  # a blank line before the closing fence
        while new.endswith("\n\n") and old:
            new = new[:-1]
    return new
