"""What `edit` and `fix` were asked to do, as one value; no command reads flags any other way."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sharpen.core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Options:
    """The shared flags, then those of `fix`."""

    engine: str | None = None
    yes: bool = False
    dry_run: bool = False
    json: bool = False
    cells: bool = False
    candidates: int = 1
    check: str | None = None
    steps: int | None = None
    strength: float | None = None
    seed: int = 0
    context: tuple[str, ...] = ()
    animation: str = "full"
    """`full`, `reduced` (4 drawings a second, no flash) or `none`."""
    record: str | None = None
    quiet: bool = False
    verbose: bool = False
    staged: bool = False
    check_only: bool = False
    exit_zero: bool = False
    strict: bool = False

    @property
    def engine_spec(self) -> str | None:
        """The engine by flag, else by `SHARPEN_ENGINE`, else None."""
        return self.engine or os.environ.get("SHARPEN_ENGINE") or None

    def refuse_what_is_not_there(self) -> None:
        """Raise BadInput for an option of the contract that this version cannot honour: never ignore it silently."""
        for name, given in (("--staged", self.staged),):
            if given:
                raise BadInput(f"{name} is not in this version yet; nothing was done")
