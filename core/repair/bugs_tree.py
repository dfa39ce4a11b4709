"""Single-token repairs that need to know what a token is: a variable, an own attribute, a condition, an argument.

`bugs` asks, and adds what the tokens alone tell. Pure functions of a text and its tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sharpen.core.repair.swap import Swap

_NEVER = frozenset(
    ("self", "cls", "_", "print", "super", "len", "range", "isinstance", "str", "int", "list", "dict")
)
"""Names that nobody writes by mistake."""
NAMES = -1.4
"""A name for another one in scope; the number of others counts against each."""
WRITTEN = -1.2
"""The same for a name that is assigned to, on top: one is mistaken less often."""
MOST_NAMES = 24
"""Names in scope beyond which none is proposed for another."""


def of_tree(tree: ast.Module, text: str, starts: list[int], scopes: Scopes) -> Iterator[Swap]:
    """Repairs of names, conditions and arguments. starts: where each line of the text begins, in characters."""
    reader = _Reader(tree, text, starts, scopes)
    for node in ast.walk(tree):
        yield from reader.proposals(node)


class Scopes:
    """Which names each function may use, by line."""

    def __init__(self, tree: ast.Module) -> None:
        self._functions: list[tuple[int, int, str, frozenset[str]]] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                self._functions.append((first, node.end_lineno or first, node.name, _bound(node)))
        self._top = frozenset(
            name.id
            for statement in tree.body
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            for name in ast.walk(statement)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        )

    def _around(self, line: int) -> list[tuple[int, int, str, frozenset[str]]]:
        return sorted((f for f in self._functions if f[0] <= line <= f[1]), key=lambda f: f[1] - f[0])

    def name(self, line: int) -> str:
        """The innermost function around a line; empty at the top level."""
        return next((f[2] for f in self._around(line)), "")

    def names(self, line: int) -> frozenset[str]:
        """Variables of the innermost function; at the top level, of the module."""
        around = self._around(line)
        return around[0][3] if around else self._top


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    a = function.args
    arguments = [
        *a.posonlyargs,
        *a.args,
        *a.kwonlyargs,
        *([a.vararg] if a.vararg else []),
        *([a.kwarg] if a.kwarg else []),
    ]
    stored = (n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return frozenset({argument.arg for argument in arguments} | {*stored})


class _Reader:
    """Proposals for the nodes of one text."""

    def __init__(self, tree: ast.Module, text: str, starts: list[int], scopes: Scopes) -> None:
        self._text, self._starts, self._scopes = text, starts, scopes
        self._lines = text.split("\n")
        self._attributes = frozenset(
            n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and _own(n)
        )

    def proposals(self, node: ast.AST) -> Iterator[Swap]:
        """What may be wrong with the node itself, not with those inside it."""
        match node:
            case ast.Name(ctx=ast.Load()):
                yield from self._variable(node)
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from self._variable(target, WRITTEN)
            case ast.AugAssign(target=target):
                yield from self._variable(target, WRITTEN)
            case ast.Attribute(ctx=ast.Load()) if _own(node):
                end = self._span(node)[1]
                yield from self._others(node.attr, self._attributes, (end - len(node.attr), end), node.lineno)
            case ast.If() | ast.While() | ast.IfExp() | ast.Assert():
                yield from self._negated(node.test)
            case ast.Return(value=ast.expr() as value):
                yield from self._negated(value, -1.2)
            case ast.Call():
                yield from self._swapped(node)
            case ast.UnaryOp(op=ast.USub()):
                yield self._swap(self._span(node)[0], self._span(node)[0] + 1, "", node.lineno, -1.5)

    def _span(self, node: ast.expr) -> tuple[int, int]:
        """Its characters: the tree counts bytes."""
        ends = ((node.lineno, node.col_offset), (node.end_lineno or 1, node.end_col_offset or 0))
        first, last = (
            self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())
            for line, column in ends
        )
        return first, last

    def _swap(self, start: int, end: int, new: str, line: int, prior: float) -> Swap:
        return Swap(start, end, new, self._text[start:end], line, prior, self._scopes.name(line))

    def _variable(self, node: ast.expr, less: float = 0.0) -> Iterator[Swap]:
        if isinstance(node, ast.Name):
            names = self._scopes.names(node.lineno)
            yield from self._others(node.id, names, self._span(node), node.lineno, less=less)

    def _others(
        self, name: str, names: frozenset[str], place: tuple[int, int], line: int, *, less: float = 0.0
    ) -> Iterator[Swap]:
        others = sorted(names - {name} - _NEVER)
        if name in names and name not in _NEVER and len(others) <= MOST_NAMES:
            for other in others:
                yield self._swap(*place, other, line, NAMES + less - 0.08 * len(others))

    def _negated(self, test: ast.expr, less: float = 0.0) -> Iterator[Swap]:
        if isinstance(test, ast.Name | ast.Call | ast.Attribute | ast.Subscript):
            at = self._span(test)[0]
            yield self._swap(at, at, "not ", test.lineno, -1.3 + less)

    def _swapped(self, call: ast.Call) -> Iterator[Swap]:
        for one, two in zip(call.args, call.args[1:], strict=False):
            (a, b), (c, d) = self._span(one), self._span(two)
            text = self._text
            yield self._swap(a, d, text[c:d] + text[b:c] + text[a:b], one.lineno, -2.0)


def _own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"
