"""Put a patch into the working tree, whole or not at all.

`core.session` calls `apply`, undo and redo call `put`; nobody else writes users' files. Order: check every
target, write and sync a temporary file beside each, read every target again, sync the checkpoint, then rename
one by one; if one fails, put the others back. Killed at any instant, each file is wholly old or wholly new and
the journal knows which. What is swapped out of its place is looked at once more, so that a save in that very instant
is not lost. A link is written through to its file; a file with several names (hard links) is written in place, because
a rename would part them. It decides nothing about what is written: `planned.py` does.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.errors import FileChanged, SharpenError, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree import entries, git
from sharpen.core.worktree.exchange import exchange
from sharpen.core.worktree.find import refusals
from sharpen.core.worktree.pending import TEMPORARY_MARK, Note, digest
from sharpen.core.worktree.planned import (
    Write,
    changed,
    check_distinct,
    current,
    is_torn,
    planned,
    shared,
    touched,
)
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.store import Checkpoint, Indexed, Pair, Store, sync_folder

Step = Callable[[str], None]
"""Told each named point that is passed; the kill test stops the process there."""


@dataclass(frozen=True, slots=True)
class Staging:
    """Index entries that go with a patch: replaced after the files, put back by the same undo."""

    root: Path
    changes: tuple[Indexed, ...] = ()
    contents: tuple[Pair, ...] = ()
    """Bytes before and after, one pair a change."""


NO_STAGING = Staging(Path())


def apply(
    patch: Patch,
    journal: Store,
    instruction: str,
    engine: str,
    *,
    named: bool = True,
    staging: Staging = NO_STAGING,
    on_step: Step | None = None,
) -> Checkpoint:
    """Write the patch, and the index entries where there are any, and return the checkpoint that undoes it.

    A file that changed since it was read is rebased three ways. `named`: the user gave these very paths, see
    `find.check_writable_target`. Raises FileChanged, Refused (and its kin), WriteFailed; then every file is as it
    was. Raises ValueError for an empty patch.
    """
    if "-" in patch.paths or (patch.empty and not staging.changes):
        raise ValueError("there is nothing in this patch that could be written to a file")
    for error in refusals([Path(path) for path in patch.paths], _repository(journal), named).values():
        raise error
    with journal.lock():
        writes = [planned(patch, patch.document(path)) for path in patch.paths]
        check_distinct(writes)
        writes = [write for write in writes if write.old != write.new]
        if not writes and not staging.changes:
            raise FileChanged(f"{patch.paths[0]} holds this edit already; nothing was written")
        recorded: list[Checkpoint] = []

        def commit() -> None:
            warnings = tuple(_linked(write) for write in writes if write.in_place)
            files = tuple(touched(write, patch) for write in writes)
            root = str(staging.root) if staging.changes else ""
            checkpoint = Checkpoint(
                "", 0.0, instruction, engine, files, warnings, index=staging.changes, root=root
            )
            contents = [(write.old, write.new) for write in writes]
            recorded.append(journal.record(checkpoint, [*contents, *staging.contents]))

        def revoke() -> None:
            for checkpoint in recorded:
                journal.forget(checkpoint.id)

        put(writes, journal, commit, revoke, on_step=on_step, staging=staging)
        return recorded[0]


def put(
    writes: Sequence[Write],
    journal: Store,
    commit: Callable[[], None] = lambda: None,
    revoke: Callable[[], None] = lambda: None,
    *,
    on_step: Step | None = None,
    staging: Staging = NO_STAGING,
) -> None:
    """Make all the writes or none; call it with the journal's lock held.

    `commit` runs once everything is on disk under temporary names; `revoke` after all was put back.
    Raises FileChanged where a file does not hold `old`, WriteFailed where the system refuses.
    """
    said = on_step or (lambda _name: None)
    # What is to be removed is moved aside under such a name too.
    temporaries = {write.real: _beside(write.real) for write in writes if not write.in_place}
    with journal.temporaries(
        [_note(write, temporaries[write.real]) for write in writes if not write.in_place]
    ):
        said("noted")
        for write in writes:
            with _explained(write):
                if write.new is not None and write.real in temporaries:
                    _write_temporary(write, write.new, temporaries[write.real])
            said(f"temporary {write.real.name}")
        for write in writes:
            with _explained(write):
                if current(write.real)[0] != write.old:
                    raise changed(write.label)
        said("checked")
        begun: list[Write] = []
        try:
            commit()
            said("recorded")
            for write in writes:
                begun.append(write)
                try:
                    with _explained(write):
                        _place(write, temporaries.get(write.real))
                except FileChanged:  # it is as it was found: nothing of ours is in it
                    begun.pop()
                    raise
                said(f"placed {write.real.name}")
            for folder in {write.real.parent for write in writes}:
                sync_folder(folder)
            if staging.changes:
                entries.replace(staging.root, staging.changes, journal)
            said("done")
        except BaseException:
            _put_back(begun)
            revoke()
            raise


def _note(write: Write, temporary: Path) -> Note:
    return Note(str(temporary), str(write.real), digest(write.old), digest(write.new))


def _beside(real: Path) -> Path:
    """A temporary name in the same folder, which `Store` knows for one of ours."""
    return real.with_name(f"{TEMPORARY_MARK}{os.urandom(6).hex()}.tmp")


def _repository(journal: Store) -> Path | None:
    """The journal's root where that is a repository; outside git there is no boundary to hold."""
    return journal.root if git.git_folder(journal.root) is not None else None


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
        if write.real.exists():
            _copy_owner(write.real, file.fileno())
            _copy_attributes(write.real, file.fileno())
        elif os.geteuid() == 0:
            # A hook that runs as root in somebody's checkout leaves them their files.
            _copy_owner(write.real.parent, file.fileno())
        if write.old is not None:
            os.fchmod(file.fileno(), write.mode)
        os.fsync(file.fileno())


