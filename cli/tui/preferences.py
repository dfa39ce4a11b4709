"""The user's `tui.toml`: theme, motion, and keys by binding id. Read once, when the app opens; never written.

It lies beside the user's config.toml. A project has no such file: a cloned repository remaps nobody's keys.

    theme = "sharpen-light"
    motion = "reduced"          # full, reduced, none
    [keys]
    "review.accept" = "y,enter"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sharpen.core.errors import BadInput

FILE = "tui.toml"
MOTIONS = ("full", "reduced", "none")


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the app looks and is steered."""

    theme: str = ""
    """Empty: by the terminal's background."""
    motion: str = ""
    """One of `MOTIONS`; empty: as `animation` is configured."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding id -> keys, several with commas between."""


def read(folder: Path | None) -> Preferences:
    """What the file says; defaults where there is none. Raises BadInput, naming the file and the key."""
    path = folder / FILE if folder is not None else None
    try:
        data = path.read_bytes() if path is not None else b""
    except OSError:
        return Preferences()
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from error
    unknown = set(table) - {"theme", "motion", "keys"}
    if unknown:
        raise BadInput(f"{path} sets {min(unknown)}, which is no setting", "known are: theme, motion, [keys]")
    theme, motion, keys = table.get("theme", ""), table.get("motion", ""), table.get("keys", {})
    if not isinstance(theme, str):
        raise BadInput(f"theme in {path} is not a text")
    if motion and motion not in MOTIONS:
        raise BadInput(f"motion in {path} is not one of {', '.join(MOTIONS)}")
    if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
        raise BadInput(f"[keys] in {path} gives each binding id a text", '"review.accept" = "y,enter"')
    return Preferences(theme, motion, keys)
