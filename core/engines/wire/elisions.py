"""Comments that stand in the place of code: `# ... rest of the function ...`.

`checks` asks. A comment that says nothing else is one wherever it stands. One that has words of its own is one only
where lines of the region are missing: "delete the existing file" is an ordinary sentence above the code that does so.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_COMMENT = re.compile(r"\s*(?:#|//|--|;|%|/\*|<!--|\{/\*|\"\"\"|''')")
_SAYS = re.compile(
    r"(?i)\s*(?:(?:\.\.\.|…)\s*(?:\*/|-->|\*/\})?\s*$|.*\b(?:rest of|existing|remaining|other|previous)\b.*"
    r"\b(?:code|function|method|class|file|implementation|imports?|unchanged|same)\b|.*(?:\.\.\.|…).*\b(?:unchanged|rest|same|"
    r"existing|omitted)\b|.*\b(?:remains? (?:the same|unchanged)|same as before|omitted for brevity|your code here|unchanged)\b)"
)
_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a above all and are as before below body brevity class classes code else everything existing file for from function "
        "functions goes here implementation import imports in is it keep lines logic method methods of omitted original other part "
        "previous remain remaining remains rest same stay stays that the this to unchanged with your",
    )
)
_MOST_SIGNS = 300
"""No more of a line is looked at."""
_MOST_LINES = 3000
"""Above this, the two texts are not laid side by side: it would take long, and an ordinary sentence is likelier."""


def elision(new: str, old: str) -> str:
    """The first line of `new` that stands for lines of `old`; empty where there is none."""
    known = set(old.split("\n"))
    lines = new.split("\n")
    doubtful = []
    for index, line in enumerate(lines):
        mark = _COMMENT.match(line)
        if mark is None or line in known or not _SAYS.match(line, mark.end(), mark.end() + _MOST_SIGNS):
            continue
        said = line[mark.end() :].strip()
        if said.startswith(("...", "…")) or {w.lower() for w in re.findall(r"[^\W\d_]+", said)} <= _WORDS:
            return line
        doubtful.append(index)
    if not doubtful:
        return ""
    gone = _in_place(lines, old.split("\n"))
    return next((lines[index] for index in doubtful if index in gone), "")


def _in_place(lines: list[str], old: list[str]) -> set[int]:
    """The lines of `lines` that have no new code right below them, where more is missing than was written."""
    if len(lines) + len(old) > _MOST_LINES:
        return set()
    found: set[int] = set()
    texts, were = [line.strip() for line in lines], [line.strip() for line in old]
    for kind, a, b, c, d in SequenceMatcher(None, were, texts, autojunk=False).get_opcodes():
        if kind != "replace":
            continue
        lost = sum(1 for line in were[a:b] if line)
        code = [i for i in range(c, d) if texts[i] and not _COMMENT.match(lines[i])]
        if lost > len(code):
            found |= {i for i in range(c, d) if i + 1 not in code}
    return found
