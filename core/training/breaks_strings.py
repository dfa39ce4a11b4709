"""Breaks of strings, and signs that only look like the right ones."""

from __future__ import annotations

import random
import re

from sharpen.core.training.breakage import Lines, place, put


def misquoted(lines: Lines, rng: random.Random) -> str | None:
    """One quote of a pair replaced by the other, or a curly one."""
    spot = place(lines, r"'[^'\"]*'|\"[^'\"]*\"", rng)
    if spot is None:
        return None
    i, m = spot
    word = m.group()
    other = '"' if word[0] == "'" else "'"
    which = rng.randrange(4)
    if which == 0:
        new = other + word[1:]
    elif which == 1:
        new = word[:-1] + other
    elif which == 2:
        new = "\u201c" + word[1:-1] + "\u201d" if word[0] == '"' else "\u2018" + word[1:-1] + "\u2019"
    else:
        new = word[:-1] + rng.choice(["`", word[0] * 2])
    return put(lines, i, m.start(), m.end(), new)


def apostrophe(lines: Lines, rng: random.Random) -> str | None:
    """A quote inside a string of the same quotes, unescaped."""
    spot = place(lines, r"'[^'\"]*\w{3}[^'\"]*'|\"[^'\"]*\w{3}[^'\"]*\"", rng)
    if spot is None:
        return None
    i, m = spot
    spots = list(re.finditer(r"(?<=\w)(?=\w|\s)", m.group()))
    if not spots:
        return None
    at = m.start() + rng.choice(spots).start()
    return put(lines, i, at, at, m.group()[0])


def string_wrapped(lines: Lines, rng: random.Random) -> str | None:
    """A plain string that goes on in the next line, as prose does."""
    spot = place(lines, r"'[^'\"]{12,}'|\"[^'\"]{12,}\"", rng)
    if spot is None:
        return None
    i, m = spot
    spots = list(re.finditer(r" (?=\S)", m.group()))
    if not spots:
        return None
    at = m.start() + rng.choice(spots).start()
    pad = re.match(r"[ \t]*", lines[i])
    indent = (pad.group() if pad else "") + rng.choice(["", "    ", "        "])
    return put(lines, i, at, at + 1, rng.choice(["", " "]) + "\n" + indent)


def string_closed_early(lines: Lines, rng: random.Random) -> str | None:
    """A closing quote in the middle, or the last one gone with what follows it."""
    spot = place(lines, r"'[^'\"]{3,}'\S{0,3}$|\"[^'\"]{3,}\"\S{0,3}$", rng)
    if spot is None:
        return None
    i, m = spot
    cut = m.group().rindex(m.group()[0])
    return put(lines, i, m.start() + cut, m.end(), "")


def wide_sign(lines: Lines, rng: random.Random) -> str | None:
    """A sign from a word processor or another keyboard."""
    table = {
        ",": "\uff0c",
        ":": "\uff1a",
        "(": "\uff08",
        ")": "\uff09",
        "-": "\u2013",
        " ": "\u00a0",
        ";": "\uff1b",
    }
    spot = place(lines, r"[,:()\- ](?=\S)", rng)
    return (
        None if spot is None else put(lines, spot[0], spot[1].start(), spot[1].end(), table[spot[1].group()])
    )
