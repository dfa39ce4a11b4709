"""The middle of the screen: the file, the canvas alive in it, the proposal in its place, and the instruments below.

`desk` says what to show; the stage draws frames as they come and lets the user go through them. Frames are drawn from
a slot that only the latest one is in, at most 30 times a second, and by a timer that is there only while a run is.
It knows nothing of the engine's process, of prompts or of files on disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from sharpen.cli import paint
from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.frames import FrameLog, Shot, cell_at
from sharpen.cli.tui.ink import DARK, Ink
from sharpen.cli.tui.review_view import ReviewView
from sharpen.cli.tui.sheet_view import SheetView
from sharpen.cli.tui.sheets import FileSheet, LiveSheet
from sharpen.cli.tui.sitting import Run
from sharpen.cli.tui.timeline import Timeline
from sharpen.core.document import Document

if TYPE_CHECKING:
    from sharpen.cli.tui.review import Marks

PER_SECOND, PER_SECOND_REDUCED = 30, 4
FLASH_EVERY, FLASH_FOR = 0.34, 0.1
"""Seconds: never more than three flashes in one, each short."""
ROOM = 2
"""Rows kept free where a canvas grows, so that the text below moves once and not line by line."""
PLAYED = 0.06
"""Seconds a frame while playing, at least; a frame that took longer is shown as long, up to half a second."""
_EMPTY = Document.from_bytes(b"", "")


class Stage(Vertical):
    """File, canvas or review, with the timeline."""

    class Shown(Message):
        """Another file is in view, or the same one in another way."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.document = _EMPTY
        self.motion = "full"
        self.ink: Ink = DARK
        self.clock: Callable[[], float] = time.monotonic
        self._file = FileSheet(_EMPTY)
        self._log = FrameLog()
        self._at: int | None = None
        """The frame that is looked at; None: the latest, as it comes."""
        self._word = ""
        self._shown_path = ""
        self._drawn = -1
        self._floor = 0
        self._flashed, self._flashing = -1.0, False
        self._timer: Timer | None = None
        self._player: Timer | None = None

    def compose(self) -> ComposeResult:
        """Two views in one place; one of them shows."""
        yield Static("", id="where", markup=False)
        yield FileView(self._file, id="file")
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
        return self.review.path if self.reviewing else self._shown_path or self.document.path

    def use_ink(self, ink: Ink) -> None:
        """Other colours."""
        self.ink = ink
        self.view.use_ink(ink)
        self.review.use_ink(ink)
        self.query_one(Timeline).use_ink(ink)

    # A file at rest

    def open(self, document: Document) -> None:
        """Show the file as it is; the frames of the last run stay to be looked at."""
        moved = document.path != self.document.path
        self.document = document
        self._file = FileSheet(document)
        self._shown_path = document.path
        self._show_file()
        if moved:
            self.view.scroll_to(0, 0, animate=False)
            self.view.go(0)

    def _show_file(self) -> None:
        self.review.display, self.view.display = False, True
        self.view.show(self._file)
        self.view.shows_cell = False
        self.inspect()
        self.post_message(self.Shown())

    # A run

    def begin(self, run: Run) -> None:
        """Follow the run's frames."""
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
        self._log, self._at, self._drawn, self._floor, self._word = log, None, -1, 0, word
        self._flashing = False
        self.query_one(Timeline).display = True
        self._instruments()

    def say(self, word: str) -> None:
        """What is going on, in front of the instruments; a run that ended without a frame has none."""
        self._word = word
        self.query_one(Timeline).display = self._timer is not None or len(self._log) > 0
        self._instruments()

    def rest(self) -> None:
        """No timer runs any more."""
        for timer in (self._timer, self._player):
            if timer is not None:
                timer.stop()
        self._timer = self._player = None

    def tick(self) -> None:
        """Draw the latest frame, if it is a new one and nobody looks at an earlier one."""
        latest = len(self._log) - 1
        if latest > self._drawn:
            if self._word in {"preparing", "loading"}:
                self._word = "refining"
            shot = self._log.shots[latest]
            if self._drawn >= 0 and self._log.shots[self._drawn].path != shot.path:
                self._floor = 0
            self._drawn = latest
            if self._at is None and self.motion != "none":
                self._draw(shot, flash=self.motion == "full")
            else:
                self._instruments()
        elif self._flashing and self.clock() - self._flashed > FLASH_FOR and self._at is None:
            self._draw(self._log.shots[latest], flash=False)

    def propose(self, run: Run, *, focus: bool) -> None:
        """The proposal takes the canvas's place, at the same height on the screen."""
        self.rest()
        self._drawn = len(self._log) - 1
        if run.patch is None:
            return
        from sharpen.cli.tui.review import Review

        review, kept = self.review, run.kept
        marks = kept.marks if kept is not None else _marks(run)
        decided = Review.of(run.patch)
        if kept is not None and len(kept.decisions) == len(decided.decisions):
            decided = decided.resumed(kept.decisions)
        top, room = int(self.view.scroll_offset.y), self.view.size.height
        self._at, self._word = None, "proposed"
        self.view.display, review.display = False, True
        review.begin(decided, marks, top, room)
        if focus:
            review.focus()
        self._instruments()
        self.inspect()
        self.post_message(self.Shown())

    # Through the frames

    def scrub(self, by: int = 0, to_last: bool | None = None) -> None:
        """Another frame; on from the last one to what stands at the end."""
        count = len(self._log)
        if not count:
            return
        at = count - 1 if self._at is None else self._at
        target = at + by if to_last is None else (count - 1 if to_last else 0)
        if target >= count and self._has_proposal():
            self.back_to_review()
            return
        self.show_frame(max(0, min(count - 1, target)))

    def show_frame(self, index: int) -> None:
        """Look at that frame."""
        live = self._timer is not None and index == len(self._log) - 1
        self._at = None if live else index
        left_review = self.reviewing
        self._draw(self._log.shots[index], flash=False)
        if left_review:
            self.view.focus()
            self.post_message(self.Shown())

    def back_to_review(self) -> None:
        """Leave the frames for the proposal."""
        if not self._has_proposal():
            return
        self._hold()
        self._at = None
        self.view.display, self.review.display = False, True
        self.inspect()
        self.review.focus()
        self._instruments()
        self.post_message(self.Shown())

    def play(self) -> None:
        """Run through the frames from here (from the start at the end), or hold."""
        if self._player is not None:
            self._hold()
        elif len(self._log) > 1 and self._timer is None:
            if self._at is None or self._at >= len(self._log) - 1:
                self.show_frame(0)
            self._play_on()

    def _play_on(self) -> None:
        at = self._at if self._at is not None else len(self._log)
        if at >= len(self._log) - 1:
            self._player = None
            return
        now, following = self._log.shots[at], self._log.shots[at + 1]
        took = following.frame.seconds - now.frame.seconds
        least = PLAYED if self.motion == "full" else 1 / PER_SECOND_REDUCED
        self._player = self.set_timer(max(least, min(0.5, took)), self._play_next)

    def _play_next(self) -> None:
        if self._at is not None:
            self.show_frame(self._at + 1)
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
        if self._file.document is not shot.document:
            self._file = FileSheet(shot.document)
        now = self.clock()
        flash = flash and bool(shot.fresh) and now - self._flashed >= FLASH_EVERY
        if flash:
            self._flashed = now
        self._flashing = flash
        fresh = shot.fresh if flash else range(0)
        sheet = LiveSheet(self._file, shot.frame, fresh, self._floor)
        if sheet.canvas_height > self._floor:
            grown = self._floor > 0
            self._floor = sheet.canvas_height + (ROOM if grown else 0)
            if grown:
                sheet = LiveSheet(self._file, shot.frame, fresh, self._floor)
        view = self.view
        view.show(sheet)
        if not view.shows_cell:
            view.bring_into_view(sheet.alive_rows())
        self._instruments()
        self.inspect()
        if shot.path != self._shown_path:
            self._shown_path = shot.path
            self.post_message(self.Shown())

    def _instruments(self) -> None:
        self.query_one(Timeline).show(self._log, self._at, self._word)

    def inspect(self) -> None:
        """What is known of the cell under the cursor."""
        panel, view = self.query_one("#inspector", Static), self.view
        panel.display = view.shows_cell and not self.reviewing
        if not panel.display:
            return
        index = self._at if self._at is not None else len(self._log) - 1
        cell = cell_at(self._log.shots[index], view.row, view.column) if index >= 0 else None
        panel.update("no cell of the canvas here" if cell is None else self._log.story(index, cell).text)

    def on_sheet_view_moved(self, _event: SheetView.Moved) -> None:
        """The inspector follows the cursor."""
        self.inspect()

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
        return self._at

    @property
    def frames(self) -> FrameLog:
        """The frames that can be gone through."""
        return self._log


def _marks(run: Run) -> dict[str, Marks]:
    """Doubted tokens of the proposal, a file each."""
    from sharpen.cli.tui.review import unsure_marks

    regions = {target.document.path: target for target in run.targets}
    return {
        path: unsure_marks(regions[path].document, regions[path].region, one.candidate, paint.UNSURE)
        for path, one in run.candidate_of.items()
        if path in regions
    }
