"""The first look at the command line: `sharpen` and `sharpen PATH...` open the app, everything else is a command.

The console entry. Reading a command line properly takes 45 ms of imports, which a first picture has no use for, so this
looks at the first word alone, and what a hook calls is read by `quick`. A command wins over a file of its name:
`./models` is the file.
"""

from __future__ import annotations

from sharpen.cli import early  # noqa: F401 - catches an interrupt of the imports that follow

# isort: split
import sys

COMMANDS = frozenset(
    (
        "bench",
        "config",
        "demo",
        "doctor",
        "edit",
        "fix",
        "hook",
        "keys",
        "models",
        "race",
        "replay",
        "serve",
        "undo",
    )
)
"""The words that `cli.main` knows; a test holds the two together."""


def main() -> None:
    """Open the app, or run the command."""
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else ""
    if first not in COMMANDS and (not first.startswith("-") or first.startswith(("-e", "--engine"))):
        from sharpen.cli.commands import tui

        opening = tui.wanted(arguments)
        if opening is not None:
            from sharpen.cli import fatal

            sys.exit(fatal.guarded(lambda: sys.exit(tui.run(*opening))))
    if arguments[:1] == ["fix"]:
        _fix(arguments[1:])
    from sharpen.cli.main import main as run_command

    run_command()


def _fix(arguments: list[str]) -> None:
    """Run it and end, where its command line is of the simple kind."""
    from sharpen.cli import quick

    known = quick.read(arguments)
    if known is None:
        return
    code = quick.run(*known)
    import signal

    # All is done: an interrupt of the interpreter's own end would only print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
