"""A real run of the demo as an SVG: its diff, drawn by rich. Called by `sharpen demo --picture`."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from sharpen.core.errors import WriteFailed


def draw(path: Path, diff: str, repaired: int, files: int) -> None:
    """Write the SVG. Raises WriteFailed where the system refuses."""
    console = Console(record=True, width=96, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ sharpen demo", style="bold"))
    kept = [line for line in diff.split("\n") if not line.startswith(("diff --git", "index ", "--- "))]
    console.print(Syntax("\n".join(kept), "diff", theme="ansi_dark", background_color="default"))
    console.print(Text(f"{repaired} of {files} files repaired", style="bold green"))
    try:
        path.write_text(console.export_svg(title="sharpen demo"), encoding="utf-8")
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror}") from error
