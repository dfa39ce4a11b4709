"""What goes along with a prompt to an engine that follows free instructions: the repository's own rules (AGENTS.md)
and an outline of its symbols near the prompt's words.

Front ends call it before `core.session`. Invariant: no file that git ignores, that `.sharpenignore` (or another
assistant's ignore file) names, or whose name says that it holds secrets is read for it; one that a user names all the
same is Refused.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from sharpen.core.definitions import definitions, language_for
from sharpen.core.document import Document
from sharpen.core.errors import Refused, SharpenError
from sharpen.core.ignore import Rules, never
from sharpen.core.worktree import git
from sharpen.core.worktree.find import find_root

IGNORE_FILES = (".sharpenignore", ".aiderignore", ".cursorignore", ".aiexclude")
GUIDE = "AGENTS.md"
_GUIDE_BYTES = 32_768
_FILE_BYTES = 200_000
_MOST_FILES = 150
_MOST_LINES = 60
_SECONDS = 1.0
_COMMON = frozenset(["add", "all", "and", "any", "are", "but", "can", "code", "each", "every", "file", "fix", "for", "from", "function", "has", "have", "into", "its", "class", "make", "method", "not", "now", "one", "out", "remove", "rename", "return", "should", "that", "the", "them", "then", "this", "use", "when", "where", "with", "word"])  # fmt: skip


class Apart:
    """What one folder's ignore files keep away from models."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._rules = [(name, Rules(lines)) for name in IGNORE_FILES if (lines := _lines(root / name))]

    def why(self, path: str) -> str:
        """Why a file's text goes nowhere, as a clause; empty where it may. `path` is relative to the root."""
        if never(path):
            return "its name says that it holds secrets"
        return next((f"{name} names it" for name, rules in self._rules if rules.match(path)), "")


def check(paths: Iterable[str]) -> None:
    """Raise Refused for a file that must not be sent, whether it is to be edited or only goes along."""
    for path in paths:
        if path == "-":
            continue
        place = Path(path)
        root = find_root(place)
        real = os.path.realpath(place)
        top = root or Path.cwd()
        name = os.path.relpath(real, os.path.realpath(top)).replace(os.sep, "/")
        why = Apart(top).why(name)
        if not why and root is not None and not name.startswith("../"):
            why = "git ignores it" if git.ignored(root, [name]) else ""
        if why:
            raise Refused(f"{path} is not sent to a model: {why}", "leave it out, or use --engine embedded")


def guide(root: Path | None) -> tuple[Document, ...]:
    """The repository's rules for assistants, where it has some."""
    if root is None or Apart(root).why(GUIDE):
        return ()
    place = root / GUIDE
    try:
        found = Document.read(place, limit=_GUIDE_BYTES)
        if place.is_symlink() or git.ignored(root, [GUIDE]):
            return ()
    except SharpenError:
        return ()
    return (Document.from_bytes(found.data, GUIDE),)


def outline(root: Path | None, instruction: str, without: Iterable[str] = ()) -> str:
    """Lines of `path: symbol, symbol`, best first; empty outside git. Stops after a second, with what it has."""
    words = parts(instruction) - _COMMON
    if root is None or not words:
        return ""
    until = time.monotonic() + _SECONDS
    apart, left_out = Apart(root), set(without)
    try:
        names = [n for n in git.files(root) if language_for(n) is not None and n not in left_out]
    except SharpenError:
        return ""
    names.sort(key=lambda name: (-len(parts(name) & words), name.count("/"), name))
    rows: list[tuple[int, str]] = []
    for name in names[:_MOST_FILES]:
        if time.monotonic() > until:
            break
        if not apart.why(name) and (row := _row(root, name, words)) is not None:
            rows.append(row)
    return "\n".join(line for _score, line in sorted(rows, key=lambda row: (-row[0], row[1]))[:_MOST_LINES])


def _row(root: Path, name: str, words: set[str]) -> tuple[int, str] | None:
    """A file's symbols that share a word with the prompt, with how much they do."""
    place = root / name
    try:
        if place.is_symlink():
            return None
        known = definitions(Document.read(place, limit=_FILE_BYTES))
    except SharpenError:
        return None
    shared = [(len(parts(d.name) & words), d.name) for d in known]
    best = sorted((s for s in shared if s[0]), reverse=True)[:12]
    score = len(parts(name) & words) * 2 + sum(count for count, _ in best)
    if not score:
        return None
    symbols = [symbol for _, symbol in best] or [d.name for d in known[:8]]
    return score, f"{name}: {', '.join(dict.fromkeys(symbols))}"


def parts(text: str) -> set[str]:
    """The words in names and sentences: `loadUserFile` has load, user and file."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return {word.lower() for word in re.findall(r"[^\W\d_]{3,}", spaced)}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
