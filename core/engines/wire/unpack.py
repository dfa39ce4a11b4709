"""A packed body unpacked in small pieces, so that a few bytes that stand for gigabytes fill no memory.

`core.engines.remote` asks for bodies as they are; a gateway may pack them all the same, once.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_PIECE = 65_536
_EITHER = 32 + zlib.MAX_WBITS
"""The header says whether it is gzip or zlib."""


class Unreadable(ValueError):
    """What cannot be unpacked; the message is a clause."""


def unpacked(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The body's own bytes. `encoding`: the header's value. Raises Unreadable."""
    names = [name for part in encoding.split(",") if (name := part.strip().lower()) not in {"", "identity"}]
    if not names:
        yield from chunks
        return
    if len(names) > 1:
        raise Unreadable("sends what is packed several times over")
    if names[0] not in {"gzip", "x-gzip", "deflate"}:
        raise Unreadable(f"sends what is packed as {names[0]}, which cannot be unpacked")
    inflating = zlib.decompressobj(_EITHER)
    try:
        for chunk in chunks:
            left, more = chunk, True
            while more and not inflating.eof:
                piece = inflating.decompress(left, _PIECE)
                left = inflating.unconsumed_tail
                more = bool(left) or len(piece) == _PIECE
                yield piece
    except zlib.error as error:
        raise Unreadable("sends what cannot be unpacked") from error
