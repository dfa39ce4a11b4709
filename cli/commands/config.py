"""`sharpen config show|path|set`: the settings that hold here, each with where it comes from."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from sharpen.cli import settings
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say
from sharpen.core.errors import BadInput, WriteFailed

ACTIONS = ("show", "path", "set")


def run(action: str, key: str | None, value: str | None) -> int:
    """Do it; exit 2 for another word, an unknown key or a value that it cannot have."""
    if action == "show":
        return _show()
    if action == "path":
        out(f"{_file()}\n")
        return Exit.DONE
    if action != "set":
        raise BadInput(f"there is no sharpen config {action}", f"one of: {', '.join(ACTIONS)}")
    if key is None or value is None:
        raise BadInput(
            "sharpen config set needs a key and a value", "for example: sharpen config set animation reduced"
        )
    return set_value(key.replace("-", "_"), value)


def _show() -> int:
    config = settings.load(Path.cwd())
    for field in fields(config):
        if field.name != "sources":
            value = getattr(config, field.name)
            said = "not set" if value is None else json.dumps(value)
            out(f"{field.name:<18}{said:<24}{config.sources.get(field.name, 'default')}\n")
    return Exit.DONE


def _file() -> Path:
    folder = settings.user_config_folder(os.environ)
    if folder is None:
        raise BadInput("there is no home folder to keep settings in", "set SHARPEN_CONFIG_DIR")
    return folder / "config.toml"


def set_value(key: str, value: str) -> int:
    """Write one line of the user's own file; all others stay as they are."""
    parsed = settings.parsed(key, value)
    file = _file()
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error
    line = f"{key} = {json.dumps(parsed)}"
    head, mark, tail = _before_tables(text)
    written, count = re.subn(
        rf"(?m)^{key.replace('_', '[-_]')}[ \t]*=.*$", lambda _match: line, head, count=1
    )
    if not count:
        written = head + ("" if not head or head.endswith("\n") else "\n") + line + "\n"
    result = written + mark + tail
    if tomllib.loads(result).get(key, parsed) != parsed:
        raise BadInput(f"{file} has {key} in a form that cannot be changed in place", "change it by hand")
    draft = file.with_name(f".config-{os.getpid()}.toml")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(result, encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise WriteFailed(f"{file} could not be written: {error}") from error
    say(f"{line}  in {file}")
    return Exit.DONE


def _before_tables(text: str) -> tuple[str, str, str]:
    """What stands before the first table, and the rest."""
    found = re.search(r"(?m)^\[", text)
    at = found.start() if found else len(text)
    return text[:at], "", text[at:]
