"""The proposal in its place in the file, decided on hunk by hunk with the keys of design and of every git tool.

`stage` shows it when the road asks what to apply; it ends with `Decided`. The decisions themselves are `review.Review`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from sharpen.cli.tui.sheet_view import SheetView
from sharpen.cli.tui.sheets import FileSheet, Sheet
from sharpen.core.document import Document

if TYPE_CHECKING:  # imported with the first proposal: the first picture waits for none of it
    from sharpen.cli.tui.review import Marks, Review
    from sharpen.cli.tui.review_sheet import ReviewSheet
    from sharpen.core.patch import Patch

WIDE = 80
"""Cells that two columns need."""


class ReviewView(SheetView):
    """One file of a review; `j` and `k` lead on into the others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "decide(True)", "Accept", id="review.accept"),
        Binding("n", "decide(False)", "Reject", id="review.reject"),
        Binding("A", "all(True)", "Accept all", key_display="A", id="review.accept_all"),
        Binding("R", "all(False)", "Reject all", key_display="R", id="review.reject_all"),
        Binding("j,down", "hunk(1)", "Next hunk", show=False, id="review.next"),
        Binding("k,up", "hunk(-1)", "Previous hunk", show=False, id="review.previous"),
        Binding("e", "wish('edit')", "Edit", id="review.edit"),
        Binding("s", "split", "Split", id="review.split"),
        Binding("c", "wish('compare')", "Compare candidates", show=False, id="review.compare"),
        Binding("u", "reopen", "Take a decision back", show=False, id="review.undo"),
        Binding("left,comma,t", "watch", "Watch again", show=False, id="review.watch"),
        Binding("escape", "wish('prompt')", "To the prompt", show=False, id="review.prompt"),
    ]

    class Decided(Message):
        """The review is over: what is to be applied, or None. `at_once`: by the key for all of it."""

        def __init__(self, patch: Patch | None, *, at_once: bool = False) -> None:
            super().__init__()
            self.patch, self.at_once = patch, at_once

    class Wish(Message):
        """`edit`, `compare`, `watch` or `prompt`."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    class Turned(Message):
        """Another hunk is current."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        self.proposal: Review | None = None
        """What is decided on; None before the first one."""
        self.marks: dict[str, Marks] = {}
        self.is_split = False
        self._before: list[Review] = []
        self._shown: ReviewSheet | None = None
        empty: Sheet = FileSheet(Document.from_bytes(b"", ""))
        super().__init__(empty, id=id)

    @property
    def review(self) -> Review:
        """The proposal, once there is one."""
        assert self.proposal is not None
        return self.proposal

    def begin(self, review: Review, marks: dict[str, Marks], top: int, room: int) -> None:
        """A new proposal, at the same place in the file as what was in view: `room` rows from row `top` on."""
        self.proposal, self.marks, self._before, self.room = review, marks, [], room
        self._update(top)

    def put(self, review: Review) -> None:
        """A changed review, which `u` takes back."""
        self._before.append(self.review)
        self.proposal = review
        self._update()

    @property
    def path(self) -> str:
        """The file of the current hunk."""
        return self.review.hunk.path

    def action_decide(self, accepted: bool) -> None:
        """Decide the current hunk; the last one ends the review."""
        self.put(self.review.decide(accepted))
        if self.review.done:
            self.post_message(self.Decided(self.review.kept()))

    def action_all(self, accepted: bool) -> None:
        """Accept what is open, or reject everything; ends the review."""
        if accepted:
            self.put(self.review.decide_rest(True))
        self.post_message(self.Decided(self.review.kept() if accepted else None, at_once=True))

    def action_hunk(self, by: int) -> None:
        """The next or previous hunk."""
        self.proposal = self.review.move(by)
        self._update()

    def action_reopen(self) -> None:
        """Take the last decision back."""
        if self._before:
            self.proposal = self._before.pop()
            self._update()

    def action_split(self) -> None:
        """Two columns or one."""
        if not self.is_split and self.size.width < WIDE:
            self.notify(f"two columns need {WIDE} cells, this view has {self.size.width}")
            return
        self.is_split = not self.is_split
        self._update()

    def action_watch(self) -> None:
        """The frames again; where the rows were scrolled to the side, back first."""
        if self.scroll_offset.x:
            self.action_side(-1)
        else:
            self.action_wish("watch")

    def action_wish(self, what: str) -> None:
        """Tell the stage."""
        self.post_message(self.Wish(what))

    def go(self, row: int, column: int | None = None, *, select: bool = False) -> None:
        """A click makes the hunk under it the current one."""
        super().go(row, column, select=select)
        which = self._shown.hunk_at(row) if self._shown is not None else None
        if which is not None:
            own = [h.index for h in self.review.patch.hunks() if h.path == self.path]
            if own[which] != self.review.at:
                self.proposal = self.review.move(own[which] - self.review.at)
                self._update()

    def on_resize(self) -> None:
        """Columns follow the width; at another one, or the first one, what differs may be out of view."""
        if self.is_split:
            self.is_split = self.size.width >= WIDE
            self._update()
        elif self._shown is not None:
            self.bring_across(self._shown.current_cells())

    def _update(self, top: int | None = None) -> None:
        from sharpen.cli.tui.review_sheet import ReviewSheet

        columns = self.size.width - self._gutter() - 1 if self.is_split else None
        sheet = ReviewSheet(self.review, self.path, self.marks.get(self.path), columns=columns)
        self._shown = sheet
        self.show(sheet)
        if top is not None:
            self.scroll_to(y=top, animate=False, force=True)  # it has no size yet
        rows = sheet.current_rows()
        if rows:
            self.row = rows.start
            self.bring_into_view(rows)
            self.bring_across(range(0) if self.is_split else sheet.current_cells())
        self.refresh_changed()
        self.post_message(self.Turned())
