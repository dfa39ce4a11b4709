"""Repairs put into the index: the second half of `sharpen fix --staged`.

`cli.road` calls `put` with the accepted patch of what `staged` has read. Invariants: an index
entry is replaced only while it still is the one that was read, all entries at once or none, and the working file is
written too only where it said the same as the index, so that what somebody left unstaged stays unstaged. It never
adds a path that was not staged, and touches no ref.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.document import Document
from sharpen.core.errors import FileChanged
from sharpen.core.patch import Patch
from sharpen.core.worktree import entries
from sharpen.core.worktree.apply import Staging, apply
from sharpen.core.worktree.journal import Checkpoint, Journal
from sharpen.core.worktree.staged import Staged
from sharpen.core.worktree.store import Indexed


@dataclass(frozen=True, slots=True)
class Put:
    """What `put` did."""

    checkpoint: Checkpoint
    """Undoes the working files and the index entries."""
    index_only: tuple[str, ...]
    """Paths that were repaired in the index alone, because the working file has further changes."""


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
    pairs = tuple((file.document.data, data) for file, data in repaired)
    staging = Staging(root, entries.beside_head(root, changes), pairs)
    mirror = Patch.join(_mirrors(wanted, patch))
    checkpoint = apply(mirror, journal, instruction, engine, staging=staging)
    return Put(checkpoint, tuple(file.document.path for file in wanted if not file.mirrored))


def _mirrors(files: Iterable[Staged], patch: Patch) -> Iterable[Patch]:
    """The same repairs for the working files, in their own line endings; two names of one file are one file."""
    done: set[tuple[int, int, bytes]] = set()
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
        info, result = Path(path).stat(), patch.result(path)
        if (info.st_dev, info.st_ino, result) in done:
            continue
        done.add((info.st_dev, info.st_ino, result))
        repaired = Document.from_bytes(result, path).text
        confidence = [value for edit in patch.edits if edit.path == path for value in edit.confidence]
        spans = [(0, len(repaired), min(confidence))] if confidence else []
        yield Patch.of(working, working.whole(), repaired, spans)
