"""`sharpen config show|path|set`: the settings that hold here, each with where it comes from."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
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
            out(f"{field.name:<18}{said:<22}  {config.sources.get(field.name, 'default')}\n")
    return Exit.DONE


def _file() -> Path:
    folder = settings.user_config_folder(os.environ)
    if folder is None:
        raise BadInput("there is no home folder to keep settings in", "set SHARPEN_CONFIG_DIR")
    return folder / "config.toml"


def set_value(key: str, value: str) -> int:
    """Write one line of the user's own file; all others stay as they are."""
    parsed = settings.parsed(key, value)
    if key == "engine":
        from sharpen.core.engines.choose import check

        check(value)
    file = _file()
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error
    # A JSON value is a TOML value, but for the one control character that JSON takes as it is.
    line = f"{key} = {json.dumps(parsed, ensure_ascii=False)}".replace("\x7f", "\\u007f")
    try:
        line.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"{key} cannot be set to that: it is not text") from error
    result = _changed(text, key, line)
    if result is None:
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


def _changed(text: str, key: str, line: str) -> str | None:
    """The file with the key's statement replaced, or put before the first table; None where nothing else would stay."""
    others = {name: value for name, value in tomllib.loads(text).items() if name.replace("-", "_") != key}
    wanted = others | tomllib.loads(line)
    table = re.search(r"(?m)^\[", text)
    head = text[: table.start()] if table else text
    added = head + ("" if not head or head.endswith("\n") else "\n") + line + "\n" + text[len(head) :]
    for result in (*(text[:a] + line + text[b:] for a, b in _statements(text, key)), added):
        try:
            if tomllib.loads(result) == wanted:
                return result
        except tomllib.TOMLDecodeError:
            continue
    return None


def _statements(text: str, key: str) -> Iterator[tuple[int, int]]:
    """Where the key seems to be set, over as many lines as its value has. It may be inside another value's text."""
    name = key.replace("_", "[-_]")
    for match in re.finditer(rf"(?m)^[ \t]*(['\"]?){name}\1[ \t]*=", text):
        end = match.end()
        while end < len(text):
            end = text.find("\n", end + 1)
            end = len(text) if end < 0 else end
            try:
                tomllib.loads(text[match.start() : end])
            except tomllib.TOMLDecodeError:
                continue
            yield match.start(), end
            break
