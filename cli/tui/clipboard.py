"""Copying: through the terminal (OSC 52), and through the system's own tool where there is one; says which it was."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping

_TOOLS = (("pbcopy",), ("wl-copy",), ("xclip", "-selection", "clipboard"), ("xsel", "-bi"), ("clip.exe",))
_DEAF = {"Apple_Terminal": "Terminal"}
"""Terminals that ignore OSC 52."""


def copy(text: str, osc52: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> str:
    """Copy the text; returns the sentence for the user. `osc52` hands a text to the terminal."""
    lines = text.count("\n") + (not text.endswith("\n"))
    what = f"{lines} line{'' if lines == 1 else 's'}"
    remote = "SSH_CONNECTION" in environ  # the tool here would fill the clipboard of a machine far away
    tool = None if remote else _tool(environ)
    if tool is not None and _handed(tool, text):
        return f"copied {what} ({tool[0]})"
    deaf = _DEAF.get(environ.get("TERM_PROGRAM", ""))
    if deaf:
        return f"not copied: {deaf} takes no text from programs, and no clipboard tool was found"
    osc52(text)
    inside = " (tmux passes it on with: set -g set-clipboard on)" if "TMUX" in environ else ""
    return f"sent {what} to the terminal's clipboard{inside}"


def _tool(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    shown = {"wl-copy": "WAYLAND_DISPLAY", "xclip": "DISPLAY", "xsel": "DISPLAY"}
    for tool in _TOOLS:
        if shutil.which(tool[0]) and (tool[0] not in shown or environ.get(shown[tool[0]])):
            return tool
    return None


def _handed(tool: tuple[str, ...], text: str) -> bool:
    try:
        done = subprocess.run(tool, input=text.encode(), check=False, capture_output=True, timeout=2)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
