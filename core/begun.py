"""What the user has begun: the changes against HEAD, for a prompt that asks to go on with them.

Front ends call it before `core.session`, for engines that follow prompts. Invariant: no file that `core.background`
keeps from models is in it. It reads, and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sharpen.core.background import Apart
from sharpen.core.document import Document
from sharpen.core.errors import SharpenError
from sharpen.core.region import Region
from sharpen.core.worktree import git

ABOVE, BELOW = 5, 10
"""Lines around the last change that are likely to be next."""
_MOST_CHARS = 24_000
_MOST_FILES = 20
_WORK = r"(?:edits?|changes?|renam(?:e|ing)|refactor(?:ing)?|rewrite|rewriting|work|migration|conversion|job|rest|pattern)"
_CONTINUES = re.compile(
    r"(?:please |now |can you |could you )*"
    r"(?:continue|go on|carry on|keep going|proceed|finish|complete)"
    rf"(?:(?: with)?(?: (?:it|this|that|here|what (?:i|we) (?:began|begun|started|have begun|have started|was doing)|"
    rf"(?:the|this|my|these)(?: \w+)? {_WORK}(?: (?:i|we) (?:began|started)| here| everywhere| in this file)?)))?"
)
_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")


def continues(prompt: str) -> bool:
    """Whether a prompt asks for nothing but to go on with what was begun."""
    words = re.sub(r"\s+", " ", prompt.strip().lower()).rstrip(".!? ")
    return _CONTINUES.fullmatch(words) is not None


def history(root: Path | None, last: str = "") -> str:
    """The changes against HEAD as unified diffs, a file each, the one changed last at the end; `last` after all."""
    if root is None:
        return ""
    apart = Apart(root)
    try:
        names = [name for name in git.changed(root) if not apart.why(name)]
    except SharpenError:
        return ""
    names.sort(key=lambda name: (name == last, _changed_at(root / name)))
    parts: list[str] = []
    for name in names[-_MOST_FILES:]:
        text = _diff(root, name).decode("utf-8", "replace")
        if text:
            parts.append(f"--- {name}\n+++ {name}\n{text}")
    while parts and sum(map(len, parts)) > _MOST_CHARS:
        parts.pop(0)
    return "\n".join(parts)


def place(document: Document, root: Path | None, name: str) -> Region | None:
    """The lines around the document's last change against HEAD; None where it has none."""
    hunks = list(_HUNK.finditer(_diff(root, name, context=0))) if root is not None else []
    if not hunks:
        return None
    first, count = int(hunks[-1]["first"]), int(hunks[-1]["count"] or 1)
    lines = max(1, document.text.count("\n") + (not document.text.endswith("\n")))
    at = min(lines, max(1, first + max(0, count - 1)))
    begin, end = max(1, at - ABOVE), min(lines, at + BELOW)
    return Region(*document.line_span(begin, end), "lines", f"{begin}-{end}")


def _diff(root: Path, name: str, context: int = 2) -> bytes:
    """A file's hunks, without the head; empty where it has none, is new, binary, or git does not answer."""
    plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", f"-U{context}")
    try:
        answer = git.run(root, "diff", *plain, "HEAD", "--", f":(literal){name}")
    except SharpenError:
        return b""
    at = answer.out.find(b"\n@@ ")
    return answer.out[at + 1 :] if answer.status == 0 and at >= 0 else b""


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def relative(root: Path, paths: Iterable[str]) -> list[str]:
    """Paths as git names them."""
    real = Path(root).resolve()
    found = (Path(path).resolve() for path in paths if path != "-")
    return [path.relative_to(real).as_posix() for path in found if path.is_relative_to(real)]
