"""What the road emits. `core.session.run` makes them; the commands print them, `cli.jsonl` writes them, the TUI draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sharpen.core.candidate import Candidate, Verdict
from sharpen.core.canvas import Frame
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.patch import Patch

Where = Literal["file", "both", "index"]
"""What an edit went into: the working file, git's index, or both."""


@dataclass(frozen=True, slots=True)
class Started:
    """The engine is known and the work begins."""

    seconds: float
    engine: str
    model: str
    targets: tuple[str, ...]
    """Paths as the user named them."""


@dataclass(frozen=True, slots=True)
class Framed:
    """One refinement step of one file."""

    seconds: float
    path: str
    frame: Frame
    document: Document | None = None
    """What the canvas lies in: the file as it was read, with the repairs of earlier rounds."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """An engine has finished a candidate."""

    seconds: float
    path: str
    index: int
    """0-based within the path's request; the engine's own order, best first."""
    candidate: Candidate
    patch: Patch


@dataclass(frozen=True, slots=True)
class Verified:
    """A candidate was checked."""

    seconds: float
    path: str
    index: int
    candidate: Candidate
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Applied:
    """A file was written, or git's index was; `checkpoint` undoes it."""

    seconds: float
    path: str
    checkpoint: str
    where: Where = "file"


@dataclass(frozen=True, slots=True)
class Failed:
    """One file (or, with an empty path, the whole run) came to nothing."""

    seconds: float
    path: str
    error: Exception
    """A SharpenError; its class says which kind."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event, always sent."""

    seconds: float
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: tuple[str, ...]
    steps: int
    engine_seconds: float
    proposed: Patch | None = None
    """The winning edits of all files, joined; what was or would have been applied."""
    left: tuple[tuple[str, Diagnostic], ...] = ()
    """(path, finding) of what the repairs uncovered or could not mend, at its place in the repaired text."""


Event = Started | Framed | Proposed | Verified | Applied | Failed | Finished
