"""Which index entries an undo puts back: those that sharpen replaced, that still stand, and that nobody committed.

`journal` asks before it writes. Where somebody has staged more since, both changes are kept (three-way merge of the
contents), or the entry stays as it is and that is told: what is staged is the user's word. It writes objects where a
merge makes one, and no entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharpen.core.worktree import entries, git
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.store import Checkpoint, Indexed, Pair


@dataclass(frozen=True, slots=True)
class Entries:
    """The answer."""

    changes: tuple[Indexed, ...] = ()
    kept: tuple[str, ...] = ()
    """Names that stay as they are."""


def restage(
    checkpoint: Checkpoint, contents: Sequence[Pair], paths: Sequence[str], *, backwards: bool
) -> Entries:
    """What brings the entries of these paths to one side of the checkpoint. Raises Refused where git does not answer."""
    root = Path(checkpoint.root)
    pairs = [
        (entry, pair)
        for entry, pair in zip(checkpoint.index, contents, strict=True)
        if str(root / entry.name) in paths
    ]
    if not pairs or git.git_folder(root) is None:
        return Entries(kept=tuple(entry.name for entry, _ in pairs))
    names = [entry.name for entry, _ in pairs]
    now, head = entries.read(root, names), entries.committed(root, names)
    changes, kept = [], []
    for entry, (before, after) in pairs:
        base, wanted = (entry.after, entry.before) if backwards else (entry.before, entry.after)
        old, new = (after, before) if backwards else (before, after)
        found = now[entry.name].blob if entry.name in now else ""
        if found == wanted:
            continue
        stands = found == (head[entry.name].blob if entry.name in head else "")
        if stands and not (found == base and (entry.as_committed or not backwards)):
            kept.append(entry.name)  # committed since: a commit is not taken back
            continue
        blob: str | None
        if found == base:
            blob = entries.add_blob(root, new) if new is not None else ""
        else:
            blob = _merged(root, old, found, new)
        if blob is None:
            kept.append(entry.name)
        elif blob != found:
            changes.append(replace(entry, before=found, after=blob))
    return Entries(tuple(changes), tuple(kept))


def _merged(root: Path, base: bytes | None, blob: str, wanted: bytes | None) -> str | None:
    """What is staged now with the checkpoint's change taken back (or made again) in it; None where they conflict."""
    if not blob or base is None or wanted is None:
        return None
    (ours,) = entries.blobs(root, [blob])
    joined = rebase(base, ours, wanted)
    return None if joined is None else entries.add_blob(root, joined)
