"""An older fault of a Python file outside the region that is edited: whether what is still wrong is that fault alone.

Python's parser names one fault and stops, so a file that is broken in one function says nothing of another.
`core.verify` asks here before it rejects a text for a fault that it did not make. Invariant: a fault is excused only
where the file had it before, at the same place, and the new text is sound as far as that can be told without the rest.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections import Counter

from sharpen.core.definitions import language_for
from sharpen.core.diagnose import syntax
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.grammars import faults

Place = tuple[str, int, str]
"""Before or after the region, how many lines from there, and what is said."""


class Elsewhere:
    """What was wrong with a file around a region before the region was edited."""

    def __init__(self, head: str, old: str, tail: str, path: str, found: Diagnostic) -> None:
        self._head, self._old, self._tail, self._path = head, old, tail, path
        self._was_sound = sound_alone(old)
        self._known = {self._place(found, old)} - {None}
        if not self._known and _opens_nothing(old, tail):
            # The parser stopped in the region: what it would have said of the rest, were the region sound.
            neutral = f"{_indent(old)}pass\n"
            later = syntax(head + neutral + tail, path)
            self._known = {self._place(later, neutral)} - {None} if later is not None else set()
            self._known = {place for place in self._known if place is not None and place[0] == "after"}

    def excuses(self, new: str, found: Diagnostic) -> bool:
        """Whether `found`, which the file has with `new` in the region, is its old fault, and `new` adds none."""
        if self._place(found, new) not in self._known:
            return False
        if not new.strip():  # taken out; a body may not be left empty
            return self._was_sound and not self._head.rstrip().endswith(":")
        if sound_alone(new) and _indent(new) == _indent(self._old):
            return True
        return not self._was_sound and not self._fresh(new)

    def _place(self, found: Diagnostic, region: str) -> Place | None:
        """Where a fault lies, told so that it survives an edit of the region; None for one inside."""
        said = re.sub(r"line \d+", "line", found.message)
        first = self._head.count("\n") + 1
        after = first + region.count("\n")
        if found.start_char < len(self._head):
            return "before", found.line, said
        if found.start_char >= len(self._head) + len(region) and self._tail.strip():
            return "after", found.line - after, said
        return None

    def _fresh(self, new: str) -> bool:
        """Whether the grammar that recovers from faults sees one that was not there."""
        language = language_for("-")
        assert language is not None
        texts = (self._head + self._old + self._tail, self._head + new + self._tail)
        before, now = (Counter(d.key for d in faults(text, language)) for text in texts)
        return bool(now - before)


def sound_alone(text: str) -> bool:
    """Whether the text is whole statements, of whatever indentation."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _indent(text: str) -> str:
    first = next((line for line in text.split("\n") if line.strip()), "")
    return first[: len(first) - len(first.lstrip(" \t"))]


def _opens_nothing(old: str, tail: str) -> bool:
    """Whether what follows the region is no body of something that the region begins."""
    return old.endswith("\n") and len(_indent(tail)) <= len(_indent(old))
