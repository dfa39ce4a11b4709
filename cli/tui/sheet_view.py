"""The widget that shows a sheet: numbered rows drawn by Textual's line API, only those that changed drawn again.

`file_view` and `review_view` are made of it. A strip is kept for every row that was drawn, keyed by all that it shows,
so that scrolling and frames cost what is new in them. It knows rows, a cursor and a selection; never what they mean.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.events import Blur, Focus, MouseDown, MouseMove, MouseUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from sharpen.cli.paint import Line
from sharpen.cli.tui.ink import DARK, Ink
from sharpen.cli.tui.sheets import Sheet

_GUTTERS = {"▌": "gutter", "-": "removed", "+": "added", "?": "unsure", "✗": "rejected", "│": "quiet"}
_MARK_CELLS = 2
ROLL = 0.05
"""Seconds a row, where a selection is dragged beyond the edge."""


class SheetView(ScrollView, can_focus=True):
    """Rows of a sheet with a gutter, a cursor, and a selection of whole rows."""

    ALLOW_SELECT = False  # rows are selected by the view itself
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False, id="view.up"),
        Binding("down,j", "step(1)", "Down", show=False, id="view.down"),
        Binding("left,shift+left", "side(-1)", "Left", show=False, id="view.left"),
        Binding("right,shift+right", "side(1)", "Right", show=False, id="view.right"),
        Binding("shift+up", "step(-1, True)", "Select up", show=False, id="view.select_up"),
        Binding("shift+down", "step(1, True)", "Select down", show=False, id="view.select_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="view.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="view.page_down"),
        Binding("g,home", "ends(False)", "First line", show=False, id="view.first"),
        Binding("G,end", "ends(True)", "Last line", show=False, id="view.last"),
    ]

    class Moved(Message):
        """The cursor is at another cell."""

        def __init__(self, view: SheetView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> SheetView:
            """The view."""
            return self.view

    def __init__(self, sheet: Sheet, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.sheet = sheet
        self.row, self.column = 0, 0
        """The cursor: 0-based row and character column."""
        self.held: int | None = None
        """Row in which a selection began."""
        self.shows_cell = False
        """Whether the cursor is a cell rather than a row."""
        self.room = 0
        """Rows that it will have, told while it is not displayed yet."""
        self.ink: Ink = DARK
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(256)
        self._drawn: dict[int, tuple[object, ...]] = {}
        self._dragging = False
        self._roller: Timer | None = None
        """There while the pointer is dragged beyond the first or last row."""

    # What it shows

    def on_mount(self) -> None:
        """Set the scrollable size."""
        self._measure()

    def show(self, sheet: Sheet) -> None:
        """Show another sheet; rows that look the same are not drawn again."""
        self.sheet = sheet
        self._measure()
        self.row = max(0, min(self.row, sheet.height - 1))
        self.refresh_changed()

    def refresh_changed(self) -> None:
        """Draw the rows that would look different from what stands on the screen."""
        first = int(self.scroll_offset.y)
        width = self.size.width
        run: int | None = None
        for y in range(self.size.height + 1):
            dirty = y < self.size.height and self._drawn.get(y) != self._key(first + y)
            if dirty and run is None:
                run = y
            elif not dirty and run is not None:
                self.refresh(Region(0, run, width, y - run))
                run = None

    def use_ink(self, ink: Ink) -> None:
        """Other colours."""
        self.ink = ink
        self._strips.clear()
        self._drawn.clear()
        self.refresh()

    def selection(self) -> tuple[int, int] | None:
        """0-based first and last selected row, None where nothing is selected."""
        if self.held is None:
            return None
        return min(self.held, self.row), max(self.held, self.row)

    def selected_text(self) -> str:
        """The selected rows as the file has them; empty where nothing is selected."""
        selected = self.selection()
        if selected is None:
            return ""
        rows = range(selected[0], min(selected[1] + 1, self.sheet.height))
        return "".join(f"{self.sheet.text(row)}\n" for row in rows)

    def bring_into_view(self, rows: range) -> None:
        """Scroll as little as shows the rows; more of them than fit are in view where some are."""
        top, height = int(self.scroll_offset.y), self.size.height or self.room
        if height <= 0 or not rows or (top <= rows.start and rows.stop <= top + height):
            return
        if len(rows) > height and rows.start < top + height and rows.stop > top:
            return
        spare = max(0, height - len(rows))
        self.scroll_to(y=max(0, rows.start - min(spare // 2, height // 3)), animate=False, force=True)

    def bring_across(self, cells: range) -> None:
        """Scroll to the side as little as shows those cells of the rows; back to the left where they fit there."""
        room, x = self.size.width - self._gutter() - 1, int(self.scroll_offset.x)
        if room <= 0 or (x <= cells.start and cells.stop <= x + room and (x == 0 or cells.stop > room)):
            return
        # Something of what is before it stays in view.
        x = 0 if cells.stop <= room else max(0, min(cells.start - room // 3, cells.stop - room + 2))
        self.scroll_to(x=x, animate=False, force=True)

    def _measure(self) -> None:
        size = Size(self._gutter() + self.sheet.width + 1, self.sheet.height)
        if size != self.virtual_size:
            self.virtual_size = size

    def _digits(self) -> int:
        return max(3, len(str(self.sheet.height)))

    def _gutter(self) -> int:
        return self._digits() + 2 + _MARK_CELLS

    # Drawing

    def render_line(self, y: int) -> Strip:
        """The strip of a visible row."""
        row = int(self.scroll_offset.y) + y
        key = self._key(row)
        self._drawn[y] = key
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._strip(row)
        return strip

    def _key(self, row: int) -> tuple[object, ...]:
        width, x = self.size.width, int(self.scroll_offset.x)
        if row >= self.sheet.height:
            return (width,)
        cell = self.column if self.shows_cell and row == self.row and self.has_focus else None
        return (self.sheet.line(row), self._tint(row), self._digits(), width, x, cell)

    def _tint(self, row: int) -> str:
        selected = self.selection()
        if selected is not None and selected[0] <= row <= selected[1]:
            return "selected"
        own = self.sheet.tint(row)
        if own:
            return own
        return "cursor" if row == self.row and self.has_focus and not self.shows_cell else ""

    def _strip(self, row: int) -> Strip:
        width, ink = self.size.width, self.ink
        if row >= self.sheet.height:
            return Strip([Segment(" " * width, ink.style("context"))], width)
        line, tint = self.sheet.line(row), self._tint(row)
        gutter = self._gutter_segments(line, tint)
        room = width - self._gutter()
        x = int(self.scroll_offset.x)
        body = [Segment(text, ink.style(name, tint)) for text, name in line.runs]
        if self.shows_cell and row == self.row and self.has_focus:
            body = _with_cell(body, self.column, ink.style("here"), ink.style("context", tint))
        used = sum([cell_len(text) for text, _name in line.runs])
        if used < x + room:
            body.append(Segment(" " * (x + room - used), ink.style("context", tint)))
        if x or used > room:  # a strip is dear to make: one is enough for most rows
            body = list(Strip(body).crop(x, x + room))
        return Strip([*gutter, *body], width)

    def _gutter_segments(self, line: Line, tint: str) -> list[Segment]:
        current = tint in {"current", "selected"}
        number = "" if line.number is None else str(line.number)
        mark = line.mark.ljust(_MARK_CELLS)[:_MARK_CELLS]
        name = _GUTTERS.get(line.mark[:1], "number")
        pointer = "▸" if tint == "current" and line.mark.strip() else " "
        return [
            Segment(
                f"{pointer}{number:>{self._digits()}} ",
                self.ink.style("number-current" if current else "number", tint),
            ),
            Segment(mark, self.ink.style(name, tint)),
        ]

    # Keys and mouse

    def go(self, row: int, column: int | None = None, *, select: bool = False) -> None:
        """Put the cursor there, selecting from where it was if asked to."""
        if select and self.held is None:
            self.held = self.row
        elif not select:
            self.held = None
        self.row = max(0, min(row, self.sheet.height - 1))
        self.column = max(0, self.column if column is None else column)
        top = int(self.scroll_offset.y)
        if self.row < top:
            self.scroll_to(y=self.row, animate=False)
        elif self.row >= top + self.size.height:
            self.scroll_to(y=self.row - self.size.height + 1, animate=False)
        self.refresh_changed()
        self.post_message(self.Moved(self))

    def action_step(self, by: int, select: bool = False) -> None:
        """A row up or down."""
        self.go(self.row + by, select=select)

    def action_side(self, by: int) -> None:
        """A cell, or a part of the screen, to the side."""
        if self.shows_cell:
            self.go(self.row, self.column + by)
            self.bring_across(range(self.column, self.column + 1))
        else:
            self.scroll_relative(x=8 * by, animate=False, force=True)

    def action_page(self, by: int) -> None:
        """A screen up or down."""
        self.go(self.row + by * max(1, self.size.height - 2))

    def action_ends(self, last: bool) -> None:
        """The first or the last row."""
        self.go(self.sheet.height if last else 0)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Begin a selection at the row."""
        self._dragging = True
        self.capture_mouse()
        self._point(event.x, event.y, select=event.shift)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Stretch the selection while the button is down; beyond an edge the rows come by themselves."""
        if not self._dragging:
            return
        if not event.button:  # it was let go where this terminal could not see it
            self._let_go()
            return
        row = int(self.scroll_offset.y) + event.y
        if row != self.row or self.held is not None:
            self.go(row, select=True)
        beyond = -1 if event.y < 0 else 1 if event.y >= self.size.height else 0
        self._roll(beyond)

    def on_mouse_up(self, _event: MouseUp) -> None:
        """End it."""
        self._let_go()

    def _let_go(self) -> None:
        self._dragging = False
        self._roll(0)
        self.release_mouse()

    def _roll(self, by: int) -> None:
        """Let rows come from above or below while the pointer stays there; 0: no longer."""
        if self._roller is not None:
            self._roller.stop()
            self._roller = None
        if by:
            self._roller = self.set_interval(ROLL, lambda: self.go(self.row + by, select=True))

    def _point(self, x: int, y: int, *, select: bool) -> None:
        column = x + int(self.scroll_offset.x) - self._gutter()
        self.go(int(self.scroll_offset.y) + y, max(0, column), select=select)

    def on_focus(self, _event: Focus) -> None:
        """The cursor shows."""
        self.refresh_changed()

    def on_blur(self, _event: Blur) -> None:
        """The cursor hides."""
        self.refresh_changed()


def _with_cell(body: list[Segment], column: int, style: Style, rest: Style) -> list[Segment]:
    """The segments with one character in another style."""
    found, at = [], 0
    for text, own, _control in body:
        if at <= column < at + len(text):
            cut = column - at
            parts = ((text[:cut], own), (text[cut], style), (text[cut + 1 :], own))
            found += [Segment(part, look) for part, look in parts if part]
        else:
            found.append(Segment(text, own))
        at += len(text)
    if column >= at:
        found.append(Segment(" ", rest if column > at else style))
    return found
