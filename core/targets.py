"""What a user may name as a target, and the region of a document that it means.

The front ends call `parse` on what was typed and `resolve` once the file has been read. Forms: `PATH`,
`PATH:LINE`, `PATH:START-END` (1-based, inclusive), `PATH::SYMBOL` (`Class.method`), `-` (stdin). Symbols are
found with tree-sitter, because the file is often broken when somebody wants it edited; a file with such a name
wins over reading its end as lines. Regions are whole lines, in characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.definitions import Definition, definitions, language_for
from sharpen.core.document import Document
from sharpen.core.errors import BadRegion
from sharpen.core.region import Region

_LINES = re.compile(r"(?P<path>.+?):(?P<first>\d+)(?:-(?P<last>\d+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spec:
    """A target as it was typed, taken apart but not yet looked up."""

    path: str
    """`-` for stdin."""
    lines: tuple[int, int] | None = None
    """1-based, inclusive."""
    symbol: str = ""

    @property
    def label(self) -> str:
        """The part after the path."""
        if self.lines:
            first, last = self.lines
            return str(first) if first == last else f"{first}-{last}"
        return self.symbol


def parse(spec: str) -> Spec:
    """Take a target apart. Raises BadRegion for a symbol or range that cannot be one."""
    if spec == "-" or _exists(spec):
        return Spec(spec)
    path, mark, symbol = spec.rpartition("::")
    if mark and path:
        if not all(part.isidentifier() for part in symbol.split(".")):
            raise BadRegion(
                f"{symbol or 'nothing'} after :: is not a symbol", f"for example: {path}::Class.method"
            )
        return Spec(path, symbol=symbol)
    if match := _LINES.fullmatch(spec):
        first = int(match["first"])
        last = int(match["last"] or first)
        if first < 1 or last < first:
            raise BadRegion(
                f"{spec} is not a range of lines", "lines count from 1, the first before the last"
            )
        return Spec(match["path"], lines=(first, last))
    return Spec(spec)


def resolve(spec: Spec, document: Document) -> Region:
    """The region that the target means in the document. Raises BadRegion where it has no such place."""
    if spec.lines:
        start, end = document.line_span(*spec.lines)
        return Region(start, end, "lines", spec.label)
    if not spec.symbol:
        return document.whole()
    return _symbol(spec.symbol, document)


def named(prompt: str, document: Document) -> tuple[Region, ...]:
    """The smallest definitions that a prompt names, in order of place; none where it names none.

    A name in backticks, with brackets behind it or with a sign inside that no word has counts for more than one that
    may be a word: "add a case to `parse`" does not mean a function `add`.
    """
    sure = set(re.findall(r"`([A-Za-z_][\w.]*)(?:\(\))?`|", prompt)) | set(
        re.findall(r"([A-Za-z_][\w.]*)\(", prompt)
    )
    words = set(re.findall(r"[A-Za-z_]\w*(?:\.\w+)*", prompt))
    sure |= {word for word in words if "_" in word or "." in word or re.search(r"[a-z][A-Z]", word)}
    known = definitions(document)
    for wanted in (sure, {word for word in words if word.lower() not in _PLAIN_WORDS}):
        found = [d for d in known if d.name in wanted] or [
            d for d in known if d.name.rpartition(".")[2] in wanted
        ]
        if found:
            kept = [
                d
                for d in found
                if not any(
                    d.name != e.name and d.region.contains(e.region.start_char, e.region.end_char)
                    for e in found
                )
            ]
            spans = {(d.region.start_char, d.region.end_char): d.region for d in kept}
            return tuple(region for _span, region in sorted(spans.items()))
    return ()


_PLAIN_WORDS = frozenset(
    [
        "a",
        "add",
        "all",
        "also",
        "an",
        "and",
        "any",
        "append",
        "apply",
        "as",
        "at",
        "be",
        "build",
        "call",
        "change",
        "check",
        "clean",
        "clear",
        "close",
        "code",
        "copy",
        "count",
        "create",
        "delete",
        "do",
        "each",
        "every",
        "file",
        "filter",
        "find",
        "fix",
        "for",
        "from",
        "function",
        "get",
        "handle",
        "has",
        "if",
        "in",
        "index",
        "init",
        "insert",
        "into",
        "is",
        "it",
        "its",
        "join",
        "key",
        "let",
        "line",
        "list",
        "load",
        "log",
        "main",
        "make",
        "map",
        "method",
        "move",
        "name",
        "new",
        "next",
        "not",
        "of",
        "on",
        "open",
        "or",
        "parse",
        "print",
        "process",
        "push",
        "put",
        "raise",
        "read",
        "remove",
        "rename",
        "replace",
        "reset",
        "return",
        "reverse",
        "run",
        "save",
        "search",
        "send",
        "set",
        "show",
        "size",
        "so",
        "sort",
        "split",
        "start",
        "state",
        "stop",
        "string",
        "sum",
        "swap",
        "take",
        "test",
        "text",
        "that",
        "the",
        "then",
        "this",
        "to",
        "try",
        "type",
        "update",
        "use",
        "value",
        "when",
        "where",
        "which",
        "with",
        "word",
        "write",
        "class",
    ]
)


def _symbol(symbol: str, document: Document) -> Region:
    """The definition of that name, in full or by its end. Raises BadRegion where there is none, or several."""
    language = language_for(document.path)
    if language is None or not language.definitions:
        kind = language.name if language else "this kind of"
        raise BadRegion(f"{document.path}: no symbols are known in {kind} files", "name lines: PATH:12-20")
    known = definitions(document)
    named = [d for d in known if d.name == symbol] or [d for d in known if d.name.endswith("." + symbol)]
    if not named:
        raise BadRegion(f"{document.path} has no function, class or type {symbol}", _nearest(symbol, known))
    if len({d.name for d in named}) > 1:
        names = ", ".join(sorted({d.name for d in named}))
        raise BadRegion(f"{symbol} could be any of {names}", "name it in full")
    if len(named) > 1 and language.name != "Python":
        lines = ", ".join(str(document.line_of(d.region.start_char)) for d in named)
        raise BadRegion(f"{document.path} has {symbol} at lines {lines}", "name lines: PATH:12-20")
    # Of several with one name (overloads, a property and its setter) Python keeps the last.
    return named[-1].region


def _nearest(symbol: str, known: tuple[Definition, ...]) -> str:
    from difflib import get_close_matches

    names = [definition.name for definition in known]
    close = get_close_matches(symbol, names, 3, 0.5)
    return f"did you mean {' or '.join(close)}?" if close else ""


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False
