"""How people import a name: the counts of `imports.tsv`, which `core.training.imports` makes. Loaded on first use."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("imports.tsv")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An import that a file should have."""

    module: str
    name: str | None = None
    """None: the module itself."""
    alias: str | None = None

    @property
    def bound(self) -> str:
        """The name that the import binds."""
        return self.alias or self.name or self.module.split(".")[0]

    @property
    def spelled(self) -> str:
        """What stands after `import`."""
        first = self.name or self.module
        return f"{first} as {self.alias}" if self.alias and self.alias != first else first

    @property
    def statement(self) -> str:
        """The whole statement, on one line."""
        return f"from {self.module} import {self.spelled}" if self.name else f"import {self.spelled}"


@cache
def _homes() -> dict[str, list[tuple[Wanted, int]]]:
    found: dict[str, list[tuple[Wanted, int]]] = defaultdict(list)
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        head, _, cells = line.partition("\t")
        kind, module = head.split()[:2]
        for cell in cells.split():
            bound, _, number = cell.partition(":")
            bound, _, real = bound.partition("=")
            if kind == "import":
                alias = None if bound == module.split(".")[0] else bound
                wanted = Wanted(module, None, alias)
            else:
                wanted = Wanted(module, real or bound, bound if real else None)
            found[bound].append((wanted, int(number or 0)))
    return found


def homes(name: str) -> list[tuple[Wanted, int]]:
    """Every known import that binds `name`, with the number of packages that have it."""
    return list(_homes().get(name, ()))
