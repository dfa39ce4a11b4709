"""Temporary files in users' folders: noted before they are made, cleared away after, also after a kill.

`store` keeps the notes; `apply` and `entries` ask for temporaries. Invariant: nothing is removed that may hold
somebody's work. A file that was swapped out of its place (`exchange`) and is not what sharpen expected there is put
back under its name; everything else with our mark is ours.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.worktree.exchange import exchange

TEMPORARY_MARK = ".sharpen-"


@dataclass(frozen=True, slots=True)
class Note:
    """One temporary file."""

    path: str
    real: str
    """Whose place it takes; empty for none."""
    old: str = ""
    """What `real` holds before, as `digest` names it."""
    new: str = ""
    """What it holds after."""


def digest(data: bytes | None) -> str:
    """How a checkpoint names contents; empty for a file that is not there."""
    import hashlib

    return "" if data is None else hashlib.sha256(data).hexdigest()


def written(notes: Sequence[Note]) -> bytes:
    """The notes as a file of the journal."""
    fields = (field for note in notes for field in (note.path, note.real, note.old, note.new))
    return b"\0".join(map(os.fsencode, fields))


def clear(file: Path) -> None:
    """Remove the temporaries that the file tells of, then the file."""
    with contextlib.suppress(OSError):
        fields = [os.fsdecode(field) for field in file.read_bytes().split(b"\0")]
        for at in range(0, len(fields) - 3, 4):
            with contextlib.suppress(OSError):
                _clear(Note(*fields[at : at + 4]))
        file.unlink()


def _clear(note: Note) -> None:
    temporary, real = Path(note.path), Path(note.real)
    if TEMPORARY_MARK not in temporary.name or not os.path.lexists(
        temporary
    ):  # never anything that is not ours
        return
    if note.real and not note.new and not note.old and real.exists() and real.samefile(temporary):
        real.unlink()  # the lock of an index that was never put in place
    elif note.new and _is_somebodys(temporary, real, note):
        # Swapped in, and what came out is neither version: somebody saved in that very instant.
        if not exchange(temporary, real):
            return
    elif not note.new and note.old and not os.path.lexists(real) and _digest(temporary) != note.old:
        os.link(temporary, real)  # was to be removed, and is not what was to be removed
    temporary.unlink()


def _is_somebodys(temporary: Path, real: Path, note: Note) -> bool:
    """Whether the new version is in place, and the temporary neither the old one nor a begun copy of the new."""
    now, out = _read(real), _read(temporary)
    if now is None or out is None or digest(now) != note.new:
        return False
    return digest(out) != note.old and not now.startswith(out)


def _digest(path: Path) -> str:
    return digest(_read(path))


def _read(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            return file.read()
    except OSError:
        return None
