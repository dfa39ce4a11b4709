"""Where an import goes, as a person would put it: into the `from` line that is there, among its like, in its group.

`repair.names` asks for edits that give a file some imports. Invariant: nothing of the file but import lines is
changed, and every new import stands before the first place of the file's top level that needs it, where the file's own
imports allow it. Groups are runs of imports without an empty line between them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence

from sharpen.core.repair.names_table import Wanted

Edit = tuple[int, int, str]
Import = ast.Import | ast.ImportFrom
STANDARD, OTHER, LOCAL = 1, 2, 3
ONE_A_LINE = 3
"""So many `from` lines for one module, a name each, are the file's way to write them."""
LONGEST = 100


def place(text: str, tree: ast.Module, wanted: Sequence[Wanted], before: int | None = None) -> list[Edit]:
    """Edits (start_char, end_char, new text) that add the imports; `before` is the first line that needs them."""
    page = _Page(text, tree, before)
    edits: list[Edit] = []
    fresh: list[Wanted] = []
    extended: dict[int, list[Wanted]] = defaultdict(list)
    for one in sorted(set(wanted), key=lambda w: (w.module, w.name or "", w.alias or "")):
        host = page.host(one)
        if host is None:
            fresh.append(one)
        else:
            extended[page.all.index(host)].append(one)
    for index, more in extended.items():
        edits += page.extend(page.all[index], more)
    placed: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for statement in _by_statement(fresh):
        at, head, line, tail = page.insert(statement)
        placed[at].append((head, line, tail))
    for at, parts in placed.items():
        lines = [line for _, line, _ in sorted(parts, key=lambda p: (not p[1].startswith("import"), p[1]))]
        edits.append((at, at, parts[0][0] + "".join(lines) + parts[0][2]))
    return sorted(edits)


def _by_statement(fresh: list[Wanted]) -> list[tuple[str, str]]:
    """(module, statement): names of one module share a line."""
    found: list[tuple[str, str]] = []
    named: dict[str, list[str]] = defaultdict(list)
    for one in fresh:
        if one.name is None:
            found.append((one.module, one.statement))
        else:
            named[one.module].append(one.spelled)
    return found + [(m, f"from {m} import {', '.join(sorted(n, key=isort_key))}") for m, n in named.items()]


def section(module: str, level: int = 0) -> int:
    """The part of the import block: standard library, other packages, the package itself."""
    if level or not module:
        return LOCAL
    return STANDARD if module.partition(".")[0] in sys.stdlib_module_names else OTHER


