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


def wants_lines() -> bool:
    """Whether nothing may be drawn: for a screen reader, or on a terminal that cannot."""
    return bool(os.environ.get("ACCESSIBLE")) or os.environ.get("TERM") in {"dumb", ""}


def _entered(paths: tuple[str, ...], engine: str | None) -> tuple[tuple[str, ...], str | None]:
    """Go into the folder among the paths; returns the files, and the engine, spelled as from there."""
    folder = next((path for path in paths if Path(path).is_dir()), None)
    files = tuple(path for path in paths if not Path(path).is_dir())
    if folder is None:
        return files, engine
    files = tuple(os.path.relpath(path, folder) for path in files)
    kind, mark, place = (engine or "").partition(":")
    where, sign, rest = place.partition("#")
    if kind in {"script", "local"} and where and Path(where).exists():
        engine = f"{kind}{mark}{Path(where).absolute()}{sign}{rest}"
    os.chdir(folder)
    return files, engine


def run(paths: tuple[str, ...], engine: str | None = None) -> int:
    """Open the app; returns the exit code."""
    from sharpen.core.errors import BadInput

    if not Terminal.here().can_ask:
        raise BadInput("sharpen PATH opens the app, which needs a terminal", "sharpen fix " + " ".join(paths))
    files, engine = _entered(paths, engine)
    options = settled({"engine": engine})
    terminal = Terminal.here(options.animation)
    if wants_lines():
        from sharpen.cli.plain import talk

        return talk(files, options)
    from sharpen.cli.settings import user_config_folder
    from sharpen.cli.tui.app import SharpenApp
    from sharpen.cli.tui.ending import run_to_end
    from sharpen.cli.tui.preferences import read
    from sharpen.core.worktree.find import find_root

    preferences = read(user_config_folder(os.environ))
    root = find_root(Path()) or Path.cwd()
    app = SharpenApp(files, options, state_folder(), root, preferences, light=terminal.is_light)
    try:
        return run_to_end(app)
    finally:
        sys.stdout.flush()
