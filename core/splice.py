"""A region's old text and new text, as the few byte splices that turn one into the other.

`Patch.of` calls it. Invariant: the splices read back, through `Document`, as exactly the text that was asked for,
and each new line has the ending of the line that it replaces. Only changed spans are encoded again. It looks for
nothing outside the region, and the place of every splice is known, never searched for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sharpen.core.document import Document
from sharpen.core.errors import NotText
from sharpen.core.region import Region
from sharpen.core.unified import splice


@dataclass(frozen=True, slots=True)
class Change:
    """Characters of the document that become other characters, before they are encoded."""

    start_char: int
    end_char: int
    new: str
    new_start: int
    """Where `new` begins in the region's new text."""
    first_line: int
    """1-based line of the document whose ending the first new line takes, and so on."""
    last_line: int
    """The last such line; `first_line - 1` where lines are only added."""


def splices(document: Document, region: Region, new_text: str) -> list[tuple[int, int, bytes, int, int]]:
    """(start_byte, end_byte, new bytes, new_start, new_end), the last two in characters of `new_text`.

    Raises NotText where the file's encoding lacks a character that the edit needs.
    """
    found = list(_changes(document, region, new_text))
    wanted = document.text[: region.start_char] + new_text + document.text[region.end_char :]
    made = [_encoded(document, change, None) for change in found]
    if not found or _reads_as(document, made, wanted):
        return made
    # A lone `\\r` and a `\\n` that an edit brings together would read as one line ending. Then whole lines are
    # written anew, the neighbours too, with one ending.
    wide = _widened(document, region, new_text)
    for ending in ("\r\n", "\n", "\r"):
        made = [_encoded(document, wide, ending)]
        if _reads_as(document, made, wanted):
            return made
    raise NotText(f"the edit of {document.path} does not read back as {document.encoding}")


def _reads_as(document: Document, made: list[tuple[int, int, bytes, int, int]], wanted: str) -> bool:
    data = splice(document.data, [(start, end, new) for start, end, new, *_ in made])
    try:
        return Document.from_bytes(data, document.path).text == wanted
    except NotText:
        return False


def _lines(text: str) -> list[str]:
    """Lines with their `\\n`; only `\\n` ends a line (str.splitlines also breaks at form feeds)."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _changes(document: Document, region: Region, new_text: str) -> Iterator[Change]:
    """The smallest spans that differ, in order; lines are matched first, then characters within them."""
    old_text = document.text[region.start_char : region.end_char]
    old, new = _lines(old_text), _lines(new_text)
    head, tail = _shared(old, new)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    from difflib import SequenceMatcher  # with the first edit, not with every start

    matcher = SequenceMatcher(None, middle_old, middle_new)
    old_at = region.start_char + sum(map(len, old[:head]))
    new_at = sum(map(len, new[:head]))
    line = document.line_of(old_at)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        olds, news = middle_old[i1:i2], middle_new[j1:j2]
        if tag != "equal":
            # As many lines as before: each one is the new form of the old one at its place.
            pairs = [([a], [b]) for a, b in zip(olds, news, strict=False)]
            block_line, block_old, block_new = line, old_at, new_at
            for a, b in pairs if len(olds) == len(news) else [(olds, news)]:
                before, after = "".join(a), "".join(b)
                if before != after:
                    whole = Change(
                        block_old,
                        block_old + len(before),
                        after,
                        block_new,
                        block_line,
                        block_line + len(a) - 1,
                    )
                    yield _trimmed(before, whole)
                block_old, block_new = block_old + len(before), block_new + len(after)
                block_line += len(a)
        old_at += sum(map(len, olds))
        new_at += sum(map(len, news))
        line += len(olds)


def _shared(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many items both share at their beginning and, beyond that, at their end."""
    most = min(len(old), len(new))
    head = 0
    while head < most and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < most - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail


def _trimmed(before: str, change: Change) -> Change:
    """Without the characters that `before` and the new text share at either end."""
    head, tail = _shared(before, change.new)
    skipped = before.count("\n", 0, head)  # lines that keep their endings before the span begins
    return Change(
        start_char=change.start_char + head,
        end_char=change.end_char - tail,
        new=change.new[head : len(change.new) - tail],
        new_start=change.new_start + head,
        first_line=change.first_line + skipped,
        last_line=change.last_line,
    )


def _widened(document: Document, region: Region, new_text: str) -> Change:
    """The region with the lines around it, as one change."""
    first = max(1, document.line_of(region.start_char) - 1)
    last = min(document.line_count, document.line_of(region.end_char) + 1)
    start, end = document.line_span(first, last)
    before, after = document.text[start : region.start_char], document.text[region.end_char : end]
    return Change(start, end, before + new_text + after, -len(before), first, last)


def _encoded(document: Document, change: Change, ending: str | None) -> tuple[int, int, bytes, int, int]:
    """The change as bytes; each new line ends as `ending`, or as the line that it replaces."""
    parts = change.new.split("\n")
    text = parts[0]
    for index, part in enumerate(parts[1:]):
        text += (ending or _ending(document, change, index)) + part
    try:
        new = text.encode(document.encoding)
    except UnicodeEncodeError as error:
        lacking = error.object[error.start]
        raise NotText(
            f"{document.path} is {document.encoding}, which has no {lacking!r}; nothing was written",
            "save it as UTF-8",
        ) from error
    start, end = document.byte_of(change.start_char), document.byte_of(change.end_char)
    return start, end, new, change.new_start, change.new_start + len(change.new)


def _ending(document: Document, change: Change, index: int) -> str:
    """The ending of the old line at the same place, else of its neighbours, else the file's usual one."""
    line = min(change.first_line + index, max(change.last_line, change.first_line - 1))
    for near in (line, line - 1, line + 1):
        if found := document.ending(near):
            return found
    return document.newline
