"""Choices that put another name in place of an undefined one: what is in scope there, alike, near, and wanted.

The weights say how much likelier a sign makes a name, on the scale of `Choice.prior`.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from sharpen.core.repair.names_alike import likeness, plain, words
from sharpen.core.repair.names_choice import Choice, Edit, Missing
from sharpen.core.repair.names_outline import Binding, Scope, Use

ALIKE = 6.5
UNUSED = 1.4
NEAR = 1.0
KNOWN_NAME = 1.5
MOST_FUNCTIONS = 12
"""Of more functions that miss the name, so many are looked at; a choice for all still changes them all."""
MOST = 10
"""Choices for one name at most."""
UNLIKE = 0.4
"""Likeness below which a name is meant by another one only where something else speaks for it."""
OTHER_DEFINITION = 0.7
"""A function does not call itself by a wrong name, and a class is no other one that shares a word with it."""
BUILTINS = frozenset(n for n in dir(builtins) if not n.startswith("_")) | {"__name__", "__file__", "__doc__"}
ERRORS = frozenset(["e", "E", "ex", "err", "exc", "error", "exception", "error_message"])


def choices(missing: Missing, *, known: bool = False) -> list[Choice]:
    """Renames of the use, best first; where the binding is what is misspelt, renames of that.

    `known`: the name is one that people import, so it is hardly another one that only shares a word with it.
    """
    groups: dict[Scope, list[int]] = defaultdict(list)
    for index, scope in enumerate(missing.scopes):
        groups[_function(scope)].append(index)
    ranked = [_ranked(missing, indexes) for indexes in itertools.islice(groups.values(), MOST_FUNCTIONS)]
    common = set.intersection(*(set(r) for r in ranked)) if ranked else set()
    found = [
        Choice(
            f"{missing.name} -> {other}",
            sum(r[other] for r in ranked) / len(ranked)
            - KNOWN_NAME * (known and likeness(missing.name, other) < 0.99),
            missing.all(other),
            (),
            other,
        )
        for other in common
    ]
    if len(groups) == len(ranked) > 1 and all(ranked):
        found.append(_each(missing, list(groups.values()), ranked))
    found += [c for other in common if (c := _binding(missing, other, found)) is not None]
    return sorted(found, key=lambda c: (-c.prior, c.note))[:MOST]


def _function(scope: Scope) -> Scope:
    return next((s for s in scope.chain() if s.function is not None or s.parent is None), scope)


def _each(missing: Missing, groups: list[list[int]], ranked: list[dict[str, float]]) -> Choice:
    """Every function its own best name."""
    edits: list[Edit] = []
    best = [max(r, key=lambda n: (r[n], n)) for r in ranked]
    for indexes, name in zip(groups, best, strict=True):
        edits += [(*missing.spans[i], name) for i in indexes]
    prior = sum(r[n] for r, n in zip(ranked, best, strict=True)) / len(best)
    note = f"{missing.name} -> {', '.join(dict.fromkeys(best))}"
    return Choice(note, prior - 0.5, tuple(sorted(edits)), (), "/".join(best))


def _ranked(missing: Missing, indexes: list[int]) -> dict[str, float]:
    """Every name that could stand at these places, scored."""
    lines = [missing.lines[i] for i in indexes]
    scope = missing.scopes[indexes[0]]
    uses = [u for u in missing.uses if u.line in lines]
    function = _function(scope)
    found: dict[str, float] = {}
    for depth, around in enumerate(scope.visible()):
        for name, bindings in around.bindings.items():
            if name not in found and name != missing.name and bindings and name != "_":
                if not _plausible(missing.name, name, around, function, uses):
                    continue
                score = _score(missing, name, around, function, depth=depth, line=lines[0], uses=uses)
                if score > 1.0:
                    found[name] = score
    for name in BUILTINS - found.keys():
        alike = likeness(missing.name, name)
        if alike >= 0.78 and name != missing.name:
            found[name] = ALIKE * alike + 0.3 - 2.0 * (len(name) < 4 and alike < 1)
    return found


def _plausible(wrong: str, name: str, home: Scope, function: Scope, uses: list[Use]) -> bool:
    """Whether anybody can have meant that name: one that is alike, or a variable that waits to be read."""
    alike = likeness(wrong, name)
    if name in {"self", "cls"}:
        return alike >= OTHER_DEFINITION
    kinds = {b.kind for b in home.bindings[name]}
    if kinds & {"function", "class"}:
        called = any(u.role in {"call", "base", "annotation"} for u in uses)
        itself = name in {s.function.name for s in function.chain() if s.function is not None}
        return alike >= (OTHER_DEFINITION if itself or not called or wrong[:1].isupper() else UNLIKE)
    if alike >= UNLIKE:
        return True
    constant = len(wrong) > 1 and wrong.isupper() and not name.isupper()
    return not constant and (len(wrong) == 1 or (home is function and home.reads[name] == 0))


def _score(
    missing: Missing, name: str, home: Scope, function: Scope, *, depth: int, line: int, uses: list[Use]
) -> float:
    wrong, outline, bindings = missing.name, missing.outline, home.bindings[name]
    local = home.function is not None or isinstance(home.node, ast.Lambda) or depth == 0
    score = ALIKE * likeness(wrong, name)
    score += 1.2 if local and home.parent is not None else 0.6
    before = [b for b in bindings if b.line <= line]
    here = home is function
    definition = bindings[0].kind in {"function", "class"}
    if not before and (here or (home is outline.module and not definition)):
        score -= 4.0 if here and home is not outline.module else 1.5
    if all(b.line == line and b.kind == "loop" for b in bindings):
        score -= 2.5  # `for vowel in vow`: bound by this very line
    nearest = min((line - b.line for b in before), default=60)
    score += NEAR * math.exp(-nearest / 12)
    if home.reads[name] == 0 and not name.startswith(("__", "test")):
        imported = bindings[0].kind in {"import", "module"}
        score += UNUSED * (0.5 if imported else 1.0)
    if any(b.kind == "except" for b in bindings) and wrong in ERRORS:
        score += 3.0
    return (
        score
        + sum(_fits(u, name, bindings, missing) for u in uses[:4]) / max(1, len(uses[:4]))
        - _other(wrong, name, bindings, missing)
    )


def _other(wrong: str, name: str, bindings: list[Binding], missing: Missing) -> float:
    """An imported name that is used as it is, and that differs by whole words, is another name of that module."""
    if bindings[0].kind != "import" or missing.outline.reads(name) == 0 or plain(wrong) == plain(name):
        return 0.0
    return 2.5 if words(wrong) != words(name) and likeness(wrong, name) < 0.9 else 0.0


def _fits(use: Use, name: str, bindings: list[Binding], missing: Missing) -> float:
    """Whether the name can do what is done at the place."""
    kind, value = bindings[-1].kind, bindings[-1].value
    kinds = {b.kind for b in bindings}
    role = use.role
    if role == "call":
        if kinds & {"function", "class"}:
            return 1.0
        if kind in {"import", "parameter"}:
            return 0.0
        return (
            -1.5 if kind != "assign" or not isinstance(value, ast.Lambda | ast.Attribute | ast.Name) else 0.0
        )
    if role in {"base", "annotation"}:
        return 1.0 if "class" in kinds else 0.5 if kind == "import" or use.name[:1].islower() else -1.5
    if kinds <= {"module"}:
        return 0.3 if role == "attribute" else -2.5
    if "function" in kinds:
        return -1.5 if role in {"attribute", "subscript", "iterate"} else -1.0
    if "class" in kinds:
        return 0.2 if role == "attribute" else -1.0
    if role == "attribute":
        seen = missing.outline.attributes.get(name, Counter())
        return 1.5 if use.chain and use.chain[0] in seen else 0.5 if seen else -1.0
    if role in {"subscript", "iterate"}:
        return _many(value, role)
    return 0.0


def _many(value: ast.AST | None, role: str) -> float:
    """Whether the value has parts."""
    if isinstance(
        value, ast.List | ast.Tuple | ast.Dict | ast.Set | ast.ListComp | ast.SetComp | ast.DictComp
    ):
        return 0.8
    if isinstance(value, ast.Constant):
        return 0.3 if isinstance(value.value, str) else -1.5
    return 0.2 if role == "iterate" else 0.0


def _binding(missing: Missing, other: str, found: Iterable[Choice]) -> Choice | None:
    """Rename `other` to the undefined name: it is bound here, read nowhere, and the file knows the other spelling."""
    if likeness(missing.name, other) < 0.5:
        return None
    homes = [next((s for s in scope.visible() if other in s.bindings), None) for scope in missing.scopes]
    home = homes[0]
    if (
        home is None
        or any(h is not home for h in homes)
        or home.reads[other]
        or likeness(missing.name, other) < 0.5
    ):
        return None
    bindings = home.bindings[other]
    if any(b.kind not in {"assign", "augment", "loop", "with"} for b in bindings):
        return None
    elsewhere = missing.outline.words[missing.name] - len(missing.spans)
    if elsewhere <= 0 and len(missing.spans) <= len(bindings):
        return None
    if "_" in other and "_" not in missing.name and missing.name.lower() != missing.name:
        return None  # nobody turns snake_case into camelCase
    edits = [e for b in bindings if (e := _spot(missing, other, b.line)) is not None]
    if len(edits) != len({b.line for b in bindings}):
        return None
    use = next((c.prior for c in found if c.target == other), 0.0)
    return Choice(
        f"{other} -> {missing.name} where it is bound",
        use + (0.5 if elsewhere > 0 else -0.5),
        tuple(sorted(edits)),
    )


def _spot(missing: Missing, name: str, line: int) -> Edit | None:
    """The only place of the name on a line."""
    start = missing.starts[line - 1]
    row = missing.text[start : missing.text.find("\n", start) % (len(missing.text) + 1)]
    hits = list(re.finditer(rf"(?<![\w.]){re.escape(name)}\b", row))
    return (start + hits[0].start(), start + hits[0].end(), missing.name) if len(hits) == 1 else None
