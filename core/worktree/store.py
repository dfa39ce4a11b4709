"""Checkpoints on disk: what undo needs, in a state folder outside every repository.

`apply` records a checkpoint before it touches a file; `journal` reads them back. A journal is a folder for one
root, and a checkpoint is one file in it: a line of JSON, then each touched file's bytes before and after. The
file is complete or not there (temporary name, sync, rename). One process at a time holds the journal's lock.
Names of temporary files in the user's folders are noted before these are made, so that a killed run leaves
nothing behind for long. It writes in its own folder only, and removes elsewhere only such temporaries.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sharpen.core.errors import BadInput, WriteFailed

KEPT = 200
"""Checkpoints a journal keeps; the oldest go first."""
_SUFFIX = ".checkpoint"
TEMPORARY_MARK = ".sharpen-"


@dataclass(frozen=True, slots=True)
class Touched:
    """One file of a checkpoint."""

    path: str
    """Absolute, links resolved."""
    before: str
    """SHA-256 in hexadecimal; empty for a file that was created."""
    after: str
    mode: int
    """Permission bits, before and after."""
    in_place: bool = False
    """Has several names (hard links), so it was written in place."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One applied patch, as undo knows it."""

    id: str
    """A number, counting up within one journal."""
    time: float
    """Seconds since the epoch."""
    instruction: str
    engine: str
    files: tuple[Touched, ...]
    undone: int = 0
    """0, or when it was undone, as a number of the same count as the ids."""
    warnings: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The touched files' absolute paths."""
        return tuple(file.path for file in self.files)


