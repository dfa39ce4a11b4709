"""The first look at the command line: `sharpen` and `sharpen PATH...` open the app, everything else is a command.

The console entry. Reading a command line properly takes 45 ms of imports, which a first picture has no use for, so this
looks at the first word alone. A command wins over a file of its name: `./models` is the file.
"""

from __future__ import annotations

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
    if not arguments or (arguments[0] not in COMMANDS and not arguments[0].startswith("-")):
        from sharpen.cli.commands import tui

        paths = tui.wanted(arguments)
        if paths is not None:
            from sharpen.cli import fatal

            sys.exit(fatal.guarded(lambda: sys.exit(tui.run(paths))))
    from sharpen.cli.main import main as run_command

    run_command()
