"""What a Python file binds and reads, where: scopes, bindings, uses with their role. torch-free, one walk of the tree.

`repair.names` and its parts ask it which names could be meant at a place. Invariant: it only looks; it decides
nothing. Lines count from 1. What it does not know: star imports, names made by `globals()` or `exec`.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal[
    "parameter", "assign", "augment", "loop", "with", "except", "function", "class", "import", "module"
]
Role = Literal["plain", "call", "attribute", "subscript", "iterate", "annotation", "base", "index"]
Function = ast.FunctionDef | ast.AsyncFunctionDef
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a scope gives a name its value."""

    line: int
    kind: Kind
    value: ast.AST | None = None
    """The value that is assigned, where that is one expression; the definition of a function or class."""


@dataclass(eq=False, slots=True)
class Scope:
    """A module, class, function, lambda or comprehension."""

    node: ast.AST
    parent: Scope | None
    first: int
    last: int
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    reads: Counter[str] = field(default_factory=Counter)

    @property
    def function(self) -> Function | None:
        """The `def` that this is the body of, if it is one."""
        return self.node if isinstance(self.node, Function) else None

    def chain(self) -> Iterator[Scope]:
        """This scope, then those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def visible(self) -> Iterator[Scope]:
        """As `chain`, without the class bodies that a function inside them cannot see."""
        for scope in self.chain():
            if scope is self or not isinstance(scope.node, ast.ClassDef):
                yield scope


@dataclass(frozen=True, slots=True)
class Use:
    """One read of a name."""

    name: str
    line: int
    scope: Scope
    role: Role
    chain: tuple[str, ...] = ()
    """The attributes read from it: `os.path.join` has `path`, `join`."""


class Outline:
    """The file as names. Raises nothing for a tree that `ast.parse` made, but RecursionError for one too deep."""

    def __init__(self, tree: ast.Module, lines: int) -> None:
        self.tree = tree
        self.module = Scope(tree, None, 1, lines)
        self.scopes = [self.module]
        self.uses: dict[str, list[Use]] = defaultdict(list)
        self.attributes: dict[str, Counter[str]] = defaultdict(Counter)
        """Base name -> attributes that are read from it or set on it, by how often."""
        self.words: Counter[str] = Counter()
        """Every identifier of the file: names, attributes, parameters, keywords."""
        self._visit(tree, self.module, "plain", ())
        for use in (u for uses in self.uses.values() for u in uses):
            home = next((s for s in use.scope.visible() if use.name in s.bindings), self.module)
            home.reads[use.name] += 1

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, once."""
        return tuple(ast.walk(self.tree))

    def at(self, name: str, line: int) -> Scope:
        """The scope in which `name` is read on that line; the innermost around the line where none is known."""
        for use in self.uses.get(name, ()):
            if use.line == line:
                return use.scope
        around = [s for s in self.scopes if s.first <= line <= s.last and not _brief(s.node)]
        return min(around, key=lambda s: s.last - s.first, default=self.module)

    def reads(self, name: str) -> int:
        """How often the name is read anywhere in the file."""
        return len(self.uses.get(name, ()))

    def functions(self) -> Iterator[tuple[Function, Scope]]:
        """Every `def` with the scope of its body."""
        for scope in self.scopes:
            if scope.function is not None:
                yield scope.function, scope

    # ------------------------------------------------------------------ the walk
    def _visit(self, node: ast.AST, scope: Scope, role: Role, chain: tuple[str, ...]) -> None:
        if isinstance(node, ast.Name):
            self._name(node, scope, role, chain)
        elif isinstance(node, ast.Attribute):
            self.words[node.attr] += 1
            if isinstance(node.value, ast.Name):
                self.attributes[node.value.id][node.attr] += 1
            self._visit(node.value, scope, "attribute", (node.attr, *chain))
        elif isinstance(node, Function | ast.ClassDef | ast.Lambda):
            self._definition(node, scope)
        elif isinstance(node, COMPREHENSIONS):
            self._comprehension(node, scope)
        else:
            self._bind(node, scope)
            if isinstance(node, ast.keyword) and node.arg:
                self.words[node.arg] += 1
            for name, child in _children(node):
                self._visit(child, scope, _role(node, name, role), ())

    def _name(self, node: ast.Name, scope: Scope, role: Role, chain: tuple[str, ...]) -> None:
        self.words[node.id] += 1
        if isinstance(node.ctx, ast.Load):
            self.uses[node.id].append(Use(node.id, node.lineno, scope, role, chain))
        elif isinstance(node.ctx, ast.Store) and not any(
            b.line == node.lineno for b in scope.bindings[node.id]
        ):
            scope.bindings[node.id].append(Binding(node.lineno, "assign"))

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        """Note what a statement binds, with what is known of the value; `_name` adds the targets that are left."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in (a for a in node.names if a.name != "*"):
                kind: Kind = "module" if isinstance(node, ast.Import) else "import"
                name = alias.asname or alias.name.split(".")[0]
                scope.bindings[name].append(Binding(node.lineno, kind, node))
                self.words[name] += 1
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._targets(target, scope, "assign", node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._targets(node.target, scope, "assign", node.value)
        elif isinstance(node, ast.Global):
            for name in node.names:  # assigned to here, read everywhere
                self.module.bindings[name].append(Binding(node.lineno, "assign"))
        elif isinstance(node, ast.AugAssign):
            self._targets(node.target, scope, "augment", None)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._targets(node.target, scope, "loop", None)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._targets(node.optional_vars, scope, "with", None)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.bindings[node.name].append(Binding(node.lineno, "except"))

    def _targets(self, target: ast.expr, scope: Scope, kind: Kind, value: ast.AST | None) -> None:
        if isinstance(target, ast.Name):
            scope.bindings[target.id].append(Binding(target.lineno, kind, value))
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._targets(part, scope, kind, None)
        elif isinstance(target, ast.Starred):
            self._targets(target.value, scope, kind, None)

    def _definition(self, node: Function | ast.ClassDef | ast.Lambda, scope: Scope) -> None:
        first, last = node.lineno, node.end_lineno or node.lineno
        if not isinstance(node, ast.Lambda):
            kind: Kind = "class" if isinstance(node, ast.ClassDef) else "function"
            scope.bindings[node.name].append(Binding(node.lineno, kind, node))
            self.words[node.name] += 1
            first = node.body[0].lineno
            for each in node.decorator_list:
                self._visit(each, scope, "base", ())
        inner = Scope(node, scope, first, last)
        self.scopes.append(inner)
        if isinstance(node, ast.ClassDef):
            for part in (*node.bases, *node.keywords):
                self._visit(part, scope, "base", ())
        else:
            self._parameters(node, scope, inner)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        if isinstance(node, Function) and node.returns is not None:
            self._visit(node.returns, scope, "annotation", ())
        for statement in body:
            self._visit(statement, inner, "plain", ())

    def _parameters(self, node: Function | ast.Lambda, scope: Scope, inner: Scope) -> None:
        a = node.args
        for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))):
            inner.bindings[arg.arg].append(Binding(arg.lineno, "parameter"))
            self.words[arg.arg] += 1
            if arg.annotation is not None:
                self._visit(arg.annotation, scope, "annotation", ())
        for default in (*a.defaults, *filter(None, a.kw_defaults)):
            self._visit(default, scope, "plain", ())

    def _comprehension(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, COMPREHENSIONS)
        inner = Scope(node, scope, node.lineno, node.end_lineno or node.lineno)
        self.scopes.append(inner)
        for part in node.generators:
            self._bind(part, inner)
        for name, child in _children(node):
            self._visit(child, inner, _role(node, name, "plain"), ())


def _brief(node: ast.AST) -> bool:
    return isinstance(node, (ast.Lambda, *COMPREHENSIONS))


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield name, value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST):
                    yield name, item


def _role(node: ast.AST, part: str, outer: Role) -> Role:
    """What the node does with its part."""
    if part == "annotation" or (
        outer == "annotation" and isinstance(node, ast.Subscript | ast.Tuple | ast.BinOp)
    ):
        return "annotation"
    if isinstance(node, ast.Call) and part == "func":
        return "call"
    if isinstance(node, ast.Subscript):
        return "subscript" if part == "value" else "index"
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and part == "iter":
        return "iterate"
    return "plain"
