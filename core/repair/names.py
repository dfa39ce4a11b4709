"""Plans that repair undefined names: another name that is in scope, or the import that is missing. torch-free.

`engines.embedded` asks for them and lets the verifier judge each. Names in scope are those that the file binds
anywhere (ruff has already said that the name itself is bound nowhere it could be seen), and the builtins.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from sharpen.core.diagnostic import Diagnostic

_TYPING = frozenset(
    [
        "Any",
        "Callable",
        "ClassVar",
        "Dict",
        "FrozenSet",
        "Generic",
        "Iterable",
        "Iterator",
        "List",
        "Literal",
        "Mapping",
        "NamedTuple",
        "Optional",
        "Sequence",
        "Set",
        "Tuple",
        "Type",
        "TypeVar",
        "Union",
        "cast",
        "overload",
    ]  # reads as a list of words
)
_HOMES = {
    "Path": "from pathlib import Path",
    "defaultdict": "from collections import defaultdict",
    "deque": "from collections import deque",
    "Counter": "from collections import Counter",
    "OrderedDict": "from collections import OrderedDict",
    "namedtuple": "from collections import namedtuple",
    "dataclass": "from dataclasses import dataclass",
    "partial": "from functools import partial",
    "wraps": "from functools import wraps",
    "reduce": "from functools import reduce",
    "lru_cache": "from functools import lru_cache",
    "datetime": "from datetime import datetime",
    "timedelta": "from datetime import timedelta",
    "randint": "from random import randint",
    "sqrt": "from math import sqrt",
    "pi": "from math import pi",
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "nx": "import networkx as nx",
    "tf": "import tensorflow as tf",
    "ABC": "from abc import ABC",
    "abstractmethod": "from abc import abstractmethod",
    "Enum": "from enum import Enum",
    "StringIO": "from io import StringIO",
    "BytesIO": "from io import BytesIO",
    "sleep": "from time import sleep",
    "Decimal": "from decimal import Decimal",
    "Fraction": "from fractions import Fraction",
    "Mock": "from unittest.mock import Mock",
    "MagicMock": "from unittest.mock import MagicMock",
    "patch": "from unittest.mock import patch",
}
_BUILTIN_TYPES = {
    "List": "list",
    "Dict": "dict",
    "Set": "set",
    "Tuple": "tuple",
    "FrozenSet": "frozenset",
    "Type": "type",
}


@dataclass(frozen=True, slots=True)
class NamePlan:
    """Edits of the text, best first by `prior`."""

    edits: tuple[tuple[int, int, str], ...]
    """(start_char, end_char, new text), sorted."""
    note: str
    prior: float


def propose(text: str, diagnostics: Sequence[Diagnostic]) -> list[NamePlan]:
    """Plans for all the undefined names together: the best of each, then the best with one of them changed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    places: dict[str, list[tuple[int, int]]] = {}
    for d in diagnostics:
        places.setdefault(text[d.start_char : d.end_char], []).append((d.start_char, d.end_char))
    choices = [_one(text, tree, name, spans) for name, spans in places.items()]
    choices = [c for c in choices if c]
    if not choices:
        return []
    plans = [_join([c[0] for c in choices])]
    for k, ranked in enumerate(choices):
        plans += [
            _join([*(c[0] for c in choices[:k]), other, *(c[0] for c in choices[k + 1 :])])
            for other in ranked[1:8]
        ]
    return sorted(plans, key=lambda p: -p.prior)


def _join(parts: Sequence[NamePlan]) -> NamePlan:
    edits = tuple(sorted(e for p in parts for e in p.edits))
    return NamePlan(edits, "; ".join(p.note for p in parts), sum(p.prior for p in parts))


def _one(text: str, tree: ast.Module, name: str, spans: list[tuple[int, int]]) -> list[NamePlan]:
    found: list[NamePlan] = []
    attribute = all(re.match(r"\.\w", text[end : end + 2]) for _, end in spans)
    for statement, weight in _imports(name, attribute):
        at, new = _placed(text, tree, statement)
        found.append(NamePlan(((at, at, new),), statement, weight))
    for other, weight in _similar(name, _bound(tree)):
        edits = tuple((a, b, other) for a, b in sorted(spans))
        found.append(NamePlan(edits, f"{name} -> {other}", weight))
    if name in _BUILTIN_TYPES and sys.version_info >= (3, 9):
        edits = tuple((a, b, _BUILTIN_TYPES[name]) for a, b in sorted(spans))
        found.append(NamePlan(edits, f"{name} -> {_BUILTIN_TYPES[name]}", 2.0))
    return sorted(found, key=lambda p: -p.prior)


def _imports(name: str, attribute: bool) -> list[tuple[str, float]]:
    if name in _HOMES and not (attribute and name == "datetime"):
        return [(_HOMES[name], 3.0)]
    if name in _TYPING:
        return [(f"from typing import {name}", 2.5)]
    if name in sys.stdlib_module_names:
        return [(f"import {name}", 3.0 if attribute else 0.5)]
    return []


def _bound(tree: ast.Module) -> set[str]:
    """Every name that the file binds, and the builtins."""
    names = set(dir(builtins)) | {"__name__", "__file__", "__doc__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


def _similar(name: str, bound: set[str]) -> list[tuple[str, float]]:
    """Names like it, most alike first; 0 is half alike, 3 the same but for case and underscores."""
    plain = name.replace("_", "").lower()
    scored = []
    for other in bound - {name}:
        same = other.replace("_", "").lower() == plain
        ratio = 1.0 if same else difflib.SequenceMatcher(None, name, other).ratio()
        if ratio > 0.55:
            scored.append((other, (ratio - 0.5) * 6 + 0.3 * same))
    return sorted(scored, key=lambda s: (-s[1], s[0]))[:8]


def _placed(text: str, tree: ast.Module, statement: str) -> tuple[int, str]:
    """Where the import goes: before the first import that is not `__future__`, else after the docstring."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    ordinary = [n for n in imports if getattr(n, "module", "") != "__future__"]
    if ordinary:
        plain = (
            [n for n in ordinary if isinstance(n, ast.Import)] if statement.startswith("import") else ordinary
        )
        later = [n for n in plain or ordinary if (ast.unparse(n)) > statement]
        if later:
            return starts[later[0].lineno - 1], statement + "\n"
        return min(starts[(plain or ordinary)[-1].end_lineno or 1], len(text)), statement + "\n"
    first = next(
        (n for n in tree.body[:1] if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)), None
    )
    last = imports[-1] if imports else first
    if last is not None:
        return min(starts[last.end_lineno or 1], len(text)), "\n" + statement + "\n"
    return 0, statement + "\n\n"
