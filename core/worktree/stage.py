"""`edit --stage` and `--commit`: only sharpen's own hunks enter the index, or a commit.

`cli.road` asks for the index entries that go with a patch, applies both together, and then commits where that was
asked. The hunks are put on what is staged (and for a commit on HEAD) by a three-way merge, so what else is staged or
unstaged stays as it is; where that cannot be, nothing is written and the reason is said. Hooks run as always. It
touches no file of the work tree, and no ref but by `git commit`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.document import Document
from sharpen.core.errors import Refused
from sharpen.core.patch import Patch
from sharpen.core.worktree import entries, git
from sharpen.core.worktree.apply import Staging
from sharpen.core.worktree.rebase import rebase
from sharpen.core.worktree.store import Indexed, Pair

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisection",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """What a patch becomes in the index, and in a commit."""

    staging: Staging
    committed: tuple[Indexed, ...] = ()
    """HEAD's entries with the hunks in them; empty where nothing is to be committed, or HEAD has them already."""


def check(root: Path | None, paths: Sequence[str], *, commit: bool) -> Path:
    """Whether edits of these files can be staged (or committed) at all; the repository. Raises Refused, saying why not."""
    flag = "--commit" if commit else "--stage"
    if root is None or "-" in paths:
        raise Refused(f"{flag} needs files in a git repository", f"leave out {flag}")
    names = {path: _name(root, path, flag) for path in paths}
    known = entries.read(root, list(names.values()))
    for path, name in names.items():
        if name not in known and os.path.lexists(path):
            raise Refused(f"git does not track {path}: more than the edit would be staged", f"git add {path}")
    if commit:
        _check_commit(root)
    return root


def _check_commit(root: Path) -> None:
    home = git.git_folder(root) or root
    for name, what in _UNDER_WAY.items():
        if (home / name).exists():
            raise Refused(f"{what} is under way: no commit is made in its midst", "use --stage")
    if git.run(root, "rev-parse", "--verify", "--quiet", "HEAD").status:
        raise Refused("there is no commit yet to add to", "make the first one yourself, or use --stage")
    if git.run(root, "symbolic-ref", "--quiet", "HEAD").status:
        raise Refused("HEAD is on no branch: the commit would be hard to find", "git switch -c NAME")


def planned(root: Path, patch: Patch, *, commit: bool) -> Planned:
    """The entries with the patch's hunks in them. Raises Refused where they cannot be told from other changes."""
    check(root, patch.paths, commit=commit)
    names = {path: _name(root, path, "--stage") for path in patch.paths}
    now, head = entries.read(root, list(names.values())), entries.committed(root, list(names.values()))
    changes: list[Indexed] = []
    contents: list[Pair] = []
    committed: list[Indexed] = []
    for path, name in names.items():
        document, result = patch.document(path), patch.result(path)
        change, pair = _merged(root, name, document, result, now.get(name), what="staged")
        changes.append(change)
        contents.append(pair)
        if commit:
            committed.append(_merged(root, name, document, result, head.get(name), what="committed")[0])
    fresh = tuple(one for one in committed if one.before != one.after)
    return Planned(Staging(root, entries.beside_head(root, changes), tuple(contents)), fresh)


def _merged(
    root: Path, name: str, document: Document, result: bytes, entry: entries.Entry | None, *, what: str
) -> tuple[Indexed, Pair]:
    """The entry with the hunks in it, and its contents before and after."""
    after = entries.add_blob(root, result, filters_of=name)
    if entry is None:
        if not document.absent:
            raise Refused(
                f"{document.path} is not {what} yet: more than the edit would be",
                "use --stage, or commit it first",
            )
        mode = "100755" if document.mode & 0o111 else "100644"
        return Indexed(name, mode, "", after), (None, entries.blobs(root, [after])[0])
    # As git would store the file that was read: line endings and filters apply.
    base, new, ours = entries.blobs(
        root, [entries.add_blob(root, document.data, filters_of=name), after, entry.blob]
    )
    joined = rebase(base, ours, new)
    if joined is None:
        raise Refused(
            f"what is {what} of {document.path} differs from the file in the same lines, so the edit alone cannot be",
            "leave the flag out, then: git add -p",
        )
    return Indexed(name, entry.mode, entry.blob, entries.add_blob(root, joined)), (ours, joined)


def commit(root: Path, plan: Planned, message: str) -> str:
    """Commit the plan's hunks on HEAD and nothing else; the commit's short name. Hooks run.

    Raises Refused with what git or a hook said; the edit is then in the files and staged.
    """
    with tempfile.TemporaryDirectory(prefix="sharpen-commit-") as folder:
        index = str(Path(folder) / "index")
        entries.answer(root, "read-tree", "HEAD", index_file=index)
        lines = b"".join(
            f"{c.mode} {c.after}\t".encode() + os.fsencode(c.name) + b"\0" for c in plan.committed
        )
        entries.answer(root, "update-index", "-z", "--index-info", stdin=lines, index_file=index)
        done = git.run(root, "commit", "--quiet", f"--message={message}", index_file=index)
    if done.status:
        said = done.error or next(iter(done.out.decode("utf-8", "replace").splitlines()), "a hook refused")
        raise Refused(
            f"git did not commit ({said}); the edit is in the file and staged", "git commit, or sharpen undo"
        )
    return entries.answer(root, "rev-parse", "--short", "HEAD").decode("ascii").strip()


def _name(root: Path, path: str, flag: str) -> str:
    place = Path(os.path.realpath(Path(path).parent)) / Path(path).name
    top = Path(os.path.realpath(root))
    if not place.is_relative_to(top):
        raise Refused(f"{path} lies outside the repository at {root}", f"leave out {flag}")
    return place.relative_to(top).as_posix()
