"""The small screens over the desk: choose one of a list, answer a question, type over a hunk, compare candidates.

Each is shown with `push_screen` and ends with a value; none of them does anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from sharpen.cli.paint import harmless
from sharpen.cli.tui.ink import Ink
from sharpen.cli.tui.review_sheet import ReviewSheet
from sharpen.cli.tui.sheet_view import SheetView

ABOVE = 3
"""Rows of the file over the first change, where candidates stand side by side."""
LISTED, DETAIL = 16, 4
"""Rows of a list at most, and rows that are kept for what its marked row has no room for."""
LABEL_CELLS = 36
"""Notes of a list stand in a column of their own, not farther to the right than this."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of `Pick`."""

    value: str
    label: str
    note: str = ""
    """Said behind the label, quietly."""
    able: bool = True
    """False: shown, not to be chosen."""


class Pick(ModalScreen[str | None]):
    """Choose one of a list, or what was typed where `free` allows it. Typing narrows the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="pick.close"),
        Binding("up", "move(-1)", "Up", show=False, priority=True, id="pick.up"),
        Binding("down", "move(1)", "Down", show=False, priority=True, id="pick.down"),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        empty: str = "nothing here yet",
        *,
        free: str = "",
        at: str = "",
    ) -> None:
        """`at`: the value whose row is marked at first, by default the first one."""
        super().__init__()
        self._at = at
        self._title, self._choices, self._empty, self._free = title, choices, empty, free

    def compose(self) -> ComposeResult:
        """A title, a field, the list."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            yield Input(placeholder=self._free or "type to narrow, Enter takes, Esc closes", compact=True)
            yield OptionList()
            yield Static("", classes="detail quiet", markup=False)

    def on_mount(self) -> None:
        """Everything is there at first."""
        self.query_one(Input).cursor_blink = False
        self._fill("")
        self.query_one(Input).focus()

    def on_resize(self) -> None:
        """Another height has room for another list; how much is known once the styles for it hold."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """The list is as high as the screen has room for: rows beyond the dialog's edge could not be scrolled to."""
        dialog, listing = self.query_one(".dialog"), self.query_one(OptionList)
        limit = dialog.styles.max_height
        whole = self.size.height * int(limit.value) // 100 if limit is not None else self.size.height
        around = dialog.gutter.height + dialog.query_one(".title").outer_size.height + 1
        listing.styles.max_height = max(2, min(LISTED, whole - around - DETAIL))

    def fill(self, choices: Sequence[Choice], empty: str = "") -> None:
        """Other choices, or the sentence that stands where there are none."""
        self._choices, self._empty = choices, empty or self._empty
        self._fill(self.query_one(Input).value)

    def _fill(self, typed: str) -> None:
        words = typed.lower().split()
        listing = self.query_one(OptionList)
        column = max((cell_len(one.label) for one in self._choices if one.note), default=0)
        column = min(column, LABEL_CELLS)
        listing.clear_options()
        for index, choice in enumerate(self._choices):
            if all(word in f"{choice.label} {choice.note}".lower() for word in words):
                label = Text(choice.label, no_wrap=True, overflow="ellipsis")
                if choice.note:
                    label.append(" " * max(0, column - cell_len(choice.label)))
                    label.append(f"  {choice.note}", "dim")
                listing.add_option(Option(label, id=str(index), disabled=not choice.able))
        if not listing.option_count:
            listing.add_option(Option(Text(self._empty, "dim"), disabled=True))
        elif self._at and not words and any(one.value == self._at and one.able for one in self._choices):
            listing.highlighted = next(i for i, one in enumerate(self._choices) if one.value == self._at)
        elif listing.highlighted is None:
            listing.action_first()
            # A row above it that cannot be taken says something: it stays in view.
            self.call_after_refresh(listing.scroll_home, animate=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say in full what the row has no room for."""
        detail, listing = self.query_one(".detail", Static), self.query_one(OptionList)
        option = event.option
        fits = cell_len(str(option.prompt)) <= listing.scrollable_content_region.width - 2
        detail.display = option.id is not None and not fits
        if option.id is not None and detail.display:
            choice = self._choices[int(option.id)]
            detail.update(choice.note or choice.label)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        self._fill(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the marked row, or what was typed."""
        listing = self.query_one(OptionList)
        if listing.highlighted is not None:
            option = listing.get_option_at_index(listing.highlighted)
            if option.id is not None and not option.disabled:
                self.dismiss(self._choices[int(option.id)].value)
                return
        if self._free and event.value.strip():
            self.dismiss(event.value.strip())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the row that was clicked."""
        if event.option.id is not None:
            self.dismiss(self._choices[int(event.option.id)].value)

    def action_move(self, by: int) -> None:
        """Another row."""
        listing = self.query_one(OptionList)
        listing.action_cursor_down() if by > 0 else listing.action_cursor_up()


class Question(ModalScreen[bool]):
    """Yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes", id="question.yes"),
        Binding("n,escape", "dismiss(False)", "No", id="question.no"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The question and its keys."""
        with Vertical(classes="dialog question"):
            yield Static(self._text, markup=False, classes="title")
            yield Static("y yes   n no", markup=False, classes="quiet")


class EditHunk(ModalScreen[str | None]):
    """The new lines of a hunk, to type over."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep", id="hunk.keep"),
        Binding("escape", "dismiss(None)", "Leave as it was", priority=True, id="hunk.leave"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """A title, the lines, the keys."""
        with Vertical(classes="dialog wide"):
            yield Static(self._title, classes="title", markup=False)
            area = TextArea(self._text, soft_wrap=False, compact=True, tab_behavior="indent")
            area.cursor_blink = False
            yield area
            yield Static("Ctrl+S keeps it, Esc leaves it as it was", classes="quiet", markup=False)

    def on_mount(self) -> None:
        """Typing goes to the lines."""
        self.query_one(TextArea).focus()

    def action_keep(self) -> None:
        """End with what was typed."""
        self.dismiss(self.query_one(TextArea).text)


class Compare(ModalScreen[int | None]):
    """Candidates side by side, each with its verdict; ends with the one that was taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c", "dismiss(None)", "Close", id="compare.close"),
        Binding("left,shift+tab", "app.focus_previous", "Left", show=False, id="compare.left"),
        Binding("right,tab", "app.focus_next", "Right", show=False, id="compare.right"),
        Binding("enter", "take", "Take this one", id="compare.take"),
    ]

    def __init__(self, candidates: Sequence[tuple[str, ReviewSheet]], ink: Ink) -> None:
        super().__init__()
        self._candidates, self._ink = candidates, ink

    def compose(self) -> ComposeResult:
        """A column a candidate."""
        with Vertical(classes="dialog full"):
            yield Static(
                "candidates: Enter takes one, Tab goes to the next, Esc closes", classes="title", markup=False
            )
            with Horizontal():
                for index, (verdict, sheet) in enumerate(self._candidates):
                    with Vertical():
                        yield Static(harmless(verdict), classes="verdict", markup=False)
                        yield SheetView(sheet, id=f"candidate{index}")

    def on_mount(self) -> None:
        """All columns at the first change of any, a little of what is before it above."""
        views = list(self.query(SheetView))
        firsts = []
        for (_verdict, sheet), view in zip(self._candidates, views, strict=True):
            view.use_ink(self._ink)
            firsts += [row for row in range(sheet.height) if sheet.hunk_at(row) is not None][:1]
        for view in views if firsts else ():
            self.call_after_refresh(view.scroll_to, y=max(0, min(firsts) - ABOVE), animate=False)
        self.query(SheetView).first().focus()

    def action_take(self) -> None:
        """End with the column that has the focus."""
        focused = self.focused
        if focused is not None and focused.id:
            self.dismiss(int(focused.id.removeprefix("candidate")))
