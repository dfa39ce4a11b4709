"""The request for a server that is a sharpen: the region by its place, in characters, with what goes along as it is.

`core.engines.rewriter` sends it where the catalogue's entry says that it is taken (`x_sharpen`). Invariant: no secret
that `secrets` finds is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharpen.core.engines.wire.prompt import Asked
from sharpen.core.request import Request

Body = dict[str, Any]


def structured(request: Request, told: Asked, index: int, offered: Mapping[str, Any]) -> Body:
    """`x_sharpen` of a request's candidate number `index`. `offered`: what the server said of itself."""
    settings, masked = request.settings, told.masked
    document, region, old = request.document, request.region, told.place.old
    head = masked.cut(document.text, 0, region.start_char)
    tail = masked.cut(document.text, region.end_char, len(document.text))

    def at(place: int) -> int:
        """Where a place of the document is in what is sent."""
        edges = (0, region.start_char, region.end_char)
        last = max(i for i, edge in enumerate(edges) if edge <= place)
        sent = (0, len(head), len(head) + len(old))[last] + len(masked.cut(document.text, edges[last], place))
        return min(sent, len(head) + len(old) + len(tail))

    found = [
        {"start": at(d.start_char), "end": max(at(d.start_char), at(d.end_char)), "code": d.code,
         "source": d.source, "message": masked.mask(d.message)}
        for d in request.diagnostics
    ]  # fmt: skip
    edit: Body = {
        "instruction": masked.mask(request.instruction),
        "path": document.path,
        "text": head + old + tail,
        "region": [len(head), len(head) + len(old)],
        "diagnostics": found,
    }
    if offered.get("context") is True:
        edit["context"] = [{"path": d.path, "text": masked.mask(d.text)} for d in request.context]
        edit["outline"] = masked.mask(request.outline)
        edit["begun"] = masked.mask(request.begun)
    own: Body = {"version": 1, "cells": settings.frames, "seed": settings.seed + index, "edit": edit}
    given = {"steps": settings.steps, "strength": settings.strength}
    return own | {name: value for name, value in given.items() if value is not None}
