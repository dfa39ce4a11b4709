"""The file in view: at rest, with a canvas alive in it, or at any frame of a run.

`stage` shows things on it. Keys are translated to messages; which frame is shown is the stage's business.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from sharpen.cli.tui.sheet_view import SheetView


class FileView(SheetView):
    """A file, with scrubbing and the cell cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma,left", "scrub(-1)", "Frame back", show=False, id="scrub.back"),
        Binding("full_stop,right", "scrub(1)", "Frame on", show=False, id="scrub.on"),
        Binding("ctrl+left,less_than_sign", "scrub(-10)", "10 back", show=False, id="scrub.back_far"),
        Binding("ctrl+right,greater_than_sign", "scrub(10)", "10 on", show=False, id="scrub.on_far"),
        Binding("0", "scrub_to(False)", "First frame", show=False, id="scrub.first"),
        Binding("dollar_sign", "scrub_to(True)", "Last frame", show=False, id="scrub.last"),
        Binding("space", "play", "Play", id="scrub.play"),
        Binding("i", "inspect", "Inspect cells", id="view.inspect"),
        Binding("u", "wish('undo')", "Undo", id="file.undo"),
        Binding("ctrl+y", "wish('redo')", "Redo", show=False, id="file.redo"),
        Binding("enter", "wish('review')", "To the review", show=False, id="file.review"),
        Binding("p,escape", "wish('prompt')", "Prompt", show=False, id="file.prompt"),
    ]

    class Scrub(Message):
        """Another frame is wanted: `by` frames on, or the first or last one."""

        def __init__(self, by: int = 0, *, to_last: bool | None = None) -> None:
            super().__init__()
            self.by, self.to_last = by, to_last

    class Play(Message):
        """Run through the frames, or hold."""

    class Wish(Message):
        """`undo`, `redo`, `review` or `prompt`."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    is_replay = False
    """Whether a record is shown, which has nothing to undo."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that have no meaning here are not offered."""
        return not (
            self.is_replay and action == "wish" and parameters[:1] in {("undo",), ("redo",), ("review",)}
        )

    def action_scrub(self, by: int) -> None:
        """Frames back or on; with the cell cursor, left and right are its own."""
        if self.shows_cell and abs(by) == 1:
            self.action_side(by)
        else:
            self.post_message(self.Scrub(by))

    def action_scrub_to(self, last: bool) -> None:
        """The first or the last frame."""
        self.post_message(self.Scrub(to_last=last))

    def action_play(self) -> None:
        """Run through the frames, or hold."""
        self.post_message(self.Play())

    def action_inspect(self) -> None:
        """The cursor becomes a cell, or a row again."""
        self.shows_cell = not self.shows_cell
        self.go(self.row)

    def action_wish(self, what: str) -> None:
        """Tell the desk."""
        self.post_message(self.Wish(what))
