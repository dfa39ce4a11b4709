"""A next edit: what was begun, told to a model that predicts what follows from it, in the tags that it was trained on.

`bodies` asks. There is no instruction in it: the changes so far are all that says what is wanted, so it serves an edit
that goes on with what the user began and no other. Invariant: a text that has one of the tags in it is not sent so,
because it would break the frame; no secret that `secrets` finds is in the message.
"""

from __future__ import annotations

from sharpen.core.engines.wire.prompt import Asked
from sharpen.core.request import Request

MOST_LINES = 25
"""The region's length decides how long it takes; above this, chat does better."""
_SNIPPET_CHARS = 20_000
_HISTORY_CHARS = 16_000
_MARK = "<|"


def fits(request: Request) -> bool:
    """Whether the request can be put so."""
    text = request.text
    if not request.begun or not text.strip() or text.count("\n") > MOST_LINES:
        return False
    return not any(
        _MARK in part for part in (request.document.text, request.begun, *(d.text for d in request.context))
    )


def snippets(request: Request, told: Asked) -> tuple[str, tuple[str, ...]]:
    """The files for reference, and the paths of those for which there is no room."""
    parts, left_out, room = [], [], _SNIPPET_CHARS
    for document in request.context:
        piece = _tagged(
            "recently_viewed_code_snippet",
            f"code_snippet_file_path: {document.path}\n{told.masked.mask(document.text)}",
        )
        if len(piece) <= room:
            parts.append(piece)
            room -= len(piece)
        else:
            left_out.append(document.path)
    return "".join(parts), tuple(left_out)


def message(request: Request, told: Asked) -> str:
    """The one message: files for reference, the file with the region in it, the changes so far, oldest first."""
    masked, place = told.masked, told.place
    file = f"current_file_path: {request.document.path}\n" + _lines(told.before)
    file += f"<|code_to_edit|>\n<|cursor|>{_lines(place.old)}<|/code_to_edit|>\n" + _lines(told.after)
    parts = (
        _tagged("recently_viewed_code_snippets", snippets(request, told)[0]),
        _tagged("current_file_content", file),
        _tagged("edit_diff_history", _latest(masked.mask(request.begun))),
    )
    return "\n".join(parts)


def _tagged(name: str, inside: str) -> str:
    return f"<|{name}|>\n{_lines(inside)}<|/{name}|>\n"


def _lines(text: str) -> str:
    """With an end of line, so that a tag stands on a line of its own."""
    return text if not text or text.endswith("\n") else text + "\n"


def _latest(begun: str) -> str:
    """The last whole files' changes that there is room for."""
    parts = [part for part in begun.split("\n\n") if part.strip()]
    while len(parts) > 1 and sum(map(len, parts)) > _HISTORY_CHARS:
        parts.pop(0)
    return "\n\n".join(parts)[-_HISTORY_CHARS:]