def isort_key(name: str) -> tuple[int, str, str]:
    """Constants, then classes, then the rest: the order of isort and ruff."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


def _plain_key(name: str) -> tuple[int, str, str]:
    return 0, "", name


def _lower_key(name: str) -> tuple[int, str, str]:
    return 0, name.lower(), name


class _Page:
    """The file's lines and its import statements."""

    def __init__(self, text: str, tree: ast.Module, before: int | None) -> None:
        self.text, self.tree = text, tree
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        limit = before or len(self.lines) + 1
        self.all = [n for n in tree.body if isinstance(n, Import) and n.lineno < limit]
        head: list[Import] = []
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and head:
                break
            if (
                isinstance(node, Import)
                and node.lineno < limit
                and getattr(node, "module", "") != "__future__"
            ):
                head.append(node)
        self.head = head

    def at(self, node: ast.AST, *, end: bool = False) -> int:
        """The node's first (or last) character's offset; ast counts columns in UTF-8 bytes."""
        row = (node.end_lineno if end else node.lineno) or 1  # type: ignore[attr-defined]
        column = node.end_col_offset if end else node.col_offset  # type: ignore[attr-defined]
        return self.starts[row - 1] + len(self.lines[row - 1].encode()[:column].decode("utf-8", "ignore"))

    # ------------------------------------------------------------------ into a line that is there
    def host(self, one: Wanted) -> ast.ImportFrom | None:
        """The `from` statement that the name belongs in."""
        if one.name is None:
            return None
        mine = [
            n
            for n in self.all
            if isinstance(n, ast.ImportFrom)
            and not n.level
            and n.module == one.module
            and n.names[0].name != "*"
        ]
        if len(mine) >= ONE_A_LINE and all(len(n.names) == 1 for n in mine):
            return None
        return mine[0] if mine else None

    def extend(self, node: Import, more: list[Wanted]) -> list[Edit]:
        """Put the names where the order of those that are there has them."""
        have = [a.name for a in node.names]
        key = _order(have)
        slots: dict[int, list[str]] = defaultdict(list)
        for one in more:
            at = len(have)
            if key is not None:
                at = next((i for i, a in enumerate(node.names) if key(a.name) > key(one.name or "")), at)
            slots[at].append(one.spelled)
        return [self._slot(node, at, sorted(names, key=isort_key)) for at, names in slots.items()]

    def _slot(self, node: Import, at: int, names: list[str]) -> Edit:
        rows = [a.lineno for a in node.names]
        stacked = len(set(rows)) == len(rows) and (rows[0] > node.lineno or len(rows) > 1)
        if at < len(node.names):
            start = self.at(node.names[at])
            glue = "\n" + self._indent(node.names[at].lineno) if stacked and rows[at] > node.lineno else " "
            return start, start, "".join(f"{name},{glue}" for name in names)
        end = self.at(node.names[-1], end=True)
        rest = self.text[end : self.at(node, end=True)]
        glue = "\n" + self._indent(rows[-1]) if stacked and rows[-1] > node.lineno else " "
        if rest.lstrip().startswith(","):  # a trailing comma stays one
            end += rest.index(",") + 1
            return end, end, "".join(f"{glue}{name}," for name in names)
        return end, end, "".join(f",{glue}{name}" for name in names)

    def _indent(self, row: int) -> str:
        line = self.lines[row - 1]
        return line[: len(line) - len(line.lstrip())]

    # ------------------------------------------------------------------ a line of its own
    def insert(self, one: tuple[str, str]) -> tuple[int, str, str, str]:
        """(offset, what goes before, the line, what goes after)."""
        module, statement = one
        line = statement + "\n"
        if module == "__future__":
            return self._future(line)
        if not self.head:
            return self._first(line)
        kind, root = section(module), module.split(".")[0]
        groups = self._groups()
        # the package's own group, else the first of the same section
        fitting = [g for g in groups if any(_root(n) == root for n in g)] or [
            g for g in groups if any(_section(n) == kind for n in g)
        ]
        if fitting:
            best = max(fitting, key=lambda g: sum(_section(n) == kind for n in g))
            return self._within(best, module, line, kind)
        later = next((g for g in groups if min(_section(n) for n in g) > kind), None)
        if later is not None:
            return self._line_start(later[0].lineno), "", line, "\n"
        after = groups[-1][-1]
        return self._line_end(after), "\n", line, ""

    def _future(self, line: str) -> tuple[int, str, str, str]:
        """Python wants it before every statement but the docstring."""
        above = self._opening()
        first = next((n for n in self.head if n.lineno > above), None)
        if first is not None and not any(above < n.lineno < first.lineno for n in self.tree.body):
            return self._line_start(first.lineno), "", line, "\n"
        return self._first(line)

    def _groups(self) -> list[list[Import]]:
        groups: list[list[Import]] = []
        for node in self.head:
            if groups and self._joined(groups[-1][-1], node):
                groups[-1].append(node)
            else:
                groups.append([node])
        return groups

    def _joined(self, one: Import, other: Import) -> bool:
        between = self.lines[one.end_lineno or one.lineno : other.lineno - 1]
        return all(line.strip().startswith("#") for line in between)

    def _within(self, group: list[Import], module: str, line: str, kind: int) -> tuple[int, str, str, str]:
        new = "import" if line.startswith("import") else "from"
        section_mates = [n for n in group if _section(n) == kind] or group
        alike = [n for n in section_mates if _kind(n) == new]
        mixed = (
            len({_kind(n) for n in section_mates}) > 1
            and _sorted(section_mates)
            and not _apart(section_mates)
        )
        mates = section_mates if mixed or not alike else alike
        if not alike and not mixed:
            if new == "import":
                return self._line_start(section_mates[0].lineno), "", line, ""
            return self._line_end(section_mates[-1]), "", line, ""
        if _sorted(mates):
            later = next((n for n in mates if _module(n).lower() > module.lower()), None)
            if later is not None:
                return self._line_start(later.lineno), "", line, ""
        return self._line_end(mates[-1]), "", line, ""

    def _line_start(self, row: int) -> int:
        return self.starts[row - 1]

    def _line_end(self, node: ast.stmt) -> int:
        return min(self.starts[node.end_lineno or node.lineno], len(self.text))

    def _first(self, line: str) -> tuple[int, str, str, str]:
        """The file has no imports: after the docstring, `__future__` or the opening comments, with blank lines."""
        above = self._opening()
        rest = self.lines[above:]
        blanks = next((i for i, row in enumerate(rest) if row.strip()), len(rest))
        following = rest[blanks] if blanks < len(rest) else ""
        at = min(self.starts[above], len(self.text))
        if above and self.text[at - 1 : at] != "\n":
            line = "\n" + line
        definition = bool(re.match(r"(?:async def|def|class|@)\b|@", following))
        if above == 0:
            airy = any(not row.strip() for row in self.lines[:-1])
            return at, "", line, "\n\n" if definition else "\n" if airy else ""
        if blanks >= 2:
            return at, "\n", line, ""
        return at, "", line, "" if blanks else "\n\n" if definition else "\n"

    def _opening(self) -> int:
        """Lines that an import cannot stand before, or should not."""
        body = self.tree.body
        last = 0
        for node in body:
            docstring = (
                node is body[0] and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            )
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            if not ((docstring and isinstance(node.value.value, str)) or future):  # type: ignore[attr-defined]
                break
            last = node.end_lineno or node.lineno
        if last:
            return last
        # comments that an empty line ends are the file's own; others belong to what follows
        rows = 0
        for index, row in enumerate(self.lines):
            if row.startswith("#"):
                continue
            if row.strip():
                break
            rows = index if index and self.lines[index - 1].startswith("#") else rows
        if rows:
            return rows
        return next((i for i, row in enumerate(self.lines) if not row.startswith("#!")), 0)


def _order(names: list[str]) -> Callable[[str], tuple[int, str, str]] | None:
    """The order that the names are in; None where there is none that we know."""
    for key in (isort_key, _lower_key, _plain_key):
        if [key(n) for n in names] == sorted(key(n) for n in names):
            return key
    return None


def _kind(node: Import) -> str:
    return "from" if isinstance(node, ast.ImportFrom) else "import"


def _module(node: Import) -> str:
    return "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name


def _root(node: Import) -> str:
    return _module(node).split(".")[0]


def _section(node: Import) -> int:
    level = node.level if isinstance(node, ast.ImportFrom) else 0
    return section(_module(node).lstrip("."), level)


def _sorted(nodes: Sequence[Import]) -> bool:
    modules = [_module(n).lower() for n in nodes]
    return modules == sorted(modules)


def _apart(nodes: Sequence[Import]) -> bool:
    """Whether all `import` lines stand before all `from` lines."""
    kinds = [_kind(n) for n in nodes]
    return kinds == sorted(kinds, reverse=True)
