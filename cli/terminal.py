"""What the terminal is and may do. Commands ask here and never look at a tty themselves."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Terminal:
    """Facts about where sharpen runs."""

    can_ask: bool
    """stdin and stderr are terminals and no hook runs us (under pre-commit stdout may be a pty while stdin is not)."""
    can_animate: bool
    colours: str | None
    """`truecolor`, `256`, `standard`; None where stderr is not to be coloured."""
    is_light: bool = False
    """The terminal says that its background is light."""

    @staticmethod
    def here(animation: str = "full") -> Terminal:
        """Look at the process's own streams and environment. `animation`: `full`, `reduced`, `none`."""
        env = os.environ
        both = _tty(sys.stdin) and _tty(sys.stderr) and "PRE_COMMIT" not in env
        plain = env.get("TERM") == "dumb" or bool(env.get("CI"))
        light = env.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}
        return Terminal(both, both and animation != "none" and not plain, _colours(env), light)


def size() -> os.terminal_size:
    """Columns and lines of the terminal that stderr is, at this moment; 80 by 24 where it is none."""
    try:
        found = os.get_terminal_size(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return os.terminal_size((80, 24))
    # Some terminals (serial lines, fresh ptys) say nothing of their size.
    return found if found.columns and found.lines else os.terminal_size((80, 24))


def _colours(env: Mapping[str, str]) -> str | None:
    term = env.get("TERM", "")
    if not _tty(sys.stderr) or env.get("NO_COLOR") or term in {"dumb", ""}:
        return None
    if env.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return "truecolor"
    return "256" if "256" in term or "direct" in term else "standard"


def _tty(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


def models_folder() -> Path:
    """Where pulled checkpoints lie, a folder each."""
    if chosen := os.environ.get("SHARPEN_MODELS_DIR"):
        return Path(chosen)
    import platformdirs

    try:
        return Path(platformdirs.user_data_dir("sharpen")) / "models"
    except (RuntimeError, KeyError, OSError):
        return state_folder() / "models"


def state_folder() -> Path:
    """Where checkpoints and reports are kept; works without a home folder."""
    chosen = os.environ.get("SHARPEN_STATE_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    try:
        usual = Path(platformdirs.user_state_dir("sharpen"))
    except (RuntimeError, KeyError, OSError):
        usual = Path("~")
    if usual.is_absolute():  # without a home folder a literal `~` is left, which would mean this very folder
        return usual
    import tempfile

    return Path(tempfile.gettempdir()) / f"sharpen-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
