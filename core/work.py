"""One target on its way through the rounds: the text as they have left it, and what is still to be done about it.

`core.session` makes one for each target. Confidences of earlier rounds stay with their text. It writes nothing and
knows no engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sharpen.core.candidate import Candidate
from sharpen.core.diagnose import diagnose
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.region import Region
from sharpen.core.splice import splices


@dataclass(frozen=True, slots=True)
class Target:
    """One region of one file, and what is wrong in it."""

    document: Document
    region: Region
    diagnostics: tuple[Diagnostic, ...] = ()
    older: frozenset[tuple[str, str]] = frozenset()
    """Keys of findings that the edit is not to answer for, though they come to light on the way."""


@dataclass(slots=True)
class Work:
    """One target on its way: the text as the rounds have left it."""

    target: Target
    base: Document
    """The file as it would be with the last winner applied."""
    region: Region
    winner: Candidate | None = None
    checked: bool = True
    """Whether the check command has seen the winner."""
    candidates: int = 0
    """Proposed so far, which numbers the next one."""
    tried: set[tuple[str, str]] = field(default_factory=set)
    """Keys of the findings that a round was about."""

    def take(self, winner: Candidate, checked: bool) -> None:
        """Go on from this candidate; the confidences of earlier rounds stay with their text."""
        earlier = self.winner.spans if self.winner is not None else ()
        spans = (*_carried(earlier, self.base, self.region, winner.text), *winner.spans)
        self.winner, self.checked = replace(winner, spans=tuple(sorted(spans))), checked
        original = self.target.document
        patch = Patch.of(original, self.target.region, winner.text)
        self.base = Document.from_bytes(patch.result(original.path), original.path, original.mode)
        start = self.target.region.start_char
        self.region = replace(self.target.region, end_char=start + len(winner.text))

    def findings(self, text: str, kinds: tuple[str, ...]) -> tuple[Diagnostic, ...]:
        """What is wrong in the region, were it to read so."""
        document, region = self.target.document, self.target.region
        whole = document.text[: region.start_char] + text + document.text[region.end_char :]
        end = region.start_char + len(text)
        found = diagnose(whole, document.path, kinds) if kinds else ()
        inside = (d for d in found if region.start_char <= d.start_char <= end)
        return tuple(d for d in inside if d.key not in self.target.older)


def apart(group: tuple[Diagnostic, ...]) -> list[tuple[Diagnostic, ...]]:
    """Findings of several kinds as a group a kind; nothing where it is one kind already."""
    keys = list(dict.fromkeys(d.key for d in group))
    return [tuple(d for d in group if d.key == key) for key in keys] if len(keys) > 1 else []


def fresh(found: tuple[Diagnostic, ...], tried: set[tuple[str, str]]) -> tuple[Diagnostic, ...]:
    """Those that no round was about."""
    return tuple(d for d in found if d.key not in tried)


def following(
    found: tuple[Diagnostic, ...], groups: list[tuple[Diagnostic, ...]], tried: set[tuple[str, str]]
) -> list[tuple[Diagnostic, ...]]:
    """The groups still to do, at the places where their findings now are, then what has come to light."""
    todo = [tuple(d for d in found if d.key == group[0].key) for group in groups]
    return [group for group in (*todo, fresh(found, tried)) if group]


def _carried(
    spans: tuple[tuple[int, int, float], ...], document: Document, region: Region, new: str
) -> list[tuple[int, int, float]]:
    """Spans of the region's text where they stand once it reads `new`; those that the edit touches are left out."""
    if not spans:
        return []
    changes = [
        (document.char_of(first) - region.start_char, document.char_of(last) - region.start_char, start, end)
        for first, last, _bytes, start, end in splices(document, region, new)
    ]
    kept = []
    for a, b, confidence in spans:
        if all(last <= a or first >= b for first, last, _start, _end in changes):
            moved = sum((end - start) - (last - first) for first, last, start, end in changes if last <= a)
            kept.append((a + moved, b + moved, confidence))
    return kept
