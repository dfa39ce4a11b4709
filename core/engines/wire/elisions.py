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
        "a above all and are as before below body brevity class classes code else everything existing for from function "
        "functions goes here implementation import imports in is it keep lines logic method methods of omitted original other part "
        "previous remain remaining remains rest same stay stays that the this to unchanged with your",
    )
)
_MOST_SIGNS = 160
"""No more of a line is looked at."""
_MOST_LINES = 2000
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
    texts, were = [line.strip() for line in lines], [line.strip() for line in old]
    start, end = _alike_ends(texts, were)
    mine, theirs = texts[start : len(texts) - end], were[start : len(were) - end]
    if len(mine) + len(theirs) > _MOST_LINES:
        return set()
    found: set[int] = set()
    for kind, a, b, c, d in SequenceMatcher(None, theirs, mine, autojunk=False).get_opcodes():
        if kind != "replace":
            continue
        lost = sum(1 for line in theirs[a:b] if line)
        block = range(start + c, start + d)
        code = [i for i in block if texts[i] and not _COMMENT.match(lines[i])]
        if lost > len(code):
            found |= {i for i in block if i + 1 not in code}
    return found


def _alike_ends(one: list[str], two: list[str]) -> tuple[int, int]:
    """How many lines both begin and end with."""
    most = min(len(one), len(two))
    start = next((i for i in range(most) if one[i] != two[i]), most)
    end = next((i for i in range(most - start) if one[-1 - i] != two[-1 - i]), most - start)
    return start, end
