"""Choices that the rest of the file gives away: an import in another function, in a docstring, in a comment.

`repair.names` asks for them. Invariant: what is inserted stands elsewhere in the file, word for word.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from sharpen.core.repair.names_choice import Choice, Missing
from sharpen.core.repair.names_outline import Function, Scope
from sharpen.core.repair.names_table import Wanted

_STATEMENT = re.compile(r"^[ \t#>]*((?:from [\w.]+ )?import [\w., ]+?)[ \t]*(?:#.*)?$", re.MULTILINE)
SAID = 8.7
"""A comment, a doctest or another function imports the name."""
DONE = 9.2
"""Other functions import it for themselves, and nothing does so for all."""
REPEATED = 3.0
"""Two other functions or more make it with the same statement."""


def choices(missing: Missing) -> Iterator[Choice]:
    """Imports and statements that bind the name somewhere else."""
    yield from _said(missing)
    functions = {_function(scope) for scope in missing.scopes}
    function = functions.pop() if len(functions) == 1 else None
    if function is not None:
        yield from _repeated(missing, function)


def _function(scope: Scope) -> Function | None:
    return next((s.function for s in scope.chain() if s.function is not None), None)


def _said(missing: Missing) -> Iterator[Choice]:
    """The import as some line of the text has it, code or not."""
    seen: set[Wanted] = set()
    for found in _STATEMENT.finditer(missing.text):
        if missing.name not in found[1]:
            continue
        try:
            (statement,) = ast.parse(found[1]).body
        except (SyntaxError, ValueError):
            continue
        seen.update(w for w in _bindings(statement) if w.bound == missing.name)
    for wanted in sorted(seen, key=lambda w: w.statement):
        yield Choice(f"{wanted.statement} (said elsewhere)", SAID, (), (wanted,))


def _bindings(statement: ast.stmt) -> list[Wanted]:
    if isinstance(statement, ast.Import):
        return [Wanted(a.name, None, a.asname) for a in statement.names]
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        return [Wanted(statement.module, a.name, a.asname) for a in statement.names if a.name != "*"]
    return []


def _repeated(missing: Missing, function: Function) -> Iterator[Choice]:
    """The statement with which other functions bind the name, at the head of this one."""
    rows = missing.text.split("\n")
    lines: Counter[str] = Counter()
    airy: dict[str, bool] = {}
    for _, scope in missing.outline.functions():
        for binding in scope.bindings.get(missing.name, ()):
            row = rows[binding.line - 1].strip()
            if binding.kind in {"import", "module", "assign"} and _complete(row):
                lines[row] += 1
                airy[row] = binding.line < len(rows) and not rows[binding.line].strip()
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1:
        first = function.body[1]
    at = missing.offset(first.lineno, 0)
    indent = missing.text[at : missing.offset(first.lineno, first.col_offset)]
    if indent.strip():
        return  # a body on the line of its `def`
    for row, count in lines.items():
        imports = row.startswith(("import ", "from ")) or "import" in row.partition("=")[2]
        if imports or count > 1:
            prior = DONE if imports else REPEATED + 0.4 * min(count, 4)
            yield Choice(
                f"{row} (as elsewhere)",
                prior,
                ((at, at, f"{indent}{row}\n" + "\n" * (imports and airy[row])),),
            )


def _complete(row: str) -> bool:
    try:
        return len(ast.parse(row).body) == 1
    except (SyntaxError, ValueError):
        return False
