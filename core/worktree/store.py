"""Checkpoints on disk: what undo needs, in a state folder outside every repository.

`apply` records a checkpoint before it touches a file; `journal` reads them back. A journal is a folder for one
root, and a checkpoint is one file in it: a line of JSON, then each touched file's bytes before and after. The
file is complete or not there (temporary name, sync, rename). One process at a time holds the journal's lock.
Names of temporary files in the user's folders are noted before these are made (`pending`), so that a killed run
leaves nothing behind for long. Old checkpoints go by age and size (`Limits`), the newest never. It writes in its own
folder only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sharpen.core.errors import BadInput, WriteFailed
from sharpen.core.worktree import pending
from sharpen.core.worktree.pending import TEMPORARY_MARK, Note, digest

_SUFFIX = ".checkpoint"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a journal may hold; the oldest checkpoints go first."""

    days: int = 90
    megabytes: int = 200
    newest: int = 20
    """Checkpoints that stay whatever their age and size."""


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
    added: int = 0
    """Lines."""
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Indexed:
    """One entry of git's index that the edit replaced."""

    name: str
    """Relative to the repository, with forward slashes."""
    mode: str
    before: str
    """The object's name in hexadecimal; empty for a path that was not there."""
    after: str
    as_committed: bool = False
    """HEAD had `after` already: that it stands in HEAD later says nothing of a commit since."""


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
    warnings: tuple[str, ...] = ()
    index: tuple[Indexed, ...] = ()
    root: str = ""
    """The repository that `index` is of."""
    undone_paths: dict[str, int] = field(default_factory=dict)
    """path -> when it was put back, as a number of the same count as the ids; without those that stand."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Absolute paths of the touched files, and of those that were changed in the index alone."""
        staged = (str(Path(self.root) / entry.name) for entry in self.index)
        return tuple(dict.fromkeys((*(file.path for file in self.files), *staged)))

    @property
    def standing(self) -> tuple[str, ...]:
        """Those of the paths that are not put back."""
        return tuple(path for path in self.paths if path not in self.undone_paths)

    @property
    def undone(self) -> int:
        """0, or when the last of it was put back."""
        return 0 if self.standing else max(self.undone_paths.values(), default=0)


Pair = tuple[bytes | None, bytes | None]
"""Contents before and after; None where there was nothing."""


