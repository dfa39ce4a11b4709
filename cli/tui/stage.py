"""The middle of the screen: the file, the canvas alive in it, the proposal in its place, and the instruments below.

`desk` says what to show; the stage draws frames as they come and lets the user go through them. Frames are drawn from
a slot that only the latest one is in, at most 30 times a second, and by a timer that is there only while a run is.
It knows nothing of the engine's process, of prompts or of files on disk.
"""

from __future__ import annotations

import os

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.frame_place import Place
from sharpen.cli.tui.frames import FrameLog, Shot, cell_at
from sharpen.cli.tui.ink import DARK, Ink
from sharpen.cli.tui.live_canvas import LiveCanvas
from sharpen.cli.tui.review_view import ReviewView
from sharpen.cli.tui.sheet_view import SheetView
from sharpen.cli.tui.sheets import FileSheet, LiveSheet
from sharpen.cli.tui.sitting import Run
from sharpen.cli.tui.timeline import Timeline
from sharpen.core.document import Document

PER_SECOND, PER_SECOND_REDUCED = 30, 4
PLAYED = 0.06
"""Seconds a frame while playing, at least; a frame that took longer is shown as long, up to a limit."""
_EMPTY = Document.from_bytes(b"", "")


class Stage(Vertical):
    """File, canvas or review, with the timeline."""

    class Shown(Message):
        """Another file is in view, or the same one in another way."""

    class Past(Message):
        """On from the last frame of a run that is over: what the file is now is wanted."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.document = _EMPTY
        self.motion = "full"
        self.ink: Ink = DARK
        self._canvas = LiveCanvas()
        self._place = Place(FrameLog())
        self._word = ""
        self._shown = _EMPTY
        """What the file view shows, or what its canvas lies in."""
        self._wanted = ""
        """The file that the user has opened while a run goes on: its frames alone are drawn."""
        self._chosen: tuple[Document, tuple[int, int]] | None = None
        self._drawn = -1
        self._timer: Timer | None = None
        self._player: Timer | None = None

    def compose(self) -> ComposeResult:
        """Two views in one place; one of them shows."""
        yield Static("", id="where", markup=False)
        yield FileView(self._canvas.file, id="file")
        yield ReviewView(id="review")
        yield Timeline(id="timeline")
        yield Static("", id="inspector", markup=False)

    @property
    def view(self) -> FileView:
        """The file view."""
        return self.query_one(FileView)

    @property
    def review(self) -> ReviewView:
        """The review."""
        return self.query_one(ReviewView)

    @property
    def reviewing(self) -> bool:
        """Whether the review is what shows."""
        return self.review.display

    @property
    def path(self) -> str:
        """The file in view."""
        return self.review.path if self.reviewing else self._shown.path

    @property
    def at_rest(self) -> bool:
        """Whether the file as it is shows: no frame, no review."""
        return not self.reviewing and isinstance(self.view.sheet, FileSheet)

    @property
    def live(self) -> bool:
        """Whether frames may come."""
        return self._timer is not None

    def chosen(self) -> tuple[Document, tuple[int, int]] | None:
        """The selected rows of the file in view, 0-based, first and last, and the state of it that they count in."""
        chosen = self._chosen if self.view.held is not None else None
        return chosen if chosen is not None and chosen[0].path == self.path else None

    def use_ink(self, ink: Ink) -> None:
        """Other colours."""
        self.ink = ink
        self.view.use_ink(ink)
        self.review.use_ink(ink)
        self.query_one(Timeline).use_ink(ink)

    # A file at rest

    def open(self, document: Document, row: int = 0) -> None:
        """Show the file as it is, at the row unless it is in view already; the frames of the last run stay."""
        moved, at, top = document.path != self.path, self.view.row, int(self.view.scroll_offset.y)
        if self.reviewing:
            top = int(self.review.scroll_offset.y)
            at = self.review.row if self.view.held is None else at  # lines that were selected stay so
            self.view.room = self.review.size.height  # it has no size before it is laid out
        self.document = document
        self._wanted = os.path.abspath(document.path) if self.live else ""  # noqa: PTH100 - a run's paths may be relative
        self.leave()
        if self.chosen() is None:
            self.view.row = min(at, self._canvas.file.height - 1)
        self.view.scroll_to(0, top, animate=False, force=True)
        if moved:
            self.view.scroll_to(0, 0, animate=False, force=True)
            self.view.go(row)
            self.view.bring_into_view(range(row, row + 1))
        if self.live and self._is_wanted(self._place.shot):
            self.show_frame(len(self.frames) - 1)

    def leave(self) -> None:
        """Show the file at rest, whatever was in view."""
        chosen = self.chosen()
        self._canvas.open(self.document)
        self._shown, self._place.at = self.document, None
        self._show_file()
        if chosen is not None and chosen[0].path == self.document.path:
            self.view.held, self.view.row = (min(row, self._canvas.file.height - 1) for row in chosen[1])
            self._choose()

    def _is_wanted(self, shot: Shot | None) -> bool:
        return shot is not None and self._wanted in {"", os.path.abspath(shot.path)}  # noqa: PTH100 - as above

    def _show_file(self) -> None:
        self.review.display, self.view.display = False, True
        self.view.show(self._canvas.file)
        self.view.shows_cell = False
        self.inspect()
        self.post_message(self.Shown())

    # A run

    def begin(self, run: Run) -> None:
        """Follow the run's frames."""
        self._wanted = ""
        self._follow(run.log, "preparing")
        rate = PER_SECOND if self.motion == "full" else PER_SECOND_REDUCED
        self._timer = self.set_interval(1 / rate, self.tick)

    def load(self, log: FrameLog, word: str) -> None:
        """Look at the frames of a run that is over."""
        self._follow(log, word)
        if len(log):
            self._draw(log.shots[-1], flash=False)

    def _follow(self, log: FrameLog, word: str) -> None:
        self.rest()
        self._place, self._drawn, self._word = Place(log), -1, word
        self._canvas.begin()
        self.query_one(Timeline).display = True
        self._instruments()

    def say(self, word: str) -> None:
        """What is going on, in front of the instruments; a run that ended without a frame has none."""
        self._word = word
        self.query_one(Timeline).display = self._timer is not None or len(self.frames) > 0
        self._instruments()

    def rest(self) -> None:
        """No timer runs any more."""
        for timer in (self._timer, self._player):
            if timer is not None:
                timer.stop()
        self._timer = self._player = None

    def tick(self) -> None:
        """Draw the latest frame, if it is a new one and nobody looks at an earlier one."""
        shots, latest = self.frames.shots, len(self.frames) - 1
        if latest > self._drawn:
            shot = shots[latest]
            if (
                self._word == "preparing" and shot.frame.step
            ):  # a frame before the first step only tells of loading
                self._word = "refining"
            if self._drawn >= 0 and shots[self._drawn].path != shot.path:
                self._canvas.another_file()
            self._drawn = latest
            if self.at is None and self.motion != "none" and self._is_wanted(shot):
                self._draw(shot, flash=self.motion == "full")
            else:
                self._instruments()
        elif self._canvas.flash_is_over and self.at is None and not self.at_rest:
            self._draw(shots[latest], flash=False)

    def propose(self, run: Run, *, focus: bool) -> None:
        """The proposal takes the canvas's place, at the same height on the screen."""
        self.rest()
        self._drawn = len(self.frames) - 1
        if run.patch is None:
            return
        from sharpen.cli.tui.beginning import review_of

        review = self.review
        top, room = int(self.view.scroll_offset.y), self.view.size.height
        self._place.at, self._word = None, "proposed"
        self.view.display, review.display = False, True
        review.begin(*review_of(run, run.patch), top, room)
        if focus:
            review.focus()
        self._instruments()
        self.inspect()
        self.post_message(self.Shown())

    # Through the frames

    def scrub(self, by: int = 0, to_last: bool | None = None) -> None:
        """Another frame; on from the last one to what stands at the end."""
        count = len(self.frames)
        if not count:
            return
        target = self._place.target(by, to_last)
        if self.at_rest and by < 0 and not self.live:
            target += 1  # the file as it is comes after the last frame
        if target >= count and self._has_proposal():
            self.back_to_review()
        elif target >= count and self._place.at_end and not self.live:
            if not self.at_rest:
                self.post_message(self.Past())
        else:
            self.show_frame(max(0, min(count - 1, target)))

    def show_frame(self, index: int) -> None:
        """Look at that frame."""
        self._place.at = None if self.live and index == len(self.frames) - 1 else index
        if not self._is_wanted(self.frames.shots[index]):
            self._wanted = ""
        left_review = self.reviewing
        self._draw(self.frames.shots[index], flash=False)
        if left_review:
            self.view.focus()
            self.post_message(self.Shown())

    def back_to_review(self) -> None:
        """Leave the frames for the proposal."""
        if not self._has_proposal():
            return
        self._hold()
        self._place.at = None
        self.view.display, self.review.display = False, True
        self.inspect()
        self.review.focus()
        self._instruments()
        self.post_message(self.Shown())

    def play(self) -> None:
        """Run through the frames from here (from the start at the end), or hold."""
        if self._player is not None:
            self._hold()
        elif len(self.frames) > 1 and self._timer is None:
            if self._place.at_end:
                self.show_frame(0)
            self._play_on()

    def _play_on(self) -> None:
        if self._place.at_end:
            self._player = None
            return
        least = PLAYED if self.motion == "full" else 1 / PER_SECOND_REDUCED
        self._player = self.set_timer(self._place.stands(least), self._play_next)

    def _play_next(self) -> None:
        if self.at is not None:
            self.show_frame(self.at + 1)
            self._play_on()

    def _hold(self) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None

    def _has_proposal(self) -> bool:
        return self.review.proposal is not None and self._word == "proposed"

    # Drawing

    def _draw(self, shot: Shot, *, flash: bool) -> None:
        if self.reviewing:
            self.view.room, top = self.review.size.height, int(self.review.scroll_offset.y)
            self.review.display, self.view.display = False, True
            self.view.scroll_to(y=top, animate=False, force=True)
        sheet = self._canvas.drawn(shot, flash=flash)
        view = self.view
        view.show(sheet)
        if not view.shows_cell:
            view.bring_into_view(sheet.alive_rows())
        self._instruments()
        self.inspect()
        turned, self._shown = shot.path != self._shown.path, shot.document
        if turned:
            self.post_message(self.Shown())

    def _instruments(self) -> None:
        self.query_one(Timeline).show(self.frames, self.at, self._word)

    def inspect(self) -> None:
        """What is known of the cell under the cursor."""
        panel, view = self.query_one("#inspector", Static), self.view
        panel.display = view.shows_cell and not self.reviewing
        if not panel.display:
            return
        index, shot = self._place.index, self._place.shot
        cell = cell_at(shot, view.row, view.column) if shot is not None else None
        panel.update("no cell of the canvas here" if cell is None else self.frames.story(index, cell).text)

    def on_sheet_view_moved(self, event: SheetView.Moved) -> None:
        """The inspector follows the cursor, and what was selected is known as lines of the file."""
        self.inspect()
        if event.view is self.view:
            self._choose()

    def _choose(self) -> None:
        rows, sheet = self.view.selection(), self.view.sheet
        if rows is not None and isinstance(sheet, LiveSheet):
            rows = sheet.in_file(*rows)
        self._chosen = None if rows is None else (self._shown, rows)

    def on_file_view_scrub(self, event: FileView.Scrub) -> None:
        """Another frame."""
        self._hold()
        self.scrub(event.by, event.to_last)

    def on_file_view_play(self, _event: FileView.Play) -> None:
        """Run through the frames."""
        self.play()

    def on_timeline_scrubbed(self, event: Timeline.Scrubbed) -> None:
        """The bar was dragged."""
        self._hold()
        self.show_frame(event.index)

    def on_review_view_turned(self, _event: ReviewView.Turned) -> None:
        """Perhaps in another file."""
        self.post_message(self.Shown())

    @property
    def at(self) -> int | None:
        """The frame that is looked at; None: the last one."""
        return self._place.at

    @property
    def frames(self) -> FrameLog:
        """The frames that can be gone through."""
        return self._place.log
