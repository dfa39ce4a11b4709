"""The kinds of breaks: each takes the lines of a whole text and a random generator, and returns broken text or None.

A kind need not check that the result fails to parse: `core.training.corrupt` does, and tries again where it does not.
"""

from __future__ import annotations

import keyword
import random
import re
from collections.abc import Callable

Lines = list[str]
Kind = Callable[[Lines, random.Random], str | None]

_WORDS = [
    "def",
    "class",
    "if",
    "elif",
    "else",
    "for",
    "while",
    "return",
    "import",
    "from",
    "in",
    "not",
    "and",
    "or",
    "try",
    "except",
    "with",
    "as",
    "lambda",
    "is",
]
_TYPOS = {
    "print": ["pirnt", "prnit"],
    "else": ["esle", "els", "elese"],
    "elif": ["elsif", "elseif", "else if"],
}


def _place(lines: Lines, pattern: str, rng: random.Random) -> tuple[int, re.Match[str]] | None:
    """A random match of `pattern` on a line that is not a comment, as (line index, match)."""
    order = rng.sample(range(len(lines)), min(len(lines), 24))
    for i in order:
        if lines[i].lstrip().startswith("#"):
            continue
        found = list(re.finditer(pattern, lines[i]))
        if found:
            return i, rng.choice(found)
    return None


def _put(lines: Lines, i: int, start: int, end: int, new: str) -> str:
    out = list(lines)
    out[i] = out[i][:start] + new + out[i][end:]
    return "\n".join(out)


def _sub(pattern: str, choose: Callable[[str, random.Random], str]) -> Kind:
    """A kind that replaces one match of `pattern` by what `choose` makes of it."""

    def kind(lines: Lines, rng: random.Random) -> str | None:
        place = _place(lines, pattern, rng)
        if place is None:
            return None
        i, m = place
        return _put(lines, i, m.start(), m.end(), choose(m.group(), rng))

    return kind


def _gone(_: str, __: random.Random) -> str:
    return ""


def _among(*new: str) -> Callable[[str, random.Random], str]:
    return lambda _, rng: rng.choice(new)


def _typo(word: str, rng: random.Random) -> str:
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


def _glued(match: str, rng: random.Random) -> str:
    return match.replace(" ", rng.choice(["", "", "_"]), 1)


def extra_closer(lines: Lines, rng: random.Random) -> str | None:
    """One closing bracket too many, mostly where one already stands."""
    place = _place(lines, r"[)\]}](?=.)|[)\]}]$|\w$|(?<=\w):$", rng)
    if place is None:
        return None
    i, m = place
    at = m.start() if m.group() == ":" else m.end()
    near = m.group() if m.group() in ")]}" and rng.random() < 0.75 else rng.choice(")]}")
    return _put(lines, i, at, at, near)


def extra_opener(lines: Lines, rng: random.Random) -> str | None:
    """An opening bracket too many."""
    place = _place(lines, r"[(\[{]|(?<==) |(?<=if) |(?<=return) |(?<=not) ", rng)
    if place is None:
        return None
    i, m = place
    return _put(lines, i, m.end(), m.end(), m.group() if m.group() != " " else rng.choice("(([{"))


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
    return _put(lines, i, at, at, what)


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


def doubled(lines: Lines, rng: random.Random) -> str | None:
    """A token typed twice."""
    place = _place(lines, r"\w+ ?|[^\w\s]", rng)
    return None if place is None else _put(lines, place[0], place[1].end(), place[1].end(), place[1].group())


def swapped(lines: Lines, rng: random.Random) -> str | None:
    """Two neighbouring tokens in the wrong order."""
    place = _place(lines, r"(\w+|[^\w\s])( ?)(\w+|[^\w\s])", rng)
    if place is None:
        return None
    i, m = place
    return _put(lines, i, m.start(), m.end(), m.group(3) + m.group(2) + m.group(1))


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
    place = _place(lines, r"^[ \t]*\S", rng)
    if place is None:
        return None
    i = place[0]
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
    place = _place(lines, r"^[ \t]*\S", rng)
    if place is None:
        return None
    i = place[0]
    end = _block_end(lines, i)
    if rng.random() < 0.5:
        end = min(end, i + rng.randint(1, 6))
    depth = len(lines[i]) - len(lines[i].lstrip())
    by = rng.choice([1, 2, 4, 4, 4, 8, -1, -2, -4, -4, -4, -depth, -depth]) or 4
    return "\n".join([*lines[:i], *(_shift(x, by, rng) for x in lines[i:end]), *lines[end:]])


