"""Server-sent events, parsed from bytes as they come. `core.engines.rewriter` feeds it what `remote` has read.

Lines end in CRLF, LF or CR and in nothing else: JSON may hold U+2028 or U+0085 raw, which every splitter of Python
texts takes for a line's end. Invariant: what is kept never exceeds one event's limit. It knows nothing of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_END = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"


class TooMuch(ValueError):
    """An event is over the limit; the message says of what."""


@dataclass(frozen=True, slots=True)
class Event:
    """What one event says."""

    data: str
    kind: str = ""
    whole: bool = True
    """False where the stream ended before the event did: it may be half of one."""


class Parser:
    """Bytes in, events out."""

    def __init__(self, event_bytes: int = 262_144) -> None:
        self._limit = event_bytes
        self._rest = bytearray()
        self._after_cr = self._begun = False
        self._data: list[str] = []
        self._size = 0
        self._kind = ""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that end in this chunk. Raises TooMuch."""
        searched = len(self._rest)
        self._rest += chunk
        start = 0
        while (end := _END.search(self._rest, max(searched, start))) is not None:
            at = end.start()
            if self._after_cr and at == start and self._rest[at] == 10:
                self._after_cr, start = False, at + 1  # the second half of CRLF
                continue
            self._after_cr = self._rest[at] == 13
            line = bytes(self._rest[start:at])
            start = at + 1
            if (event := self._line(line)) is not None:
                yield event
        del self._rest[:start]
        if self._rest:
            self._after_cr = False
        if len(self._rest) + self._size > self._limit:
            raise TooMuch(f"an event of more than {self._limit:,} bytes")

    def close(self) -> Iterator[Event]:
        """What the end of the stream leaves: servers forget the last blank line, connections break in the middle."""
        if self._rest:
            self._line(bytes(self._rest))
            self._rest.clear()
        event = self._event()
        if event is not None:
            yield Event(event.data, event.kind, whole=False)

    def _line(self, line: bytes) -> Event | None:
        if not self._begun:
            self._begun, line = True, line.removeprefix(_BOM)
        if not line:
            return self._event()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._size += len(value)
            if self._size > self._limit:
                raise TooMuch(f"an event of more than {self._limit:,} bytes")
            self._data.append(value.decode("utf-8", "replace"))
        elif field == b"event":
            self._kind = value.decode("utf-8", "replace")
        return None

    def _event(self) -> Event | None:
        found = Event("\n".join(self._data), self._kind) if self._data else None
        self._data, self._size, self._kind = [], 0, ""
        return found
