"""The lines of words around the stage: what is said, what waits. They are told what to show and know nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import Static

from sharpen.cli.paint import harmless
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.sitting import Run

QUEUE_SHOWN = 3


class NoticeLine(Static):
    """A sentence in the place where the answer would have come."""

    def say(self, notice: Notice | None) -> None:
        """Show it; None takes it away."""
        self.display = notice is not None
        if notice is not None:
            text = Text(harmless(notice.text))
            if notice.hint:
                text.append(f"  {harmless(notice.hint)}", "dim")
            self.set_class(notice.bad, "bad")
            self.update(text)


class QueueLines(Static):
    """The prompts that wait their turn."""

    def show(self, waiting: Sequence[Run]) -> None:
        """The first few of them; nothing where none waits."""
        self.display = bool(waiting)
        lines = [
            f"{i}. {harmless(run.typed.splitlines()[0])}" for i, run in enumerate(waiting[:QUEUE_SHOWN], 1)
        ]
        more = len(waiting) - QUEUE_SHOWN
        said = "waiting, Ctrl+T drops the last" + (f", {more} more" if more > 0 else "")
        self.update(Text("\n".join([*lines, said])))
