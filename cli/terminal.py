"""What the terminal is and may do. Commands ask here and never look at a tty themselves."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Terminal:
    """Facts about where sharpen runs."""

    can_ask: bool
    """stdin and stderr are terminals and no hook runs us (under pre-commit stdout may be a pty while stdin is not)."""
    can_animate: bool
    can_colour: bool
    width: int

    @staticmethod
    def here(animation: bool = True) -> Terminal:
        """Look at the process's own streams and environment."""
        env = os.environ
        both = _tty(sys.stdin) and _tty(sys.stderr) and "PRE_COMMIT" not in env
        plain = env.get("TERM") == "dumb" or bool(env.get("CI"))
        colour = _tty(sys.stderr) and not env.get("NO_COLOR") and env.get("TERM") != "dumb"
        return Terminal(
            both, both and animation and not plain, colour, shutil.get_terminal_size((100, 24)).columns
        )


def _tty(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


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
