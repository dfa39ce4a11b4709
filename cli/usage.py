"""Wrong usage of the command line as one sentence and what to do, like every other bad input. `main` calls it."""

from __future__ import annotations

import difflib
import re
import sys

import typer
from typer.main import get_command

from sharpen.cli.exits import Exit
from sharpen.cli.fatal import say

_PLAIN = (
    (r"Got unexpected extra argument\(?s?\)? \((?P<a>.*)\)\.?", "nothing is known to do with {a}"),
    (r"Missing (?:argument|parameter:?) '?\[?\{?(?P<a>\w+).*", "{a} is missing"),
    (r"No such option:? '?(?P<a>-[^\s'.]+).*", "there is no option {a}"),
    (r"Invalid value for (?P<a>.*?): (?P<b>.*?)\.?", "{a}: {b}"),
    (r"Option '?(?P<a>[^' ]+)'? requires an argument\.?", "{a} needs a value"),
)
_NUMBERS = {
    "int range": "whole number",
    "integer range": "whole number",
    "integer": "whole number",
    "int": "whole number",
    "float range": "number",
}


def run(app: typer.Typer) -> None:
    """Run the command. Raises SystemExit with its exit code; 2 after wrong usage."""
    command = get_command(app)
    try:
        code = command.main(prog_name="sharpen", standalone_mode=False)
    except typer.Abort:
        say("sharpen: interrupted")
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        # The class lives where typer keeps its parser, which has moved between versions; its shape has not.
        told = getattr(error, "format_message", None)
        if told is None:
            raise
        message = told()
        if not message:  # nothing was asked, and the help has been printed
            sys.exit(Exit.BAD_INPUT)
        if _is_key(error, message):
            say("sharpen: a key is never an argument: it is asked for, or read from standard input")
            say("  sharpen keys set ENGINE; if that was your key, take it out of the shell's history")
            sys.exit(Exit.BAD_INPUT)
        say(f"sharpen: {_plain(message)}")
        say(f"  {_hint(error, command)}")
        sys.exit(Exit.BAD_INPUT)
    sys.exit(code if isinstance(code, int) else Exit.DONE)


def _is_key(error: Exception, message: str) -> bool:
    """Whether a word too many may be a key, which is not to be seen in a terminal's scrollback or a log."""
    command = getattr(getattr(error, "ctx", None), "info_name", "")
    return command == "keys" and "extra argument" in message


def _plain(message: str) -> str:
    """The parser's message in our words, where it is one of the usual ones."""
    message = " ".join(message.split())
    if found := re.fullmatch(r"No such command '(?P<a>.*)'\.?(?: .*)?", message):
        word = found["a"]
        path = "/" in word or "." in word
        return f"there is no file {word}" if path else f"{word} is neither a command nor a file"
    for pattern, words in _PLAIN:
        if found := re.fullmatch(pattern, message):
            said = words.format(**found.groupdict()).replace("' / '", ", ").replace("'--", "--")
            for kind, number in _NUMBERS.items():
                said = said.replace(f"not a valid {kind}", f"not a {number}")
            return re.sub(r"'?(-[\w-]+(?:, -[\w-]+)*)'?:", r"\1:", said)
    return message[:1].lower() + message[1:].rstrip(".")


def _hint(error: Exception, command: object) -> str:
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "sharpen")
    if found := re.match(r"No such command '(.*?)'", str(getattr(error, "message", ""))):
        near = difflib.get_close_matches(found[1], sorted(getattr(command, "commands", ())), 1)
        if near:
            return f"did you mean sharpen {near[0]}? sharpen --help lists the commands"
    wanted = getattr(error, "option_name", None)
    if wanted:
        names = [n for p in getattr(getattr(context, "command", None), "params", ()) for n in p.opts]
        near = difflib.get_close_matches(str(wanted), names, 1)
        if near:
            return f"did you mean {near[0]}? {path} --help lists the options"
    return f"{path} --help shows how it is used"
