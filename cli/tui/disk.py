"""Has a file changed on disk since it was read? Asked while an edit of it stands, and when the app gets the focus."""

from __future__ import annotations

import os
from collections.abc import Iterable

Stamp = tuple[int, int, int] | None
"""Time of change in nanoseconds, size, inode; None where there is no file."""


def stamp(path: str) -> Stamp:
    """The file's stamp now."""
    try:
        info = os.stat(path)  # noqa: PTH116 - called every second
    except (OSError, ValueError):
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino


class Watch:
    """Files and how they were when they were read."""

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp] = {}

    def read(self, path: str) -> None:
        """The file was read just now."""
        self._stamps[path] = stamp(path)

    def changed(self, paths: Iterable[str]) -> list[str]:
        """Those that are not as they were when read; each is told once."""
        found = []
        for path in paths:
            now = stamp(path)
            if path in self._stamps and self._stamps[path] != now:
                self._stamps[path] = now
                found.append(path)
        return found
