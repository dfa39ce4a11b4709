"""A recorded refinement as frames in their file, to be played, scrubbed and exported like one that is under way.

`sharpen replay` and the app's list of earlier runs call it. A record holds the canvas alone; the file around it is
taken from disk where it still fits, also where it has since been repaired by this very run. Where it does not fit the
canvas stands alone, counted from line 1: nothing is made up around it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sharpen.cli.tui.frames import FrameLog
from sharpen.core.canvas import Canvas, Frame
from sharpen.core.document import Document
from sharpen.core.errors import BadInput, SharpenError
from sharpen.core.record import Recorded, read
from sharpen.core.region import Region


def load(path: Path) -> FrameLog:
    """The record's frames. Raises NotAFile, BadInput."""
    frames = list(read(path))
    if not frames:
        raise BadInput(f"{path} holds no frame")
    log = FrameLog()
    around = {
        one: _around([f.frame for f in frames if f.path == one], one) for one in {f.path for f in frames}
    }
    for one in frames:
        document = around[one.path]
        frame = one.frame
        if document is None or frame.canvas.region.end_char > len(document.text):
            document, frame = _alone(one)
        log.add(one.path, frame, document)
    return log


def _around(frames: list[Frame], path: str) -> Document | None:
    """The file as it was when the first frame was made; None where the file on disk does not show it."""
    first, last = frames[0].canvas, frames[-1].canvas
    try:
        document = Document.read(path)
    except (SharpenError, OSError, ValueError):
        return None
    text, region = document.text, first.region
    if text[region.start_char : region.end_char] == first.text and first.count("masked") == 0:
        return document
    start, after = last.region.start_char, last.region.start_char + len(last.text)
    # The last frame shows what was applied: then the file before it is the file with the first canvas in its place.
    if first.region == last.region and last.count("masked") == 0 and text[start:after] == last.text:
        return replace(document, text=text[:start] + first.text + text[after:])
    return None


def _alone(one: Recorded) -> tuple[Document, Frame]:
    canvas = one.frame.canvas
    text = canvas.text
    whole = Canvas(canvas.cells, Region(0, len(text), canvas.region.chosen, canvas.region.label))
    return Document(one.path, text.encode("utf-8", "replace"), text), replace(one.frame, canvas=whole)
