"""Entries of git's index, read and replaced: the one place that writes the index.

`index` (what is staged), `stage` (`--stage`, `--commit`) and `journal` (undo) call it. Invariant: entries change all
together or not at all, and only while they are what the caller read: the new index is made beside the old one, which
is looked at once more under git's own lock before it is replaced. So nothing that somebody stages in the same moment
is lost, and a killed run leaves no lock behind for long (its note is in the journal). It touches no ref and no file
of the work tree.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.core.errors import FileChanged, Refused, WriteFailed
from sharpen.core.worktree import git
from sharpen.core.worktree.owner import give
from sharpen.core.worktree.pending import TEMPORARY_MARK, Note

if TYPE_CHECKING:  # a hook reads on every commit and seldom writes
    from sharpen.core.worktree.store import Indexed, Store

PATIENCE_SECONDS = 5.0
"""How long another git process may hold the index."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says of one path."""

    mode: str
    """`100644`, `100755`, …"""
    blob: str
    """The object's name in hexadecimal."""


def answer(
    root: Path, *arguments: str, stdin: bytes = b"", index_file: str = "", quick: bool = False
) -> bytes:
    """What git says, of the index that is being committed where we are in a hook. `quick`: see `git.run`. Raises Refused."""
    said = git.run(root, *arguments, stdin=stdin, hook_index=True, index_file=index_file, quick=quick)
    if said.status:
        # Some commands do without a repository where git does not trust it, and complain of something else.
        git.run(root, "rev-parse", "--git-dir")
        raise Refused(f"git cannot read the repository at {root}: {said.error or said.status}")
    return said.out


def read(root: Path, names: Sequence[str], index_file: str = "") -> dict[str, Entry]:
    """The entries of those of the names (relative to `root`) that are in the index without a conflict."""
    if not names:
        return {}
    out = answer(
        root, "--literal-pathspecs", "ls-files", "--stage", "-z", "--", *names, index_file=index_file
    )
    return _parsed(out)


def committed(root: Path, names: Sequence[str]) -> dict[str, Entry]:
    """The same of HEAD; empty where there is no commit yet."""
    said = git.run(root, "--literal-pathspecs", "ls-tree", "-z", "--full-tree", "HEAD", "--", *names)
    found = {}
    for line in filter(None, said.out.split(b"\0")) if said.status == 0 else ():
        head, _, name = line.partition(b"\t")
        mode, _kind, blob = head.decode("ascii").split(" ")
        found[os.fsdecode(name)] = Entry(mode, blob)
    return found


def beside_head(root: Path, changes: Sequence[Indexed]) -> tuple[Indexed, ...]:
    """The changes, each with whether HEAD has its `after` now, before anything is written."""
    head = committed(root, [change.name for change in changes]) if changes else {}
    return tuple(
        dataclasses.replace(
            change, as_committed=change.name in head and head[change.name].blob == change.after
        )
        for change in changes
    )


def _parsed(out: bytes) -> dict[str, Entry]:
    found = {}
    for line in filter(None, out.split(b"\0")):
        head, _, name = line.partition(b"\t")
        mode, blob, stage = head.decode("ascii").split(" ")
        if stage == "0":
            found[os.fsdecode(name)] = Entry(mode, blob)
    return found


