"""A real run of the demo as an SVG: its diff as the terminal shows it. Called by `sharpen demo --picture`."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sharpen.cli import paint, palette
from sharpen.core.errors import WriteFailed
from sharpen.core.patch import Patch


def draw(path: Path, patch: Patch, repaired: int, files: int) -> None:
    """Write the SVG. Raises WriteFailed where the system refuses."""
    console = Console(record=True, width=96, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ sharpen demo", style="bold"))
    console.print(palette.text_of(paint.diff(patch)))
    console.print(Text(f"{repaired} of {files} files repaired", style="bold green"))
    try:
        path.write_text(console.export_svg(title="sharpen demo"), encoding="utf-8")
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror}") from error
