"""What of a region a local model is asked to write anew, and how its text becomes the region's again.

`local` calls it. A model that writes every token pays for every line: where all that is asked about are findings, the
definition around them is enough, else some lines before and after. A region that the user chose stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sharpen.core.canvas import Canvas, Cell
from sharpen.core.definitions import definitions
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import EngineUnavailable
from sharpen.core.region import Region
from sharpen.core.request import Request

SMALL_LINES = 30
"""A region of so many lines is small enough."""
AROUND = 8
"""Lines before and after a finding that lies in no definition, or in a large one."""


@dataclass(frozen=True, slots=True)
class Focus:
    """A part of a request's region."""

    request: Request
    """For the part; its judge takes the part's text."""
    before: str
    """What of the region stands before the part."""
    after: str

    @property
    def shift(self) -> int:
        """Characters of the region before the part."""
        return len(self.before)

    def whole(self, text: str) -> str:
        """The region's text with this one in the part's place."""
        return self.before + text + self.after

    def canvas(self, cells: tuple[Cell, ...]) -> Canvas:
        """The part's canvas, at its place in the document."""
        return Canvas(cells, self.request.region)


def focused(request: Request) -> Focus:
    """The part of the request's region that is written anew: all of it, or what is around its findings."""
    region, document = request.region, request.document
    found = [d for d in request.diagnostics if region.start_char <= d.start_char <= region.end_char]
    if not found or request.text.count("\n") <= SMALL_LINES:
        return Focus(request, "", "")
    part = _definition(document, region, found) or _lines(document, region, found)
    before = document.text[region.start_char : part.start_char]
    after = document.text[part.end_char : region.end_char]
    judge = request.judge
    inner = replace(request, region=part, judge=lambda text: judge(before + text + after))
    return Focus(inner, before, after)


def _definition(document: Document, region: Region, found: list[Diagnostic]) -> Region | None:
    """The smallest definition around all findings, unless it is large."""
    try:
        known = [d.region for d in definitions(document)]
    except EngineUnavailable:
        return None
    fitting = [
        place
        for place in known
        if region.contains(place.start_char, place.end_char)
        and all(place.contains(d.start_char, max(d.start_char, d.end_char)) for d in found)
        and document.text.count("\n", place.start_char, place.end_char) <= SMALL_LINES
    ]
    return min(fitting, key=lambda place: place.end_char - place.start_char, default=None)


def _lines(document: Document, region: Region, found: list[Diagnostic]) -> Region:
    """Whole lines around the findings, within the region."""
    first, last = min(d.line for d in found), max(d.line for d in found)
    start, end = document.line_span(max(1, first - AROUND), min(last + AROUND, _count(document)))
    return Region(max(start, region.start_char), min(end, region.end_char), "diagnostic")


def _count(document: Document) -> int:
    return max(1, document.text.count("\n") + (not document.text.endswith("\n")))
