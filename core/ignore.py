"""Patterns of an ignore file, as git reads them: which paths a user keeps away from models.

`core.background` asks before a file's text goes anywhere. git itself is not asked, because its own ignore files would
take precedence over these. Pure: it opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

NEVER = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "id_rsa", "id_ed25519", "id_ecdsa",
    "id_dsa", ".netrc", ".pypirc", ".npmrc", "credentials", "credentials.*", "*.tfstate", "secrets.*",
    ".git-credentials", "kubeconfig",
)  # fmt: skip
"""Names of files that hold secrets, whatever an ignore file says."""
_HARMLESS = (".env.example", ".env.sample", ".env.template")


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    keeps: bool
    folder: bool


class Rules:
    """The lines of one ignore file; the last that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for line in lines if (rule := _rule(line)) is not None]

    def match(self, path: str) -> bool:
        """Whether a file is ignored; `path` is relative to the ignore file's folder, with slashes."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            if self._one("/".join(parts[:depth]), folder=depth < len(parts)):
                return True  # what lies in an ignored folder cannot be taken out again
        return False

    def _one(self, path: str, *, folder: bool) -> bool:
        ignored = False
        for rule in self._rules:
            if (folder or not rule.folder) and rule.pattern.fullmatch(path):
                ignored = not rule.keeps
        return ignored


def never(path: str) -> bool:
    """Whether a file of this name holds secrets."""
    name = path.rpartition("/")[2].lower()
    return name not in _HARMLESS and any(fnmatchcase(name, pattern) for pattern in NEVER)


def _rule(line: str) -> _Rule | None:
    line = line.rstrip("\r\n")
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    keeps = line.startswith("!")
    line = line[1:] if keeps else line
    folder = line.endswith("/")
    line = line.removesuffix("/")
    anchored = "/" in line
    line = line.removeprefix("/")
    if not line:
        return None
    try:
        body = re.compile(("" if anchored else "(?:.*/)?") + _translated(line), re.DOTALL)
    except re.error:
        return None
    return _Rule(body, keeps, folder)


def _translated(pattern: str) -> str:
    """A pattern as a regular expression."""
    parts, at = [], 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest == "**" or (rest.startswith("**/") and (at == 0 or pattern[at - 1] == "/")):
            parts.append(".*" if rest == "**" else "(?:.*/)?")
            at += min(3, len(rest))
        elif rest[0] == "*":
            parts.append("[^/]*")
            at += len(rest) - len(rest.lstrip("*"))
        elif rest[0] == "?":
            parts.append("[^/]")
            at += 1
        elif rest[0] == "[" and (found := re.match(r"\[(!|\^)?(\]?[^\]]*)\]", rest)):
            inner = found[2].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"(?!/)[{'^' if found[1] else ''}{inner}]")
            at += found.end()
        else:
            escaped = rest[0] == "\\" and len(rest) > 1
            parts.append(re.escape(rest[1] if escaped else rest[0]))
            at += 2 if escaped else 1
    return "".join(parts)
