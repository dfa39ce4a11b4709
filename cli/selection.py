"""Which files `fix` works on, and what is wrong in them: paths to documents to targets. It writes nothing.

Every file is taken once, whatever it is called; what cannot be read or written is said, and the rest goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.cli.exits import code_of
from sharpen.cli.fatal import say, say_error
from sharpen.cli.sources import read
from sharpen.core.diagnose import diagnose, diagnose_many, is_known
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import Refused, SharpenError
from sharpen.core.worktree.find import changed_files, files_below, find_root, refusals

if TYPE_CHECKING:
    from sharpen.core.session import Target
    from sharpen.core.worktree.staged import Staged

ENDINGS = (".py", ".pyi", ".pyw")


@dataclass(frozen=True, slots=True)
class Selection:
    """What was found."""

    documents: tuple[Document, ...]
    targets: tuple[Target, ...]
    """Those that are broken and may be written."""
    code: int = 0
    """The exit code of the first that could not be read or may not be written."""
    staged: tuple[Staged, ...] = ()
    """What the documents are in git's index, where that was asked for."""
    errors: tuple[SharpenError, ...] = ()
    """Of what could not be read or may not be written; each was said."""
    seconds: float | None = None
    """What one run of the check command may take, where it was tried."""


def on_disk(paths: tuple[str, ...], *, only_new: bool = False) -> Selection:
    """The named files and folders, or the files that differ from HEAD. `only_new`: see `_new`."""
    wrong: list[SharpenError] = []
    wanted: dict[str, bool] = {}
    for path in paths:
        try:
            if path != "-" and _is_folder(path):
                wanted |= {str(p): False for p in files_below(Path(path), ENDINGS) if str(p) not in wanted}
            else:
                wanted[path] = True
        except SharpenError as error:
            wrong.append(error)
            say_error(error)
    if not paths:
        wanted = dict.fromkeys(changed_paths(), False)
    documents, unread = _read(wanted)
    wrong += unread
    found = diagnose_many([d for d in documents if d.path != "-"])
    found |= {d.path: diagnose(d.text) for d in documents if d.path == "-"}
    broken = _targets(documents, _new(found) if only_new else found)
    targets, refused = _writable(broken, {path for path, named in wanted.items() if named})
    wrong += refused
    return Selection(documents, targets, _code(wrong), errors=tuple(wrong))


def in_index(paths: tuple[str, ...], *, only_new: bool = True) -> Selection:
    """What is staged, of all files or of the named ones. `only_new`: see `_new`. Raises Refused outside git."""
    from sharpen.core.worktree.staged import staged

    root = repository()
    files, errors = staged(root, ENDINGS)
    for error in errors:
        say_error(error)
    if paths:
        below = [Path(os.path.realpath(path)) for path in paths]
        files = tuple(f for f in files if any((root / f.name).is_relative_to(place) for place in below))
    documents = tuple(file.document for file in files)
    found = diagnose_many([file.document for file in files if file.mirrored])
    found |= {f.document.path: diagnose(f.document.text, f.document.path) for f in files if not f.mirrored}
    targets, refused = _writable(_targets(documents, _new(found) if only_new else found), set())
    wrong = (*errors, *refused)
    return Selection(documents, targets, _code(wrong), files, wrong)


def _code(errors: Sequence[SharpenError]) -> int:
    return code_of(errors[0]) if errors else 0


def repository() -> Path:
    """The repository that we are in. Raises Refused where there is none."""
    root = find_root(Path())
    if root is None:
        if all((Path() / name).exists() for name in ("HEAD", "objects", "refs")):
            raise Refused("this is a git folder and holds no files", "run this in one of its worktrees")
        raise Refused("this is not a git repository", "name the files: sharpen fix PATH...")
    return root


def changed_paths() -> tuple[str, ...]:
    """Python files that differ from HEAD, from here. Raises Refused outside git."""
    here = Path.cwd()
    changed = changed_files(repository())
    return tuple(os.path.relpath(path, here) for path in changed if path.suffix in ENDINGS)


def _new(found: dict[str, tuple[Diagnostic, ...]]) -> dict[str, tuple[Diagnostic, ...]]:
    """Without what HEAD has in the same file: a commit answers for what it changes, not for what it found."""
    from sharpen.core.worktree.earlier import committed

    fresh = dict(found)
    for path, diagnostics in found.items():
        root = find_root(Path(path)) if diagnostics and path != "-" else None
        before = committed(root, Path(path)) if root is not None else None
        if before is not None:
            known = {d.key for d in diagnose(before.text, before.path)}
            fresh[path] = tuple(d for d in diagnostics if d.key not in known)
    return fresh


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # a name that is too long, or has a NUL: whoever reads it says so
        return False


def _read(paths: Iterable[str]) -> tuple[tuple[Document, ...], list[SharpenError]]:
    found: dict[str, Document] = {}
    wrong: list[SharpenError] = []
    for path in paths:
        key = path if path == "-" else os.path.realpath(path)
        if key in found:
            continue
        try:
            found[key] = document = read(path)
            if not is_known(path, document.text):
                say(f"sharpen: {path} is of no language that sharpen can judge")
        except SharpenError as error:
            wrong.append(error)
            say_error(error)
    return tuple(found.values()), wrong


def _targets(documents: Iterable[Document], found: dict[str, tuple[Diagnostic, ...]]) -> tuple[Target, ...]:
    broken = [d for d in documents if found.get(d.path)]
    if not broken:
        return ()
    from sharpen.core.session import Target

    return tuple(Target(d, d.whole(), found[d.path]) for d in broken)


def _writable(targets: tuple[Target, ...], named: set[str]) -> tuple[tuple[Target, ...], list[SharpenError]]:
    """Without the places that sharpen does not write; those are said."""
    wrong: list[SharpenError] = []
    refused: set[str] = set()
    for is_named in (True, False):
        paths = [t.document.path for t in targets if t.document.path != "-"]
        places = [Path(path) for path in paths if (path in named) == is_named]
        if not places:
            continue
        for path, error in refusals(places, find_root(places[0]), is_named).items():
            wrong.append(error)
            say_error(error)
            refused.add(os.path.normpath(path))
    return tuple(t for t in targets if os.path.normpath(t.document.path) not in refused), wrong
