"""The command line of a hook, `sharpen fix [FLAG]... [--] [PATH]...`, read without the parser of all commands.

`start` asks before it imports that parser, which takes longer than everything else that a clean commit waits for. Only
flags without a value are known here, spelt out; of anything else it says nothing, and the full parser decides.
"""

from __future__ import annotations

from collections.abc import Sequence

FLAGS = {
    "--all": "all",
    "--check-only": "check_only",
    "--dry-run": "dry_run",
    "--exit-zero": "exit_zero",
    "--no-animation": "no_animation",
    "--quiet": "quiet",
    "--staged": "staged",
    "--strict": "strict",
    "--verbose": "verbose",
    "--yes": "yes",
    "-q": "quiet",
    "-v": "verbose",
    "-y": "yes",
}
"""Spelling -> the parameter of `main.fix`; a test holds the two together."""


def read(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, bool]] | None:
    """Paths and flags of a `fix`, the arguments after that word; None where the full parser has to look."""
    paths: list[str] = []
    flags: dict[str, bool] = {}
    for place, word in enumerate(arguments):
        if word == "--":
            paths += arguments[place + 1 :]
            break
        if word in FLAGS:
            flags[FLAGS[word]] = True
        elif word.startswith("-") and word != "-":
            return None
        else:
            paths.append(word)
    return tuple(paths), flags


def run(paths: tuple[str, ...], flags: dict[str, bool]) -> int:
    """The command as `main` runs it; returns the exit code."""
    from sharpen.cli import fatal

    def command() -> None:
        from sharpen.cli.commands import fix
        from sharpen.cli.options import settled

        raise SystemExit(fix.run(paths, settled(flags)))

    return fatal.guarded(command)
