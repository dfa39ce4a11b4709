"""Breaks of whole lines: indentation, lines cut, joined, split, lost or put in, comments without a marker."""

from __future__ import annotations

import random
import re

from sharpen.core.training.breakage import Lines, place, put


def stray_line(lines: Lines, rng: random.Random) -> str | None:
    """A line of prose, a shell command, a fence or a diff's sign between the lines."""
    i = rng.randrange(len(lines))
    indent = re.match(r"[ \t]*", lines[i])
    pad = indent.group() if indent and rng.random() < 0.7 else ""
    comments = [x.strip().lstrip("#").strip() for x in lines if x.strip().startswith("# ")]
    prose = comments or ["this is the main loop", "Author: me", "see the docs for more", "fix this later"]
    fixed = [
        "```",
        "```python",
        "...)",
        "pip install requests",
        "python main.py",
        "-",
        "+",
        "=====",
        "EOF",
        "///",
    ]
    what = rng.choice(prose) if rng.random() < 0.6 else rng.choice(fixed)
    return "\n".join([*lines[:i], pad + what, *lines[i:]])


def _shift(line: str, by: int, rng: random.Random) -> str:
    body = line.lstrip()
    old = line[: len(line) - len(body)]
    if not body:
        return line
    if "\t" in old and abs(by) >= 4:
        return (old + "\t" if by > 0 else old[1:]) + body
    return (old + " " * by if by > 0 else old[: len(old) + by] if len(old) + by > 0 else "") + body


def indent_line(lines: Lines, rng: random.Random) -> str | None:
    """One line in or out."""
    spot = place(lines, r"^[ \t]*\S", rng)
    if spot is None:
        return None
    i = spot[0]
    by = rng.choice([1, 1, 2, 3, 4, 4, 8, -1, -1, -2, -3, -4, -4, -8])
    return "\n".join([*lines[:i], _shift(lines[i], by, rng), *lines[i + 1 :]])


def _block_end(lines: Lines, i: int) -> int:
    """One past the last line of the block that begins at line i (by indentation)."""
    depth = len(lines[i]) - len(lines[i].lstrip())
    j = i + 1
    while j < len(lines) and (not lines[j].strip() or len(lines[j]) - len(lines[j].lstrip()) >= depth):
        j += 1
    while j > i + 1 and not lines[j - 1].strip():
        j -= 1
    return j


def indent_block(lines: Lines, rng: random.Random) -> str | None:
    """Several lines in or out together: the rest of a block, or a part of it."""
    spot = place(lines, r"^[ \t]*\S", rng)
    if spot is None:
        return None
    i = spot[0]
    end = _block_end(lines, i)
    if rng.random() < 0.5:
        end = min(end, i + rng.randint(1, 6))
    depth = len(lines[i]) - len(lines[i].lstrip())
    by = rng.choice([1, 2, 4, 4, 4, 8, -1, -2, -4, -4, -4, -depth, -depth]) or 4
    return "\n".join([*lines[:i], *(_shift(x, by, rng) for x in lines[i:end]), *lines[end:]])


def tab_line(lines: Lines, rng: random.Random) -> str | None:
    """Spaces and tabs mixed."""
    spot = place(lines, r"^ {4,}(?=\S)", rng)
    if spot is None:
        return None
    i, m = spot
    return put(
        lines,
        i,
        0,
        m.end(),
        rng.choice(["\t" * (m.end() // 4), "\t" * (m.end() // 8 or 1), " " * (m.end() - 4) + "\t"]),
    )


def line_cut(lines: Lines, rng: random.Random) -> str | None:
    """The end of a line lost: only a little of it, or nobody could guess it."""
    spot = place(lines, r"\S\s*$", rng)
    if spot is None:
        return None
    i = spot[0]
    tokens = [m.start() for m in re.finditer(r"\w+|[^\w\s]", lines[i])]
    if len(tokens) < 3:
        return None
    return put(lines, i, tokens[-min(rng.choice([1, 1, 2, 2, 3]), len(tokens) - 1)], len(lines[i]), "")


def line_joined(lines: Lines, rng: random.Random) -> str | None:
    """A newline lost."""
    i = rng.randrange(len(lines) - 1) if len(lines) > 1 else -1
    if i < 0 or not lines[i].strip() or not lines[i + 1].strip():
        return None
    return "\n".join([*lines[:i], lines[i] + rng.choice(["", " "]) + lines[i + 1].lstrip(), *lines[i + 2 :]])


def line_split(lines: Lines, rng: random.Random) -> str | None:
    """A newline too many."""
    spot = place(lines, r"(?<=\S) (?=\S)", rng)
    if spot is None:
        return None
    i, m = spot
    pad = re.match(r"[ \t]*", lines[i])
    return put(lines, i, m.start(), m.end(), "\n" + (pad.group() if pad and rng.random() < 0.7 else ""))


def line_lost(lines: Lines, rng: random.Random) -> str | None:
    """A short line gone, most often one that a block needs."""
    spot = place(
        lines, r"^\s*(?:else:|try:|finally:|pass|return|\)|\]|\}|\"\"\"|'''|except.{0,30}:).{0,4}$", rng
    )
    return None if spot is None else "\n".join([*lines[: spot[0]], *lines[spot[0] + 1 :]])


def uncommented(lines: Lines, rng: random.Random) -> str | None:
    """A comment's marker lost, or another language's in its spot."""
    at = [i for i, x in enumerate(lines) if re.search(r"(?:^|\s)#\s*\S", x) and "'" not in x and '"' not in x]
    if not at:
        return None
    i = rng.choice(at)
    if rng.random() < 0.3:
        return "\n".join([*lines[:i], lines[i].replace("#", "//", 1), *lines[i + 1 :]])
    return "\n".join([*lines[:i], re.sub(r"#\s?", "", lines[i], count=1), *lines[i + 1 :]])
