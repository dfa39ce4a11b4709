"""A frame as lines of (text, style name), pure: no terminal, no clock. The live view draws it, exports may too.

Glyph: masked or known. Brightness: confidence, in eight steps. Underline: revised. Strike: about to be deleted.
Colour is never the only sign.
"""

from __future__ import annotations

from sharpen.core.canvas import MASK_GLYPH, Cell, Frame
from sharpen.core.document import Document

Run = tuple[str, str]
Line = tuple[int, bool, tuple[Run, ...]]
"""Line number, whether something in it is alive, the runs."""


def style_of(cell: Cell) -> str:
    """The style's name: `context`, `masked`, `doomed`, `sure0` to `sure7`, with `+revised` where it was changed."""
    if cell.state in {"context", "masked", "doomed"}:
        return cell.state
    level = min(7, max(0, int(cell.confidence * 8)))
    return f"sure{level}{'+revised' if cell.state == 'revised' else ''}"


def lines(document: Document, frame: Frame, height: int) -> tuple[Line, ...]:
    """At most `height` lines of the file around what is alive, with the frame's cells in their place."""
    region = frame.canvas.region
    text = document.text
    cells = [Cell(text[: region.start_char]), *frame.canvas.cells, Cell(text[region.end_char :])]
    rows: list[tuple[bool, list[Run]]] = [(False, [])]
    for cell in cells:
        shown = MASK_GLYPH * max(1, cell.width) if cell.state == "masked" else cell.text
        alive = cell.state != "context"
        for index, part in enumerate(shown.split("\n")):
            if index:
                rows.append((False, []))
            if part:
                rows[-1][1].append((part.expandtabs(4), style_of(cell)))
            if alive:
                rows[-1] = (True, rows[-1][1])
    first = next((i for i, (alive, _) in enumerate(rows) if alive), document.line_of(region.start_char) - 1)
    top = max(0, min(first - height // 2, len(rows) - height))
    return tuple(
        (top + i + 1, alive, tuple(runs)) for i, (alive, runs) in enumerate(rows[top : top + height])
    )
