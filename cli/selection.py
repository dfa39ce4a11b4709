"""Which files `fix` works on, and what is wrong in them: paths to documents to targets. It writes nothing.

Every file is taken once, whatever it is called. What cannot be read or written is told in `Selection.errors` where
somebody asked for it; a file that merely was among those that changed is left out with a line. The rest goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.cli.exits import Exit, code_of
from sharpen.cli.fatal import say, shown
from sharpen.cli.sources import read
from sharpen.core.diagnose import diagnose, diagnose_many, is_known
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import (
    EngineUnavailable,
    NotAFile,
    NotNamed,
    NotText,
    Refused,
    SharpenError,
    TooLarge,
)
from sharpen.core.worktree.find import changed_files, files_below, find_root, refusals

if TYPE_CHECKING:
    from sharpen.core.session import Target
    from sharpen.core.worktree.staged import Staged

ENDINGS = (".py", ".pyi", ".pyw")
KINDS = ("syntax", "undefined")
_UNASKED = (NotAFile, NotNamed, NotText, TooLarge)
"""No reason to stop for a file that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was found."""

    documents: tuple[Document, ...]
    targets: tuple[Target, ...]
    """Those that are broken and may be written."""
    errors: tuple[SharpenError, ...] = ()
    """Why some that were asked for could not be read or may not be written."""
    staged: tuple[Staged, ...] = ()
    """What the documents are in git's index, where that was asked for."""
    seconds: float | None = None
    """What one run of the check command may take, where it was tried."""
    kinds: tuple[str, ...] = KINDS
    """What was looked for: without ruff, names are not."""

    @property
    def code(self) -> Exit:
        """The exit code of the first of the errors."""
        return code_of(self.errors[0]) if self.errors else Exit.DONE


class _Told:
    """Errors: kept where the file was asked for, said in a line where it was not."""

    def __init__(self, *, asked: bool) -> None:
        self.errors: list[SharpenError] = []
        self._asked = asked

    def add(self, error: SharpenError) -> None:
        if self._asked or not left_out(error):
            self.errors.append(error)


def left_out(error: SharpenError) -> bool:
    """Whether a file that nobody asked for can do without: then that is said."""
    if not isinstance(error, _UNASKED):
        return False
    say(f"sharpen: {shown(error.message)}; skipped")
    return True


def on_disk(paths: tuple[str, ...], *, only_new: bool = False, asked: bool = True) -> Selection:
    """The named files and folders, or the files that differ from HEAD. `only_new`: see `_older`.

    `asked`: a person named the paths; a hook does not.
    """
    told = _Told(asked=asked and bool(paths))
    wanted: dict[str, bool] = {}
    for path in paths:
        try:
            if path != "-" and _is_folder(path):
                wanted |= {str(p): False for p in files_below(Path(path), ENDINGS) if str(p) not in wanted}
            else:
                wanted[path] = asked
        except SharpenError as error:
            told.add(error)
    if not paths:
        wanted = dict.fromkeys(changed_paths(), False)
    documents = _read(wanted, told)
    found, kinds = _found([d for d in documents if d.path != "-"], [d for d in documents if d.path == "-"])
    targets = _targets(documents, found, kinds, only_new=only_new)
    targets = _writable(targets, {path for path, named in wanted.items() if named}, told)
    return Selection(documents, targets, tuple(told.errors), kinds=kinds)


def in_index(paths: tuple[str, ...], *, only_new: bool = True, asked: bool = True) -> Selection:
    """What is staged, of all files or of the named ones. `only_new`: see `_older`. Raises Refused outside git."""
    from sharpen.core.worktree.staged import staged

    root = repository()
    files, errors = staged(root, ENDINGS)
    told = _Told(asked=asked and bool(paths))
    below = [Path(os.path.realpath(path)) for path in paths] or [root]
    files = tuple(f for f in files if any((root / f.name).is_relative_to(place) for place in below))
    for name, error in errors.items():
        if any((root / name).is_relative_to(place) for place in below):
            told.add(error)
    documents = tuple(file.document for file in files)
    found, kinds = _found(
        [f.document for f in files if f.mirrored], [f.document for f in files if not f.mirrored]
    )
    targets = _writable(_targets(documents, found, kinds, only_new=only_new), set(), told)
    return Selection(documents, targets, tuple(told.errors), files, kinds=kinds)


