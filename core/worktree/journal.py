"""Undo and redo: files and index entries put back as a checkpoint knows them.

`sharpen undo` and the TUI call it; `apply` records into the same journal. A file that still is as sharpen left it
is restored to the byte; where somebody has typed since, both changes are kept (three-way merge) or nothing at
all is written. It works without git and several levels deep, by checkpoint or by file, and a run that was killed
half-way is finished by running it again, because each file says by its digest whether it is old or new. It knows no
refs and no stash; of git's index it puts back only entries that sharpen itself replaced and that nobody committed.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.errors import BadInput, FileChanged
from sharpen.core.worktree.apply import Staging, Step, put
from sharpen.core.worktree.planned import Write, current, is_torn
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.restage import Entries, restage
from sharpen.core.worktree.store import Checkpoint, Limits, Store, Touched

__all__ = ["Checkpoint", "Journal", "Limits", "Restored", "Touched", "known_as"]


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
    staged: tuple[str, ...] = ()
    """Paths whose entry in git's index was put back too."""
    kept: tuple[str, ...] = ()
    """Paths whose entry was left as it is: committed since, or staged anew in the same place."""


class Journal(Store):
    """The checkpoints of one root, with the two ways through them."""

    def undo(
        self, checkpoint_id: str | None = None, on_step: Step | None = None, *, paths: Sequence[str] = ()
    ) -> Restored:
        """Take back a checkpoint, by default the last one that is not undone; with `paths`, only of these files.

        Raises BadInput where there is nothing (such) to undo, FileChanged where a later change is in the way,
        WriteFailed where the system refuses; in all cases every file is as it was.
        """
        with self.lock():
            known = self.list()
            wanted = {known_as(path, known) for path in paths}
            if checkpoint_id is None:
                standing = [c for c in known if c.standing and (not wanted or wanted & {*c.standing})]
                self._check_last(standing[-1].id if standing else "0")
                if not standing:
                    raise BadInput(f"there is nothing to undo {_where(paths)}", "sharpen undo --list")
                chosen = standing[-1]
            else:
                chosen = self.get(checkpoint_id)
                _check_touched(chosen, paths)
                if not chosen.standing or (wanted and not wanted & {*chosen.standing}):
                    raise BadInput(
                        f"checkpoint {chosen.id} is undone already", f"sharpen undo --redo {chosen.id}"
                    )
            some = tuple(path for path in chosen.standing if not wanted or path in wanted)
            return self._restore(chosen, some, self.next_number(known), on_step=on_step)

    def redo(
        self, checkpoint_id: str | None = None, on_step: Step | None = None, *, paths: Sequence[str] = ()
    ) -> Restored:
        """Apply again what an undo took back, by default the last one if nothing was applied since.

        Raises as `undo`.
        """
        with self.lock():
            known = self.list()
            wanted = {known_as(path, known) for path in paths}
            if checkpoint_id is None:
                marks = [
                    (at, c) for c in known for p, at in c.undone_paths.items() if not wanted or p in wanted
                ]
                at, latest = max(marks, key=lambda mark: mark[0], default=(0, None))
                # An edit applied after the undo ends the line of redos, as in every editor.
                later = [c for c in known if int(c.id) > at and (not wanted or wanted & {*c.paths})]
                if latest is None or later:
                    raise BadInput(f"there is nothing to redo {_where(paths)}", "sharpen undo --list")
                chosen = latest
                some = [path for path, mark in chosen.undone_paths.items() if mark == at]
            else:
                chosen = self.get(checkpoint_id)
                _check_touched(chosen, paths)
                some = list(chosen.undone_paths)
                if not some:
                    raise BadInput(f"checkpoint {chosen.id} is not undone")
            some = [path for path in some if not wanted or path in wanted]
            return self._restore(chosen, tuple(some), 0, on_step=on_step)

    def _check_last(self, known: str) -> None:
        """Raise BadInput where one after `known` is damaged: it may be the one that is meant, and no other will do."""
        for number in (n for n in self.damaged() if int(n) > int(known)):
            hint = (
                f"sharpen undo {known} takes back the one before it" if int(known) else "sharpen undo --list"
            )
            raise BadInput(f"checkpoint {number} is damaged and cannot be used", hint)

    def before(self, checkpoint_id: str, path: str) -> bytes:
        """What the file held before that checkpoint, empty where it was not there. Raises BadInput."""
        chosen = self.get(checkpoint_id)
        real = known_as(path, [chosen])
        _check_touched(chosen, [path])
        places = [file.path for file in chosen.files]
        places += [str(Path(chosen.root) / entry.name) for entry in chosen.index]
        return self.contents(chosen)[places.index(real)][0] or b""

    def _restore(
        self, checkpoint: Checkpoint, paths: tuple[str, ...], undone: int, *, on_step: Step | None
    ) -> Restored:
        """Bring these paths of the checkpoint to one of its sides: back for `undone`, forth for 0."""
        writes, merged, already = [], [], []
        contents, backwards = self.contents(checkpoint), bool(undone)
        for file, (before, after) in zip(checkpoint.files, contents, strict=False):
            if file.path not in paths:
                continue
            base, wanted = (after, before) if backwards else (before, after)
            write, was_merged = _planned(file, base, wanted, checkpoint.id, backwards=backwards)
            if write.old == write.new:
                already.append(file.path)
                continue
            writes.append(write)
            if was_merged:
                merged.append(file.path)
        staged = restage(checkpoint, contents[len(checkpoint.files) :], paths, backwards=backwards)
        put(writes, self, on_step=on_step, staging=Staging(Path(checkpoint.root), staged.changes))
        marked = self.mark(checkpoint, paths, undone)
        return Restored(
            marked, tuple(w.label for w in writes), tuple(merged), tuple(already), *_told(checkpoint, staged)
        )


