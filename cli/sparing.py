"""The road's events as a hook shows them: of an engine that is not to be had it says one line, at the end.

`cli.road` puts it before the viewer where `cli.lenient` says so.
"""

from __future__ import annotations

from sharpen.cli.lenient import say_it
from sharpen.cli.show import View
from sharpen.core.errors import EngineUnavailable
from sharpen.core.events import Event, Failed, Finished, Started
from sharpen.core.patch import Patch


class Sparing:
    """A viewer that is not told of an engine that is not to be had; one line says it at the end."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._held: Event | None = None
        """How the run began: what is broken is told once something is done about it."""
        self._first: EngineUnavailable | None = None
        self._broken: list[str] = []

    def see(self, event: Event, code: int) -> None:
        """Show the event, hold it back, or drop it."""
        if isinstance(event, Failed) and isinstance(event.error, EngineUnavailable):
            self._first = self._first or event.error
            self._broken.append(event.path)
            return
        if isinstance(event, Started):
            self._held = event
            return
        nothing_else = isinstance(event, Finished) and len(event.failed) == len(self._broken)
        if self._held is not None and not (nothing_else and self._first):
            self._view.see(self._held, code)
            self._held = None
        self._view.see(event, code)
        if isinstance(event, Finished) and self._first is not None:
            say_it(self._first, tuple(self._broken))

    def decide(self, patch: Patch) -> Patch | None:
        """As the viewer does."""
        return self._view.decide(patch)
