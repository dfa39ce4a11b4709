"""Choices that follow from the form of the place: a prefix that is missing or too much, `super`, `as e`, quotes, Python 2."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator

from sharpen.core.repair import names_imports
from sharpen.core.repair.names_choice import Choice, Missing
from sharpen.core.repair.names_outline import Scope
from sharpen.core.repair.names_rename import ERRORS

FOREIGN = {
    "unicode": "str",
    "xrange": "range",
    "raw_input": "input",
    "basestring": "str",
    "long": "int",
    "unichr": "chr",
    "file": "open",
    "izip": "zip",
    "imap": "map",
    "ifilter": "filter",
    "StandardError": "Exception",
    "null": "None",
    "nil": "None",
    "NULL": "None",
    "none": "None",
    "true": "True",
    "false": "False",
}
TYPING = {
    "List": "list",
    "Dict": "dict",
    "Set": "set",
    "Tuple": "tuple",
    "FrozenSet": "frozenset",
    "Type": "type",
}
FILES = frozenset(
    ["f", "fp", "fh", "file", "infile", "outfile", "in_file", "out_file", "fin", "fout", "handle"]
)
DUNDERS = frozenset(["__main__", "__name__", "__file__", "__doc__", "__init__"])


def choices(missing: Missing) -> list[Choice]:
    """Everything that the form of the places suggests."""
    forms = (_super, _own, _of_module, _alias, _stripped, _caught, _opened, _words, _union, _quoted, _dunder)
    return [choice for form in forms for choice in form(missing)]


def classes(scope: Scope) -> Iterator[ast.ClassDef]:
    """The classes around a scope, innermost first."""
    for around in scope.chain():
        if isinstance(around.node, ast.ClassDef):
            yield around.node


def _super(missing: Missing) -> Iterator[Choice]:
    """`super(Wrong, self)`: the class that this is in."""
    if all(re.search(r"\bsuper\(\s*$", missing.text[max(0, a - 40) : a]) for a, _ in missing.spans):
        inside = {next(classes(s), None) for s in missing.scopes}
        own = inside.pop() if len(inside) == 1 else None
        if own is not None:
            bases = [ast.unparse(b) for b in own.bases]
            if any(b.split(".")[-1] == missing.name and "." in b for b in bases):
                yield Choice(f"the base as the class names it for {missing.name}", 11.0, missing.all(
                    next(b for b in bases if b.split(".")[-1] == missing.name)))  # fmt: skip
            yield Choice(f"super of {own.name}", 10.0, missing.all(own.name), (), own.name)


# ------------------------------------------------------------------ prefixes
def _own(missing: Missing) -> Iterator[Choice]:
    """`self.name`, `cls.name`, `Class.name` where the class has the name."""
    prefixes: list[str] = []
    strength = 0.0
    for scope in missing.scopes:
        method = next((s for s in scope.chain() if s.function is not None and s.parent is not None
                       and isinstance(s.parent.node, ast.ClassDef)), None)  # fmt: skip
        if method is None or method.function is None or method.parent is None:
            return
        owner = method.parent.node
        assert isinstance(owner, ast.ClassDef)
        first = next(iter((*method.function.args.posonlyargs, *method.function.args.args)), None)
        instance = first.arg if first is not None and first.arg in {"self", "cls", "mcs"} else None
        strength = max(strength, _has(owner, method.parent, missing.name), _inherited(missing, owner))
        prefixes.append(instance or owner.name)
    if prefixes and strength:
        edits = tuple((a, a, f"{p}.") for (a, _), p in zip(missing.spans, prefixes, strict=True))
        yield Choice(
            f"{prefixes[0]}.{missing.name}",
            strength + 0.5 * all(u.role == "call" for u in missing.uses),
            edits,
        )


def _inherited(missing: Missing, owner: ast.ClassDef) -> float:
    """The same of the bases that the file defines."""
    bases = {b.id for b in owner.bases if isinstance(b, ast.Name)}
    return max(
        (
            _has(scope.node, scope, missing.name)
            for scope in missing.outline.scopes
            if isinstance(scope.node, ast.ClassDef) and scope.node.name in bases
        ),
        default=0.0,
    )


def _has(owner: ast.ClassDef, scope: Scope, name: str) -> float:
    """How surely the class has the attribute: defined in it, set on self, at least read from self."""
    if name in scope.bindings:
        return 8.0
    best = 0.0
    for node in ast.walk(owner):
        if not isinstance(node, ast.Attribute) or node.attr != name:
            continue
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
            best = max(best, 8.0 if isinstance(node.ctx, ast.Store) else 6.0)
    return best


def _of_module(missing: Missing) -> Iterator[Choice]:
    """`base.name` where the file reads that elsewhere; else from the module that it reads most from."""
    outline, name = missing.outline, missing.name
    visible = {n: b for s in reversed(list(missing.scopes[0].visible())) for n, b in s.bindings.items() if b}
    for base, attributes in outline.attributes.items():
        if base in {"self", "cls", name} or base not in visible:
            continue
        module = visible[base][0].kind in {"module", "import"}
        if name in attributes:
            prior = (7.5 if module else 4.5) + min(attributes[name], 5) * 0.2
            yield Choice(f"{base}.{name}", prior, tuple((a, a, f"{base}.") for a, _ in missing.spans))
        elif module and visible[base][0].kind == "module" and sum(attributes.values()) > 5 and len(name) > 3:
            if not all(u.role in {"call", "base"} for u in missing.uses):
                continue
            prior = 1.5 + 0.5 * math.log(sum(attributes.values()))
            yield Choice(
                f"{base}.{name} (a guess)", prior, tuple((a, a, f"{base}.") for a, _ in missing.spans)
            )


def _alias(missing: Missing) -> Iterator[Choice]:
    """The module is there under another name: `import numpy as np` and then `numpy.zeros`; or the reverse."""
    for scope in missing.scopes[0].visible():
        for bound, bindings in scope.bindings.items():
            for binding in bindings:
                if isinstance(binding.value, ast.Import | ast.ImportFrom) and binding.line < missing.lines[0]:
                    for a in binding.value.names:
                        if (
                            (a.asname or a.name) == bound
                            and a.asname
                            and a.name.split(".")[-1] == missing.name
                        ):
                            yield Choice(f"{missing.name} -> {bound}", 9.5, missing.all(bound), (), bound)


def _stripped(missing: Missing) -> Iterator[Choice]:
    """`from doctest import testmod` and then `doctest.testmod()`: the prefix goes."""
    if not missing.from_attributes or len(missing.uses) != len(missing.spans):
        return
    names = {
        a.name: a.asname or a.name
        for node in missing.outline.nodes
        if isinstance(node, ast.ImportFrom) and node.module == missing.name
        for a in node.names
    }
    if all(u.chain[0] in names for u in missing.uses):
        edits = []
        for (start, end), use in zip(missing.spans, sorted(missing.uses, key=lambda u: u.line), strict=True):
            dotted = re.match(rf"\s*\.\s*{use.chain[0]}\b", missing.text[end:])
            if dotted is None:
                return
            edits.append((start, end + dotted.end(), names[use.chain[0]]))
        yield Choice(f"without {missing.name}.", 9.0, tuple(edits))


# ------------------------------------------------------------------ what a statement forgot to bind
def _caught(missing: Missing) -> Iterator[Choice]:
    """`except ValueError:` whose body reads `e`."""
    edits = []
    handlers = [n for n in missing.outline.nodes if isinstance(n, ast.ExceptHandler)]
    for line in missing.lines:
        around = [n for n in handlers if n.body[0].lineno <= line <= (n.end_lineno or 0)]
        handler = max(around, key=lambda n: n.lineno, default=None)
        if handler is None or handler.name is not None:
            return
        if handler.type is None:
            at = missing.offset(handler.lineno, handler.col_offset) + len("except")
            edits.append((at, at, f" Exception as {missing.name}"))
        else:
            at = missing.offset(handler.type.end_lineno or 1, handler.type.end_col_offset or 0)
            edits.append((at, at, f" as {missing.name}"))
    yield Choice(
        f"except … as {missing.name}", 9.0 if missing.name in ERRORS else 3.5, tuple(sorted(set(edits)))
    )


def _opened(missing: Missing) -> Iterator[Choice]:
    """`with open(path):` whose body reads `f`."""
    edits = set()
    blocks = [n for n in missing.outline.nodes if isinstance(n, ast.With | ast.AsyncWith)]
    for line in missing.lines:
        around = [n for n in blocks if n.body[0].lineno <= line <= (n.end_lineno or 0)]
        inner = max(around, key=lambda n: n.lineno, default=None)
        if inner is None or len(inner.items) != 1 or inner.items[0].optional_vars is not None:
            return
        what = inner.items[0].context_expr
        at = missing.offset(what.end_lineno or 1, what.end_col_offset or 0)
        edits.add((at, at, f" as {missing.name}"))
    yield Choice(f"with … as {missing.name}", 7.0 if missing.name in FILES else 4.0, tuple(sorted(edits)))


# ------------------------------------------------------------------ words
def _words(missing: Missing) -> Iterator[Choice]:
    """Names of Python 2 and of other languages; classes of `typing` that are builtins now."""
    name = missing.name
    if name in FOREIGN:
        yield Choice(f"{name} -> {FOREIGN[name]}", 8.0, missing.all(FOREIGN[name]), (), FOREIGN[name])
    if name in TYPING:
        modern = names_imports.modern(missing.text)
        yield Choice(
            f"{name} -> {TYPING[name]}", 8.8 + 2.0 * modern, missing.all(TYPING[name]), (), TYPING[name]
        )


def _union(missing: Missing) -> Iterator[Choice]:
    """`Optional[X]` as `X | None`, where the file writes unions so."""
    if missing.name != "Optional" or " | None" not in missing.text:
        return
    edits = []
    for start, end in missing.spans:
        whole = re.match(r"\[([^\[\]]*(?:\[[^\[\]]*\])?[^\[\]]*)\]", missing.text[end:])
        if whole is None:
            return
        edits += [(start, end + 1, ""), (end + whole.end() - 1, end + whole.end(), " | None")]
    yield Choice("Optional[…] -> … | None", 10.5, tuple(edits))


def _quoted(missing: Missing) -> Iterator[Choice]:
    """A key or a word that lost its quotes."""
    name, text = missing.name, missing.text
    strings = len(re.findall(rf"""(["']){re.escape(name)}\1""", text))
    indexed = all(u.role == "index" for u in missing.uses) and bool(missing.uses)
    mark = "'" if text.count("'") > 2 * text.count('"') else '"'
    if any(text[a - 1 : a] in {"'", '"'} for a, _ in missing.spans):
        return
    if name in DUNDERS and name != "__name__":
        yield Choice(f"{mark}{name}{mark}", 9.0, missing.all(f"{mark}{name}{mark}"))
    elif strings and not missing.from_attributes and not any(u.role == "call" for u in missing.uses):
        prior = 2.0 + 3.5 * indexed + min(strings, 3) * 0.4
        yield Choice(f"{mark}{name}{mark}", prior, missing.all(f"{mark}{name}{mark}"))


def _dunder(missing: Missing) -> Iterator[Choice]:
    """`_name_ == "_main_"`: both words lost underscores."""
    if missing.name.strip("_") == "name" and missing.name != "__name__":
        edits = list(missing.all("__name__"))
        for _, end in missing.spans:
            main = re.match(r"""\s*==\s*["'](_*main_*)["']""", missing.text[end:])
            if main is not None and main[1] != "__main__":
                edits.append((end + main.start(1), end + main.end(1), "__main__"))
        yield Choice("__name__", 9.0, tuple(sorted(edits)), (), "__name__")
