"""Choices that import an undefined name: from where people import it, from where the file imports its like."""

from __future__ import annotations

import ast
import math
import re
import sys

from sharpen.core.repair.names_alike import likeness
from sharpen.core.repair.names_choice import Choice, Missing
from sharpen.core.repair.names_table import Wanted, homes

MODULE = 8.0
"""A module whose attributes are read."""
NAMED, PER_LOG = 3.2, 0.9
"""A name from a module: this, and so much for each e-fold of packages that import it."""
FEW = 4
"""Packages below which an import is nobody's habit."""
SAME_MODULE = 2.5
"""The file has a `from` line, or an `import`, for that module."""
_METHODS = frozenset(
    name for kind in (str, list, dict, set, bytes) for name in dir(kind) if not name.startswith("_")
)
_DATETIME = frozenset(
    "combine fromisoformat fromtimestamp max min now strftime strptime today utcnow utcfromtimestamp".split()  # noqa: SIM905
)
"""What is read from the class `datetime`, not from the module."""
_PYTHON_2 = frozenset(
    ["StringIO", "cStringIO", "urllib2", "urlparse", "Queue", "ConfigParser", "Tkinter", "mock"]
)


def choices(missing: Missing) -> list[Choice]:
    """Every import that may supply the name."""
    found = []
    known = homes(missing.name)
    if not any(w.name is None for w, _ in known) and missing.name in sys.stdlib_module_names:
        known.append((Wanted(missing.name), 1))
    for wanted, count in known:
        prior = (
            _module(missing, wanted, count) if wanted.name is None else _named(missing, wanted, count, known)
        )
        if prior is not None:
            found += _as_the_file_does(missing, wanted, prior)
    return found + _siblings(missing, bool(known)) + _later(missing) + _guess(missing, bool(known))


def modern(text: str) -> bool:
    """Whether the annotations are those of Python 3.9 and later."""
    return bool(re.search(r"[:>\[] *(?:list|dict|set|tuple|type)\[|\| None\b", text))


def _module(missing: Missing, wanted: Wanted, count: int) -> float | None:
    roles = {u.role for u in missing.uses}
    if "call" in roles:
        return None
    path = tuple(wanted.module.split("."))[1:] if wanted.alias is None else ()
    if path and not all(u.chain[: len(path)] == path for u in missing.uses):
        return None
    if not missing.from_attributes:  # handed on, as to `patch.object`; or read from here and there
        mixed = 2.0 * any(u.chain and u.chain[0] not in _METHODS for u in missing.uses)
        return 2.5 + 0.7 * math.log1p(count) + mixed - 1.5 * (len(missing.name) < 2)
    methods = all(u.chain[0] in _METHODS for u in missing.uses)
    classlike = missing.name == "datetime" and all(u.chain[0] in _DATETIME for u in missing.uses)
    return (
        MODULE
        + 0.2 * math.log1p(count)
        + 0.5 * len(path) * (wanted.module != "os.path")
        - 3.5 * methods
        - 3.0 * classlike
    )


def _named(missing: Missing, wanted: Wanted, count: int, known: list[tuple[Wanted, int]]) -> float:
    name, uses = missing.name, missing.uses
    prior = NAMED + PER_LOG * math.log1p(count) + 1.0 * (count > 0 and name.lower() != name)
    if name == "main":
        prior -= 3.0 * ("TestCase" not in missing.text)
    if missing.from_attributes and name[:1].islower():
        classlike = name == "datetime" and all(u.chain[0] in _DATETIME for u in uses)
        whole = max((n for w, n in known if w.name is None), default=None)
        if whole is not None and whole < count:  # `from unittest import mock` is how that module is had
            prior = MODULE + 0.2 * math.log1p(count)
        elif whole is not None:
            prior += 1.5 if classlike else -2.5
    elif name[:1].islower() and not any(u.role in {"call", "base", "annotation"} for u in uses):
        prior -= 2.0
    if (
        missing.from_attributes
        and name.islower()
        and count < FEW
        and not _hosted(missing, wanted.module, name)
    ):
        prior -= 3.0  # `logger`, `client`: a thing of the file's own that was never made
    if len(name) == 1:
        prior -= 3.0
    if wanted.module == "typing" and not any(u.role == "annotation" for u in uses) and len(known) > 1:
        prior -= 2.0
    if wanted.module.split(".")[0] in _PYTHON_2 or wanted.module.startswith("_"):
        prior -= 2.0
    if wanted.module in {"typing", "collections.abc"} and any(u.role == "annotation" for u in uses):
        prior += 1.0
    if (
        wanted.module == "typing"
        and any(w.module == "collections.abc" for w, _ in known)
        and modern(missing.text)
    ):
        prior -= 3.5
    return prior


