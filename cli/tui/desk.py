"""The one screen of the app: file tree, stage, notices, queue and prompt. Keys become calls, answers become widgets.

`app` hands it what the engine's process says (`Heard`); the sitting keeps what runs, the stage shows it. The lists
that can be opened over it are in `menus`. No knowledge of models, diffs or git is here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from sharpen.cli.tui import answers, clipboard, outcome, where
from sharpen.cli.tui.disk import Watch
from sharpen.cli.tui.file_tree import FileTree
from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.ink import DARK, Ink
from sharpen.cli.tui.messages import Heard, Order
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.panels import KeyLine, NoticeLine, QueueLines
from sharpen.cli.tui.prompt import Completions, Prompt
from sharpen.cli.tui.review_view import ReviewView
from sharpen.cli.tui.sitting import Run, Sitting
from sharpen.cli.tui.stage import Stage
from sharpen.cli.tui.store import Store
from sharpen.cli.tui.wants import Wants
from sharpen.cli.tui.wire import Look, Undo
from sharpen.core.document import Document
from sharpen.core.errors import SharpenError

if TYPE_CHECKING:
    from sharpen.cli.tui.review import Review


READ_SECONDS = 0.4
"""An Enter sooner than that after a question was not meant for it."""


class Desk(Screen[None]):
    """Where everything happens."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "copy_or_stop", "Copy or stop", show=False, priority=True, id="desk.copy"),
        Binding("ctrl+t", "drop", "Drop from the queue", show=False, id="desk.drop"),
        Binding("ctrl+b", "toggle_tree", "Files", show=False, id="desk.tree"),
        Binding("ctrl+o", "focus_prompt", "Prompt", show=False, priority=True, id="desk.prompt"),
    ]

    def __init__(
        self, sitting: Sitting, store: Store, wants: Wants, paths: tuple[str, ...], motion: str
    ) -> None:
        super().__init__()
        self.sitting, self.store, self.wants = sitting, store, wants
        self._paths, self._motion = paths, motion
        self._together: tuple[str, ...] = ()
        """The files that the app was opened on: a prompt is about all of them while one of them is in view."""
        self.standing: dict[str, Notice] = {}
        """Sentences that no other one takes away: `disk` (a file has changed) until it is decided, others until the next
        prompt is sent."""
        self.clock: Callable[[], float] = time.monotonic
        self.asked_at = 0.0
        """When something was asked in the notice line."""
        self.watched = Watch()
        self._disk: Timer | None = None
        self.ready = False
        self.kept: Review | None = None
        """The review as it was last written to disk; None where none stands."""
        self._ink = DARK

    def use_ink(self, ink: Ink) -> None:
        """Other colours, now or once there is something to colour."""
        self._ink = ink
        if self.is_mounted:
            self.stage.use_ink(ink)

    def compose(self) -> ComposeResult:
        """Tree and stage, and below them what is said and what is asked."""
        popup = Completions(id="completions")
        popup.display = False
        with Horizontal(id="body"):
            yield FileTree(id="tree")
            yield Stage(id="stage")
        yield NoticeLine("", id="notice", markup=False)
        yield QueueLines("", id="queue", markup=False)
        yield popup
        yield Prompt(popup, id="prompt")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """The first file, the prompt's history, the focus."""
        self.stage.motion = self._motion
        self.stage.use_ink(self._ink)
        prompt = self.prompt
        prompt.past = self.store.prompts()
        self.notice(None)
        self.show_queue()
        self._together = tuple(path for path in reversed(self._paths) if self.open(path, at_start=True))[::-1]
        self.show_where()
        prompt.focus()

    @property
    def stage(self) -> Stage:
        """The middle."""
        return self.query_one(Stage)

    @property
    def prompt(self) -> Prompt:
        """The prompt."""
        return self.query_one(Prompt)

    # Files

    def open(self, path: str, row: int = 0, *, at_start: bool = False) -> bool:
        """Show a file, at the row unless it is in view already; whether that went well."""
        try:
            document = Document.read(path)
        except SharpenError as error:
            if at_start:  # what was left open is told of next
                self.standing[path] = outcome.of_error(error)
            self.notice(None if at_start else outcome.of_error(error))
            return False
        self.watched.read(path)
        self.stage.open(document, row)
        return True

    def on_file_tree_chosen(self, event: FileTree.Chosen) -> None:
        """A file of the tree."""
        if self._review_stands():
            self.notice(
                Notice("a proposal stands", "decide on it, or reject it with R, to open another file")
            )
        elif self.open(event.path):
            self.stage.view.focus()

    def on_stage_past(self, _event: Stage.Past) -> None:
        """Beyond the last frame of a run that is over."""
        self.show_at_rest()

    def show_at_rest(self) -> None:
        """The file that is in view, as it is now, where frames of it or a review that is over are shown."""
        if not self.stage.at_rest and not self.open(self.stage.path):
            self.stage.leave()

    def on_file_tree_left(self) -> None:
        """Nothing was to be opened."""
        self.prompt.focus()

    def on_stage_shown(self, _event: Stage.Shown) -> None:
        """The line above the file; what was decided is kept."""
        from sharpen.cli.tui import keeping

        self.show_where()
        self.query_one(FileTree).show_file(self.stage.path)
        keeping.keep(self)

    def tell_what_is_open(self) -> None:
        """Was a proposal left undecided, by the user or by a crash?"""
        from sharpen.cli.tui import keeping

        keeping.announce(self)

    def show_where(self) -> None:
        """Which file is in view, what of it, and which engine."""
        stage = self.stage
        review = stage.review.review if stage.reviewing else None
        engine = where.engine_of(self.sitting.current, self.wants.engine)
        loading = engine == "embedded" and not self.ready
        chosen = stage.chosen()
        others = tuple(path for path in self._targets(stage.path) if path != stage.path)
        said = where.line(stage.path, chosen and chosen[1], review, engine, others, loading=loading)
        self.query_one("#where", Static).update(said)

    def on_sheet_view_moved(self) -> None:
        """Lines may have been selected."""
        self.show_where()

    def look_at_disk(self) -> None:
        """Somebody may have saved the file in an editor meanwhile."""
        run, at_rest = self.sitting.current, self.stage.document.path
        edited = {target.document.path for target in run.targets} if run and not run.over else set[str]()
        for path in self.watched.changed(({at_rest} | edited) - {""}):
            if path in edited:
                said = f"{path} has changed on disk; applying will merge both, or write nothing"
                self.standing["disk"] = Notice(said, bad=True)
                self.notice(None)
            elif self.stage.at_rest and self.open(path):
                self.notice(Notice(f"{path} had changed on disk and was read again"))

    # Prompts

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        """Into the queue with it."""
        self.standing = {what: said for what, said in self.standing.items() if what == "disk"}
        self.notice(None)
        self.look_at_disk()
        self.store.add_prompt(event.text)
        record = str(self.store.frames_of(self.store.next_id()))
        path, chosen = self.stage.path, self.stage.chosen()
        here = self._targets(path) if chosen is None else (f"{path}:{chosen[1][0] + 1}-{chosen[1][1] + 1}",)
        ask = self.wants.ask(self.sitting.next_number(), event.text, here, record)
        if ask.specs == here and chosen is not None:
            ask = replace(ask, seen=chosen[0].text)
        run = self.sitting.ask(ask, event.text)
        if run is self.sitting.current:
            self.begin(run)
        self.show_queue()

    def _targets(self, path: str) -> tuple[str, ...]:
        """The files that a prompt is about which names none, with that file in view."""
        if path in self._together:
            return self._together
        return (path,) if path else ()

    def begin(self, run: Run) -> None:
        """The run is under way: show it, and look at its files now and then."""
        self.stage.begin(run)
        if self._disk is None:
            self._disk = self.set_interval(1, self.look_at_disk)

    def rest(self) -> None:
        """Nothing is under way: no timer runs."""
        if self._disk is not None:
            self._disk.stop()
            self._disk = None

    def on_prompt_need_symbols(self, event: Prompt.NeedSymbols) -> None:
        """The engine's process knows."""
        self.ask_process(Look("symbols", event.path))

    def on_prompt_nothing_typed(self, _event: Prompt.NothingTyped) -> None:
        """Enter alone: the yes to what is about to be sent."""
        run = self.sitting.current
        if self.clock() - self.asked_at > READ_SECONDS and self.sitting.let_go() and run is not None:
            self.begin(run)
            self.notice(outcome.of_sending(run))

    def on_prompt_left(self, _event: Prompt.Left) -> None:
        """Escape: stop what runs; else on to what stands."""
        if not self.sitting.stop():
            (self.stage.review if self.stage.reviewing else self.stage.view).focus()

    # Answers

    def on_heard(self, event: Heard) -> None:
        """From the engine's process."""
        answers.take(self, event.answer)

    # The review

    def on_review_view_decided(self, event: ReviewView.Decided) -> None:
        """The road goes on with what was kept."""
        self.standing.clear()
        self.notice(None)
        self.stage.say("applying" if event.patch else "rejected")
        self.sitting.decide(event.patch, at_once=event.at_once)

    def on_review_view_wish(self, event: ReviewView.Wish) -> None:
        """What the review cannot do alone."""
        from sharpen.cli.tui import menus

        if event.what == "prompt":
            self.prompt.focus()
        elif event.what == "watch":
            self.stage.scrub(to_last=True)
        elif event.what == "edit":
            menus.edit_hunk(self)
        elif event.what == "compare":
            menus.compare(self)

    def on_file_view_wish(self, event: FileView.Wish) -> None:
        """What the file view cannot do alone."""
        stands, undoes = self._review_stands(), event.what in {"undo", "redo"}
        if undoes and stands:
            self.notice(
                Notice("a proposal stands", "Enter goes to it; F4 takes back what was applied earlier")
            )
        elif undoes:
            self.ask_process(Undo(redo=event.what == "redo", path=self.stage.path or None))
        elif stands:
            self.stage.back_to_review()
        elif event.what == "review" or not self.sitting.stop():
            if not self.stage.live:
                self.show_at_rest()
            if event.what == "prompt":
                self.prompt.focus()

    def _review_stands(self) -> bool:
        return self.sitting.current is not None and self.sitting.current.state == "review"

    # What is said

    def notice(self, notice: Notice | None) -> None:
        """A sentence where the answer would have come; None takes it away. What stands is said before it."""
        self.query_one(NoticeLine).say(*self.standing.values(), *([notice] if notice is not None else []))

    def show_queue(self) -> None:
        """What waits."""
        self.query_one(QueueLines).show(self.sitting.waiting)

    def ask_process(self, order: Look | Undo) -> None:
        """Ask the engine's process."""
        self.post_message(Order(order))

    # Keys

    def action_copy_or_stop(self) -> None:
        """Copy what is selected; with nothing selected, stop what runs."""
        text = self._selected_text()
        if text:
            self.notify(clipboard.copy(text, self.app.copy_to_clipboard), markup=False)
        elif not self.sitting.stop():
            self.notify("Ctrl+Q quits; select lines with Shift and the arrows, or the mouse, to copy them")

    def _selected_text(self) -> str:
        if self.prompt.has_focus:
            return self.prompt.selected_text
        view = self.stage.review if self.stage.reviewing else self.stage.view
        return view.selected_text()

    def action_drop(self) -> None:
        """Take the last one off the queue, back into the prompt."""
        run = self.sitting.drop_waiting()
        if run is not None and not self.prompt.text:
            self.prompt.take(run.typed)
        self.show_queue()

    def action_toggle_tree(self) -> None:
        """Show or hide the files."""
        tree = self.query_one(FileTree)
        tree.toggle_class("shown" if self.has_class("-narrow") else "hidden")

    def action_focus_prompt(self) -> None:
        """To the prompt, before any other key is heard: a letter behind this one would be a decision."""
        self.set_focus(self.prompt)

    def use_engine(self, spec: str | None) -> None:
        """For the next prompt."""
        self.wants = replace(self.wants, engine=spec)
        self.show_where()
