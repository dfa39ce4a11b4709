"""What an engine finally proposes for a region, and what checking it found."""

from __future__ import annotations

from dataclasses import dataclass

from sharpen.core.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finished text for the request's region."""

    text: str
    score: float
    """Higher is better; comparable only within one request."""
    steps: int
    seconds: float
    spans: tuple[tuple[int, int, float], ...] = ()
    """(start_char, end_char, confidence) of the new tokens, in characters of `text`."""
    note: str = ""
    """Said to the user where it matters, e.g. that code was deleted as a last resort."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The end of a check command."""

    command: str
    exit: int
    output: str
    """The last part of stdout and stderr together."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate holds, and why."""

    holds: bool
    gone: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()
    new: tuple[Diagnostic, ...] = ()
    check: CheckResult | None = None
    reason: str = ""
    """One clause for the user where it does not hold."""
