"""What was configured, from weakest to strongest: `[tool.sharpen]` in the project's pyproject.toml, its
sharpen.toml, the user's own config.toml, `SHARPEN_*` in the environment. Flags win over all of them.

`cli.main` asks for it once a command. Invariant: a project's file cannot name an engine that sends code somewhere,
an address, a key, or a command that runs; a repository that somebody cloned decides none of these. It writes
nothing, and a machine without a home folder merely has no user's file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sharpen.core.errors import BadInput

ANIMATIONS = ("full", "reduced", "none")
OFFLINE_ENGINES = ("embedded", "local:")
"""What a project's file may choose: models that send nothing anywhere."""
_DANGEROUS = (
    "check",
    "key",
    "api_key",
    "url",
    "engine_url",
    "base_url",
    "command",
    "allow_http",
    "yes",
    "undo_days",
    "undo_megabytes",
)
_MOST_SECONDS = 1e7
"""No timer takes much more."""
_REFUSED = "a project's file may not: it must not make you send code somewhere, run something or lose what you can undo"


@dataclass(frozen=True, slots=True)
class Config:
    """Defaults for the flags of `edit` and `fix`."""

    engine: str | None = None
    candidates: int = 1
    steps: int | None = None
    strength: float | None = None
    """0..1"""
    seed: int = 0
    check: str | None = None
    check_timeout: float | None = None
    """Seconds."""
    animation: str = "full"
    """One of `ANIMATIONS`."""
    allow_http: str | None = None
    """Hosts, with blanks between, to which a key may go unencrypted."""
    strict: bool = False
    yes: bool = False
    undo_days: int = 90
    """How long a checkpoint is kept."""
    undo_megabytes: int = 200
    """What the checkpoints of one repository may take."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Which file or variable set a value, for those that are not the default."""


def load(folder: Path, environ: Mapping[str, str] | None = None, user_folder: Path | None = None) -> Config:
    """The configuration that holds in `folder`. Raises BadInput, naming the file and the key."""
    environ = os.environ if environ is None else environ
    config = Config()
    project = _project(folder)
    if project is not None:
        config = _with(config, _table(project / "pyproject.toml", "tool", "sharpen"), project=True)
        config = _with(config, _table(project / "sharpen.toml"), project=True)
    user = user_folder if user_folder is not None else user_config_folder(environ)
    if user is not None:
        config = _with(config, _table(user / "config.toml"), project=False)
    for name, value in sorted(environ.items()):
        key = name.removeprefix("SHARPEN_").lower()
        if name.startswith("SHARPEN_") and key in _KEYS and value:
            config = _set(config, key, value, f"${name}")
    return config


def user_config_folder(environ: Mapping[str, str]) -> Path | None:
    """The user's own configuration folder; None where there is no home to look in."""
    if given := environ.get("SHARPEN_CONFIG_DIR"):
        return Path(given)
    import platformdirs

    try:
        folder = Path(platformdirs.user_config_dir("sharpen"))
    except (RuntimeError, KeyError, OSError):
        return None
    # Without a home and without a line in the user database, `~` stays as it is.
    return None if str(folder).startswith("~") else folder


def _project(folder: Path) -> Path | None:
    """The nearest folder, up to the repository's root, that configures sharpen; outside git only `folder`."""
    above = [folder, *folder.parents]
    root = next((i for i, place in enumerate(above) if (place / ".git").exists()), 0)
    for place in above[: root + 1]:
        if (place / "sharpen.toml").is_file() or _table(place / "pyproject.toml", "tool", "sharpen")[1]:
            return place
    return None


Table = tuple[str, Mapping[str, Any]]
"""The file as the user knows it, and what it says about sharpen."""


def _table(path: Path, *keys: str) -> Table:
    try:
        data = path.read_bytes()
    except OSError:
        return str(path), {}
    if keys and b"sharpen" not in data:  # most pyproject files: not worth a parse
        return str(path), {}
    import tomllib

    try:
        table: Any = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from error
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        raise BadInput(f"tool.sharpen in {path} is not a table")
    return str(path), table


def _with(config: Config, table: Table, *, project: bool) -> Config:
    path, values = table
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if project and (name in _DANGEROUS or (name == "engine" and not _offline(value))):
            raise BadInput(f"{path} sets {key}, which {_REFUSED}", "set it in your own file or with a flag")
        config = _set(config, name, value, path)
    return config


def _offline(engine: object) -> bool:
    return isinstance(engine, str) and engine.startswith(OFFLINE_ENGINES) and "://" not in engine


def parsed(key: str, value: str) -> Any:
    """The value that a setting would have, were it set to these letters. Raises BadInput."""
    return getattr(_set(Config(), key, value, "sharpen config"), key)


def _set(config: Config, key: str, value: object, source: str) -> Config:
    parse = _KEYS.get(key)
    if parse is None:
        raise BadInput(f"{source} sets {key}, which is no setting", f"known are: {', '.join(sorted(_KEYS))}")
    try:
        parsed = parse(value)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{source} sets {key} to {value!r}, which is not {error}") from error
    sources = {**config.sources, key: source}
    changes: dict[str, Any] = {key: parsed, "sources": sources}
    return replace(config, **changes)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def _hosts(value: object) -> str:
    names = value.replace(",", " ").split() if isinstance(value, str) else []
    if not names or any(set(name) & set("/*@?#") for name in names):
        raise ValueError("the name of a host, with or without its port, or several")
    return " ".join(names)


def _flag(value: object) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    known = value if isinstance(value, bool) else words.get(str(value).lower())
    if known is None:
        raise ValueError("true or false")
    return known


def _whole(least: int, most: int = 2**63 - 1) -> Callable[[object], int]:
    def parse(value: object) -> int:
        try:
            number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or number < least or number > most:
            raise ValueError(f"a whole number from {least}" if least else "a whole number of at most 64 bits")
        return number

    return parse


def _seconds(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        number = 0.0
    if not 0 < number <= _MOST_SECONDS:  # nor is it "not a number"
        raise ValueError("a number of seconds above 0")
    return number


def _share(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError("a number from 0 to 1")
    return number


def _animation(value: object) -> str:
    if value not in ANIMATIONS:
        raise ValueError(f"one of {', '.join(ANIMATIONS)}")
    return str(value)


_KEYS: dict[str, Callable[[object], object]] = {
    "engine": _text,
    "candidates": _whole(1),
    "steps": _whole(1),
    "strength": _share,
    "seed": _whole(0),
    "check": _text,
    "check_timeout": _seconds,
    "animation": _animation,
    "allow_http": _hosts,
    "strict": _flag,
    "yes": _flag,
    "undo_days": _whole(1),
    "undo_megabytes": _whole(1),
}