def tab_line(lines: Lines, rng: random.Random) -> str | None:
    """Spaces and tabs mixed."""
    place = _place(lines, r"^ {4,}(?=\S)", rng)
    if place is None:
        return None
    i, m = place
    return _put(
        lines,
        i,
        0,
        m.end(),
        rng.choice(["\t" * (m.end() // 4), "\t" * (m.end() // 8 or 1), " " * (m.end() - 4) + "\t"]),
    )


def line_cut(lines: Lines, rng: random.Random) -> str | None:
    """The end of a line lost: only a little of it, or nobody could guess it."""
    place = _place(lines, r"\S\s*$", rng)
    if place is None:
        return None
    i = place[0]
    tokens = [m.start() for m in re.finditer(r"\w+|[^\w\s]", lines[i])]
    if len(tokens) < 3:
        return None
    return _put(lines, i, tokens[-min(rng.choice([1, 1, 2, 2, 3]), len(tokens) - 1)], len(lines[i]), "")


def line_joined(lines: Lines, rng: random.Random) -> str | None:
    """A newline lost."""
    i = rng.randrange(len(lines) - 1) if len(lines) > 1 else -1
    if i < 0 or not lines[i].strip() or not lines[i + 1].strip():
        return None
    return "\n".join([*lines[:i], lines[i] + rng.choice(["", " "]) + lines[i + 1].lstrip(), *lines[i + 2 :]])


def line_split(lines: Lines, rng: random.Random) -> str | None:
    """A newline too many."""
    place = _place(lines, r"(?<=\S) (?=\S)", rng)
    if place is None:
        return None
    i, m = place
    pad = re.match(r"[ \t]*", lines[i])
    return _put(lines, i, m.start(), m.end(), "\n" + (pad.group() if pad and rng.random() < 0.7 else ""))


def line_lost(lines: Lines, rng: random.Random) -> str | None:
    """A short line gone, most often one that a block needs."""
    place = _place(
        lines, r"^\s*(?:else:|try:|finally:|pass|return|\)|\]|\}|\"\"\"|'''|except.{0,30}:).{0,4}$", rng
    )
    return None if place is None else "\n".join([*lines[: place[0]], *lines[place[0] + 1 :]])


def uncommented(lines: Lines, rng: random.Random) -> str | None:
    """A comment's marker lost, or another language's in its place."""
    at = [i for i, x in enumerate(lines) if re.search(r"(?:^|\s)#\s*\S", x) and "'" not in x and '"' not in x]
    if not at:
        return None
    i = rng.choice(at)
    if rng.random() < 0.3:
        return "\n".join([*lines[:i], lines[i].replace("#", "//", 1), *lines[i + 1 :]])
    return "\n".join([*lines[:i], re.sub(r"#\s?", "", lines[i], count=1), *lines[i + 1 :]])


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


def misquoted(lines: Lines, rng: random.Random) -> str | None:
    """One quote of a pair replaced by the other, or a curly one."""
    place = _place(lines, r"'[^'\"]*'|\"[^'\"]*\"", rng)
    if place is None:
        return None
    i, m = place
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
    return _put(lines, i, m.start(), m.end(), new)


def apostrophe(lines: Lines, rng: random.Random) -> str | None:
    """A quote inside a string of the same quotes, unescaped."""
    place = _place(lines, r"'[^'\"]*\w{3}[^'\"]*'|\"[^'\"]*\w{3}[^'\"]*\"", rng)
    if place is None:
        return None
    i, m = place
    spots = list(re.finditer(r"(?<=\w)(?=\w|\s)", m.group()))
    if not spots:
        return None
    at = m.start() + rng.choice(spots).start()
    return _put(lines, i, at, at, m.group()[0])


def argument_order(lines: Lines, rng: random.Random) -> str | None:
    """A positional argument after a named one, or a default's loss that has the same effect."""
    place = _place(lines, r"(\w+)(, ?)(\w+ ?= ?[\w.]+)", rng)
    if place is None:
        return None
    i, m = place
    return _put(lines, i, m.start(), m.end(), m.group(3) + m.group(2) + m.group(1))


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
    place = _place(lines, r"[,:()\- ](?=\S)", rng)
    return (
        None
        if place is None
        else _put(lines, place[0], place[1].start(), place[1].end(), table[place[1].group()])
    )


_KEYWORD = r"\b(?:" + "|".join(_WORDS) + r")\b"
_SWAPS = {
    "from": ["import", "form", "for"], "import": ["from", "imports"], "elif": ["else", "else if", "elsif", "if"],
    "else": ["elif", "otherwise", "els"], "def": ["function", "func", "fn", "define"], "and": ["&&", "& &"],
    "or": ["||"], "not": ["!"], "is": ["==="], "in": ["of"], "except": ["catch", "expect"], "as": ["sa", "an"],
}  # fmt: skip


def keyword_swap(lines: Lines, rng: random.Random) -> str | None:
    """Another keyword, or another language's."""
    place = _place(lines, r"\b(?:" + "|".join(_SWAPS) + r")\b", rng)
    return (
        None
        if place is None
        else _put(lines, place[0], *place[1].span(), rng.choice(_SWAPS[place[1].group()]))
    )


def reserved_name(lines: Lines, rng: random.Random) -> str | None:
    """A keyword used as a name."""
    words = sorted({w for x in lines for w in re.findall(r"\b[a-z]\w{2,}\b", x) if not keyword.iskeyword(w)})
    if not words:
        return None
    return _sub(rf"\b{rng.choice(words)}\b", _among("class", "from", "in", "lambda", "is", "global", "pass"))(
        lines, rng
    )


KINDS: dict[str, tuple[Kind, float]] = {
    "closer lost": (_sub(r"[)\]}]", _gone), 11),
    "opener lost": (_sub(r"[(\[{]", _gone), 4),
    "closer extra": (extra_closer, 6),
    "opener extra": (extra_opener, 3),
    "bracket swapped": (_sub(r"[()\[\]{}]", lambda c, r: r.choice(")]}" if c in ")]}" else "([{")), 4),
    "colon lost": (_sub(r"(?<=[\w)\]'\" ]):(?=\s|$)", _gone), 6),
    "colon extra": (_sub(r"\w$|[)\]]$|(?<=:)$|=(?= )", lambda c, r: c + r.choice([":", ":", ";"])), 2),
    "quote lost": (_sub(r"\"\"\"|'''|['\"]", _gone), 9),
    "quote extra": (_sub(r"['\"]", lambda c, r: c + r.choice([c, "'", '"'])), 2),
    "misquoted": (misquoted, 3),
    "apostrophe": (apostrophe, 3),
    "comma lost": (_sub(r",(?= |$)", lambda c, r: ""), 7),
    "comma spaceless": (_sub(r", ", lambda c, r: r.choice(["", " "])), 2),
    "comma changed": (_sub(r",", _among(".", ";", ":", ",,")), 2),
    "operator lost": (_sub(r" ?(?:==|!=|<=|>=|\+=|-=|->|[-+*/%=<>|&])(?= )|\.(?=[a-zA-Z_])", _gone), 6),
    "operator changed": (
        _sub(r"==|!=|<=|>=|\+=|-=|->", _among("=", "= =", "=>", "=<", "=!", "=-", "===", "- >", "++")),
        4,
    ),
    "assignment changed": (_sub(r"(?<= )=(?= )", _among("==", ":", "=:", "= =", "<-", "-", "+ =", ":=")), 3),
    "assignment for equality": (_sub(r"==", _among("=")), 4),
    "increment": (_sub(r" (?:\+=|-=) 1\b", _among("++", "--", " ++")), 2),
    "indent line": (indent_line, 10),
    "indent block": (indent_block, 10),
    "tab line": (tab_line, 3),
    "keyword typo": (_sub(_KEYWORD, _typo), 6),
    "keyword glued": (_sub(_KEYWORD + r" |" + r" " + _KEYWORD, _glued), 3),
    "keyword lost": (_sub(_KEYWORD + r" ?", _gone), 4),
    "keyword swap": (keyword_swap, 4),
    "name spaced": (_sub(r"(?<=\w)_+(?=\w)|(?<=\w{3})(?=\w{3})", _among(" ", " ", "-")), 2),
    "number first": (_sub(r"\b[a-zA-Z_]\w*\b", lambda c, r: r.choice("123") + c), 1),
    "stray": (stray, 10),
    "stray line": (stray_line, 4),
    "doubled": (doubled, 3),
    "token lost": (_sub(r"\w+|[^\w\s]", _gone), 4),
    "swapped": (swapped, 3),
    "line cut": (line_cut, 5),
    "line joined": (line_joined, 2),
    "line split": (line_split, 3),
    "line lost": (line_lost, 3),
    "uncommented": (uncommented, 4),
    "old print": (old_print, 5),
    "argument order": (argument_order, 2),
    "brace in f-string": (_sub(r"(?<=f[\"'])(?:[^\"']*?)[{}]", lambda c, r: c[:-1]), 2),
    "wide sign": (wide_sign, 1),
    "reserved name": (reserved_name, 1),
}
"""Name -> (function, weight)."""
