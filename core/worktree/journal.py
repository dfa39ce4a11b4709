"""Undo and redo: files put back as a checkpoint knows them.

`sharpen undo` and the TUI call it; `apply` records into the same journal. A file that still is as sharpen left it
is restored to the byte; where somebody has typed since, both changes are kept (three-way merge) or nothing at
all is written. It works without git and several levels deep, and a run that was killed half-way is finished by
running it again, because each file says by its digest whether it is old or new. It knows no refs, no stash and no
index: git's own state is not looked at.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.errors import BadInput, FileChanged
from sharpen.core.worktree.apply import Step, Write, current, is_torn, put
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.store import Checkpoint, Store, Touched, next_number

__all__ = ["Checkpoint", "Journal", "Restored", "Touched"]


@dataclass(frozen=True, slots=True)
class Restored:
    """What an undo or a redo did."""

    checkpoint: Checkpoint
    paths: tuple[str, ...]
    """Files written, created or removed."""
    merged: tuple[str, ...] = ()
    """Those of `paths` that keep what was typed since."""
    already: tuple[str, ...] = ()
    """Files that were as wanted before, for instance because the run was killed before it wrote them."""


class Journal(Store):
    """The checkpoints of one root, with the two ways through them."""

    def undo(self, checkpoint_id: str | None = None, on_step: Step | None = None) -> Restored:
        """Take back a checkpoint, by default the last one that is not undone.

        Raises BadInput where there is nothing (such) to undo, FileChanged where a later change is in the way,
        WriteFailed where the system refuses; in all cases every file is as it was.
        """
        with self.lock():
            known = self.list()
            if checkpoint_id is None:
                standing = [checkpoint for checkpoint in known if not checkpoint.undone]
                if not standing:
                    raise BadInput("there is nothing to undo here")
                chosen = standing[-1]
            else:
                chosen = self.get(checkpoint_id)
                if chosen.undone:
                    raise BadInput(
                        f"checkpoint {chosen.id} is undone already", f"sharpen undo --redo {chosen.id}"
                    )
            done = self._restore(chosen, backwards=True, on_step=on_step)
            return Restored(self.mark(chosen, next_number(known)), *done)

    def redo(self, checkpoint_id: str | None = None, on_step: Step | None = None) -> Restored:
        """Apply an undone checkpoint again, by default the last one undone if nothing was applied since.

        Raises as `undo`.
        """
        with self.lock():
            known = self.list()
            if checkpoint_id is None:
                latest = max((c for c in known if c.undone), key=lambda c: c.undone, default=None)
                # An edit applied after the undo ends the line of redos, as in every editor.
                if latest is None or int(known[-1].id) > latest.undone:
                    raise BadInput("there is nothing to redo here")
                chosen = latest
            else:
                chosen = self.get(checkpoint_id)
                if not chosen.undone:
                    raise BadInput(f"checkpoint {chosen.id} is not undone")
            done = self._restore(chosen, backwards=False, on_step=on_step)
            return Restored(self.mark(chosen, 0), *done)

    def _restore(
        self, checkpoint: Checkpoint, *, backwards: bool, on_step: Step | None
    ) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """(written, merged, already) after bringing every file of the checkpoint to one of its sides."""
        writes, merged, already = [], [], []
        for file, (before, after) in zip(checkpoint.files, self.contents(checkpoint), strict=True):
            base, wanted = (after, before) if backwards else (before, after)
            write, was_merged = _planned(file, base, wanted, "undone" if backwards else "redone")
            if write.old == write.new:
                already.append(file.path)
                continue
            writes.append(write)
            if was_merged:
                merged.append(file.path)
        put(writes, self, on_step=on_step)
        return tuple(write.label for write in writes), tuple(merged), tuple(already)


def _planned(file: Touched, base: bytes | None, wanted: bytes | None, what: str) -> tuple[Write, bool]:
    """What to write so that the file goes from `base` to `wanted`, and whether that is a merge."""
    real = Path(file.path)
    kept = f"nothing was {what}"
    try:
        data, info = current(real)
    except OSError as error:
        raise FileChanged(f"{file.path} is no longer that file ({error.strerror}); {kept}") from error
    linked = info is not None and info.st_nlink > 1
    mode = stat.S_IMODE(info.st_mode) if info is not None else file.mode

    def write(new: bytes | None) -> Write:
        return Write(file.path, real, data, new, mode, linked)

    if data in (base, wanted):
        return write(wanted), False
    if data is None:
        raise FileChanged(f"{file.path} has been removed since; {kept}")
    if base is None or wanted is None:
        raise FileChanged(f"{file.path} has been edited since sharpen made it; {kept}")
    if file.in_place and (is_torn(data, base, wanted) or is_torn(data, wanted, base)):
        return write(wanted), False
    joined = rebase(base, data, wanted)
    if joined is None:
        raise FileChanged(f"{file.path} has been edited since in the same place; {kept}")
    return write(joined), True
