"""One repair of one token, before anybody has tried it: made by `bugs` and `bugs_tree`, weighed by `bugs_rank`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Swap:
    """Characters [start, end) of the text become `new`."""

    start: int
    end: int
    new: str
    old: str
    line: int
    """1-based."""
    prior: float
    """Log-odds against the others, before model and hints."""
    scope: str = ""
    """The function that it lies in, empty at the top level."""

    def note(self) -> str:
        """For the user."""
        if not self.old:
            return f"line {self.line}: `{self.new.strip()}` put in"
        if not self.new:
            return f"line {self.line}: `{self.old.strip()}` taken out"
        return f"line {self.line}: `{self.old}` became `{self.new}`"
