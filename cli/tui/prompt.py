"""The prompt: several lines of text that Enter sends, with the history of this repository and `@` completion.

It tells the desk `Sent`, `SearchHistory` and `NeedSymbols`, and knows nothing of engines or files beyond their names.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from sharpen.cli.tui import mentions

TYPING_SECONDS = 0.7
PLACEHOLDER = "What should change?  @ names a file, F1 helps"


class Completions(OptionList, can_focus=False):
    """What an `@` may become; steered from the prompt."""


_OWN_KEYS = frozenset(("up", "down"))


def _usual(bindings: Sequence[BindingType]) -> list[BindingType]:
    """What every text field knows, without the keys that are the prompt's own. F1 leaves it out: it hid the others."""
    known = [b for b in bindings if isinstance(b, Binding) and b.key not in _OWN_KEYS]
    return [replace(b, system=True) for b in known]


class Prompt(TextArea, inherit_bindings=False):
    """Where the instruction is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="prompt.send"),
        Binding("ctrl+j", "newline", "New line", id="prompt.newline"),
        Binding("up", "back(True)", "Earlier", show=False, id="prompt.earlier"),
        Binding("down", "back(False)", "Later", show=False, id="prompt.later"),
        Binding("tab", "complete", "Complete", show=False, id="prompt.complete"),
        Binding("ctrl+r", "search", "History", id="prompt.search"),
        Binding("escape", "leave", "Back", show=False, id="prompt.leave"),
        *_usual(TextArea.BINDINGS),
    ]

    class Sent(Message):
        """The user has asked for something."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class NothingTyped(Message):
        """Enter, with nothing to send."""

    class SearchHistory(Message):
        """The user looks for an earlier prompt."""

    class Left(Message):
        """Escape, with nothing to close."""

    class NeedSymbols(Message):
        """`@path::` was typed."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, popup: Completions, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(
            id=id, soft_wrap=True, show_line_numbers=False, compact=True, highlight_cursor_line=False
        )
        self.placeholder = PLACEHOLDER
        self.cursor_blink = False  # nothing moves while it waits
        self.past: list[str] = []
        self.files: Sequence[str] = ()
        self.symbols: dict[str, tuple[str, ...]] = {}
        self._popup = popup
        self._at: int | None = None
        self._draft = ""
        self._offered: list[str] = []
        self._offered_text = ""
        self._typed = -1.0

    @property
    def being_typed(self) -> bool:
        """Whether somebody is at it: then nothing may take the focus, or letters would become decisions."""
        own = bool(self.text) and self.text != self._offered_text
        return self.has_focus and (own or time.monotonic() - self._typed < TYPING_SECONDS)

    def take(self, text: str) -> None:
        """Put a text in, the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def offer(self, text: str) -> None:
        """Put a text back that failed: nobody is typing it."""
        self.take(text)
        self._offered_text = self.text

    def remember(self, text: str) -> None:
        """The latest prompt of the history."""
        if text in self.past:
            self.past.remove(text)
        self.past.append(text)
        self._at = None

    async def _on_key(self, event: Key) -> None:
        """Run own bindings in the order of typing: what the app runs itself overtakes the letters before it."""
        if event.is_printable:
            self._typed = time.monotonic()
        active = None if event.is_printable else self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self and (active.binding.id or "").startswith("prompt."):
            event.stop()
            event.prevent_default()
            self._complete_now()  # the news of the last letters may still be waiting behind this key
            await self.run_action(active.binding.action)
        else:
            await super()._on_key(event)

    def action_send(self) -> None:
        """Send, or take the completion that is marked."""
        if self._popup.display:
            self.action_complete()
            return
        text = self.text.strip()
        if text:
            self.remember(text)
            self.text = ""
            self._typed = -1.0
            self.post_message(self.Sent(text))
        else:
            self.post_message(self.NothingTyped())

    def action_newline(self) -> None:
        """A new line in the prompt."""
        self.insert("\n")

    def action_back(self, earlier: bool) -> None:
        """A row up or down; beyond the first or last one, through the history."""
        if self._popup.display:
            self._popup.action_cursor_up() if earlier else self._popup.action_cursor_down()
            return
        row, last = self.cursor_location[0], self.document.line_count - 1
        if earlier and row > 0:
            self.action_cursor_up()
        elif not earlier and row < last:
            self.action_cursor_down()
        else:
            self._leaf(earlier)

    def _leaf(self, earlier: bool) -> None:
        count = len(self.past)
        if not count or (self._at is None and not earlier):
            return
        if self._at is None:
            self._draft, self._at = self.text, count
        at = self._at + (-1 if earlier else 1)
        if at >= count:
            self._at = None
            self.take(self._draft)
        else:
            self._at = max(0, at)
            self.take(self.past[self._at])

    def action_search(self) -> None:
        """Look through the history."""
        self.post_message(self.SearchHistory())

    def action_leave(self) -> None:
        """Close the completions, or go to what the screen has to offer."""
        if self._popup.display:
            self._popup.display = False
        else:
            self.post_message(self.Left())

    def action_complete(self) -> None:
        """Take the marked completion; without one, on to the next part of the screen."""
        if not self._popup.display or self._popup.highlighted is None:
            self.screen.focus_next()
            return
        chosen = str(self._popup.get_option_at_index(self._popup.highlighted).id)
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        start = before.rfind("@") + 1
        folder = chosen.endswith("/")
        self.replace(chosen if folder else f"{mentions.spelled(chosen)} ", (row, start), (row, column))
        self._popup.display = False

    def on_text_area_changed(self) -> None:
        """Something was typed."""
        self._complete_now()

    def _complete_now(self) -> None:
        """Offer what fits the `@` that is being typed."""
        row, column = self.cursor_location
        typed = mentions.being_typed(self.document.get_line(row)[:column])
        if typed is None:
            self._popup.display = False
            return
        path, mark, _symbol = typed.partition("::")
        if mark and path not in self.symbols:
            self.post_message(self.NeedSymbols(path))
        names = mentions.completions(typed, self.files, self.symbols.get(path, ()))
        self._offer([] if typed in names else names)  # a name typed in full is no question: Enter sends

    def know_symbols(self, path: str, symbols: tuple[str, ...]) -> None:
        """The answer to `NeedSymbols`."""
        self.symbols[path] = symbols
        self._complete_now()

    def _offer(self, names: list[str]) -> None:
        if names == self._offered and self._popup.display:
            return  # the marked one stays marked
        self._offered = names
        self._popup.clear_options()
        self._popup.add_options([Option(name, id=name) for name in names])
        self._popup.display = bool(names)
        if names:
            self._popup.highlighted = 0
