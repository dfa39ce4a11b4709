"""What a repair takes out of the program without the parser minding: code that became a string, a comment, or nothing.

`repair.search` lets no plan through that wraps code in quotes; of the rest `engines.embedded` tells the user. The
text before need not parse, so strings are found by their quotes alone, line by line. Pure functions of texts.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from sharpen.core.repair.names_alike import likeness

ALIKE = 0.6
"""A word that becomes another one this much like it was misspelt, not lost."""
MOST = 3
"""Things that are told."""
FEW_WORDS = 3
"""A line of so many that begins with a keyword is half a statement; a sentence is longer."""
_STARTED = re.compile(r"[\w.\[\]]+ (?:[-+*/|&]|//|\*\*)?= |[\w.]+\(|@\w")
_PIECE = re.compile(r'#.*|"""|\'\'\'|"(?:[^"\\\n]|\\.)*"?|\'(?:[^\'\\\n]|\\.)*\'?|\\.|[^"\'#\\]+', re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*|\d[\w.]*")


def quoted(text: str) -> list[bool]:
    """For each line whether a string in triple quotes is on it or around it."""
    lines = text.split("\n")
    found = []
    inside = ""
    for line in lines:
        begins = inside
        at = 0
        while at < len(line):
            if inside:
                close = line.find(inside, at)
                if close < 0:
                    break
                at, inside = close + 3, ""
                continue
            piece = _PIECE.match(line, at)
            if piece is None:
                break
            if piece.group() in {'"""', "'''"}:
                begins = inside = piece.group()
            elif piece.group().startswith("#"):
                break
            at = piece.end()
        found.append(bool(begins or inside))
    return found


def is_code(line: str) -> bool:
    """Whether the line does something in a program; prose, and values that nobody uses, do not."""
    bare = line.strip()
    if not bare or bare.startswith(("#", ">>>")):
        return False
    first = re.match(r"\w+", bare)
    begins = first is not None and keyword.iskeyword(first.group()) and first.group().islower()
    try:
        tree = ast.parse(bare)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        if begins:
            return bare.endswith((":", "(", "[", "{", ",", "\\")) or len(bare.split()) <= FEW_WORDS
        return _STARTED.match(bare) is not None
    return any(
        not isinstance(s, ast.Expr) or any(isinstance(n, ast.Call) for n in ast.walk(s)) for s in tree.body
    )


def swallows(old: str, new: str) -> bool:
    """Whether a line of code in `old` is within a string of several lines in `new`, and was not before."""
    if all(old.count(quote) == new.count(quote) for quote in ('"""', "'''")):
        return False
    before, after = quoted(old), quoted(new)
    olds, news = old.split("\n"), new.split("\n")
    return any(after[j] and not before[i] and is_code(olds[i]) for i, j in _aligned(olds, news))


def conflict(text: str) -> tuple[int, int] | None:
    """(first, last) line of an unresolved merge conflict as git marks it, None where there is none."""
    begun = re.search(r"^<{7}(?: .*)?$", text, re.MULTILINE)
    ends = list(re.finditer(r"^(?:={7}|>{7}(?: .*)?)$", text, re.MULTILINE))
    if begun is None or not ends or ends[-1].start() < begun.start():
        return None
    return text.count("\n", 0, begun.start()) + 1, text.count("\n", 0, ends[-1].start()) + 1


def lost(old: str, new: str) -> str:
    """What the repair took away or put out of work, in a few words; empty where nothing was."""
    olds, news = old.split("\n"), new.split("\n")
    said: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if any(line.lstrip().startswith("except") for line in news[c:d]) and tag in {"insert", "replace"}:
            new_handler = not any(line.lstrip().startswith("except") for line in olds[a:b])
            said += ["an `except` was added: errors pass there unseen"] * new_handler
        if tag in {"equal", "insert"}:
            continue
        gone = [n for n in range(a, b) if olds[n].strip()]
        if tag == "delete":
            said += [f"line {n + 1} was taken away" for n in gone]
            continue
        rest = [line.strip() for line in news[c:d]]
        out = [n for n in gone if not olds[n].lstrip().startswith("#") and _commented(olds[n], rest)]
        said += [f"line {n + 1} was commented out" for n in out]
        if not out:
            said += list(_words("\n".join(olds[a:b]), "\n".join(news[c:d])))
    more = f" and {len(said) - MOST} more" if len(said) > MOST else ""
    return "; ".join(said[:MOST]) + more


def _commented(line: str, rest: list[str]) -> bool:
    words = _WORD.findall(line)
    return any(one.startswith("#") and words and _WORD.findall(one) == words for one in rest)


def _words(old: str, new: str) -> Iterator[str]:
    a, b = _WORD.findall(old), _WORD.findall(new)
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "delete":
            yield f"`{' '.join(a[i:j])}` was taken away"
        elif tag == "replace" and likeness("".join(a[i:j]), "".join(b[k:m])) < ALIKE:
            yield f"`{' '.join(a[i:j])}` became `{' '.join(b[k:m])}`"


def _aligned(olds: list[str], news: list[str]) -> Iterator[tuple[int, int]]:
    """(i, j): line i of the old text is line j of the new one, changed or not."""
    for tag, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if tag == "equal" or b - a == d - c:
            yield from zip(range(a, b), range(c, d), strict=True)
        elif tag == "replace":
            yield from ((i, min(c + i - a, d - 1)) for i in range(a, b))