def blobs(root: Path, names: Sequence[str], *, quick: bool = False) -> list[bytes]:
    """The bytes of each object, in one git process. Raises Refused where one is missing."""
    if not names:
        return []
    stdin = "".join(f"{name}\n" for name in names).encode()
    out = answer(root, "cat-file", "--batch", stdin=stdin, quick=quick)
    found, at = [], 0
    for name in names:
        end = out.index(b"\n", at)
        words = out[at:end].split(b" ")
        if len(words) != 3:
            raise Refused(f"git has lost the object {name}", "git fsck tells more")
        size = int(words[2])
        found.append(out[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def add_blob(root: Path, data: bytes, filters_of: str = "") -> str:
    """Store the bytes as an object and give its name; `filters_of`: converted as git does for that path.

    Raises WriteFailed.
    """
    how = [f"--path={filters_of}"] if filters_of else ["--no-filters"]
    said = git.run(root, "hash-object", "-w", "--stdin", *how, stdin=data, hook_index=True)
    if said.status:
        raise WriteFailed(f"the repository at {root} cannot be written: {said.error or said.status}")
    name = said.out.decode("ascii").strip()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        _give_object(root, name)
    return name


def _give_object(root: Path, name: str) -> None:
    """A folder of objects that is root's would keep its owner from committing later."""
    told = answer(root, "rev-parse", "--git-path", "objects").removesuffix(b"\n")
    folder = root / os.fsdecode(told)
    give(folder / name[:2], folder)
    give(folder / name[:2] / name[2:], folder)


def replace(root: Path, changes: Sequence[Indexed], store: Store) -> None:
    """Put each change's `after` where its `before` stands. Call it with the journal's lock held.

    Raises FileChanged where an entry is not `before`, WriteFailed where the index cannot be written, Refused where
    git does not answer; then the index is as it was.
    """
    import time

    index = git.index_path(root)
    if index is None:
        raise Refused(f"{root} is not a git repository any more")
    until = time.monotonic() + PATIENCE_SECONDS
    while not _replaced(root, changes, index, store):
        if time.monotonic() > until:
            raise WriteFailed(
                f"another git process holds the index ({index}.lock)",
                "end it, or remove that file if none is running",
            )
        time.sleep(0.05)


def _replaced(root: Path, changes: Sequence[Indexed], index: Path, store: Store) -> bool:
    """One attempt; False where somebody else holds or changed the index meanwhile."""
    beside = index.with_name(f"{TEMPORARY_MARK}{os.urandom(6).hex()}.tmp")
    lock = index.with_name(index.name + ".lock")
    notes = [Note(str(beside), str(lock)), Note(f"{beside}.lock", "")]
    with store.temporaries(notes), _said(index):
        known = _copied(index, beside)
        _check(root, changes, str(beside))
        done = git.run(
            root, "update-index", "-z", "--index-info", stdin=_lines(changes), index_file=str(beside)
        )
        if done.status:
            raise WriteFailed(f"the index cannot be written: {done.error}")
        give(beside, index if known is not None else index.parent)
        try:
            # A second name for the finished index is the lock: it fails where git holds one.
            os.link(beside, lock)
        except FileExistsError:
            return False
        if _bytes(index) != known:
            lock.unlink()
            return False
        lock.replace(index)
    return True


def _copied(index: Path, beside: Path) -> bytes | None:
    """The index under another name, with its time (git compares files' times with it); None where there is none."""
    known = _bytes(index)
    if known is not None:
        import shutil

        shutil.copy2(index, beside)
    return known


def _bytes(index: Path) -> bytes | None:
    try:
        return index.read_bytes()
    except FileNotFoundError:
        return None


def _check(root: Path, changes: Sequence[Indexed], index_file: str) -> None:
    now = read(root, [change.name for change in changes], index_file)
    for change in changes:
        entry = now.get(change.name)
        if (entry.blob if entry else "") != change.before:
            raise FileChanged(
                f"what is staged of {change.name} changed while the edit was being made; nothing was written",
                "run the same command again",
            )


def _lines(changes: Sequence[Indexed]) -> bytes:
    lines = []
    for change in changes:
        head = f"{change.mode} {change.after}" if change.after else f"0 {'0' * len(change.before)}"
        lines.append(f"{head}\t".encode() + os.fsencode(change.name) + b"\0")
    return b"".join(lines)


@contextlib.contextmanager
def _said(index: Path):  # type: ignore[no-untyped-def]
    try:
        yield
    except OSError as error:
        raise WriteFailed(f"the index {index} cannot be written: {error.strerror}") from error
