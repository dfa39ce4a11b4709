"""`sharpen replay` on a terminal: the stage of the app with a recorded run on it, and no engine behind it."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from sharpen.cli.tui import themes
from sharpen.cli.tui.ending import Ending
from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.frames import FrameLog
from sharpen.cli.tui.panels import KeyLine
from sharpen.cli.tui.preferences import Preferences
from sharpen.cli.tui.stage import Stage


class ReplayApp(Ending):
    """Play, hold and scrub one run."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+q,ctrl+c", "quit", "Quit", priority=True, id="app.quit"),
        Binding("f1", "help", "Help", id="app.help"),
    ]

    def __init__(
        self,
        log: FrameLog,
        name: str,
        preferences: Preferences | None = None,
        *,
        light: bool = False,
        at: int | None = None,
    ) -> None:
        """`at`: the frame to hold at, instead of playing from the first one."""
        super().__init__(ansi_color="NO_COLOR" in os.environ)
        self._frames, self._record, self._at = log, name, at
        self._preferences = preferences or Preferences()
        for theme in themes.ALL:
            self.register_theme(theme)
        self._first_theme = self._preferences.theme or (themes.LIGHT if light else themes.DARK).name

    def compose(self) -> ComposeResult:
        """The stage and its keys."""
        yield Stage(id="stage")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Play from the first frame; without motion the last one stands."""
        known = self._first_theme in self.available_themes
        self.theme = self._first_theme if known else themes.DARK.name
        if self._preferences.keys:
            self.set_keymap(dict(self._preferences.keys))
        stage = self.query_one(Stage)
        stage.motion = self._preferences.motion or stage.motion
        stage.use_ink(
            themes.ink_for(self.current_theme, no_color=self.no_color, colours=self.console.color_system)
        )
        stage.load(self._frames, "replay")
        stage.view.is_replay = True
        stage.view.focus()
        if self._at is not None:
            stage.show_frame(self._at)
        elif stage.motion != "none":
            self.call_after_refresh(stage.play)

    def on_stage_shown(self, _event: Stage.Shown) -> None:
        """Which file, and of which record."""
        stage = self.query_one(Stage)
        self.query_one("#where", Static).update(f"{stage.path}  from {self._record}")

    def on_file_view_wish(self, event: FileView.Wish) -> None:
        """Escape leaves; there is nothing to undo or to review."""
        if event.what == "prompt":
            self.exit()

    def action_help(self) -> None:
        """The keys, beside the screen."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()