def _told(checkpoint: Checkpoint, staged: Entries) -> tuple[tuple[str, ...], tuple[str, ...]]:
    def full(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(str(Path(checkpoint.root) / name) for name in names)

    return full([change.name for change in staged.changes]), full(staged.kept)


def _where(paths: Sequence[str]) -> str:
    return f"of {', '.join(paths)}" if paths else "here"


def known_as(path: str, known: Sequence[Checkpoint]) -> str:
    """A path as checkpoints have it: where it leads to, or its own place for a file that has become a link since."""
    leads = os.path.realpath(path)
    if any(leads in checkpoint.paths for checkpoint in known):
        return leads
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118 - names may be any bytes


def _check_touched(checkpoint: Checkpoint, paths: Sequence[str]) -> None:
    for path in paths:
        if known_as(path, [checkpoint]) not in checkpoint.paths:
            raise BadInput(f"checkpoint {checkpoint.id} did not touch {path}", "sharpen undo --list")


def _planned(
    file: Touched, base: bytes | None, wanted: bytes | None, number: str, *, backwards: bool
) -> tuple[Write, bool]:
    """What to write so that the file goes from `base` to `wanted`, and whether that is a merge."""
    real = Path(file.path)
    kept = f"nothing was {'undone' if backwards else 'redone'}"
    hint = (
        f"sharpen undo {number} {shlex.quote(os.path.relpath(file.path))} --print shows what it held before"
    )
    try:
        data, info = current(real)
    except OSError as error:
        what = "a link stands there now" if error.errno == errno.ELOOP else error.strerror
        raise FileChanged(f"{file.path} is no longer that file ({what}); {kept}", hint) from error
    linked = info is not None and info.st_nlink > 1
    mode = stat.S_IMODE(info.st_mode) if info is not None else file.mode

    def write(new: bytes | None) -> Write:
        return Write(file.path, real, data, new, mode, linked and new is not None)

    if data in (base, wanted):
        return write(wanted), False
    if data is None:
        raise FileChanged(f"{file.path} has been removed since; {kept}", hint)
    if base is None or wanted is None:
        what = "remove it yourself if nobody needs it" if backwards else "move it away first"
        raise FileChanged(f"{file.path} has been edited since sharpen made it; {kept}", what)
    if file.in_place and is_torn(data, base, wanted):
        return write(wanted), False
    joined = rebase(base, data, wanted)
    if joined is None:
        raise FileChanged(f"{file.path} has been edited since in the same place; {kept}", hint)
    return write(joined), True
