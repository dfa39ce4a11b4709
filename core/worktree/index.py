"""What is staged, and repairs put into the index: the core of `sharpen fix --staged`.

`cli.commands.fix` calls `staged` for what a commit would hold and `put` with the accepted patch. Invariants: an index
entry is replaced only while it still is the one that was read, all entries at once or none, and the working file is
written too only where it said the same as the index, so that what somebody left unstaged stays unstaged. It never
adds a path that was not staged, and touches no ref.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.document import LIMIT_BYTES, Document
from sharpen.core.errors import FileChanged, NotText, Refused, SharpenError, TooLarge
from sharpen.core.patch import Patch
from sharpen.core.worktree import entries
from sharpen.core.worktree.apply import Staging, apply
from sharpen.core.worktree.entries import answer as _answer
from sharpen.core.worktree.journal import Checkpoint, Journal
from sharpen.core.worktree.store import Indexed

_FILES = ("100644", "100755")  # not links (120000), not submodules (160000)


@dataclass(frozen=True, slots=True)
class Staged:
    """One file of the index that differs from HEAD."""

    name: str
    """Relative to the repository, with forward slashes."""
    mode: str
    blob: str
    """The object's name in hexadecimal."""
    document: Document
    """What is staged; its path is the working file's, as seen from the current folder."""
    mirrored: bool
    """The working file says the same, so a repair goes there too."""


@dataclass(frozen=True, slots=True)
class Put:
    """What `put` did."""

    checkpoint: Checkpoint
    """Undoes the working files and the index entries."""
    index_only: tuple[str, ...]
    """Paths that were repaired in the index alone, because the working file has further changes."""


def staged(root: Path, endings: tuple[str, ...]) -> tuple[tuple[Staged, ...], tuple[SharpenError, ...]]:
    """Files with these endings that a commit would add or change, and why some of them cannot be read.

    Raises Refused where conflicts are unresolved or git does not answer.
    """
    conflicts = _answer(root, "ls-files", "--unmerged", "-z").split(b"\0")
    if any(conflicts):
        name = os.fsdecode(conflicts[0].split(b"\t", 1)[1])
        raise Refused(f"{name} has an unresolved merge conflict", f"resolve it, then: git add {name}")
    raw = _answer(
        root, "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
        "--ignore-submodules", "--diff-filter=AMT",
    )  # fmt: skip
    fields = raw.split(b"\0")
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _old_mode, mode, _old_blob, blob, _how = head.decode("ascii").lstrip(":").split(" ")
        name = os.fsdecode(path)
        if mode in _FILES and name.endswith(endings):
            found.append((name, mode, blob))
    return _read(root, found)


def put(
    root: Path,
    files: Sequence[Staged],
    patch: Patch,
    *,
    journal: Journal,
    instruction: str,
    engine: str,
) -> Put:
    """Put the patch of staged documents into the index, and into the working files that say the same.

    Raises FileChanged where the index or a working file is no longer what was read, WriteFailed; then nothing
    was written.
    """
    wanted = [file for file in files if file.document.path in patch.paths]
    repaired = [(file, patch.result(file.document.path)) for file in wanted]
    changes = [Indexed(f.name, f.mode, f.blob, entries.add_blob(root, data)) for f, data in repaired]
    staging = Staging(root, tuple(changes), tuple((file.document.data, data) for file, data in repaired))
    mirror = Patch.join(_mirrors(wanted, patch))
    checkpoint = apply(mirror, journal, instruction, engine, staging=staging)
    return Put(checkpoint, tuple(file.document.path for file in wanted if not file.mirrored))


def _read(
    root: Path, listed: Sequence[tuple[str, str, str]]
) -> tuple[tuple[Staged, ...], tuple[SharpenError, ...]]:
    found: list[Staged] = []
    errors: list[SharpenError] = []
    blobs = entries.blobs(root, [blob for _name, _mode, blob in listed])
    same = _mirrored(root, listed, blobs)
    for (name, mode, blob), data in zip(listed, blobs, strict=True):
        path = os.path.relpath(root / name)
        if len(data) > LIMIT_BYTES:
            size = len(data) / 1_048_576
            errors.append(TooLarge(f"{path} has {size:.1f} MB staged, the limit is 1 MB"))
            continue
        try:
            document = Document.from_bytes(data, path, int(mode, 8) & 0o777)
        except NotText as error:
            errors.append(error)
            continue
        found.append(Staged(name, mode, blob, document, name in same))
    return tuple(found), tuple(errors)


def _mirrored(root: Path, listed: Sequence[tuple[str, str, str]], blobs: Sequence[bytes]) -> set[str]:
    """Names whose working file is what is staged, by its bytes or by what git would make of them (line endings)."""
    same, doubtful = set(), []
    for (name, _mode, blob), data in zip(listed, blobs, strict=True):
        place = root / name
        try:
            if place.is_symlink() or not place.is_file():
                continue
            if place.read_bytes() == data:
                same.add(name)
            else:
                doubtful.append((name, blob))
        except OSError:
            continue
    # `hash-object --stdin-paths` ends a path at the line's end.
    doubtful = [(name, blob) for name, blob in doubtful if "\n" not in name]
    if doubtful:
        paths = b"".join(os.fsencode(name) + b"\n" for name, _blob in doubtful)
        hashed = _answer(root, "hash-object", "--stdin-paths", stdin=paths).decode("ascii").split()
        same.update(name for (name, blob), now in zip(doubtful, hashed, strict=True) if blob == now)
    return same


def _mirrors(files: Iterable[Staged], patch: Patch) -> Iterable[Patch]:
    """The same repairs for the working files, in their own line endings."""
    for file in files:
        if not file.mirrored:
            continue
        path = file.document.path
        working = Document.read(path)
        if working.text != file.document.text:
            raise FileChanged(
                f"{path} changed while the edit was being made; nothing was written",
                "run the same command again",
            )
        repaired = Document.from_bytes(patch.result(path), path).text
        confidence = [value for edit in patch.edits if edit.path == path for value in edit.confidence]
        spans = [(0, len(repaired), min(confidence))] if confidence else []
        yield Patch.of(working, working.whole(), repaired, spans)
