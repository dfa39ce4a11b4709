"""Keys of remote engines in a file that only its owner can read, `keys.toml` in the user's configuration folder.

`cli.access` reads a key, `sharpen keys` writes one. Invariants: the file is made with mode 0600 and replaced whole; one
that others can read is not read; a key is never printed, only its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from sharpen.cli.settings import user_config_folder
from sharpen.core.errors import BadInput, WriteFailed

ENGINES = ("mercury", "openai")


def path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the file is, or would be. Raises BadInput without a home folder."""
    folder = user_config_folder(os.environ if environ is None else environ)
    if folder is None:
        raise BadInput(
            "there is no home folder to keep keys in", "set SHARPEN_CONFIG_DIR, or export SHARPEN_API_KEY"
        )
    return folder / "keys.toml"


def read(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The keys by engine; none where there is no file. Raises BadInput for a file that others can read."""
    try:
        file = path(environ)
        with file.open("rb") as source:
            mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
            data = source.read()
    except (BadInput, FileNotFoundError):
        return {}
    except OSError as error:
        raise BadInput(f"the keys cannot be read: {error}") from error
    if mode & 0o077:
        raise BadInput(f"{file} can be read by others, so its keys are not used", f"chmod 600 {file}")
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        raise BadInput(f"{file} is not valid TOML", "sharpen keys set ENGINE writes it anew") from error
    return {engine: key for engine, key in found.items() if isinstance(key, str)}


def find(engine: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The key that was set for an engine: in the file, else in the system's keyring where that is installed."""
    key = read(environ).get(engine)
    if key:
        return key
    try:
        import keyring
    except ImportError:
        return None
    with contextlib.suppress(Exception):  # a keyring that is locked or has no backend has no key
        return keyring.get_password("sharpen", engine) or None
    return None


def put(engine: str, key: str | None) -> Path:
    """Set a key, or with None remove it. Raises BadInput and WriteFailed."""
    file = path()
    keys = read()
    if key is None:
        keys.pop(engine, None)
    else:
        keys[engine] = _checked(key)
    draft = file.with_name(f".keys-{os.getpid()}.toml")
    # A JSON string is a TOML string too.
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in sorted(keys.items()))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise WriteFailed(f"the key could not be written: {error}") from error
    return file


def shown(key: str) -> str:
    """Enough of a key to know it by."""
    return f"…{key[-4:]}" if len(key) >= 12 else "…"


def _checked(key: str) -> str:
    key = key.strip()
    if not key:
        raise BadInput("the key is empty; nothing was written")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadInput("the key has blanks or letters in it that no key has; nothing was written")
    return key