class Store:
    """The journal of one root below `state_dir`. Nothing is made on disk before something is recorded."""

    def __init__(self, state_dir: Path, root: Path, limits: Limits | None = None) -> None:
        self.root = Path(os.path.realpath(root))
        self.limits = limits or Limits()
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
        """All checkpoints, oldest first, undone ones among them; without those that are damaged."""
        found = []
        with _said(self.folder):
            for number in self._numbers():
                with contextlib.suppress(BadInput):
                    found.append(self._read(str(number))[0])
        return tuple(found)

    def damaged(self) -> tuple[str, ...]:
        """Ids of the checkpoints that cannot be read any more, oldest first: one of them stops no other."""
        readable = {checkpoint.id for checkpoint in self.list()}
        return tuple(str(number) for number in self._numbers() if str(number) not in readable)

    def next_number(self, known: Sequence[Checkpoint]) -> int:
        """Ids and undos share one count, so that a redo can see whether anything was applied since the undo."""
        marks = (at for checkpoint in known for at in checkpoint.undone_paths.values())
        return 1 + max((*self._numbers(), *marks), default=0)

    def _numbers(self) -> Sequence[int]:
        with _said(self.folder):
            # Unlike a glob, this says where the folder cannot be read: an empty list would be a lie.
            names = [path.name for path in self.folder.iterdir()] if os.path.lexists(self.folder) else []
        stems = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        return sorted(int(stem) for stem in stems if stem.isdigit())

    def get(self, checkpoint_id: str) -> Checkpoint:
        """The checkpoint of that id. Raises BadInput where there is none."""
        with _said(self.folder):
            if not checkpoint_id.isdigit() or not self._file(checkpoint_id).is_file():
                raise BadInput(f"there is no checkpoint {checkpoint_id}", "sharpen undo --list")
            return self._read(checkpoint_id)[0]

    def contents(self, checkpoint: Checkpoint) -> tuple[Pair, ...]:
        """(before, after) of each touched file, then of each index entry. Raises BadInput where it is damaged."""
        with _said(self.folder):
            _read, body = self._read(checkpoint.id, bodies=True)
        names = [(file.before, file.after) for file in checkpoint.files]
        names += [(entry.before, entry.after) for entry in checkpoint.index]
        found = []
        for place, sides in enumerate(names):
            pair = []
            for name in sides:
                size, _, body = body.partition(b"\n")
                length = int(size) if size.isdigit() else 0
                data, body = body[:length], body[length:]
                # git names an object by its kind, its length and its bytes.
                known = digest(data) if place < len(checkpoint.files) else _object(data, len(name))
                if name and known != name:
                    raise BadInput(*_damage(checkpoint.id))
                pair.append(data if name else None)
            found.append((pair[0], pair[1]))
        return tuple(found)

    def record(self, checkpoint: Checkpoint, contents: Sequence[Pair]) -> Checkpoint:
        """Write a new checkpoint, on disk when this returns. Call it with the lock held."""
        known = self.list()
        number = str(self.next_number(known))
        numbered = replace(checkpoint, id=number, time=checkpoint.time or time.time())
        fields = asdict(numbered)
        del fields["undone_paths"]
        body = json.dumps(fields).encode() + b"\n"
        body += b"".join(_blob(before) + _blob(after) for before, after in contents)
        self._publish(self._file(numbered.id), body)
        for old in self._expired(known, numbered.id):
            self.forget(old)
        return numbered

    def _expired(self, known: Sequence[Checkpoint], newest: str) -> Iterable[str]:
        """Ids of those that are over the limits; `newest` was just recorded and is not among `known`."""
        room = self.limits.megabytes * 1_000_000 - self._file_size(newest)
        oldest = time.time() - self.limits.days * 86_400
        for place, checkpoint in enumerate(reversed(known), 2):
            room -= self._file_size(checkpoint.id)
            if place > self.limits.newest and (room < 0 or checkpoint.time < oldest):
                yield checkpoint.id

    def _file_size(self, checkpoint_id: str) -> int:
        try:
            return self._file(checkpoint_id).stat().st_size
        except OSError:
            return 0

    def mark(self, checkpoint: Checkpoint, paths: Sequence[str], undone: int) -> Checkpoint:
        """Note that these paths of the checkpoint are put back (or, with 0, that they hold its edit again)."""
        marks = {path: at for path, at in checkpoint.undone_paths.items() if path not in paths}
        if undone:
            marks |= dict.fromkeys(paths, undone)
        with _said(self.folder):
            marker = self._file(checkpoint.id).with_suffix(".undone")
            if marks:
                numbers = [str(marks.get(path, 0)) for path in checkpoint.paths]
                self._publish(marker, " ".join(numbers).encode())
            else:
                marker.unlink(missing_ok=True)
        return replace(checkpoint, undone_paths=marks)

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
    def temporaries(self, notes: Sequence[Note]) -> Iterator[None]:
        """Note temporary files of users' folders before they are made; remove what is left of them after."""
        note = self.folder / f"{os.urandom(4).hex()}.pending"
        with _said(self.folder):
            self._publish(note, pending.written(notes))
        try:
            yield
        finally:
            pending.clear(note)

    def _sweep(self) -> None:
        for note in self.folder.glob("*.pending"):
            pending.clear(note)
        for left in self.folder.glob(f"*{TEMPORARY_MARK}*"):
            left.unlink(missing_ok=True)

    def _file(self, checkpoint_id: str) -> Path:
        return self.folder / (checkpoint_id + _SUFFIX)

    def _read(self, checkpoint_id: str, bodies: bool = False) -> tuple[Checkpoint, bytes]:
        with self._file(checkpoint_id).open("rb") as file:
            try:
                fields = json.loads(file.readline())
                files = tuple(Touched(**entry) for entry in fields.pop("files"))
                index = tuple(Indexed(**entry) for entry in fields.pop("index", ()))
                fields["warnings"] = tuple(fields["warnings"])
                fields.pop("undone", None)  # written by the first version
                checkpoint = Checkpoint(**fields, files=files, index=index)
            except (ValueError, TypeError, KeyError) as error:
                raise BadInput(*_damage(checkpoint_id)) from error
            body = file.read() if bodies else b""
        marker = self._file(checkpoint_id).with_suffix(".undone")
        words = marker.read_bytes().split() if marker.is_file() else []
        # Damaged marks are none: an undo of what is undone finds each file as wanted and says so.
        numbers = [int(word) for word in words] if all(word.isdigit() for word in words) else []
        paths = checkpoint.paths
        if len(numbers) == 1:  # all of it, as the first version wrote
            numbers *= len(paths)
        marks = {path: at for path, at in zip(paths, numbers, strict=False) if at}
        return replace(checkpoint, undone_paths=marks), body

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


def sync_folder(folder: Path) -> None:
    """Make renames in the folder durable, where the file system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _damage(checkpoint_id: str) -> tuple[str, str]:
    """The sentence, and what to do."""
    return (
        f"checkpoint {checkpoint_id} is damaged and cannot be used",
        "sharpen undo ID takes back another one",
    )


def _blob(data: bytes | None) -> bytes:
    return b"%d\n" % len(data or b"") + (data or b"")


def _object(data: bytes, length: int) -> str:
    """What git calls a file's contents; `length` tells which kind of repository it is of."""
    kind = hashlib.sha256 if length == 64 else hashlib.sha1
    return kind(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextlib.contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WriteFailed(
            f"the undo journal in {folder} cannot be used: {reason}; nothing was written"
        ) from error
