"""Where the repository is, which of its files changed, and where sharpen does not write.

The session and `apply` ask before anything is written; `fix` without a path asks what changed. The repository
is found by looking for `.git`, without running git; git is asked only about what git alone knows (conflicts,
ignored files, attributes). It writes nothing and never follows a link out of the repository.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from sharpen.core.document import LIMIT_BYTES
from sharpen.core.errors import NotAFile, NotNamed, Refused, SharpenError, TooLarge
from sharpen.core.worktree import git


def find_root(path: Path) -> Path | None:
    """The top folder of the work tree that holds `path` (which need not exist), or None outside git."""
    start = Path(os.path.realpath(path if path.is_dir() else path.parent))
    for folder in (start, *start.parents):
        if git.git_folder(folder) is not None:
            return folder
    return None


def changed_files(root: Path) -> tuple[Path, ...]:
    """Regular files that differ from HEAD, untracked ones included, ignored ones not; sorted.

    Raises Refused where there is no work tree to ask about, or git does not trust it.
    """
    if git.git_folder(root) is None:
        raise Refused(f"{root} is not a git repository", "name the files to work on")
    if not git.has_work_tree(root):
        raise Refused(f"{root} is a bare repository and holds no files", "run this in one of its worktrees")
    paths = (root / name for name in sorted(git.changed(root)))
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def files_below(folder: Path, endings: tuple[str, ...]) -> tuple[Path, ...]:
    """Regular files below the folder with one of the endings, sorted, each as a path that begins with `folder`.

    In a repository: what is tracked or new, never what git ignores, nor what lies in submodules or other
    repositories. Links are left out. Raises Refused where git does not answer, NotAFile where a folder cannot be read.
    """
    root = find_root(folder)
    if root is None or not git.has_work_tree(root):
        found = list(_walked(folder))
    else:
        real = Path(os.path.realpath(folder))
        names = git.listed(root, os.path.relpath(real, root))
        found = [folder / os.path.relpath(root / name, real) for name in names]
    wanted = (path for path in found if path.name.endswith(endings))
    return tuple(sorted(path for path in wanted if path.is_file() and not path.is_symlink()))


def _walked(folder: Path) -> Iterable[Path]:
    """Files below a folder outside git; repositories in it are left to git."""

    def fail(error: OSError) -> None:
        raise NotAFile(f"{error.filename} cannot be read: {error.strerror}") from error

    for place, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if git.git_folder(Path(place) / name) is None]
        if ".git" in folders:
            folders.remove(".git")
        yield from (Path(place) / name for name in names)


def check_writable_target(path: Path, root: Path | None, named: bool) -> None:
    """Raise where sharpen does not write `path`: Refused, NotAFile or TooLarge.

    `root` is the repository of this run (None outside git); `named` means that the user gave this very path,
    which allows ignored, generated, binary and large-file-storage files.
    """
    for error in refusals([path], root, named).values():
        raise error


def refusals(paths: Iterable[Path], root: Path | None, named: bool) -> dict[Path, SharpenError]:
    """Those of the paths that sharpen does not write, with the reason; a few git calls for all of them."""
    found: dict[Path, SharpenError] = {}
    homes: dict[Path, dict[str, Path]] = {}
    for path in paths:
        try:
            real = _place(path, root, named)
        except SharpenError as error:
            found[path] = error
            continue
        home = find_root(real)
        if home is not None:
            homes.setdefault(home, {})[os.path.relpath(real, home)] = path
    for home, names in homes.items():
        try:
            found |= _refused_by_git(home, names, named)
        except SharpenError as error:  # git does not answer: then none of its files is written
            found |= dict.fromkeys(names.values(), error)
    return found


def _place(path: Path, root: Path | None, named: bool) -> Path:
    """The real file behind the path, as far as the file system alone can say that it may be written."""
    real = Path(os.path.realpath(path))
    try:
        info = path.stat() if os.path.lexists(path) else None
    except FileNotFoundError as error:
        raise NotAFile(f"{path} is a link to nothing") from error
    except (OSError, ValueError) as error:
        raise NotAFile(f"{path} cannot be reached: {getattr(error, 'strerror', None) or error}") from error
    if info is None and not real.parent.is_dir():
        raise NotAFile(f"{path} cannot be created: its folder does not exist")
    if info is not None and not stat.S_ISREG(info.st_mode):
        raise NotAFile(f"{path} is {'a directory' if stat.S_ISDIR(info.st_mode) else 'not a regular file'}")
    if info is not None and info.st_size > LIMIT_BYTES:
        raise TooLarge(f"{path} has {info.st_size / 1_048_576:.1f} MB, the limit is 1 MB")
    if _inside_git_folder(real):
        raise Refused(f"{path} lies in a git folder, where sharpen does not write")
    boundary = _boundary(path, root)
    if boundary is not None and not real.is_relative_to(boundary):
        raise Refused(f"{path} leads to {real}, outside the repository at {boundary}")
    if boundary is None and path.is_symlink() and not named:
        raise NotNamed(f"{path} is a link to {real}", "name that file")
    _check_nested(path, real, root)
    return real


def _boundary(path: Path, root: Path | None) -> Path | None:
    """The repository that holds the path by its name, before links are followed: what a link may not leave."""
    top = Path(os.path.realpath(root)) if root is not None else None
    above = [Path(os.path.realpath(folder)) for folder in Path(os.path.abspath(path)).parents]  # noqa: PTH100
    if top in above:
        return top
    return next((folder for folder in above if git.git_folder(folder) is not None), None)


def _inside_git_folder(real: Path) -> bool:
    """Whether a folder above is `.git`, or a bare repository by what it holds."""
    for folder in real.parents:
        # Some file systems take `.GIT` for the same folder.
        if folder.name.lower() == ".git":
            return True
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
            return True
    return False


def _check_nested(path: Path, real: Path, root: Path | None) -> None:
    """A submodule, or a repository inside the run's repository, is edited only from inside it."""
    home = find_root(real)
    if home is None or Path.cwd().is_relative_to(home):
        return
    nested = root is not None and home != Path(os.path.realpath(root))
    if nested or _is_submodule(home):
        raise Refused(
            f"{path} belongs to the repository inside this one at {home}",
            "run the same command in that folder",
        )


def _is_submodule(home: Path) -> bool:
    folder = git.git_folder(home)
    return (home / ".git").is_file() and folder is not None and "modules" in folder.parts


def _refused_by_git(home: Path, paths: dict[str, Path], named: bool) -> dict[Path, SharpenError]:
    """`paths` maps names relative to `home` to what the user calls them."""
    names = list(paths)
    conflicts = git.unmerged(home, names)
    if conflicts is None:
        return {}  # beside a bare repository: plain files, which git does not know
    found: dict[Path, SharpenError] = {}
    for name in conflicts:
        said = f"{paths[name]} has an unresolved merge conflict"
        found[paths[name]] = Refused(said, f"resolve it, then: git add {paths[name]}")
    if named:
        return found
    hint = "name the file itself to work on it all the same"
    for name in git.ignored(home, names):
        found.setdefault(paths[name], NotNamed(f"git ignores {paths[name]}", hint))
    marks = {"linguist-generated": ("set", "true"), "filter": ("lfs",), "binary": ("set",)}
    for name, values in git.attributes(home, names, list(marks)).items():
        for mark, means in marks.items():
            if values.get(mark) in means:
                label = "filter=lfs" if mark == "filter" else mark
                said = f"{paths[name]} is marked {label} in .gitattributes"
                found.setdefault(paths[name], NotNamed(said, hint))
    return found
