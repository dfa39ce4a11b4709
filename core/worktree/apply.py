"""Put a patch into the working tree, whole or not at all.

`core.session` calls `apply`, undo and redo call `put`; nobody else writes users' files. Order: check every
target, write and sync a temporary file beside each, read every target again, sync the checkpoint, then rename
one by one; if one fails, put the others back. Killed at any instant, each file is wholly old or wholly new and
the journal knows which. A link is written through to its file; a file with several names (hard links) is written
in place, because a rename would part them. It decides nothing about merging: `rebase.py` does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.document import Document
from sharpen.core.errors import FileChanged, NotText, Refused, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree.find import refusals
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.store import TEMPORARY_MARK, Checkpoint, Store, Touched, digest, sync_folder

Step = Callable[[str], None]
"""Told each named point that is passed; the kill test stops the process there."""


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


def apply(
    patch: Patch,
    journal: Store,
    instruction: str,
    engine: str,
    *,
    named: bool = True,
    on_step: Step | None = None,
) -> Checkpoint:
    """Write the patch and return the checkpoint that undoes it.

    A file that changed since it was read is rebased three ways. `named`: the user gave these very paths, see
    `find.check_writable_target`. Raises FileChanged, Refused (and its kin), WriteFailed; then every file is as it
    was. Raises ValueError for an empty patch.
    """
    if patch.empty or "-" in patch.paths:
        raise ValueError("there is nothing in this patch that could be written to a file")
    for error in refusals([Path(path) for path in patch.paths], _repository(journal), named).values():
        raise error
    with journal.lock():
        writes = [_planned(patch, patch.document(path)) for path in patch.paths]
        _check_distinct(writes)
        writes = [write for write in writes if write.old != write.new]
        if not writes:
            raise FileChanged(f"{patch.paths[0]} holds this edit already; nothing was written")
        recorded: list[Checkpoint] = []

        def commit() -> None:
            warnings = tuple(_linked(write) for write in writes if write.in_place)
            files = tuple(_touched(write) for write in writes)
            checkpoint = Checkpoint("", 0.0, instruction, engine, files, warnings=warnings)
            recorded.append(journal.record(checkpoint, [(w.old, w.new or b"") for w in writes]))

        def revoke() -> None:
            for checkpoint in recorded:
                journal.forget(checkpoint.id)

        put(writes, journal, commit, revoke, on_step)
        return recorded[0]


def put(
    writes: Sequence[Write],
    journal: Store,
    commit: Callable[[], None] = lambda: None,
    revoke: Callable[[], None] = lambda: None,
    on_step: Step | None = None,
) -> None:
    """Make all the writes or none; call it with the journal's lock held.

    `commit` runs once everything is on disk under temporary names; `revoke` after all was put back.
    Raises FileChanged where a file does not hold `old`, WriteFailed where the system refuses.
    """
    said = on_step or (lambda _name: None)
    temporaries = {
        write.real: _beside(write.real) for write in writes if write.new is not None and not write.in_place
    }
    with journal.temporaries([str(path) for path in temporaries.values()]):
        said("noted")
        for write in writes:
            with _explained(write):
                if write.new is not None and write.real in temporaries:
                    _write_temporary(write, write.new, temporaries[write.real])
            said(f"temporary {write.real.name}")
        for write in writes:
            with _explained(write):
                if current(write.real)[0] != write.old:
                    raise _changed(write.label)
        said("checked")
        begun: list[Write] = []
        try:
            commit()
            said("recorded")
            for write in writes:
                begun.append(write)
                with _explained(write):
                    _place(write, temporaries.get(write.real))
                said(f"placed {write.real.name}")
            for folder in {write.real.parent for write in writes}:
                sync_folder(folder)
            said("done")
        except BaseException:
            _put_back(begun)
            revoke()
            raise


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


def _beside(real: Path) -> Path:
    """A temporary name in the same folder, which `Store` knows for one of ours."""
    return real.with_name(f"{TEMPORARY_MARK}{os.urandom(6).hex()}.tmp")


def _repository(journal: Store) -> Path | None:
    """The journal's root where that is a repository; outside git there is no boundary to hold."""
    return journal.root if (journal.root / ".git").exists() else None


def _planned(patch: Patch, document: Document) -> Write:
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
        raise _changed(document.path)
    return merged


def _changed(label: str) -> FileChanged:
    return FileChanged(
        f"{label} changed while the edit was being made; nothing was written",
        "run the same command again to edit the new version",
    )


