"""What is to be written for a patch or a checkpoint: bytes expected, bytes wanted, decided before anything is touched.

`apply` and `journal` ask. A file that changed since it was read is rebased three ways, or refused. It reads files and
writes none.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.document import Document
from sharpen.core.errors import FileChanged, NotText, Refused, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree.pending import digest
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.store import Touched

MOST_PIECES = 4
"""A write in place, its undo and that one's redo, each of them killed half-way, leave no more."""


@dataclass(frozen=True, slots=True)
class Write:
    """One file that is to hold other bytes."""

    label: str
    """What the user calls it."""
    real: Path
    """Where it lies, links resolved."""
    old: bytes | None
    """What it must hold when the writing begins; None: it must not exist."""
    new: bytes | None
    """None removes it."""
    mode: int
    in_place: bool = False


def current(real: Path) -> tuple[bytes | None, os.stat_result | None]:
    """A file's bytes and status, both None where it does not exist. Raises OSError for anything but a file."""
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None, None
    try:
        with open(handle, "rb", closefd=False) as file:
            return file.read(), os.fstat(handle)
    finally:
        os.close(handle)


def planned(patch: Patch, document: Document) -> Write:
    """What to write for one file of the patch, rebased if the file is no longer what was read."""
    real = Path(os.path.realpath(document.path))
    wanted = patch.result(document.path)
    try:
        data, info = current(real)
    except OSError as error:
        raise FileChanged(
            f"{document.path} changed while the edit was being made ({error.strerror}); nothing was written"
        ) from error
    if info is None or data is None:
        if not document.absent:
            raise FileChanged(
                f"{document.path} was removed while the edit was being made; nothing was written"
            )
        return Write(document.path, real, None, wanted, document.mode)
    mode = stat.S_IMODE(info.st_mode)
    if not mode & 0o222 or not os.access(real, os.W_OK):
        # The rename that follows would not mind, but whoever took the permission away does.
        raise WriteFailed(f"{document.path} is read-only; nothing was written", f"chmod u+w {document.path}")
    if document.absent or digest(data) != document.digest:
        wanted = _rebased(document, data, wanted)
    return Write(document.path, real, data, wanted, mode, info.st_nlink > 1)


def _rebased(document: Document, data: bytes, wanted: bytes) -> bytes:
    merged = None if document.absent else rebase(document.data, data, wanted)
    try:
        if merged is not None:
            Document.from_bytes(merged, document.path)
    except NotText:
        merged = None
    if merged is None:
        raise changed(document.path)
    return merged


def changed(label: str) -> FileChanged:
    """The refusal to write over what somebody saved."""
    return FileChanged(
        f"{label} changed while the edit was being made; nothing was written",
        "run the same command again to edit the new version",
    )


def check_distinct(writes: Sequence[Write]) -> None:
    """Two names of one file would be written one over the other."""
    seen: dict[tuple[int, int] | Path, str] = {}
    for write in writes:
        info = write.real.stat() if write.old is not None else None
        key = (info.st_dev, info.st_ino) if info else write.real
        if other := seen.get(key):
            raise Refused(f"{write.label} and {other} are the same file", "name it once")
        seen[key] = write.label


def touched(write: Write, patch: Patch) -> Touched:
    """The write as its checkpoint knows it, with the lines that the patch adds and removes."""
    hunks = [hunk for hunk in patch.hunks() if hunk.path == write.label]
    added, removed = (
        sum(map(len, side)) for side in ([h.new_lines for h in hunks], [h.old_lines for h in hunks])
    )
    return Touched(
        str(write.real), digest(write.old), digest(write.new), write.mode, write.in_place, added, removed
    )


def shared(one: bytes, two: bytes) -> int:
    """How many bytes they begin with in common."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))


def is_torn(data: bytes, old: bytes, new: bytes) -> bool:
    """Whether killed writes in place can have left `data`: pieces of `old` and `new`, each at its own place.

    One killed write leaves two pieces; the undo of it, killed as well, three.
    """
    if not min(len(old), len(new)) <= len(data) <= max(len(old), len(new)):
        return False
    at = 0
    for _piece in range(MOST_PIECES):
        at += max(shared(data[at:], side[at:]) for side in (old, new))
    return at == len(data)
