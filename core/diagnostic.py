"""What is wrong, and where. Produced by `core.diagnose` and by check commands, read by engines and front ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a document's text."""

    start_char: int
    end_char: int
    line: int
    """1-based."""
    column: int
    """1-based, in characters."""
    code: str
    """`syntax`, a ruff code such as `F821`, or `check`."""
    message: str
    source: str
    """`python` (the running interpreter's grammar), `tree-sitter`, `ruff`, or the check command."""

    @property
    def key(self) -> tuple[str, str]:
        """Identity that survives edits elsewhere in the file: code and message, not the place."""
        return (self.code, self.message)