def _check_distinct(writes: Sequence[Write]) -> None:
    """Two names of one file would be written one over the other."""
    seen: dict[tuple[int, int] | Path, str] = {}
    for write in writes:
        info = write.real.stat() if write.old is not None else None
        key = (info.st_dev, info.st_ino) if info else write.real
        if other := seen.get(key):
            raise Refused(f"{write.label} and {other} are the same file", "name it once")
        seen[key] = write.label


def _touched(write: Write) -> Touched:
    return Touched(str(write.real), digest(write.old), digest(write.new), write.mode, write.in_place)


def _linked(write: Write) -> str:
    return (
        f"{write.label} has several names (hard links); it was written in place and all of them show the edit"
    )


def _write_temporary(write: Write, data: bytes, temporary: Path) -> None:
    """The bytes beside the file, with its owner, permissions and extended attributes, on disk."""
    # A new file gets what the user's umask leaves of its mode; a known one gets its own mode below.
    start_mode = write.mode if write.old is None else 0o600
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, start_mode)
    with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(data)
        file.flush()
        if write.old is not None:
            if write.real.exists():
                _copy_ownership(write.real, file.fileno())
            os.fchmod(file.fileno(), write.mode)
        os.fsync(file.fileno())


def _copy_ownership(real: Path, handle: int) -> None:
    """Owner and extended attributes, as far as this user may set them."""
    info = real.stat()
    with contextlib.suppress(OSError):
        if (info.st_uid, info.st_gid) != (os.fstat(handle).st_uid, os.fstat(handle).st_gid):
            os.fchown(handle, info.st_uid, info.st_gid)
    with contextlib.suppress(OSError, AttributeError):  # only Linux has these calls
        for name in os.listxattr(real):
            with contextlib.suppress(OSError):
                os.setxattr(handle, name, os.getxattr(real, name))


def _place(write: Write, temporary: Path | None) -> None:
    """The one instant at which the file changes."""
    if write.new is None:
        write.real.unlink()
    elif temporary is None:
        _overwrite(write.real, write.old or b"", write.new)
    elif write.old is None:
        _create(temporary, write.real)
    else:
        temporary.replace(write.real)


def _create(temporary: Path, real: Path) -> None:
    """Give the temporary file its name; a second name first, because that never replaces somebody's new file."""
    try:
        os.link(temporary, real)
    except OSError:  # perhaps a file system without hard links
        if os.path.lexists(real):
            raise
        temporary.replace(real)


def _overwrite(real: Path, old: bytes, new: bytes) -> None:
    """Write in place from the first byte that differs, cut to length last: `is_torn` knows what a kill leaves."""
    shared = _shared(old, new)
    handle = os.open(real, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        at = shared
        while at < len(new):
            at += os.pwrite(handle, new[at:], at)
        os.ftruncate(handle, len(new))
        os.fsync(handle)
    finally:
        os.close(handle)


def _shared(one: bytes, two: bytes) -> int:
    """How many bytes they begin with in common."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))


def is_torn(data: bytes, old: bytes, new: bytes) -> bool:
    """Whether a killed write in place of `new` over `old` can have left `data`."""
    done = _shared(data, new)
    return data[done:] == old[done:]


def _put_back(begun: Sequence[Write]) -> None:
    """Undo the writes of a failed `put`. Raises WriteFailed where even that fails; the checkpoint then stays."""
    failed = []
    for write in reversed(begun):
        try:
            data, _info = current(write.real)
        except OSError:
            continue  # something else took its place: not ours to move
        old, new = write.old, write.new
        torn = (
            write.in_place and None not in (data, old, new) and is_torn(data or b"", old or b"", new or b"")
        )
        if data == old or not (data == new or torn):
            continue  # not begun after all, or somebody else's bytes
        try:
            _return(write, data)
        except OSError:
            failed.append(write.label)
    if failed:
        raise WriteFailed(f"writing failed, and {', '.join(failed)} could not be put back", "sharpen undo")


def _return(write: Write, data: bytes | None) -> None:
    if write.in_place:
        _overwrite(write.real, data or b"", write.old or b"")
    elif write.old is None:
        write.real.unlink()
    else:
        temporary = _beside(write.real)
        try:
            _write_temporary(write, write.old, temporary)
            temporary.replace(write.real)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _explained(write: Write) -> Iterator[None]:
    """System errors as one sentence about the file."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: "the disk is full",
            errno.EDQUOT: "the disk quota is used up",
            errno.EFBIG: "the file would be larger than the system allows",
            errno.EACCES: "permission denied",
            errno.EPERM: "permission denied",
            errno.EROFS: "the file system is read-only",
            errno.EEXIST: "another program made a file there",
        }
        reason = reasons.get(error.errno or 0, error.strerror or type(error).__name__)
        raise WriteFailed(f"{write.label} cannot be written: {reason}; every file is as it was") from error
