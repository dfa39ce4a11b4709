"""What a user may name as a target, and the region of a document that it means.

The front ends call `parse` on what was typed and `resolve` once the file has been read. Forms: `PATH`,
`PATH:LINE`, `PATH:START-END` (1-based, inclusive), `PATH::SYMBOL` (`Class.method`), `-` (stdin). Symbols are
found with tree-sitter, because the file is often broken when somebody wants it edited; a file with such a name
wins over reading its end as lines. Regions are whole lines, in characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.core.document import Document
from sharpen.core.errors import BadRegion
from sharpen.core.region import Region

if TYPE_CHECKING:
    from tree_sitter import Node

_LINES = re.compile(r"(?P<path>.+?):(?P<first>\d+)(?:-(?P<last>\d+))?", re.DOTALL)
_HEAD = re.compile(r"(?P<indent>[ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(?P<name>\w+)")
_PYTHON = (".py", ".pyi", ".pyw")


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


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class, decorators included."""

    name: str
    """Dotted from the module down: `Class.method`, `outer.inner`."""
    region: Region


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
    if document.path != "-" and not document.path.endswith(_PYTHON):
        raise BadRegion(
            f"symbols are found in Python files only, not in {document.path}", "name lines: PATH:12-20"
        )
    known = definitions(document)
    named = [d for d in known if d.name == spec.symbol] or [
        d for d in known if d.name.endswith("." + spec.symbol)
    ]
    if not named:
        raise BadRegion(
            f"{document.path} has no function or class {spec.symbol}", _nearest(spec.symbol, known)
        )
    if len({d.name for d in named}) > 1:
        names = ", ".join(sorted({d.name for d in named}))
        raise BadRegion(f"{spec.symbol} could be any of {names}", "name it in full")
    # Of several with one name (overloads, a property and its setter) Python keeps the last.
    return named[-1].region


def definitions(document: Document) -> tuple[Definition, ...]:
    """The document's functions and classes in order of place, however broken the rest of it is."""
    import tree_sitter_python
    from tree_sitter import Language, Parser

    data = document.text.encode("utf-8")
    root = Parser(Language(tree_sitter_python.language())).parse(data).root_node
    found = list(_definitions(document, data, root))
    if root.has_error:
        # An unclosed bracket can swallow the definitions after it: what the indentation shows fills the gaps.
        known = {definition.name for definition in found}
        found += [definition for definition in _by_indentation(document) if definition.name not in known]
        found.sort(key=lambda definition: definition.region.start_char)
    return tuple(found)


def _definitions(document: Document, data: bytes, root: Node) -> Iterator[Definition]:
    """Depth first with a stack of our own: broken code can nest deeper than Python recurses."""
    stack: list[tuple[Node, str]] = [(root, "")]
    while stack:
        node, prefix = stack.pop()
        if node.type in {"function_definition", "class_definition"}:
            name = node.child_by_field_name("name")
            if name is not None and name.text:
                prefix += name.text.decode("utf-8", "replace")
                yield Definition(prefix, _lines_of(document, data, node, prefix))
                prefix += "."
        stack.extend((child, prefix) for child in reversed(node.children))


def _by_indentation(document: Document) -> Iterator[Definition]:
    """Definitions by their first words, each reaching to the next line that is indented no deeper."""
    lines = document.text.split("\n")
    open_names: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        head = _HEAD.match(line)
        if not head:
            continue
        indent = len(head["indent"].expandtabs())
        while open_names and open_names[-1][0] >= indent:
            open_names.pop()
        open_names.append((indent, head["name"]))
        first = index
        while first and lines[first - 1].lstrip().startswith("@"):
            first -= 1
        last = index
        for later in range(index + 1, len(lines)):
            if lines[later].strip():
                if len(lines[later].expandtabs()) - len(lines[later].expandtabs().lstrip()) <= indent:
                    break
                last = later
        name = ".".join(name for _indent, name in open_names)
        yield Definition(name, Region(*document.line_span(first + 1, last + 1), "symbol", name))


def _lines_of(document: Document, data: bytes, node: Node, name: str) -> Region:
    """The whole lines of a definition, its decorators included."""
    parent = node.parent
    outer = parent if parent is not None and parent.type == "decorated_definition" else node
    start = len(data[: outer.start_byte].decode("utf-8", "ignore"))
    end = len(data[: outer.end_byte].rstrip().decode("utf-8", "ignore"))
    first = document.line_of(start)
    last = max(first, document.line_of(max(start, end - 1)))
    return Region(*document.line_span(first, last), "symbol", name)


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
