"""Breaks of words, brackets and operators within a line."""

from __future__ import annotations

import keyword
import random
import re

from sharpen.core.training.breakage import KEYWORD, WORDS, Lines, among, place, put, sub

_TYPOS = {
    "print": ["pirnt", "prnit"],
    "else": ["esle", "els", "elese"],
    "elif": ["elsif", "elseif", "else if"],
}


def typo(word: str, rng: random.Random) -> str:
    """One slip of the fingers in a word."""
    if word in _TYPOS and rng.random() < 0.5:
        return rng.choice(_TYPOS[word])
    i = rng.randrange(len(word))
    slip = rng.randrange(5)
    if slip == 0 and len(word) > 1:
        j = min(i, len(word) - 2)
        return word[:j] + word[j + 1] + word[j] + word[j + 2 :]
    if slip == 1 and len(word) > 2:
        return word[:i] + word[i + 1 :]
    if slip == 2:
        return word[:i] + word[i] + word[i:]
    if slip == 3:
        return word[:i] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[i + 1 :]
    return word.capitalize() if rng.random() < 0.5 else word + rng.choice("sdefr")


def glued(match: str, rng: random.Random) -> str:
    """A space lost, or turned into an underscore."""
    return match.replace(" ", rng.choice(["", "", "_"]), 1)


def extra_closer(lines: Lines, rng: random.Random) -> str | None:
    """One closing bracket too many, mostly where one already stands."""
    spot = place(lines, r"[)\]}](?=.)|[)\]}]$|\w$|(?<=\w):$", rng)
    if spot is None:
        return None
    i, m = spot
    at = m.start() if m.group() == ":" else m.end()
    near = m.group() if m.group() in ")]}" and rng.random() < 0.75 else rng.choice(")]}")
    return put(lines, i, at, at, near)


def extra_opener(lines: Lines, rng: random.Random) -> str | None:
    """An opening bracket too many."""
    spot = place(lines, r"[(\[{]|(?<==) |(?<=if) |(?<=return) |(?<=not) ", rng)
    if spot is None:
        return None
    i, m = spot
    return put(lines, i, m.end(), m.end(), m.group() if m.group() != " " else rng.choice("(([{"))


def stray(lines: Lines, rng: random.Random) -> str | None:
    """A character or word that nobody meant."""
    i = rng.randrange(len(lines))
    line = lines[i]
    if not line.strip():
        return None
    if rng.random() < 0.5:
        at = rng.choice([len(line), len(line), len(line) - len(line.lstrip())])
    else:
        at = rng.choice([m.start() for m in re.finditer(r"\b|(?<=\W)|$", line)])
    words = re.findall(r"\w+", line)
    what = rng.choice(
        [
            *".,:;)('\"\\][=+-*/`~?$!@}{<>|&%^",
            "\\",
            ":",
            ".",
            ",",
            "``",
            *rng.sample(words, min(2, len(words))),
        ]
    )
    if what.isalnum() and rng.random() < 0.7:
        what = " " + what if at == len(line) else what + " "
    if rng.random() < 0.2:
        what = rng.choice(["q", "w", "s", "x", "a", "c", "1", "0", "j", "k", "i", "v", ":w", "jj", "ls"])
    return put(lines, i, at, at, what)


def doubled(lines: Lines, rng: random.Random) -> str | None:
    """A token typed twice."""
    spot = place(lines, r"\w+ ?|[^\w\s]", rng)
    return None if spot is None else put(lines, spot[0], spot[1].end(), spot[1].end(), spot[1].group())


def swapped(lines: Lines, rng: random.Random) -> str | None:
    """Two neighbouring tokens in the wrong order."""
    spot = place(lines, r"(\w+|[^\w\s])( ?)(\w+|[^\w\s])", rng)
    if spot is None:
        return None
    i, m = spot
    return put(lines, i, m.start(), m.end(), m.group(3) + m.group(2) + m.group(1))


