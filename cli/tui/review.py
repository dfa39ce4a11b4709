"""Which hunks of a patch are wanted: a value that every key turns into another one. Pure, no screen.

`review_view` holds it. Invariant: `kept` is made of whole hunks of the patch that the road proposed, or of the text
that the user typed over them, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sharpen.core.candidate import Candidate
from sharpen.core.document import Document
from sharpen.core.patch import Hunk, Patch
from sharpen.core.region import Region

Marks = dict[int, list[tuple[int, int]]]
"""0-based line of the new text -> [first, one past the last] character columns."""


@dataclass(frozen=True, slots=True)
class Review:
    """A patch under review."""

    patch: Patch
    decisions: tuple[bool | None, ...]
    """Accepted, rejected, or not decided, a hunk each."""
    at: int = 0
    """The current hunk."""

    @staticmethod
    def of(patch: Patch) -> Review:
        """Nothing decided yet."""
        return Review(patch, (None,) * len(patch.hunks()))

    def resumed(self, decisions: tuple[bool | None, ...]) -> Review:
        """With the decisions of an earlier time, at the first hunk that is open."""
        at = next((i for i, one in enumerate(decisions) if one is None), 0)
        return Review(self.patch, decisions, at)

    @property
    def hunk(self) -> Hunk:
        """The current hunk."""
        return self.patch.hunks()[self.at]

    @property
    def done(self) -> bool:
        """Whether every hunk is decided."""
        return None not in self.decisions

    @property
    def open(self) -> int:
        """Hunks not decided."""
        return self.decisions.count(None)

    def move(self, by: int) -> Review:
        """To a neighbouring hunk, stopping at the ends."""
        return replace(self, at=max(0, min(len(self.decisions) - 1, self.at + by)))

    def decide(self, accepted: bool) -> Review:
        """Accept or reject the current hunk and go to the next one that is open."""
        decisions = tuple(accepted if i == self.at else d for i, d in enumerate(self.decisions))
        count = len(decisions)
        order = [(self.at + step) % count for step in range(1, count)]
        following = next((i for i in order if decisions[i] is None), self.at)
        return replace(self, decisions=decisions, at=following)

    def decide_rest(self, accepted: bool) -> Review:
        """Accept or reject all hunks that are open."""
        return replace(self, decisions=tuple(accepted if d is None else d for d in self.decisions))

    def kept(self) -> Patch | None:
        """The accepted hunks; None where there are none."""
        indices = [i for i, d in enumerate(self.decisions) if d]
        return self.patch.keep(indices) if indices else None

    def edited(self, lines: list[str]) -> Review:
        """The current hunk's new lines replaced by what the user typed; it stands accepted where it changes anything.

        Other hunks keep their decisions. Raises NotText where the file's encoding lacks a character.
        """
        hunk = self.hunk
        document = self.patch.document(hunk.path)
        own = [h.index for h in self.patch.hunks() if h.path == hunk.path]
        new = document.text.split("\n")
        for index in reversed(own):
            other = self.patch.hunks()[index]
            start = other.start_line - 1
            put = lines if index == hunk.index else list(other.new_lines)
            new[start : start + len(other.old_lines)] = put
        fresh = Patch.of(document, document.whole(), "\n".join(new))
        others = (self._of(path) for path in self.patch.paths if path != hunk.path)
        joined = Patch.join([*others, fresh])
        known = {(h.path, h.start_line): d for h, d in zip(self.patch.hunks(), self.decisions, strict=True)}
        known[hunk.path, hunk.start_line] = True
        decisions = tuple(known.get((h.path, h.start_line)) for h in joined.hunks())
        at = next(
            (h.index for h in joined.hunks() if (h.path, h.start_line) >= (hunk.path, hunk.start_line)), 0
        )
        return Review(joined, decisions, min(at, max(0, len(decisions) - 1)))

    def _of(self, path: str) -> Patch:
        return self.patch.keep(h.index for h in self.patch.hunks() if h.path == path)

    def with_candidate(self, patch: Patch) -> Review:
        """Another candidate's edits in place of those of the same files; these are open again."""
        paths = set(patch.paths)
        joined = Patch.join([*(self._of(p) for p in self.patch.paths if p not in paths), patch])
        known = {(h.path, h.start_line): d for h, d in zip(self.patch.hunks(), self.decisions, strict=True)}
        decisions = tuple(
            None if h.path in paths else known.get((h.path, h.start_line)) for h in joined.hunks()
        )
        return Review(joined, decisions, 0)


def unsure_marks(document: Document, region: Region, candidate: Candidate, below: float) -> Marks:
    """Where in the repaired text the tokens are that the engine doubted."""
    tail = document.text[region.end_char :]
    text = document.text[: region.start_char] + candidate.text + tail
    found: Marks = {}
    for start, end, confidence in candidate.spans:
        if confidence >= below or start >= end:
            continue
        at, stop = region.start_char + start, min(region.start_char + end, len(text))
        while at < stop:
            line_start = text.rfind("\n", 0, at) + 1
            line_end = text.find("\n", at)
            line_end = len(text) if line_end < 0 else line_end
            if at < min(stop, line_end):
                row = text.count("\n", 0, at)
                found.setdefault(row, []).append((at - line_start, min(stop, line_end) - line_start))
            at = line_end + 1
    return found