def digest(data: bytes | None) -> str:
    """How a checkpoint names contents; empty for a file that is not there."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


class Store:
    """The journal of one root below `state_dir`. Nothing is made on disk before something is recorded."""

    def __init__(self, state_dir: Path, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        key = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        self.folder = state_dir / "journal" / key

    @staticmethod
    def latest_root(state_dir: Path) -> Path | None:
        """Where the last edit of all was made, None where there was none."""
        try:
            times = {
                file.stat().st_mtime: file.parent for file in (state_dir / "journal").glob("*/*" + _SUFFIX)
            }
            return Path(os.fsdecode((times[max(times)] / "root").read_bytes())) if times else None
        except OSError:
            return None

    def list(self) -> tuple[Checkpoint, ...]:
        """All checkpoints, oldest first, undone ones among them."""
        with _said(self.folder):
            numbers = sorted(int(p.stem) for p in self.folder.glob("*" + _SUFFIX) if p.stem.isdigit())
            return tuple(self._read(str(number))[0] for number in numbers)

    def get(self, checkpoint_id: str) -> Checkpoint:
        """The checkpoint of that id. Raises BadInput where there is none."""
        with _said(self.folder):
            if not checkpoint_id.isdigit() or not self._file(checkpoint_id).is_file():
                raise BadInput(f"there is no checkpoint {checkpoint_id}", "sharpen undo --list")
            return self._read(checkpoint_id)[0]

    def contents(self, checkpoint: Checkpoint) -> tuple[tuple[bytes | None, bytes], ...]:
        """(before, after) of each touched file. Raises BadInput where the checkpoint is damaged."""
        with _said(self.folder):
            _read, body = self._read(checkpoint.id, bodies=True)
        found = []
        for file in checkpoint.files:
            pair = []
            for name in (file.before, file.after):
                size, _, body = body.partition(b"\n")
                pair.append(body[: int(size or 0)])
                body = body[int(size or 0) :]
                if name and digest(pair[-1]) != name:
                    raise BadInput(f"checkpoint {checkpoint.id} is damaged and cannot be used")
            found.append((pair[0] if file.before else None, pair[1]))
        return tuple(found)

    def record(self, checkpoint: Checkpoint, contents: Sequence[tuple[bytes | None, bytes]]) -> Checkpoint:
        """Write a new checkpoint, on disk when this returns. Call it with the lock held."""
        known = self.list()
        number = str(next_number(known))
        numbered = replace(checkpoint, id=number, time=checkpoint.time or time.time())
        head = json.dumps(asdict(numbered)).encode() + b"\n"
        body = head + b"".join(_blob(before) + _blob(after) for before, after in contents)
        self._publish(self._file(numbered.id), body)
        for old in known[: -KEPT + 1]:
            self.forget(old.id)
        return numbered

    def mark(self, checkpoint: Checkpoint, undone: int) -> Checkpoint:
        """Note that the checkpoint is undone (or, with 0, applied again)."""
        with _said(self.folder):
            marker = self._file(checkpoint.id).with_suffix(".undone")
            if undone:
                self._publish(marker, b"%d" % undone)
            else:
                marker.unlink(missing_ok=True)
        return replace(checkpoint, undone=undone)

    def forget(self, checkpoint_id: str) -> None:
        """Remove a checkpoint: its patch was put back at once, or it is too old."""
        with _said(self.folder):
            for suffix in (_SUFFIX, ".undone"):
                self._file(checkpoint_id).with_suffix(suffix).unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the journal alone, waiting for others; clears away what a killed run left."""
        with _said(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / "root").write_bytes(os.fsencode(self.root))
            handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(ImportError):  # no such locks on Windows
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
            self._sweep()
            yield
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def temporaries(self, paths: Sequence[str]) -> Iterator[None]:
        """Note temporary files of users' folders before they are made; remove what is left of them after."""
        note = self.folder / f"{os.urandom(4).hex()}.pending"
        with _said(self.folder):
            self._publish(note, b"\0".join(map(os.fsencode, paths)))
        try:
            yield
        finally:
            self._clear(note)

    def _sweep(self) -> None:
        for note in self.folder.glob("*.pending"):
            self._clear(note)
        for left in self.folder.glob(f"*{TEMPORARY_MARK}*"):
            left.unlink(missing_ok=True)

    def _clear(self, note: Path) -> None:
        with contextlib.suppress(OSError):
            for name in filter(None, note.read_bytes().split(b"\0")):
                temporary = Path(os.fsdecode(name))
                if TEMPORARY_MARK in temporary.name:  # never anything that is not ours
                    temporary.unlink(missing_ok=True)
            note.unlink()

    def _file(self, checkpoint_id: str) -> Path:
        return self.folder / (checkpoint_id + _SUFFIX)

    def _read(self, checkpoint_id: str, bodies: bool = False) -> tuple[Checkpoint, bytes]:
        with self._file(checkpoint_id).open("rb") as file:
            try:
                fields = json.loads(file.readline())
                files = tuple(Touched(**entry) for entry in fields.pop("files"))
                fields["warnings"] = tuple(fields["warnings"])
                checkpoint = Checkpoint(**fields, files=files)
            except (ValueError, TypeError, KeyError) as error:
                raise BadInput(f"checkpoint {checkpoint_id} is damaged and cannot be used") from error
            body = file.read() if bodies else b""
        marker = self._file(checkpoint_id).with_suffix(".undone")
        undone = int(marker.read_bytes() or 0) if marker.is_file() else 0
        return replace(checkpoint, undone=undone), body

    def _publish(self, path: Path, data: bytes) -> None:
        """Write a file of the journal so that it is complete or not there, also after a power cut."""
        temporary = path.with_name(path.name + TEMPORARY_MARK + os.urandom(4).hex())
        with _said(self.folder):
            try:
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            sync_folder(self.folder)


def next_number(known: Sequence[Checkpoint]) -> int:
    """Ids and undos share one count, so that a redo can see whether anything was applied since the undo."""
    return 1 + max((max(int(c.id), c.undone) for c in known), default=0)


def sync_folder(folder: Path) -> None:
    """Make renames in the folder durable, where the file system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _blob(data: bytes | None) -> bytes:
    return b"%d\n" % len(data or b"") + (data or b"")


@contextlib.contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WriteFailed(
            f"the undo journal in {folder} cannot be used: {reason}; nothing was written"
        ) from error