def old_print(lines: Lines, rng: random.Random) -> str | None:
    """Python 2: statements that became functions, and the old way to catch."""
    pairs = [
        (r"\bprint\((.*)\)$", r"print \1"),
        (r"\bexcept (.+) as (\w+):", r"except \1, \2:"),
        (r"\bexec\((.*)\)$", r"exec \1"),
        (r"\braise (\w+)\((.+)\)$", r"raise \1, \2"),
        (r"!=", "<>"),
        (r"\b0o(\d+)", r"0\1"),
    ]
    rng.shuffle(pairs)
    for pattern, new in pairs:
        at = [i for i, x in enumerate(lines) if re.search(pattern, x)]
        if at:
            i = rng.choice(at)
            return "\n".join([*lines[:i], re.sub(pattern, new, lines[i], count=1), *lines[i + 1 :]])
    return None


def argument_order(lines: Lines, rng: random.Random) -> str | None:
    """A positional argument after a named one, or a default's loss that has the same effect."""
    spot = place(lines, r"(\w+)(, ?)(\w+ ?= ?[\w.]+)", rng)
    if spot is None:
        return None
    i, m = spot
    return put(lines, i, m.start(), m.end(), m.group(3) + m.group(2) + m.group(1))


_SWAPS = {
    "from": ["import", "form", "for"], "import": ["from", "imports"], "elif": ["else", "else if", "elsif", "if"],
    "else": ["elif", "otherwise", "els"], "def": ["function", "func", "fn", "define"], "and": ["&&", "& &"],
    "or": ["||"], "not": ["!"], "is": ["==="], "in": ["of"], "except": ["catch", "expect"], "as": ["sa", "an"],
}  # fmt: skip


def keyword_swap(lines: Lines, rng: random.Random) -> str | None:
    """Another keyword, or another language's."""
    spot = place(lines, r"\b(?:" + "|".join(_SWAPS) + r")\b", rng)
    return None if spot is None else put(lines, spot[0], *spot[1].span(), rng.choice(_SWAPS[spot[1].group()]))


def reserved_name(lines: Lines, rng: random.Random) -> str | None:
    """A keyword used as a name."""
    words = sorted({w for x in lines for w in re.findall(r"\b[a-z]\w{2,}\b", x) if not keyword.iskeyword(w)})
    if not words:
        return None
    return sub(rf"\b{rng.choice(words)}\b", among("class", "from", "in", "lambda", "is", "global", "pass"))(
        lines, rng
    )


def default_lost(lines: Lines, rng: random.Random) -> str | None:
    """A parameter after one with a default loses its own."""
    spot = place(
        lines, r"(?<=, )(\w+(?:: ?[\w\[\], .|]+?)?) ?= ?(?:None|\(\)|\[\]|0|1|False|True|'')(?=[,)])", rng
    )
    return None if spot is None else put(lines, spot[0], *spot[1].span(), spot[1].group(1))


def keyword_extra(lines: Lines, rng: random.Random) -> str | None:
    """A keyword in front of another."""
    spot = place(lines, KEYWORD, rng)
    if spot is None:
        return None
    i, m = spot
    return put(lines, i, m.start(), m.start(), rng.choice(WORDS) + " ")


def other_language(lines: Lines, rng: random.Random) -> str | None:
    """`!x`, `&&`, `||`, `else if`, `} else {`, a semicolon or a brace of another language."""
    pairs = [
        (r"\bnot (?=\w|\()", "!"),
        (r"\band\b", "&&"),
        (r"\bor\b", "||"),
        (r"\belif\b", "else if"),
        (r":$", " {"),
        (r"\bTrue\b(?=:)", "true)"),
        (r"\bdef (?=\w)", "function "),
        (r"\bNone\b(?= else|:$)", "null;"),
    ]
    rng.shuffle(pairs)
    for pattern, new in pairs:
        spot = place(lines, pattern, rng)
        if spot is not None:
            return put(lines, spot[0], *spot[1].span(), new)
    return None
