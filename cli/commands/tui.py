"""`sharpen [-e SPEC] [PATH...]` on a terminal: open the app, or a plain log where nothing may be drawn."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sharpen.cli.options import settled
from sharpen.cli.terminal import Terminal, state_folder

ENGINE = ("-e", "--engine")


def wanted(arguments: Sequence[str]) -> tuple[tuple[str, ...], str | None] | None:
    """Files to open the app on, and an engine; None where the command line asks for something else."""
    paths: list[str] = []
    engine = None
    rest = iter(arguments)
    for argument in rest:
        name, _, value = argument.partition("=")
        if name == ENGINE[1] and value:
            engine = value
        elif argument in ENGINE:
            engine = next(rest, None)
            if engine is None:
                return None
        elif argument.startswith("-"):
            return None
        else:
            paths.append(argument)
    if not paths:
        return ((), engine) if Terminal.here().can_ask else None
    return (tuple(paths), engine) if all(Path(path).exists() for path in paths) else None


def run(paths: tuple[str, ...], engine: str | None = None) -> int:
    """Open the app; returns the exit code."""
    from sharpen.core.errors import BadInput

    options = settled({"engine": engine})
    terminal = Terminal.here(options.animation)
    if not terminal.can_ask:
        raise BadInput("sharpen PATH opens the app, which needs a terminal", "sharpen fix " + " ".join(paths))
    if os.environ.get("ACCESSIBLE") or os.environ.get("TERM") in {"dumb", ""}:
        from sharpen.cli.plain import talk

        return talk(paths, options)
    from sharpen.cli.settings import user_config_folder
    from sharpen.cli.tui.app import SharpenApp
    from sharpen.cli.tui.ending import run_to_end
    from sharpen.cli.tui.preferences import read
    from sharpen.core.worktree.find import find_root

    files = tuple(path for path in paths if Path(path).is_file())
    folder = next((Path(path) for path in paths if Path(path).is_dir()), None)
    if folder is not None:
        os.chdir(folder)
        files = tuple(os.path.relpath(path, folder) for path in files)
    preferences = read(user_config_folder(os.environ))
    root = find_root(Path()) or Path.cwd()
    app = SharpenApp(files, options, state_folder(), root, preferences, light=terminal.is_light)
    try:
        return run_to_end(app)
    finally:
        sys.stdout.flush()
