"""The Textual app: opens the desk, starts the engine's process after the first paint, and owns themes, keys, palette.

`cli.commands.tui` runs it. Invariant: whatever ends it, the engine's process is told to end and finishes the write that
it is in. What happens on the screen is the desk's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from sharpen.cli.options import Options
from sharpen.cli.tui import themes
from sharpen.cli.tui.client import Client
from sharpen.cli.tui.desk import Desk
from sharpen.cli.tui.ending import Ending
from sharpen.cli.tui.file_tree import FileTree
from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.messages import Heard, Order
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.preferences import FILE, MOTIONS, Preferences
from sharpen.cli.tui.prompt import Prompt
from sharpen.cli.tui.review_view import ReviewView
from sharpen.cli.tui.sheet_view import SheetView
from sharpen.cli.tui.sitting import Sitting
from sharpen.cli.tui.store import Store
from sharpen.cli.tui.wants import Wants
from sharpen.cli.tui.wire import Answer, Look
from sharpen.core.errors import SharpenError


def _driver() -> type[Driver] | None:
    """The terminal's driver where there is a choice: never where TEXTUAL_DRIVER names another, nor on Windows."""
    if sys.platform == "win32" or "TEXTUAL_DRIVER" in os.environ:
        return None
    from sharpen.cli.tui.driver import SleepingDriver

    return SleepingDriver


START_AFTER = 0.2
"""Seconds after which the engine's process is started: its start must not compete with the first picture."""


