"""What is staged, as documents: what `sharpen fix --staged` judges before every commit.

A hook runs it whether anything is broken or not, so it imports little and asks git twice or thrice. It reads the index
and the working files and writes nothing; `index.put` does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.document import LIMIT_BYTES, Document
from sharpen.core.errors import NotText, Refused, SharpenError, TooLarge
from sharpen.core.worktree.entries import answer, blobs

_FILES = ("100644", "100755")  # not links (120000), not submodules (160000)


@dataclass(frozen=True, slots=True)
class Staged:
    """One file of the index that differs from HEAD."""

    name: str
    """Relative to the repository, with forward slashes."""
    mode: str
    blob: str
    """The object's name in hexadecimal."""
    document: Document
    """What is staged; its path is the working file's, as seen from the current folder."""
    mirrored: bool
    """The working file says the same, so a repair goes there too."""


def staged(root: Path, endings: tuple[str, ...]) -> tuple[tuple[Staged, ...], dict[str, SharpenError]]:
    """Files with these endings that a commit would add or change, and by name why some of them cannot be read.

    Raises Refused where conflicts are unresolved or git does not answer.
    """
    raw = answer(
        root, "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
        "--ignore-submodules", "--diff-filter=AMTU", quick=True,
    )  # fmt: skip
    fields = raw.split(b"\0")
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _old_mode, mode, _old_blob, blob, how = head.decode("ascii").lstrip(":").split(" ")
        name = os.fsdecode(path)
        if how == "U":
            raise Refused(f"{name} has an unresolved merge conflict", f"resolve it, then: git add {name}")
        if mode in _FILES and name.endswith(endings):
            found.append((name, mode, blob))
    return _read(root, found)


def _read(
    root: Path, listed: Sequence[tuple[str, str, str]]
) -> tuple[tuple[Staged, ...], dict[str, SharpenError]]:
    found: list[Staged] = []
    errors: dict[str, SharpenError] = {}
    contents = blobs(root, [blob for _name, _mode, blob in listed], quick=True)
    same = _mirrored(root, listed, contents)
    for (name, mode, blob), data in zip(listed, contents, strict=True):
        path = os.path.relpath(root / name)
        if len(data) > LIMIT_BYTES:
            size = len(data) / 1_048_576
            errors[name] = TooLarge(f"{path} has {size:.1f} MB staged, the limit is 1 MB")
            continue
        try:
            document = Document.from_bytes(data, path, int(mode, 8) & 0o777)
        except NotText as error:
            errors[name] = error
            continue
        found.append(Staged(name, mode, blob, document, name in same))
    return tuple(found), errors


def _mirrored(root: Path, listed: Sequence[tuple[str, str, str]], contents: Sequence[bytes]) -> set[str]:
    """Names whose working file is what is staged: by its bytes, or by its text and what git would make of its bytes.

    A filter or `ident` makes another text of it; such a file is left alone, because nothing tells where a repair belongs.
    """
    same, doubtful = set(), []
    for (name, _mode, blob), data in zip(listed, contents, strict=True):
        place = root / name
        try:
            if place.is_symlink() or not place.is_file():
                continue
            working = place.read_bytes()
            if working == data:
                same.add(name)
            elif _text(working) == _text(data):
                doubtful.append((name, blob))
        except OSError:
            continue
    # `hash-object --stdin-paths` ends a path at the line's end.
    doubtful = [(name, blob) for name, blob in doubtful if "\n" not in name]
    if doubtful:
        paths = b"".join(os.fsencode(name) + b"\n" for name, _blob in doubtful)
        hashed = answer(root, "hash-object", "--stdin-paths", stdin=paths, quick=True).decode("ascii").split()
        same.update(name for (name, blob), now in zip(doubtful, hashed, strict=True) if blob == now)
    return same


def _text(data: bytes) -> str | None:
    """With line endings as one; None for what is no text."""
    try:
        return Document.from_bytes(data).text
    except NotText:
        return None
