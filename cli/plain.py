"""The app as a plain log, for screen readers and dumb terminals: a question, an answer, line after line.

`cli.commands.tui` opens it where `ACCESSIBLE` is set or the terminal is dumb. Every prompt is a `sharpen edit` of the
files that the app was opened on, with its words, its questions and its exit. Nothing is ever redrawn.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from sharpen.cli.commands import edit, undo
from sharpen.cli.fatal import report_error, say
from sharpen.cli.options import Options
from sharpen.core.errors import SharpenError


def talk(paths: tuple[str, ...], options: Options) -> int:
    """Ask for prompts until the input ends; returns the exit code of the last one."""
    still = replace(options, animation="none", verbose=True)
    say(f"files: {', '.join(paths) or 'those that differ from HEAD'}")
    code = 0
    while True:
        sys.stderr.write("prompt (undo, quit): ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        word = line.strip()
        if not line or word in {"quit", "exit"}:
            return code
        try:
            if word == "undo":
                code = undo.run()
            elif word:
                code = edit.run(word, paths, still)
        except SharpenError as error:
            code = report_error(error)
