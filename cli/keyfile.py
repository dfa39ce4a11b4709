"""Keys of remote engines, each bound to the address that it was set for: in the system's keyring where there is one, else
in `keys.toml` in the user's configuration folder, which only its owner can read.

`cli.access` reads a key, `sharpen keys` writes one. Invariants: the file is made with mode 0600 and replaced whole; one
that others can read is not read; a key is never printed, only its end; it is never told for another address.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sharpen.cli.settings import user_config_folder
from sharpen.core.engines.wire.address import HERE
from sharpen.core.engines.wire.hosted import MERCURY_ORIGIN
from sharpen.core.errors import BadInput, WriteFailed

ENGINES = ("mercury", "openai")
IN_KEYRING = ""
"""In the file, in the place of a key that is in the keyring."""
_ONCE = {"mercury": MERCURY_ORIGIN, "openai": HERE}
"""What an entry without an address is for."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a key went or lies."""

    engine: str
    origin: str
    where: str
    key: str = ""
    """Empty where it is in the keyring and was not asked for."""


def path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the file is, or would be. Raises BadInput without a home folder."""
    folder = user_config_folder(os.environ if environ is None else environ)
    if folder is None:
        raise BadInput(
            "there is no home folder to keep keys in", "set SHARPEN_CONFIG_DIR, or export SHARPEN_API_KEY"
        )
    return folder / "keys.toml"


def read(environ: Mapping[str, str] | None = None) -> dict[tuple[str, str], str]:
    """The keys by engine and address; none where there is no file. Raises BadInput for a file that others can read."""
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
        raise BadInput(
            f"{file} is not valid TOML", f"mend it, or remove it and set the keys again: {file}"
        ) from error
    keys = {}
    for name, key in found.items():
        engine, _, origin = name.partition(" ")
        if isinstance(key, str) and engine in ENGINES:
            keys[engine, origin or _ONCE[engine]] = key
    return keys


def find(engine: str, origin: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The key that was set for an engine at an address, and for no other."""
    key = read(environ).get((engine, origin))
    if key:
        return key
    if key is None and engine == "openai":
        return None  # most servers need none, and a keyring takes long to ask
    from sharpen.cli import keyring_store

    return keyring_store.get(f"{engine} {origin}")


def elsewhere(engine: str, origin: str, environ: Mapping[str, str] | None = None) -> str:
    """Another address that a key of the engine is kept for; empty for none."""
    return next((o for e, o in sorted(read(environ)) if e == engine and o != origin), "")


def put(engine: str, origin: str, key: str) -> Kept:
    """Keep a key for an address. Raises BadInput and WriteFailed."""
    from sharpen.cli import keyring_store

    keys, key = read(), _checked(key)
    backend = keyring_store.name()
    ringed = backend is not None and keyring_store.put(f"{engine} {origin}", key)
    # The file says what there is even where the keyring holds it: a keyring cannot be listed.
    keys[engine, origin] = IN_KEYRING if ringed else key
    file = _write(keys)
    return Kept(engine, origin, f"the system's keyring ({backend})" if ringed else str(file))


def kept() -> list[Kept]:
    """All that were set, in order."""
    found = sorted(read().items())
    return [
        Kept(engine, origin, str(path()) if key else "the system's keyring", key)
        for (engine, origin), key in found
    ]


def remove(engine: str, origin: str) -> bool:
    """Forget a key; whether there was one. Raises BadInput and WriteFailed."""
    keys = read()
    known = keys.pop((engine, origin), None)
    if known is None:
        return False
    if known == IN_KEYRING:
        from sharpen.cli import keyring_store

        if not keyring_store.remove(f"{engine} {origin}"):
            raise WriteFailed("the system's keyring did not let go of the key", "unlock it and try again")
    _write(keys)
    return True


def _write(keys: Mapping[tuple[str, str], str]) -> Path:
    file = path()
    draft = file.with_name(f".keys-{os.getpid()}.toml")
    # A JSON string is a TOML string too.
    text = "".join(
        f"{json.dumps(f'{engine} {origin}')} = {json.dumps(key)}\n"
        for (engine, origin), key in sorted(keys.items())
    )
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
