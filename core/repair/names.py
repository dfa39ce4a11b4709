"""Plans that repair undefined names: another name, an import, a prefix, a parameter, whatever the place suggests.

`engines.embedded` asks for plans and lets the verifier judge them from the first on. Each name has its choices, on one
scale: `names_imports` (how people import it), `names_rename` (what is in scope and alike), `names_forms` (what the
statement looks like), `names_parameter` and `names_elsewhere` (what the rest of the file does). A plan takes one choice for every name. Invariant: a plan never deletes
the use, comments it out, or binds the name to a made-up value. No torch, no process, no file but the shipped table.
"""

from __future__ import annotations

import ast
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from sharpen.core.diagnostic import Diagnostic
from sharpen.core.repair import names_elsewhere, names_forms, names_imports, names_parameter, names_rename
from sharpen.core.repair.names_choice import Choice, Edit, Missing
from sharpen.core.repair.names_outline import Outline
from sharpen.core.repair.names_placing import place

EACH = 12
"""Choices for one name that plans are made of."""
TOGETHER = 3
"""Of several names, so many choices of each are combined freely."""
KNOWN = 4.5
"""An import from this prior on: people do use that very name."""
LEAST = 2.0
"""Below this a choice is a guess, and a name that is not repaired is told."""
SAME_TARGET = 2.5
"""Two names seldom stand for one."""
BEHIND = 3.0
PLANS = 48


@dataclass(frozen=True, slots=True)
class NamePlan:
    """Edits of the text, best first by `prior`."""

    edits: tuple[Edit, ...]
    """(start_char, end_char, new text), sorted, none overlapping."""
    note: str
    prior: float


def propose(
    text: str, diagnostics: Sequence[Diagnostic], within: tuple[int, int] | None = None
) -> list[NamePlan]:
    """Plans for all the undefined names together, best first; empty where there is nothing to propose.

    With `within` (start_char, end_char) only plans that change nothing outside: no import at the top of the file.
    The text must parse; one that does not, or that is nested too deeply, has no plans.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        names = _missing(text, Outline(tree, text.count("\n") + 1), diagnostics)
        ranked = [each for name in names if (each := choices(name))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    first = min((name.lines[0] for name in names), default=1)
    module = min(
        (
            line
            for name in names
            for line, s in zip(name.lines, name.scopes, strict=True)
            if s.function is None
        ),
        default=None,
    )
    plans: dict[tuple[Edit, ...], NamePlan] = {}
    for picked in _combined(ranked):
        plan = _joined(text, tree, picked, module if module is not None else first)
        if plan is not None:
            plans.setdefault(plan.edits, plan)
    every = sorted(plans.values(), key=lambda p: -p.prior)
    if within is not None:  # what is far behind a plan that reaches outside is wrong, not second best
        every = [p for p in every if p.prior >= every[0].prior - BEHIND and _inside(p, within)]
    return every[:PLANS]


def _inside(plan: NamePlan, within: tuple[int, int]) -> bool:
    return all(within[0] <= start and end <= within[1] for start, end, _ in plan.edits)


def choices(missing: Missing) -> list[Choice]:
    """Everything that may supply one name, best first, each edit once."""
    imports = names_imports.choices(missing)
    known = max((c.prior for c in imports), default=0.0) >= KNOWN
    found = [
        *imports,
        *names_rename.choices(missing, known=known),
        *names_forms.choices(missing),
        *names_parameter.choices(missing),
        *names_elsewhere.choices(missing),
    ]
    best: dict[object, Choice] = {}
    for choice in sorted(found, key=lambda c: (-c.prior, c.note)):
        if choice.prior >= LEAST:
            best.setdefault((choice.edits, choice.imports), choice)
    return list(best.values())[:EACH]


def _missing(text: str, outline: Outline, diagnostics: Sequence[Diagnostic]) -> list[Missing]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    places: dict[str, list[tuple[int, int, int]]] = {}
    for d in sorted(diagnostics, key=lambda d: d.start_char):
        name = text[d.start_char : d.end_char]
        if name.isidentifier():
            places.setdefault(name, []).append((d.start_char, d.end_char, d.line))
    return [
        Missing(
            name, tuple((a, b) for a, b, _ in at), tuple(n for _, _, n in at), text, tuple(starts), outline
        )
        for name, at in places.items()
    ]


def _combined(ranked: list[list[Choice]]) -> list[tuple[Choice, ...]]:
    """The best few of all names together, then the best of all with one name's further choices."""
    if not ranked:
        return []
    free = TOGETHER if len(ranked) < 4 else 2 if len(ranked) < 6 else 1
    found = list(itertools.product(*(r[:free] for r in ranked)))
    for k, choices in enumerate(ranked):
        found += [
            (*(r[0] for r in ranked[:k]), other, *(r[0] for r in ranked[k + 1 :])) for other in choices[free:]
        ]
    return sorted(found, key=lambda picked: -_prior(picked))[: 2 * PLANS]


def _prior(picked: Sequence[Choice]) -> float:
    targets = [c.target for c in picked if c.target]
    return sum(c.prior for c in picked) - SAME_TARGET * (len(targets) - len(set(targets)))


def _joined(text: str, tree: ast.Module, picked: Sequence[Choice], line: int) -> NamePlan | None:
    """One plan; None where two choices change the same characters in different ways."""
    wanted = [one for choice in picked for one in choice.imports]
    edits = sorted(
        {*(e for c in picked for e in c.edits), *(place(text, tree, wanted, line) if wanted else ())}
    )
    merged: list[Edit] = []
    for start, end, new in edits:
        if merged and start == end == merged[-1][0] == merged[-1][1]:
            merged[-1] = (start, end, merged[-1][2] + new)
        elif merged and start < merged[-1][1]:
            return None
        else:
            merged.append((start, end, new))
    return NamePlan(tuple(merged), "; ".join(c.note for c in picked), _prior(picked))
