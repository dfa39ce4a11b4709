"""The Engine protocol: one verb, a plain generator. It knows nothing of files, git or screens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.request import Request


@dataclass(frozen=True, slots=True)
class Ability:
    """What an engine says of a request before it is asked to run."""

    able: bool
    why: str = ""
    """Where unable: one sentence that names what the engine can do."""


class Engine(Protocol):
    """A diffusion model behind one verb."""

    @property
    def name(self) -> str:
        """What the user types after `--engine`."""
        ...

    @property
    def model(self) -> str:
        """The checkpoint's own name."""
        ...

    def can(self, instruction: str) -> Ability:
        """Whether the instruction is within the engine's skills. Cheap: loads no weights."""
        ...

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        """Yield frames as the canvas changes, then one or more candidates, best first.

        Raises EngineUnavailable where the model cannot be had, Interrupted once `request.cancel` is set.
        """
        ...
