"""`sharpen replay`: play a recorded refinement on the same canvas, or write it as a picture."""

from __future__ import annotations

from pathlib import Path

from sharpen.cli.fatal import out, say
from sharpen.cli.replay import load
from sharpen.cli.terminal import Terminal


def run(path: str, export: str | None, at: int | None, *, still: bool) -> int:
    """Play or export; returns the exit code."""
    log = load(Path(path))
    if export is not None:
        from sharpen.cli import export as exports
        from sharpen.core.errors import BadInput

        if at is not None and at > len(log):
            raise BadInput(f"{path} has {len(log)} frames", "--at counts from 1")
        exports.save(Path(export), log, None if at is None else at - 1)
        say(f"{export}: {len(log)} frames")
        return 0
    terminal = Terminal.here("none" if still else "full")
    if not terminal.can_animate:
        for shot in log.shots:
            out(f"{shot.path}: {shot.facts}\n")
        return 0
    from sharpen.cli.tui.replay_app import ReplayApp

    ReplayApp(log, path, light=terminal.is_light).run()
    return 0
