"""Count how people import each name, for the repair of undefined names: `core/repair/imports.tsv`.

    python -m sharpen.core.training.imports .train/wheels

reads the wheels that `corpus` downloads (held-out packages are left out) and the standard library, and writes the
table anew: a line a module (`from collections import`, `import numpy`), then the names with the number of packages
that import them so. A module of the standard library lists all its public names, those without a number because no
package imports them. Only these counts are kept; no code is copied.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import random
import re
import sys
import types
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sharpen.core.training.corpus import HELD_OUT

TABLE = Path(__file__).parent.parent / "repair" / "imports.tsv"
STANDARD = Path(ast.__file__).parent
FILES = 350
"""Files of one package that are read at most."""
AT_LEAST = 2
"""Packages that must import a name from outside the standard library before the table has it."""
MANY = 150
"""A module with more public names than this (os, socket) lists only those that somebody imports."""
SEEN_IN = 4
"""Packages that must use a module of the standard library before all its names are listed."""
_REFUSED = re.compile(
    r"(?:test|idlelib|lib2to3|_|antigravity|this$|distutils|nt$|posix$|msvcrt|winreg|builtins|ctypes\.)|.*\._"
)

Pair = tuple[str, str]
"""The statement's head (`from collections import`) and the name as `name` or `alias=name`."""


def pairs(text: str, own: frozenset[str]) -> set[Pair]:
    """Every absolute import of a file, but those of the package itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] not in own:
                    found.add((f"import {alias.name}", alias.asname or alias.name.split(".")[0]))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.partition(".")[0] not in {*own, "__future__", ""}:
                found |= {(f"from {module} import", _as(a)) for a in node.names if a.name != "*"}
    return found


def _as(alias: ast.alias) -> str:
    return f"{alias.asname}={alias.name}" if alias.asname not in (None, alias.name) else alias.name


def sources(wheels: Path, standard: Path | None) -> Iterator[tuple[str, frozenset[str], str]]:
    """(package, its own top-level names, text) of every file that counts."""
    held = {name.lower() for name in HELD_OUT}
    for wheel in sorted(wheels.glob("*.whl")):
        package = wheel.name.split("-")[0].lower().replace("_", "-")
        if package in held:
            continue
        with zipfile.ZipFile(wheel) as archive:
            files = sorted(i.filename for i in archive.infolist() if i.filename.endswith(".py"))
            own = frozenset(name.split("/")[0].removesuffix(".py") for name in files)
            random.Random(0).shuffle(files)
            for name in files[:FILES]:
                yield package, own, archive.read(name).decode("utf-8", "replace")
    files = (
        sorted(str(p) for p in standard.rglob("*.py") if "site-packages" not in p.parts) if standard else []
    )
    random.Random(0).shuffle(files)
    for name in files[: 2 * FILES]:
        yield "stdlib", frozenset(), Path(name).read_bytes().decode("utf-8", "replace")


def count(wheels: Path, standard: Path | None = STANDARD) -> dict[Pair, int]:
    """In how many packages each import is found; the standard library in the folder `standard` is one of them."""
    seen: dict[Pair, set[str]] = defaultdict(set)
    for package, own, text in sources(wheels, standard):
        for pair in pairs(text, own):
            seen[pair].add(package)
    return {pair: len(packages) for pair, packages in seen.items()}


def _standard(head: str) -> bool:
    return head.split()[1].partition(".")[0] in sys.stdlib_module_names


def public(module: str) -> list[str]:
    """The names that a module of the standard library offers; empty where it cannot be loaded here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = importlib.import_module(module)
    except Exception:  # noqa: BLE001  # whatever a module of another system raises
        return []
    every = getattr(loaded, "__all__", None)
    if every is None:
        every = [k for k, v in vars(loaded).items() if not isinstance(v, types.ModuleType)]
    return sorted(name for name in every if not name.startswith("_"))


def table(counts: dict[Pair, int]) -> str:
    """The table as text, sorted, so that the same counts give the same bytes."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    popular: dict[str, int] = defaultdict(int)
    for (head, name), number in counts.items():
        module = head.split()[1]
        if _standard(head):
            popular[module] += number
        rare = number < AT_LEAST
        if not rare or (_standard(head) and not _REFUSED.match(module) and not name.isupper()):
            rows[head][name] = number
    for module, number in popular.items():
        offered = public(module) if number >= SEEN_IN and not _REFUSED.match(module) else []
        for name in offered if len(offered) <= MANY else ():
            if not name.isupper():  # a constant that nobody imports is read from its module
                rows[f"from {module} import"].setdefault(name, 0)
    lines = []
    for head, names in sorted(rows.items()):
        cells = [f"{name}:{number}" if number else name for name, number in sorted(names.items())]
        lines.append(f"{head}\t{' '.join(cells)}\n")
    return (
        "# made by sharpen.core.training.imports: a statement, its names, the packages that import each\n"
        + ("".join(lines))
    )


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description="Count how names are imported.")
    parser.add_argument("wheels", type=Path, help="the folder of wheels that the corpus is made of")
    parser.add_argument("--out", type=Path, default=TABLE)
    a = parser.parse_args()
    text = table(count(a.wheels))
    a.out.write_text(text, encoding="utf-8")
    print(f"{a.out}: {len(text)} characters")


if __name__ == "__main__":
    main()
