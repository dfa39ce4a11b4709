"""The lines of words around the stage: what is said, what waits. They are told what to show and know nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from sharpen.cli.paint import harmless
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.sitting import Run
from sharpen.cli.tui.themes import accent_of

QUEUE_SHOWN = 3


class KeyLine(Static):
    """The keys of what has the focus.

    Textual's own footer is a widget a key, made anew at every change of focus, and some of the old ones are never let
    go: a hundred edits held 40 MB more. This is one line of text.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("", id=id, markup=False)

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def on_resize(self) -> None:
        """Another width has room for other keys."""
        self._follow(None)

    def _follow(self, _screen: object) -> None:
        bold = Style(bold=True)
        style = bold if self.app.no_color else bold + accent_of(self.app.current_theme)
        shown: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                shown.setdefault(
                    binding.action, (f"{self.app.get_key_display(binding)} ", f"{binding.description}  ")
                )
        items = list(shown.values())
        # The last one, F1, shows all the others: those before it give way, the least used first.
        while len(items) > 1 and sum(cell_len(key + word) for key, word in items) > self.size.width:
            del items[-2]
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        for key, word in items:
            line.append(key, style)
            line.append(word)
        self.update(line)


class NoticeLine(Static):
    """A sentence in the place where the answer would have come, or several, a line each."""

    def say(self, *notices: Notice) -> None:
        """Show them; none takes all of them away."""
        self.display = bool(notices)
        lines = []
        for notice in notices:
            text = Text(harmless(notice.text))
            if notice.hint:
                text.append(f"  {harmless(notice.hint)}", "dim")
            lines.append(text)
        self.set_class(any(notice.bad for notice in notices), "bad")
        self.set_class(any(notice.asks for notice in notices), "asks")
        self.update(Text("\n").join(lines))


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
