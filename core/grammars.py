"""The languages besides Python that sharpen can read: a row each, and what tree-sitter finds wrong in a text.

`core.diagnose` asks for faults, `core.targets` which nodes are definitions. A grammar is imported when a file of its
language is met, never before. Invariant: places lie inside the text that was given. Only the grammar is judged, not
what a compiler would say, and C that leans on macros may be called broken where it is not: `core.verify` therefore
only asks that no fault is new. It repairs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from sharpen.core.diagnostic import Diagnostic
from sharpen.core.errors import EngineUnavailable

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MOST_FAULTS = 50
"""A file of another kind under a wrong ending has thousands."""
_SNIPPET_CHARS = 30
_CLOSES = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Language:
    """A grammar, and which of its nodes a user may name."""

    name: str
    """As a person says it."""
    endings: tuple[str, ...]
    module: str
    function: str = "language"
    definitions: frozenset[str] = frozenset()
    """Node types with a name of their own; each is a scope for those inside it."""
    scopes: frozenset[str] = frozenset()
    """Node types that only lend their name to what is inside: Rust's `impl`."""
    wrappers: frozenset[str] = frozenset()
    """Node types around a definition that belong to it: `export`, `const`, decorators."""
    before: frozenset[str] = frozenset()
    """Node types that stand before a definition and belong to it: Rust's attributes."""


def _types(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SCRIPT = _types(
    "function_declaration generator_function_declaration class_declaration method_definition variable_declarator "
    "field_definition"
)
_TYPED = _SCRIPT | _types(
    "abstract_class_declaration interface_declaration type_alias_declaration enum_declaration internal_module "
    "public_field_definition"
)
_AROUND = frozenset(
    ("export_statement", "lexical_declaration", "variable_declaration", "ambient_declaration")
)
LANGUAGES = (
    Language(
        "JavaScript",
        (".js", ".mjs", ".cjs", ".jsx"),
        "tree_sitter_javascript",
        definitions=_SCRIPT,
        wrappers=_AROUND,
    ),
    Language(
        "TypeScript",
        (".ts", ".mts", ".cts"),
        "tree_sitter_typescript",
        "language_typescript",
        definitions=_TYPED,
        wrappers=_AROUND,
    ),
    Language(
        "TSX", (".tsx",), "tree_sitter_typescript", "language_tsx", definitions=_TYPED, wrappers=_AROUND
    ),
    Language(
        "Go",
        (".go",),
        "tree_sitter_go",
        definitions=_types("function_declaration method_declaration type_spec type_alias"),
        wrappers=_types("type_declaration"),
    ),
    Language(
        "Rust",
        (".rs",),
        "tree_sitter_rust",
        definitions=_types(
            "function_item function_signature_item struct_item enum_item union_item trait_item mod_item type_item "
            "macro_definition"
        ),
        scopes=_types("impl_item"),
        before=_types("attribute_item"),
    ),
    Language(
        "C",
        (".c",),
        "tree_sitter_c",
        definitions=_types(
            "function_definition struct_specifier union_specifier enum_specifier type_definition"
        ),
    ),
    Language(
        "Java",
        (".java",),
        "tree_sitter_java",
        definitions=_types(
            "class_declaration interface_declaration enum_declaration record_declaration method_declaration "
            "constructor_declaration annotation_type_declaration"
        ),
    ),
    Language("JSON", (".json",), "tree_sitter_json"),
)
_BY_ENDING = {ending: language for language in LANGUAGES for ending in language.endings}


def language_of(path: str) -> Language | None:
    """The language that the path's ending says, None for Python and for what no row knows."""
    return _BY_ENDING.get(PurePath(path).suffix.lower())


@cache
def parser_for(language: Language) -> Parser:
    """A parser of the language. Raises EngineUnavailable where its grammar is not installed or does not fit."""
    from tree_sitter import Language as Grammar
    from tree_sitter import Parser

    try:
        return Parser(Grammar(getattr(import_module(language.module), language.function)()))
    except (ImportError, AttributeError, ValueError) as error:
        package = language.module.replace("_", "-")
        raise EngineUnavailable(
            f"{language.name} cannot be read here: {error}", f"pip install --upgrade tree-sitter {package}"
        ) from error


def faults(text: str, language: Language) -> tuple[Diagnostic, ...]:
    """What keeps the grammar from taking the text, in the text's order; at most MOST_FAULTS."""
    data = text.encode("utf-8", "replace")
    root = parser_for(language).parse(data).root_node
    found = (_finding(text, data, node) for node in _outermost(root))
    return tuple(sorted(islice(found, MOST_FAULTS), key=lambda d: d.start_char))


def _outermost(root: Node) -> Iterator[Node]:
    """ERROR and MISSING nodes that lie in no other, with a stack of our own: broken code can nest deeply."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_missing or node.is_error:
            yield node
        elif node.has_error:
            stack.extend(reversed(node.children))


def _finding(text: str, data: bytes, node: Node) -> Diagnostic:
    if node.is_missing:
        said = (
            f"`{node.type}` is missing" if not node.is_named else f"{node.type.replace('_', ' ')} is missing"
        )
        return _placed(text, data, node.start_byte, node.start_byte, said)
    opener = _never_closed(node)
    if opener is not None:
        return _placed(text, data, opener.start_byte, opener.end_byte, f"`{opener.type}` is never closed")
    words = data[node.start_byte : node.end_byte].decode("utf-8", "replace").strip().split("\n")[0].rstrip()
    short = words if len(words) <= _SNIPPET_CHARS else words[:_SNIPPET_CHARS] + "…"
    said = f"unexpected `{short}`" if short else "unexpected end"
    return _placed(text, data, node.start_byte, node.end_byte, said)


def _never_closed(error: Node) -> Node | None:
    """The outermost bracket that the parser took and never saw closed."""
    still_open: list[Node] = []
    for child in error.children:
        if child.type in _CLOSES:
            still_open.append(child)
        elif still_open and child.type == _CLOSES[still_open[-1].type]:
            still_open.pop()
    return still_open[0] if still_open else None


def _placed(text: str, data: bytes, start_byte: int, end_byte: int, said: str) -> Diagnostic:
    start = len(data[:start_byte].decode("utf-8", "ignore"))
    end = start + len(data[start_byte:end_byte].decode("utf-8", "ignore"))
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return Diagnostic(start, end, text.count("\n", 0, start) + 1, column, "syntax", said, "tree-sitter")