def _copy_owner(real: Path, handle: int) -> None:
    """As far as this user may set it."""
    info = real.stat()
    with contextlib.suppress(OSError):
        if (info.st_uid, info.st_gid) != (os.fstat(handle).st_uid, os.fstat(handle).st_gid):
            os.fchown(handle, info.st_uid, info.st_gid)


def _copy_attributes(real: Path, handle: int) -> None:
    """Extended attributes, as far as this user may set them."""
    with contextlib.suppress(OSError, AttributeError):  # only Linux has these calls
        for name in os.listxattr(real):
            with contextlib.suppress(OSError):
                os.setxattr(handle, name, os.getxattr(real, name))


def _place(write: Write, temporary: Path | None) -> None:
    """The one instant at which the file changes. Raises FileChanged where it no longer is `old`; then it is as it was."""
    if temporary is None:
        if current(write.real)[0] != write.old:
            raise changed(write.label)
        _overwrite(write.real, write.old or b"", write.new or b"")
    elif write.new is None:
        _remove(write, temporary)
    elif write.old is None:
        _create(temporary, write.real)
    else:
        _swap(write.label, write.real, temporary, write.old, write.new)


def _swap(label: str, real: Path, temporary: Path, old: bytes, new: bytes) -> None:
    """Put the temporary file in place of `old`, looking at what comes out: a save in this instant stands."""
    # The checkpoint has been synced since the last look, which takes time enough to save. What is seen here is never
    # swapped in and out again, so that nobody reads and saves an edit that is taken back.
    if not _holds(real, old):
        raise changed(label)
    if not exchange(temporary, real):
        temporary.replace(real)
        return
    if _holds(temporary, old):
        return
    exchange(temporary, real)
    if not _holds(temporary, new):  # saved once more meanwhile: the newest stands
        exchange(temporary, real)
        # It may have been made of the edit: not for what is only known to be as it was.
        raise WriteFailed(f"{label} was saved twice while it was being written", "sharpen undo --list")
    raise changed(label)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return current(path)[0] == data
    except OSError:
        return False


def _remove(write: Write, temporary: Path) -> None:
    write.real.rename(temporary)
    if not _holds(temporary, write.old or b""):
        os.link(temporary, write.real)
        raise changed(write.label)


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
    handle = os.open(real, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        at = shared(old, new)
        while at < len(new):
            at += os.pwrite(handle, new[at:], at)
        os.ftruncate(handle, len(new))
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_back(begun: Sequence[Write]) -> None:
    """Undo the writes of a failed `put`. Raises WriteFailed where even that fails; the checkpoint then stays."""
    failed = []
    for write in reversed(begun):
        try:
            data, _info = current(write.real)
        except OSError:
            continue  # something else took its place: not ours to move
        try:
            wanted = _before(write, data)
            if wanted != data:
                _return(write, data, wanted)
        except (OSError, SharpenError):
            failed.append(write.label)
    if failed:
        raise WriteFailed(f"writing failed, and {', '.join(failed)} could not be put back", "sharpen undo")


def _before(write: Write, data: bytes | None) -> bytes | None:
    """What `data`, which the file now holds, is without our edit. Raises FileChanged where that cannot be told."""
    old, new = write.old, write.new
    if data is None or old is None or new is None:
        return old if data == new else data
    if data in (old, new) or (write.in_place and is_torn(data, old, new)):
        return old
    # Somebody saved on top of our edit: theirs stays, and ours goes out of it, or its checkpoint has to stay.
    joined = rebase(new, data, old)
    if joined is None:
        raise changed(write.label)
    return joined


def _return(write: Write, data: bytes | None, wanted: bytes | None) -> None:
    if write.in_place:
        _overwrite(write.real, data or b"", wanted or b"")
    elif wanted is None:
        write.real.unlink()
    else:
        temporary = _beside(write.real)
        try:
            _write_temporary(write, wanted, temporary)
            if data is None:
                _create(temporary, write.real)
            else:
                _swap(write.label, write.real, temporary, data, wanted)
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
