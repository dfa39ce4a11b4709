"""A real run of the demo as an SVG: one step of the refinement, then the diff, as the terminal shows both.

Called by `sharpen demo --picture`. The step is the frame with the most masks of those that the run recorded, so that
nothing is drawn that the engine did not show.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sharpen.cli import paint, palette
from sharpen.cli.pace import masks_left
from sharpen.core.document import Document
from sharpen.core.errors import WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded

AROUND = 3
"""Lines of the step that are shown before and after what is alive."""
_CALM = frozenset(("context", "number", "quiet"))


def draw(
    path: Path, patch: Patch, repaired: int, documents: Mapping[str, Document], frames: Iterable[Recorded]
) -> None:
    """Write the SVG. Raises WriteFailed where the system refuses."""
    console = Console(record=True, width=96, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ sharpen demo", style="bold"))
    most = max(frames, key=lambda one: one.frame.canvas.count("masked"), default=None)
    if most is not None and most.frame.canvas.count("masked"):
        console.print(palette.text_of(_step(documents[most.path], most)))
    console.print(palette.text_of(paint.diff(patch)))
    console.print(Text(f"{repaired} of {len(documents)} files repaired", style="bold green"))
    try:
        path.write_text(console.export_svg(title="sharpen demo"), encoding="utf-8")
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror}") from error


def _step(document: Document, one: Recorded) -> tuple[paint.Line, ...]:
    """A heading, and the lines around what is alive in the frame."""
    lines = paint.frame(document, one.frame)
    touched = [i for i, line in enumerate(lines) if any(name not in _CALM for _text, name in line.runs)]
    first, last = max(0, touched[0] - AROUND), touched[-1] + AROUND + 1
    facts = f"  step {one.frame.step}, {masks_left(one.frame.canvas.count('masked'))}"
    heading = paint.Line(None, " ", ((paint.harmless(one.path), "heading"), (facts, "quiet")))
    return (heading, *lines[first:last], paint.Line(None, " ", ()))
