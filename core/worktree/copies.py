"""Throw-away copies of a project, as it is on disk: git worktrees where git can make one, plain copies elsewhere.

`sandbox` runs check commands in them. A worktree is made from HEAD and then given what the user has changed and not
committed; a plain copy takes what git would track, or all files outside git. Both get single files that git ignores (a
`.env`, a built extension) as copies, and folders of tools as links; other ignored folders are left out, because a link
would let the command write into the user's own. Invariant: the folder, and git's note of
a worktree, are removed at the end, whatever happened; git prunes the note by itself where the process was killed. The
user's own files are read and never written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from sharpen.core.errors import Refused
from sharpen.core.patch import Patch
from sharpen.core.worktree import git
from sharpen.core.worktree.find import find_root

MOST_FILES = 20_000
"""Files of a plain copy."""
MOST_IGNORED_BYTES = 100_000_000
"""Of ignored files in all; larger ones, and those that come after it is used up, are left out."""
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")  # the user's post-checkout hook is not ours to run
_TOOLS = (".venv", "venv", "node_modules")
"""Folders that hold a project's tools and that git ignores: the copy gets links to them."""
_NOT_COPIED = frozenset((*_TOOLS, "__pycache__", ".git", ".hg", ".tox", ".mypy_cache", ".pytest_cache"))
_EARLIER_SECONDS = 1_000_000
_ticks = count(1)


def root_of(paths: Sequence[str]) -> Path:
    """The folder that a copy is made of: the repository, or outside git the file's own folder."""
    for path in paths:
        if path != "-":
            place = Path(os.path.realpath(Path(path).parent))
            return Path(os.path.realpath(find_root(place) or place))
    raise Refused("a check command cannot be tried on standard input", "leave out --check")


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of the project at `root`, removed at the end. Raises Refused where it is too large."""
    with tempfile.TemporaryDirectory(prefix="sharpen-check-", ignore_cleanup_errors=True) as base:
        folder = Path(os.path.realpath(base)) / (root.name or "root")
        in_git = git.git_folder(root) is not None and git.has_work_tree(root)
        # A worktree is quickest, because git knows what to write; without a commit or a writable `.git` there is none.
        made = (
            in_git
            and not git.run(
                root, *_NO_HOOKS, "worktree", "add", "--detach", "--force", str(folder), "HEAD"
            ).status
        )
        try:
            for name in git.changed(root) if made else _names(root, in_git=in_git):
                _mirror(root / name, folder / name)
            if in_git:
                _mirror_ignored(root, folder)
            for name in _TOOLS:
                if (root / name).is_dir() and not os.path.lexists(folder / name):
                    (folder / name).symlink_to(root / name, target_is_directory=True)
            yield folder
        finally:
            if made:
                git.run(root, "worktree", "remove", "--force", "--force", str(folder))


def _names(root: Path, *, in_git: bool) -> list[str]:
    names = git.files(root) if in_git else list(_walked(root))
    if len(names) > MOST_FILES:
        raise Refused(
            f"{root} has more than {MOST_FILES} files to copy for the check command",
            "git init and a commit make it a matter of moments",
        )
    return names


def _walked(root: Path) -> Iterator[str]:
    found = 0
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_COPIED]
        for name in files:
            found += 1
            if found > MOST_FILES + 1:
                return
            yield os.path.relpath(Path(place) / name, root)


def _mirror_ignored(root: Path, folder: Path) -> None:
    """Files that git ignores and that lie in no ignored folder."""
    left = MOST_IGNORED_BYTES
    for name in git.ignored_files(root)[:MOST_FILES]:
        source = root / name
        size = source.lstat().st_size if os.path.lexists(source) else 0
        if size <= left and not _NOT_COPIED & set(Path(name).parts):
            left -= size
            _mirror(source, folder / name)


def _mirror(source: Path, target: Path) -> None:
    """Make `target` what `source` is; both absent is fine."""
    if source.is_dir() and not source.is_symlink():
        return  # a nested repository or a submodule
    if target.is_symlink() or target.is_file():
        target.unlink()
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


@contextlib.contextmanager
def patched(folder: Path, root: Path, patch: Patch | None) -> Iterator[None]:
    """The copy with the patch in it; afterwards its files are as they were."""
    before: dict[Path, bytes | None] = {}
    try:
        for path in patch.paths if patch else ():
            if path == "-" or patch is None:
                continue
            # The folder's links are resolved, the file's own name is not: git knows a link by its name.
            place = Path(os.path.realpath(Path(path).parent)) / Path(path).name
            if not place.is_relative_to(root):
                raise Refused(f"{path} lies outside {root}, where the check command is tried")
            target = folder / place.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            before[target] = target.read_bytes() if target.is_file() else None
            _write(target, patch.result(path), patch.document(path).mode)
        yield
    finally:
        for target, data in before.items():
            if data is None:
                target.unlink(missing_ok=True)
            else:
                _write(target, data, target.stat().st_mode & 0o777 if target.is_file() else 0o644)


def _write(target: Path, data: bytes, mode: int) -> None:
    # A link in the copy may lead back to the user's own file: never write through it.
    target.unlink(missing_ok=True)
    target.write_bytes(data)
    target.chmod(mode)
    # Caches of compiled code tell versions apart by size and whole second: no two of ours share one.
    tick = target.stat().st_mtime - _EARLIER_SECONDS + next(_ticks)
    os.utime(target, (tick, tick))