def _as_the_file_does(missing: Missing, wanted: Wanted, prior: float) -> list[Choice]:
    """The plain import, and the name read from its module where the file imports that already."""
    found = [
        Choice(
            wanted.statement,
            prior + SAME_MODULE * _hosted(missing, wanted.module, wanted.name),
            (),
            (wanted,),
        )
    ]
    if wanted.name is not None and wanted.alias is None:
        prefixed = [f"{bound}.{wanted.name}" for bound in _bound_as(missing, wanted.module)]
        found += [Choice(name, prior + SAME_MODULE + 1.0, missing.all(name)) for name in prefixed]
    return found


def _hosted(missing: Missing, module: str, name: str | None) -> bool:
    return name is not None and any(
        isinstance(n, ast.ImportFrom) and n.module == module and not n.level
        for n in missing.outline.tree.body
    )


def _bound_as(missing: Missing, module: str) -> list[str]:
    """The names by which the file's top level has the module."""
    found = []
    for node in missing.outline.tree.body:
        if isinstance(node, ast.Import) and node.lineno < max(missing.lines):
            found += [a.asname or a.name for a in node.names if a.name == module]
    return found


def _siblings(missing: Missing, known: bool) -> list[Choice]:
    """A module that the file imports names from may well have this one too, if it is called much the same."""
    found = []
    for node in missing.outline.tree.body:
        if not isinstance(node, ast.ImportFrom) or node.names[0].name == "*" or not node.module:
            continue
        if node.level or node.module.split(".")[0] in sys.stdlib_module_names:
            continue
        alike = max(likeness(missing.name, a.name) for a in node.names)
        about = likeness(missing.name, node.module.split(".")[-1])
        prior = (
            2.0
            - 1.5 * known
            + 3.0 * alike
            + about
            + 0.5 * (missing.name[:1].isupper() == node.names[0].name[:1].isupper())
        )
        if alike >= 0.9:
            prior -= 3.0  # a typing error in a name that is imported already
        package, _, last = node.module.rpartition(".")
        if package and [a.name for a in node.names] == [last]:  # `from sort.merge_sort import merge_sort`
            wanted = Wanted(f"{package}.{missing.name}", missing.name)
            found.append(Choice(f"{wanted.statement} (as {last})", prior + 1.0, (), (wanted,)))
        if alike > 0.3 and missing.name not in _METHODS:
            wanted = Wanted(node.module, missing.name)
            found.append(Choice(f"{wanted.statement} (beside {node.names[0].name})", prior, (), (wanted,)))
    return found


def _later(missing: Missing) -> list[Choice]:
    """An annotation may name a class that is made later on: annotations can wait."""
    bound = any(missing.name in s.bindings for scope in missing.scopes for s in scope.chain())
    if not bound or not all(u.role == "annotation" for u in missing.uses) or not missing.uses:
        return []
    quoted = tuple((a, b, f'"{missing.name}"') for a, b in missing.spans)
    plain = all(_alone(missing.text, a, b) for a, b in missing.spans)
    future = Choice("from __future__ import annotations", 9.0, (), (Wanted("__future__", "annotations"),))
    return (
        [future, Choice(f'"{missing.name}"', 8.5 if len(quoted) < 2 else 7.0, quoted)] if plain else [future]
    )


def _alone(text: str, start: int, end: int) -> bool:
    """Whether the name is a whole annotation, not part of one."""
    return bool(re.match(r"\s*[,)=:\n]", text[end:])) and text[:start].rstrip()[-1:] in {":", ">"}


def _guess(missing: Missing, known: bool) -> list[Choice]:
    """A module that nobody here knows: attributes are called on it, and the name is no everyday word."""
    name = missing.name
    if known or not missing.from_attributes or len(name) < 3 or name.startswith("_") or not name.islower():
        return []
    if all(u.chain[0] in _METHODS for u in missing.uses):
        return []
    rooted = re.search(rf"^\s*(?:from|import) {name}\.|^\s*from {name} import", missing.text, re.MULTILINE)
    classes = any(u.chain[0][:1].isupper() for u in missing.uses)
    prior = 7.0 if rooted else 3.0 if classes else 1.0
    return [Choice(f"import {name} (a guess)", prior, (), (Wanted(name),))]
