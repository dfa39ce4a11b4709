"""The words of the repair of undefined names: what is missing where, and one way to supply it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sharpen.core.repair.names_outline import Outline, Scope, Use
from sharpen.core.repair.names_table import Wanted

Edit = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to define one name. `prior` is on one scale for all kinds, roughly twice the log-odds."""

    note: str
    prior: float
    edits: tuple[Edit, ...] = ()
    imports: tuple[Wanted, ...] = ()
    target: str = ""
    """The name that stands in its place, where it is renamed."""


@dataclass(frozen=True)
class Missing:
    """An undefined name with all places where it is reported."""

    name: str
    spans: tuple[tuple[int, int], ...]
    """(start_char, end_char), sorted."""
    lines: tuple[int, ...]
    """1-based, one a span."""
    text: str
    starts: tuple[int, ...]
    """The offset at which each line begins."""
    outline: Outline

    @cached_property
    def uses(self) -> list[Use]:
        """The reads in the tree on those lines; fewer than spans where the tree's lines are off (in f-strings)."""
        lines = set(self.lines)
        return [u for u in self.outline.uses.get(self.name, ()) if u.line in lines]

    @cached_property
    def scopes(self) -> list[Scope]:
        """The scope of each span."""
        known = {use.line: use.scope for use in reversed(self.outline.uses.get(self.name, ()))}
        return [known.get(line) or self.outline.at(self.name, line) for line in self.lines]

    @property
    def from_attributes(self) -> bool:
        """Whether something is read from it at every place, as from a module."""
        return bool(self.uses) and all(u.chain for u in self.uses)

    def all(self, new: str) -> tuple[Edit, ...]:
        """Edits that put `new` at every place."""
        return tuple((a, b, new) for a, b in self.spans)

    def offset(self, line: int, column: int) -> int:
        """The character offset of a place as `ast` gives it: column in UTF-8 bytes."""
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode("utf-8", "ignore"))
