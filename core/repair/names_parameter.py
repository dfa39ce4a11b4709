"""Choices that give a function the parameter that its body reads, and its callers the argument."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sharpen.core.repair.names_choice import Choice, Edit, Missing
from sharpen.core.repair.names_outline import Function, Scope

SELVES = {"self": 9.5, "cls": 8.0}


def choices(missing: Missing) -> Iterator[Choice]:
    """At most one: the parameter in the innermost function that holds every use and could have it."""
    functions = [_functions(s) for s in missing.scopes]
    if not functions or not functions[0]:
        return
    common = [f for f in functions[0] if all(f in other for other in functions)]
    if missing.name in SELVES:
        yield from _receiver(missing, [_method(s) for s in missing.scopes])
    elif common:
        yield from _ordinary(missing, common[-1])


def _functions(scope: Scope) -> list[Function]:
    return [s.function for s in scope.chain() if s.function is not None]


def _method(scope: Scope) -> Scope | None:
    return next(
        (
            s
            for s in scope.chain()
            if s.function is not None and s.parent and isinstance(s.parent.node, ast.ClassDef)
        ),
        None,
    )


def _receiver(missing: Missing, methods: list[Scope | None]) -> Iterator[Choice]:
    """Methods that forgot `self`."""
    edits: list[Edit] = []
    for method in methods:
        function = method.function if method is not None else None
        if function is None or any("static" in ast.unparse(d) for d in function.decorator_list):
            return
        at = _opening(missing, function)
        if at is None:
            return
        more = ", " if _any(function) else ""
        edits.append((at, at, missing.name + more))
    yield Choice(f"parameter {missing.name}", SELVES[missing.name], tuple(sorted(set(edits))))


def _any(function: Function) -> bool:
    a = function.args
    return bool(a.posonlyargs or a.args or a.kwonlyargs or a.vararg or a.kwarg)


def _opening(missing: Missing, function: Function) -> int | None:
    """The offset after the parameter list's bracket."""
    start = missing.offset(function.lineno, function.col_offset)
    found = re.compile(r"(?:async\s+)?def\s+\w+\s*\(\s*").match(missing.text, start)
    return found.end() if found else None


def _ordinary(missing: Missing, function: Function) -> Iterator[Choice]:
    name, outline = missing.name, missing.outline
    siblings = [f for f, _ in outline.functions() if f is not function and name in _names(f)]
    said = ast.get_docstring(function, clean=False) or ""
    calls = list(_calls(missing, function))
    by_keyword = any(k.arg == name for call, _ in calls for k in call.keywords)
    callers = [call for call, scope in calls if any(name in s.bindings for s in scope.visible())]
    passed = sum(isinstance(a, ast.Name) and a.id == name for call, _ in calls for a in call.args)
    prior = 1.6 + 2.2 * bool(siblings) + 3.0 * by_keyword + 3.5 * bool(callers or passed)
    if siblings and all(
        re.search(rf"\b{name}\s*=\s*$", missing.text[max(0, a - 80) : a]) for a, _ in missing.spans
    ):
        prior += 4.5  # only handed on, as the siblings do with their own
    if re.search(rf":param (?:\w+ )?{name}\b|^\s*{name}\s*(?:\([^)]*\))?\s*:", said, re.MULTILINE):
        prior += 3.5
    if any(u.role == "call" for u in missing.uses) or (name[:1].isupper() and not siblings):
        prior -= 1.5
    placed = _place(missing, function, siblings)
    if placed is None:
        return
    edit, index, optional = placed
    edits = [edit]
    if not by_keyword and not passed and (not optional or callers):
        edits += [e for call in (callers if optional else [c for c, _ in calls])
                  if (e := _argument(missing, call, index, name)) is not None]  # fmt: skip
    if calls and not callers and not by_keyword and not passed and not optional:
        prior -= 2.0  # nobody has it to give
    yield Choice(f"parameter {name} of {function.name}", prior, tuple(sorted(edits)))


def _names(function: Function) -> list[str]:
    return [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _defaults(function: Function) -> dict[str, ast.expr]:
    a = function.args
    plain = [*a.posonlyargs, *a.args]
    given = dict(zip([p.arg for p in plain[len(plain) - len(a.defaults) :]], a.defaults, strict=True))
    return given | {p.arg: d for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None}


def _place(missing: Missing, function: Function, siblings: list[Function]) -> tuple[Edit, int, bool] | None:
    """The edit, the position among the positional parameters, and whether it has a default."""
    mine = [*function.args.posonlyargs, *function.args.args]
    defaults, name = _defaults(function), missing.name
    model = max(siblings, key=lambda f: len(set(_names(f)) & set(_names(function))), default=None)
    default = _defaults(model).get(name) if model is not None else None
    bound = bool(mine) and mine[0].arg in {"self", "cls"}
    required = len(mine) - sum(p.arg in defaults for p in mine)
    if model is not None:
        ahead = _names(model)[: _names(model).index(name)]
        index = max((i + 1 for i, p in enumerate(mine) if p.arg in ahead), default=int(bound))
        index = max(index, required) if default is not None else min(index, required)
    else:
        index = required
    index = max(index, int(bound))  # a receiver may have a default, oddly
    spelled = f"{name}={ast.unparse(default)}" if default is not None else name
    if index < len(mine):
        at = missing.offset(mine[index].lineno, mine[index].col_offset)
        return (at, at, f"{spelled}, "), index - bound, default is not None
    if mine:
        last: ast.AST = defaults.get(mine[-1].arg) or mine[-1]
        at = missing.offset(last.end_lineno or 1, last.end_col_offset or 0)  # type: ignore[attr-defined]
        return (at, at, f", {spelled}"), index - bound, default is not None
    opening = _opening(missing, function)
    if opening is None:
        return None
    return (opening, opening, spelled + (", " if _any(function) else "")), 0, default is not None


def _calls(missing: Missing, function: Function) -> Iterator[tuple[ast.Call, Scope]]:
    """Calls of the function by name, plain or as a method, with the scope of each."""
    for node in missing.outline.nodes:
        if isinstance(node, ast.Call):
            called = node.func
            found = (
                called.id
                if isinstance(called, ast.Name)
                else called.attr
                if isinstance(called, ast.Attribute)
                else ""
            )
            if found == function.name:
                yield node, missing.outline.at(found, node.lineno)


def _argument(missing: Missing, call: ast.Call, index: int, name: str) -> Edit | None:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return None
    if index < len(call.args):
        at = missing.offset(call.args[index].lineno, call.args[index].col_offset)
        return at, at, f"{name}, "
    last = call.args[-1] if call.args else None
    if last is not None:
        at = missing.offset(last.end_lineno or 1, last.end_col_offset or 0)
        return at, at, f", {name}"
    start = missing.offset(call.func.end_lineno or 1, call.func.end_col_offset or 0)
    found = re.compile(r"\s*\(\s*").match(missing.text, start)
    return (found.end(), found.end(), name + (", " if call.keywords else "")) if found else None
