"""What a run has come to so far, as an exit code: `road` tells it every event, JSON lines and the process end with it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sharpen.cli.exits import Exit, code_of
from sharpen.core.errors import EngineUnavailable, Interrupted, NothingHeld
from sharpen.core.events import Event, Failed, Finished
from sharpen.core.request import CancelToken


@dataclass(slots=True)
class Tally:
    """The ends and errors of a run."""

    ones: bool
    """A changed or broken file is 1, as a fixer has it."""
    mild: bool
    """A file that is still broken counts as done."""
    spared: bool
    """An engine that is not to be had counts as done: see `cli.lenient`."""
    goes_on: bool
    """So does one that did not end in time."""
    earlier: int
    """What failed before the run: it counts more than all but an interrupt."""
    cancel: CancelToken
    late: threading.Event
    """Set where the run was stopped because its time was over."""
    ended: list[Finished] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Count the event."""
        if isinstance(event, Finished):
            self.ended.append(event)
        if isinstance(event, Failed):
            self.errors.append(event.error)

    @property
    def changed(self) -> bool:
        """Whether anything was written, or printed in a file's stead."""
        return any(end.changed for end in self.ended)

    @property
    def code(self) -> int:
        """The exit code as things stand."""
        stopped = self.cancel.cancelled and bool(self.ended) and not self.changed
        if stopped and self.late.is_set():
            return self.earlier or (Exit.DONE if self.goes_on else Exit.NO_ENGINE)
        if stopped or any(isinstance(e, Interrupted) for e in self.errors):
            return Exit.INTERRUPTED
        return self.earlier or self._own

    @property
    def _own(self) -> int:
        missing = [e for e in self.errors if isinstance(e, EngineUnavailable)]
        nothing = self.ended and self.ended[0].proposed is None and not self.changed
        if self.spared and nothing and missing and len(missing) == len(self.errors):
            return Exit.DONE  # nothing came of it but for want of an engine
        expected = (NothingHeld,) if self.ones or self.mild else ()
        worse = [
            e
            for e in self.errors
            if not isinstance(e, (*expected, EngineUnavailable) if self.spared else expected)
        ]
        if worse:
            return code_of(worse[0])
        # A fixer is only given what is broken: now it is changed, or it is broken still.
        return Exit.CHANGED if self.ones and self.ended else Exit.DONE
