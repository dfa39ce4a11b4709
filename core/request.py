"""What is asked of an engine: instruction, document, region, findings, settings, and two callables.

An engine sees no file system, no git and no screen. `judge` lets it use the verifier as an oracle without
importing it; `cancel` is how a front end stops it, looked at between steps (closing a generator that
another thread is running raises ValueError, so the token is the way).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sharpen.core.candidate import Verdict
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.region import Region

Judge = Callable[[str], Verdict]
"""Takes a new text for the region, says whether it would hold. Pure: nothing is written."""


class CancelToken:
    """A flag that any thread may set and that an engine reads between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the engine to stop at its next step."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether a stop has been asked for."""
        return self._event.is_set()


@dataclass(frozen=True, slots=True)
class Settings:
    """How an engine is to work. None means: the engine's own default."""

    steps: int | None = None
    candidates: int = 1
    strength: float | None = None
    """0..1, the share of the existing region that is noised before refining; 1 is pure noise."""
    seed: int = 0
    budget_seconds: float | None = None
    frames: bool = True
    """False where nobody looks: the engine may skip building frames."""


def _holds(_text: str) -> Verdict:
    return Verdict(holds=True)


@dataclass(frozen=True, slots=True)
class Request:
    """One edit of one region of one document."""

    instruction: str
    document: Document
    region: Region
    diagnostics: tuple[Diagnostic, ...] = ()
    context: tuple[Document, ...] = ()
    settings: Settings = Settings()
    judge: Judge = _holds
    cancel: CancelToken = field(default_factory=CancelToken)
    outline: str = ""
    """Symbols of the repository that may matter, for an engine that follows free prompts."""
    begun: str = ""
    """What the user has changed so far, as unified diffs, where the prompt asks to go on with it."""

    @property
    def text(self) -> str:
        """The region's present text."""
        return self.document.text[self.region.start_char : self.region.end_char]