def _found(
    on_disk: Sequence[Document], elsewhere: Sequence[Document]
) -> tuple[dict[str, tuple[Diagnostic, ...]], tuple[str, ...]]:
    """What is wrong by path, and of which kinds: a syntax error is one without ruff too, and that is said.

    Raises EngineUnavailable where ruff does not work and nothing is wrong as far as can be seen without it.
    """
    try:
        return diagnose_many(on_disk) | {d.path: diagnose(d.text, d.path) for d in elsewhere}, KINDS
    except EngineUnavailable as error:
        found = {d.path: diagnose(d.text, d.path, KINDS[:1]) for d in (*on_disk, *elsewhere)}
        if not any(found.values()):
            raise
        say(f"sharpen: {shown(error.message)}; syntax errors are repaired all the same")
        return found, KINDS[:1]


def repository(hint: str = "name the files: sharpen fix PATH...") -> Path:
    """The repository that we are in. Raises Refused where there is none, with what to do then."""
    root = find_root(Path())
    if root is None:
        if all((Path() / name).exists() for name in ("HEAD", "objects", "refs")):
            raise Refused("this is a git folder and holds no files", "run this in one of its worktrees")
        raise Refused("this is not a git repository", hint)
    return root


def changed_paths() -> tuple[str, ...]:
    """Python files that differ from HEAD, from here. Raises Refused outside git."""
    here = Path.cwd()
    changed = changed_files(repository())
    return tuple(os.path.relpath(path, here) for path in changed if path.suffix in ENDINGS)


def _older(path: str, kinds: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """What HEAD has in the same file: a commit answers for what it changes, not for what it found."""
    from sharpen.core.worktree.earlier import committed

    root = find_root(Path(path)) if path != "-" else None
    before = committed(root, Path(path)) if root is not None else None
    return frozenset(d.key for d in diagnose(before.text, before.path, kinds)) if before else frozenset()


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # a name that is too long, or has a NUL: whoever reads it says so
        return False


def _read(paths: Iterable[str], told: _Told) -> tuple[Document, ...]:
    found: dict[object, Document] = {}
    for path in paths:
        key = _identity(path)
        if key in found:
            continue
        try:
            found[key] = document = read(path)
            if not is_known(path, document.text):
                say(f"sharpen: {shown(path)} is of no language that sharpen can judge")
        except SharpenError as error:
            told.add(error)
    return tuple(found.values())


def _identity(path: str) -> object:
    """The same for all names of one file, hard links included."""
    if path == "-":
        return path
    try:
        info = Path(path).stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return info.st_dev, info.st_ino


def _targets(
    documents: Iterable[Document],
    found: dict[str, tuple[Diagnostic, ...]],
    kinds: tuple[str, ...],
    *,
    only_new: bool,
) -> tuple[Target, ...]:
    """The broken ones. `only_new`: see `_older`."""
    targets = []
    for document in documents:
        if not (findings := found.get(document.path)):
            continue
        older = _older(document.path, kinds) if only_new else frozenset()
        if fresh := tuple(d for d in findings if d.key not in older):
            from sharpen.core.session import Target

            targets.append(Target(document, document.whole(), fresh, older))
    return tuple(targets)


def _writable(targets: tuple[Target, ...], named: set[str], told: _Told) -> tuple[Target, ...]:
    """Without the places that sharpen does not write."""
    refused: set[str] = set()
    for is_named in (True, False):
        paths = [t.document.path for t in targets if t.document.path != "-"]
        places = [Path(path) for path in paths if (path in named) == is_named]
        if not places:
            continue
        for path, error in refusals(places, find_root(places[0]), is_named).items():
            told.add(error)
            refused.add(os.path.normpath(path))
    return tuple(t for t in targets if os.path.normpath(t.document.path) not in refused)
