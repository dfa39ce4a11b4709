"""`sharpen replay`: play a recorded refinement on the same canvas, or write it as a picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.cli.fatal import out, say
from sharpen.cli.replay import load
from sharpen.cli.terminal import Terminal

if TYPE_CHECKING:
    from sharpen.cli.tui.frames import FrameLog


def run(path: str, export: str | None, at: int | None, *, still: bool) -> int:
    """Play or export; returns the exit code. `at` counts from 1."""
    log = load(Path(path))
    if at is not None and at > len(log):
        from sharpen.core.errors import BadInput

        raise BadInput(f"{path} has {len(log)} frames", "--at counts from 1")
    if export is not None:
        _export(log, export, at)
        return 0
    from sharpen.cli.commands.tui import wants_lines

    terminal = Terminal.here("none" if still else "full")
    if not terminal.can_animate or wants_lines():
        for shot in log.shots if at is None else log.shots[at - 1 : at]:
            out(f"{shot.path}: {shot.facts}\n")
        return 0
    from sharpen.cli.settings import user_config_folder
    from sharpen.cli.tui.ending import run_to_end
    from sharpen.cli.tui.preferences import read
    from sharpen.cli.tui.replay_app import ReplayApp

    preferences = read(user_config_folder(os.environ))
    at = None if at is None else at - 1
    return run_to_end(ReplayApp(log, path, preferences, light=terminal.is_light, at=at))


def _export(log: FrameLog, export: str, at: int | None) -> None:
    from sharpen.cli import export as exports

    exports.save(Path(export), log, None if at is None else at - 1)
    one = Path(export).suffix.lower() == ".svg"
    say(f"{export}: frame {at or len(log)} of {len(log)}" if one else f"{export}: {len(log)} frames")
