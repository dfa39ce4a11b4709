"""What the user has set up for engines that are served elsewhere, read from the environment and the user's own key
file, and the engine made of it.

Every command that runs an engine comes here; core reads no environment. A project's file has no say in any of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sharpen.cli.terminal import models_folder
from sharpen.core.engines.base import Engine
from sharpen.core.engines.choose import choose
from sharpen.core.engines.wire.address import HERE, Address, address
from sharpen.core.engines.wire.hosted import Access, mercury_address

MOVED = "INCEPTION_BASE_URL"
VARIABLES = {"mercury": ("INCEPTION_API_KEY", "SHARPEN_API_KEY"), "openai": ("SHARPEN_API_KEY",)}
"""Engine -> the variables that its key may be in, the first wins."""


def from_environment(engine: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The variable that holds the engine's key, None where none does."""
    environ = os.environ if environ is None else environ
    return next((name for name in VARIABLES.get(engine, ()) if environ.get(name, "").strip()), None)


def access(environ: Mapping[str, str] | None = None) -> Access:
    """Keys by engine and address, and the address that takes Mercury's place."""
    environ = os.environ if environ is None else environ

    def key(engine: str, origin: str) -> str | None:
        name = from_environment(engine, environ)
        if name is not None:
            return environ[name]
        from sharpen.cli import keyfile

        return keyfile.find(engine, origin, environ)

    def elsewhere(engine: str, origin: str) -> str:
        from sharpen.cli import keyfile

        return keyfile.elsewhere(engine, origin, environ)

    def allowed(where: Address) -> bool:
        return in_clear(where, environ)

    return Access(key, elsewhere, environ.get(MOVED, ""), allowed, models_folder())


def in_clear(where: Address, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the user has named the address's host as one that gets keys unencrypted (`allow_http`)."""
    from sharpen.cli.settings import load

    named = (load(Path.cwd(), environ).allow_http or "").lower().split()
    host = where.host.lower()
    return host in named or host.rpartition(":")[0] in named


def origin_of(spec: str, environ: Mapping[str, str] | None = None) -> str:
    """What a key for an engine, as it is typed, belongs to. Raises BadInput for a bad address."""
    environ = os.environ if environ is None else environ
    name = spec.partition("#")[0]
    if name == "mercury":
        return mercury_address(environ.get(MOVED, "")).origin
    return HERE if name == "openai" else address(name.removeprefix("openai:")).origin


def engine(spec: str | None, instruction: str) -> Engine:
    """The engine of `spec`. Raises EngineUnavailable and BadInput as `choose` does."""
    return choose(spec, instruction, access())
