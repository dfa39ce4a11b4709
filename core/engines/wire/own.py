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
    head = masked.mask(request.document.text[: request.region.start_char])
    tail = masked.mask(request.document.text[request.region.end_char :])
    shift = len(head) - request.region.start_char
    found = [
        {"start": d.start_char + shift, "end": d.end_char + shift, "code": d.code, "source": d.source,
         "message": d.message}
        for d in request.diagnostics
    ]  # fmt: skip
    edit: Body = {
        "instruction": masked.mask(request.instruction),
        "path": request.document.path,
        "text": head + told.place.old + tail,
        "region": [len(head), len(head) + len(told.place.old)],
        "diagnostics": found,
    }
    if offered.get("context") is True:
        edit["context"] = [{"path": d.path, "text": masked.mask(d.text)} for d in request.context]
        edit["outline"] = masked.mask(request.outline)
        edit["begun"] = masked.mask(request.begun)
    own: Body = {"version": 1, "cells": settings.frames, "seed": settings.seed + index, "edit": edit}
    given = {"steps": settings.steps, "strength": settings.strength}
    return own | {name: value for name, value in given.items() if value is not None}
