"""Reading what a command names: a file, or stdin for `-`. Raises what `Document` raises."""

from __future__ import annotations

import sys

from sharpen.core.document import LIMIT_BYTES, Document
from sharpen.core.errors import NotAFile, TooLarge


def read(path: str) -> Document:
    """The document at `path`. Raises NotAFile, NotText, TooLarge."""
    if path != "-":
        return Document.read(path)
    if sys.stdin is None:
        raise NotAFile("- means standard input, and that is closed")
    data = sys.stdin.buffer.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise TooLarge("standard input has more than the limit of 1 MB")
    return Document.from_bytes(data)
