"""What a file said in the last commit, for telling new breakage from old. `cli.selection` asks for broken files only."""

from __future__ import annotations

import os
from pathlib import Path

from sharpen.core.document import LIMIT_BYTES, Document
from sharpen.core.errors import SharpenError
from sharpen.core.worktree import git


def committed(root: Path, path: Path) -> Document | None:
    """The file as HEAD has it, under its earlier name where it was moved; None where it is new, or no text.

    Raises Refused where git does not answer.
    """
    name = os.path.relpath(os.path.realpath(path.parent), os.path.realpath(root))
    inside = os.path.normpath(os.path.join(name, path.name))  # noqa: PTH118 - bytes of any kind pass through
    name = Path(inside).as_posix()
    answer = git.run(root, "cat-file", "blob", f"HEAD:{name}")
    if answer.status and (before := git.renamed(root).get(name)):
        answer = git.run(root, "cat-file", "blob", f"HEAD:{before}")
    if answer.status or len(answer.out) > LIMIT_BYTES:
        return None
    try:
        return Document.from_bytes(answer.out, str(path))
    except SharpenError:
        return None
