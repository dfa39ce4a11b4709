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
from sharpen.core.errors import FileChanged, NotText, Refused, SharpenError, TooLarge, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree import git
from sharpen.core.worktree.apply import apply
from sharpen.core.worktree.journal import Checkpoint, Journal

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

    checkpoint: Checkpoint | None
    """Undoes the working files; None where none was written."""
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
    entries = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _old_mode, mode, _old_blob, blob, _how = head.decode("ascii").lstrip(":").split(" ")
        name = os.fsdecode(path)
        if mode in _FILES and name.endswith(endings):
            entries.append((name, mode, blob))
    return _read(root, entries)


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
    _check_unchanged(root, wanted)
    lines = []
    for file in wanted:
        written = _answer(
            root, "hash-object", "-w", "--no-filters", "--stdin", stdin=patch.result(file.document.path)
        )
        lines.append(f"{file.mode} {written.decode('ascii').strip()}\t".encode() + os.fsencode(file.name))
    mirror = Patch.join(_mirrors(wanted, patch))
    checkpoint = None if mirror.empty else apply(mirror, journal, instruction, engine)
    answer = git.run(
        root, "update-index", "-z", "--index-info", stdin=b"\0".join(lines) + b"\0", hook_index=True
    )
    if answer.status:
        if checkpoint is not None:
            journal.undo(checkpoint.id)
        raise WriteFailed(f"the index cannot be written: {answer.error}; every file is as it was")
    return Put(checkpoint, tuple(file.document.path for file in wanted if not file.mirrored))


def _read(
    root: Path, entries: Sequence[tuple[str, str, str]]
) -> tuple[tuple[Staged, ...], tuple[SharpenError, ...]]:
    found: list[Staged] = []
    errors: list[SharpenError] = []
    blobs = _blobs(root, [blob for _name, _mode, blob in entries])
    same = _mirrored(root, entries, blobs)
    for (name, mode, blob), data in zip(entries, blobs, strict=True):
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


def _blobs(root: Path, names: Sequence[str]) -> list[bytes]:
    """The bytes of each object, in one git process."""
    if not names:
        return []
    out = _answer(root, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    found, at = [], 0
    for _name in names:
        end = out.index(b"\n", at)
        size = int(out[at:end].split(b" ")[2])
        found.append(out[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def _mirrored(root: Path, entries: Sequence[tuple[str, str, str]], blobs: Sequence[bytes]) -> set[str]:
    """Names whose working file is what is staged, by its bytes or by what git would make of them (line endings)."""
    same, doubtful = set(), []
    for (name, _mode, blob), data in zip(entries, blobs, strict=True):
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


def _check_unchanged(root: Path, files: Sequence[Staged]) -> None:
    names = [file.name for file in files]
    out = _answer(root, "--literal-pathspecs", "ls-files", "--stage", "-z", "--", *names)
    now = {}
    for entry in filter(None, out.split(b"\0")):
        head, _, name = entry.partition(b"\t")
        now[os.fsdecode(name)] = head.decode("ascii").split(" ")[1]
    for file in files:
        if now.get(file.name) != file.blob:
            raise FileChanged(
                f"what is staged of {file.name} changed while the edit was being made; nothing was written",
                "run the same command again",
            )


def _answer(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    answer = git.run(root, *arguments, stdin=stdin, hook_index=True)
    if answer.status:
        raise Refused(f"git cannot read the repository at {root}: {answer.error or answer.status}")
    return answer.out
