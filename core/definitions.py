"""The functions, classes and types that a file defines, and the lines that each takes, however broken the rest is.

`core.targets` asks, to find `PATH::SYMBOL`. Python is read here, other languages by the rows of `core.grammars`.
Names are dotted from the outside in: `Class.method`, also where the source writes it otherwise (Go's receivers, Rust's
`impl`). Regions are whole lines, in characters, with decorators, attributes and `export` in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharpen.core.document import Document
from sharpen.core.grammars import Language, language_of, parser_for
from sharpen.core.region import Region

if TYPE_CHECKING:
    from tree_sitter import Node

_HEAD = re.compile(r"(?P<indent>[ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(?P<name>\w+)")
_PYTHON = Language(
    "Python",
    (".py", ".pyi", ".pyw"),
    "tree_sitter_python",
    definitions=frozenset(("function_definition", "class_definition")),
    wrappers=frozenset(("decorated_definition",)),
)
_CODE_VALUES = frozenset(("arrow_function", "function_expression", "generator_function", "class"))
"""What makes a script's variable or field a definition: `const add = (a, b) => a + b`."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, class or type, with what belongs to it in front."""

    name: str
    """Dotted from the module down: `Class.method`, `outer.inner`."""
    region: Region


def language_for(path: str) -> Language | None:
    """Whose definitions can be found in a file of this name; standard input is Python."""
    return _PYTHON if path == "-" or path.endswith(_PYTHON.endings) else language_of(path)


def definitions(document: Document) -> tuple[Definition, ...]:
    """The document's definitions in order of place. Raises EngineUnavailable where the grammar is missing."""
    language = language_for(document.path)
    if language is None or not language.definitions:
        return ()
    data = document.text.encode("utf-8")
    root = parser_for(language).parse(data).root_node
    found = list(_definitions(document, data, root, language))
    if root.has_error and language is _PYTHON:
        # An unclosed bracket can swallow the definitions after it: what the indentation shows fills the gaps.
        known = {definition.name for definition in found}
        found += [definition for definition in _by_indentation(document) if definition.name not in known]
        found.sort(key=lambda definition: definition.region.start_char)
    return tuple(found)


def _definitions(document: Document, data: bytes, root: Node, language: Language) -> Iterator[Definition]:
    """Depth first with a stack of our own: broken code can nest deeper than Python recurses."""
    stack: list[tuple[Node, str]] = [(root, "")]
    while stack:
        node, prefix = stack.pop()
        if node.type in language.scopes:
            prefix += _word(node.child_by_field_name("type"), "") + "."
        elif node.type in language.definitions and (name := _name(node)):
            full = prefix + name
            yield Definition(full, _lines_of(document, data, node, full, language))
            prefix = full + "."
        stack.extend((child, prefix) for child in reversed(node.children))


def _name(node: Node) -> str:
    """What the node defines, empty where it only mentions or binds a value."""
    value = node.child_by_field_name("value")
    if node.type in {"variable_declarator", "field_definition", "public_field_definition"}:
        if value is None or value.type not in _CODE_VALUES:
            return ""
    elif node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
        return ""  # C: `struct node *next` names a type, it does not define one
    named = node.child_by_field_name("name") or node.child_by_field_name("property")
    name = _word(named or node.child_by_field_name("declarator"), "")
    receiver = node.child_by_field_name("receiver")
    return f"{_receiver(receiver)}{name}" if name and receiver is not None else name


def _word(node: Node | None, otherwise: str) -> str:
    """The name under a node: C wraps it in pointers and parameter lists, Rust in type arguments."""
    while node is not None:
        inner = node.child_by_field_name("declarator") or node.child_by_field_name("type")
        if inner is None:
            return node.text.decode("utf-8", "replace") if node.text else otherwise
        node = inner
    return otherwise


def _receiver(parameters: Node) -> str:
    """Go: `(t *List[K])` is a method of `List`."""
    stack = [parameters]
    while stack:
        node = stack.pop()
        if node.type == "type_identifier" and node.text:
            return node.text.decode("utf-8", "replace") + "."
        stack.extend(reversed(node.children))
    return ""


def _lines_of(document: Document, data: bytes, node: Node, name: str, language: Language) -> Region:
    """The whole lines of a definition, with what is wrapped around it and what stands before it."""
    outer = node
    while (parent := outer.parent) is not None and parent.type in language.wrappers:
        if sum(child.type == outer.type for child in parent.named_children) > 1:
            break  # `type (A int; B string)`: the other half is not meant
        outer = parent
    first_node = outer
    while (before := first_node.prev_named_sibling) is not None and before.type in language.before:
        first_node = before
    start = len(data[: first_node.start_byte].decode("utf-8", "ignore"))
    end = len(data[: outer.end_byte].rstrip().decode("utf-8", "ignore"))
    first = document.line_of(start)
    last = max(first, document.line_of(max(start, end - 1)))
    return Region(*document.line_span(first, last), "symbol", name)


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