class SharpenApp(Ending):
    """Watch an edit sharpen in place, review it, keep it."""

    TITLE = "sharpen"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit"),
        Binding("ctrl+p", "command_palette", "Palette", show=False, priority=True, id="app.palette"),
        Binding("f1", "help", "Help", priority=True, id="app.help"),
        Binding("f2", "menu('engines')", "Engine", show=False, id="app.engine"),
        Binding("f3", "menu('runs')", "Earlier runs", show=False, id="app.runs"),
        Binding("f4", "menu('checkpoints')", "Checkpoints", show=False, id="app.checkpoints"),
    ]

    def __init__(
        self,
        paths: tuple[str, ...],
        options: Options,
        state_folder: Path,
        root: Path,
        preferences: Preferences | None = None,
        *,
        light: bool = False,
    ) -> None:
        preferences = preferences or Preferences()
        super().__init__(driver_class=_driver(), ansi_color="NO_COLOR" in os.environ)
        self._client = Client(self._hear)
        self._sitting = Sitting(self._client.send)
        self._preferences = preferences
        wants = Wants(
            options.engine,
            options.candidates,
            options.counted,
            options.steps,
            options.strength,
            options.seed,
            options.check,
            options.check_timeout,
        )
        motion = preferences.motion or options.animation
        self.desk = Desk(self._sitting, Store(state_folder, root), wants, paths, motion)
        for theme in themes.ALL:
            self.register_theme(theme)
        self._first_theme = preferences.theme or (themes.LIGHT if light else themes.DARK).name

    def get_default_screen(self) -> Screen[None]:
        """The desk."""
        return self.desk

    def on_mount(self) -> None:
        """Theme and keys; the engine's process once the first picture stands."""
        known = self.available_themes
        self.theme = self._first_theme if self._first_theme in known else themes.DARK.name
        self.theme_changed_signal.subscribe(self, lambda _theme: self._use_ink())
        self._use_ink()
        if self._preferences.keys:
            self.set_keymap(dict(self._preferences.keys))
        self.set_timer(START_AFTER, self._start)

    def _start(self) -> None:
        self._client.send(Look("files", "."))
        for said in self._wrong_preferences():
            self.desk.standing[said.text] = said
            self.desk.notice(None)
        self.desk.tell_what_is_open()

    def _wrong_preferences(self) -> Iterator[Notice]:
        """What tui.toml asks for and is not there."""
        if self._first_theme not in self.available_themes:
            yield Notice(f"there is no theme {self._first_theme}", "Ctrl+P, Theme shows them", bad=True)
        if self._preferences.keys:
            from sharpen.cli.tui import dialogs, keymap

            screens = (dialogs.Pick, dialogs.Question, dialogs.EditHunk, dialogs.Compare)
            views = (FileTree, FileView, Prompt, ReviewView, SheetView)
            known = keymap.ids((type(self), SharpenApp, Desk, *views, *screens))
            said = keymap.fault(self._preferences.keys, known)
            if said:
                yield Notice(f"{said} ({FILE})", "docs/tui.md lists ids and keys", bad=True)

    def _use_ink(self) -> None:
        colours = self.console.color_system
        self.desk.use_ink(themes.ink_for(self.current_theme, no_color=self.no_color, colours=colours))

    def _hear(self, answer: Answer) -> None:
        """On the pipe's thread: frames go into their log, all else to the desk."""
        try:
            about_frames = self._sitting.overhear(answer)
        except Exception as defect:  # noqa: BLE001 - this thread's end would leave the screen waiting for ever
            self.call_later(self._handle_exception, defect)
            return
        if not about_frames and self.is_running:
            self.desk.post_message(Heard(answer))

    def on_app_focus(self) -> None:
        """Back from an editor, perhaps."""
        self.desk.look_at_disk()

    def on_order(self, message: Order) -> None:
        """The desk asks the engine's process."""
        self._client.send(message.order)

    def on_prompt_search_history(self, _event: Prompt.SearchHistory) -> None:
        """Ctrl+R."""
        from sharpen.cli.tui import menus

        menus.history(self.desk)

    def on_unmount(self) -> None:
        """End the engine's process."""
        self._client.close()

    # Keys and palette

    async def action_quit(self) -> None:
        """Quit, asking where something would be lost."""
        from sharpen.cli.tui import menus

        menus.quit_after_asking(self.desk)

    def action_help(self) -> None:
        """The keys of what has the focus, beside the screen; again to hide them."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def action_menu(self, name: str) -> None:
        """One of the lists."""
        from sharpen.cli.tui import choosing, menus

        opened: dict[str, Callable[[Desk], None]] = {
            "engines": choosing.engines,
            "models": choosing.models,
            "runs": menus.runs,
            "checkpoints": menus.checkpoints,
            "history": menus.history,
        }
        if self.screen is self.desk:
            opened[name](self.desk)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What Ctrl+P offers."""
        yield SystemCommand(
            "Engine", "Which engine the next prompt goes to", lambda: self.action_menu("engines")
        )
        yield SystemCommand(
            "Model", "Which model of the engine, with what each can do", lambda: self.action_menu("models")
        )
        yield SystemCommand(
            "Checkpoints", "What was applied; take it back", lambda: self.action_menu("checkpoints")
        )
        yield SystemCommand(
            "Earlier runs", "Look at a run again, decide what was left open", lambda: self.action_menu("runs")
        )
        yield SystemCommand("History", "Earlier prompts", lambda: self.action_menu("history"))
        for count in (1, 2, 4, 8):
            yield SystemCommand(
                f"Candidates: {count}",
                "How many to ask the engine for",
                lambda count=count: self._want(candidates=count),
            )
        for motion in MOTIONS:
            yield SystemCommand(
                f"Motion: {motion}",
                "30 drawings a second, 4 without flashes, or the end alone",
                lambda motion=motion: self._move(motion),
            )
        yield SystemCommand("Save picture", "This frame as SVG", lambda: self._save("svg"))
        yield SystemCommand("Save recording", "The run as an asciicast", lambda: self._save("cast"))
        yield SystemCommand("Save animation", "The run as a GIF", lambda: self._save("gif"))
        yield from super().get_system_commands(screen)

    def _want(self, candidates: int) -> None:
        self.desk.wants = replace(self.desk.wants, candidates=candidates, counted=True)
        self.desk.notice(
            Notice(f"the next prompt asks for {candidates} candidate{'' if candidates == 1 else 's'}")
        )

    def _move(self, motion: str) -> None:
        self.desk.stage.motion = motion
        self.desk.notice(Notice(f"motion: {motion}"))

    def _save(self, kind: str) -> None:
        """The run in view, beside the user's files, under a name that is free."""
        from sharpen.cli import export

        stage = self.desk.stage
        if not len(stage.frames):
            self.desk.notice(
                Notice("there is no run to save", "send a prompt, or open an earlier run with F3")
            )
            return
        path = export.free_name(Path.cwd(), kind)
        try:
            export.save(path, stage.frames, at=stage.at)
        except SharpenError as error:
            self.desk.notice(Notice(error.message, error.hint, bad=True))
        else:
            self.desk.notice(Notice(f"saved as {path.name}"))
