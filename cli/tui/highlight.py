"""Syntax colours for the file view: a text's lines as runs of (text, style name), coloured when they are asked for.

`cli.tui.sheets` asks, a visible line at a time. One pass over the whole text finds strings and comments, because
these span lines; everything else is found within its line and remembered. It works on broken code by design: it
tokenises and never parses. Languages are rows of a table; a file of no known language is shown plain.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from sharpen.cli.paint import Run, harmless

STYLES = ("keyword", "string", "comment", "numeral", "name", "decorator")
LONGEST_LINE = 2_000
"""Characters; a longer line (minified code) is shown plain."""

_PYTHON = (
    "False None True and as assert async await break case class continue def del elif else except finally for "
    "from global if import in is lambda match nonlocal not or pass raise return try while with yield"
)
_SCRIPT = (
    "abstract as async await break case catch class const continue debugger declare default delete do else enum "
    "export extends false finally for from function if implements import in instanceof interface let namespace new "
    "null of private protected public readonly return static super switch this throw true try type typeof undefined "
    "var void while with yield"
)
_C = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register return short signed sizeof static struct switch typedef union unsigned void volatile while NULL"
)
_JAVA = (
    "abstract boolean break byte case catch char class const continue default do double else enum extends false "
    "final finally float for if implements import instanceof int interface long new null package private protected "
    "public record return short static super switch synchronized this throw throws true try var void volatile while"
)
_GO = (
    "break case chan const continue default defer else fallthrough false for func go goto if import interface map "
    "nil package range return select struct switch true type var"
)
_RUST = (
    "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move "
    "mut pub ref return self Self static struct super trait true type unsafe use where while"
)
_LINE_STRINGS = r'"(?:\\.|[^"\\\n])*"?|' r"'(?:\\.|[^'\\\n])*'?"
_PYTHON_LONG = (
    r"#[^\n]*"
    r'|[rRbBuUfF]{0,2}(?:"""(?:\\.|[^\\])*?(?:"""|\Z)|'
    r"'''(?:\\.|[^\\])*?(?:'''|\Z)|" + _LINE_STRINGS + ")"
)
_C_LONG = r"//[^\n]*|/\*(?:.|\n)*?(?:\*/|\Z)|" + _LINE_STRINGS
_SCRIPT_LONG = r"//[^\n]*|/\*(?:.|\n)*?(?:\*/|\Z)|`(?:\\.|[^`\\])*(?:`|\Z)|" + _LINE_STRINGS
_RUST_LONG = r"//[^\n]*|/\*(?:.|\n)*?(?:\*/|\Z)|" r'"(?:\\.|[^"\\])*(?:"|\Z)|' r"'(?:\\.|[^'\\\n])'"
_SHELL_LONG = r"#[^\n]*|" + _LINE_STRINGS


@dataclass(frozen=True, slots=True)
class Grammar:
    """What is coloured in one family of languages."""

    endings: tuple[str, ...]
    long: str
    """Strings and comments, which may span lines."""
    words: str
    introduces: str = "def class"
    """Words after which a new name stands."""


_GRAMMARS = (
    Grammar((".py", ".pyi", ".pyw"), _PYTHON_LONG, _PYTHON),
    Grammar(
        (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"),
        _SCRIPT_LONG,
        _SCRIPT,
        "function class interface enum",
    ),
    Grammar((".c", ".h", ".cc", ".cpp", ".hpp"), _C_LONG, _C, "struct union enum"),
    Grammar((".java",), _C_LONG, _JAVA, "class interface enum record"),
    Grammar((".go",), _SCRIPT_LONG, _GO, "func type"),
    Grammar((".rs",), _RUST_LONG, _RUST, "fn struct enum trait mod type"),
    Grammar((".json",), _LINE_STRINGS, "true false null", ""),
    Grammar((".toml", ".yaml", ".yml", ".sh", ".cfg", ".ini"), _SHELL_LONG, "true false", ""),
)
_BY_ENDING = {ending: grammar for grammar in _GRAMMARS for ending in grammar.endings}

Span = tuple[int, int, str]
"""First and one past the last character, and the style name."""


class Highlighter:
    """The lines of one text, coloured by the ending of its path."""

    def __init__(self, path: str, text: str) -> None:
        grammar = _BY_ENDING.get(".py" if path == "-" else PurePath(path).suffix.lower())
        self._text = text
        self._long = re.compile(grammar.long) if grammar else None
        self._short = _short(grammar) if grammar else None
        self._known: dict[int, tuple[Run, ...]] = {}

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines, without the empty one after a final newline."""
        lines = self._text.split("\n")
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        return lines

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for line in self.lines:
            starts.append(at)
            at += len(line) + 1
        return starts

    @cached_property
    def _spans(self) -> list[Span]:
        if self._long is None:
            return []
        return [(m.start(), m.end(), _kind(m.group())) for m in self._long.finditer(self._text)]

    @cached_property
    def _span_starts(self) -> list[int]:
        return [start for start, _end, _name in self._spans]

    def runs(self, index: int) -> tuple[Run, ...]:
        """The line with that 0-based index, ready to draw."""
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = self._made(index)
        return known

    def _made(self, index: int) -> tuple[Run, ...]:
        line = self.lines[index]
        if self._short is None or len(line) > LONGEST_LINE:
            return ((harmless(line), "context"),) if line else ()
        spans = list(self._within(self._starts[index], line))
        return tuple((harmless(line[a:b]), name) for a, b, name in filled(spans, len(line)))

    def _within(self, start: int, line: str) -> Iterator[Span]:
        """Coloured spans of the line, in its own characters."""
        end, at = start + len(line), 0
        first = max(0, bisect.bisect_right(self._span_starts, start) - 1)
        for begin, stop, name in self._spans[first:]:
            if begin >= end:
                break
            if stop <= start:
                continue
            a, b = max(0, begin - start), min(len(line), stop - start)
            yield from self._words(line, at, a)
            yield (a, b, name)
            at = b
        yield from self._words(line, at, len(line))

    def _words(self, line: str, start: int, end: int) -> Iterator[Span]:
        if self._short is None or start >= end:
            return
        for match in self._short.finditer(line, start, end):
            yield (match.start(match.lastgroup or 0), match.end(), match.lastgroup or "context")


def filled(spans: list[Span], length: int) -> Iterator[Span]:
    """The spans with what lies between them as `context`, without empty ones."""
    at = 0
    for start, end, name in spans:
        if at < start:
            yield (at, start, "context")
        if start < end:
            yield (start, end, name)
        at = max(at, end)
    if at < length:
        yield (at, length, "context")


def recoloured(runs: tuple[Run, ...], path: str) -> tuple[Run, ...]:
    """A painted line with its `context` runs coloured; every other run stays as it is."""
    text = "".join(part for part, _name in runs)
    coloured = Highlighter(path, text).runs(0) if "\n" not in text and text else ()
    found: list[Run] = []
    spans, at = [], 0
    for part, name in coloured:
        spans.append((at, at + len(part), name))
        at += len(part)
    at = 0
    for part, name in runs:
        if name != "context":
            found.append((part, name))
        else:
            for a, b, style in spans:
                low, high = max(a, at), min(b, at + len(part))
                if low < high:
                    found.append((text[low:high], style))
        at += len(part)
    return tuple(found)


def _kind(token: str) -> str:
    return "comment" if token.startswith(("#", "//", "/*")) else "string"


def _short(grammar: Grammar) -> re.Pattern[str]:
    words = "|".join(grammar.words.split())
    parts = [rf"(?P<keyword>\b(?:{words})\b)", r"(?P<numeral>\b\d[\w.]*)", r"(?P<decorator>(?<!\w)@[\w.]+)"]
    if grammar.introduces:
        heads = "|".join(rf"(?<=\b{word} )" for word in grammar.introduces.split())
        parts.insert(0, rf"(?P<name>(?:{heads})\w+)")
    return re.compile("|".join(parts))
