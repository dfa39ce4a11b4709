"""What goes with the next prompt: engine, candidates, seed, check. A value that the palette turns into another one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sharpen.cli.tui import mentions
from sharpen.cli.tui.wire import Ask
from sharpen.core.request import Settings


@dataclass(frozen=True, slots=True)
class Wants:
    """As the command line and the user have set it."""

    engine: str | None = None
    candidates: int = 1
    counted: bool = False
    """Somebody said how many candidates."""
    steps: int | None = None
    strength: float | None = None
    seed: int = 0
    check: str | None = None
    check_timeout: float | None = None

    def ask(self, number: int, typed: str, otherwise: tuple[str, ...], record: str) -> Ask:
        """The order for a prompt as it was typed. `otherwise`: its targets where it mentions none."""
        instruction, mentioned = mentions.split(typed, os.path.lexists)
        return Ask(
            number,
            instruction or "fix it",
            mentioned or otherwise,
            self.engine,
            Settings(self.steps, self.candidates, self.strength, self.seed),
            self.check,
            self.check_timeout,
            record,
            counted=self.counted,
        )
