"""What is wrong in a text: the running interpreter's grammar and ruff for Python, tree-sitter for the rest.

`cli` asks it what to repair, `core.verify` whether a candidate is better. Syntax is checked in this process (about
a millisecond); ruff is a process of its own and runs only where the text parses. Nothing is ever executed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import EngineUnavailable

PYTHON = frozenset({".py", ".pyi", ".pyw"})
UNDEFINED = ("F821",)
ERRORS = ("F821", "F822", "F823", "F704", "F706", "F701", "F702")
"""ruff's findings that mean a failure at run time; F7 are syntax errors that the interpreter sees too."""


def is_python(path: str) -> bool:
    """Whether the path's ending says Python; `-` and names without ending count as Python."""
    suffix = Path(path).suffix
    return suffix in PYTHON or not suffix


def syntax(text: str, path: str = "code.py") -> Diagnostic | None:
    """The first thing that keeps Python from parsing the text, None where it parses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as e:
        return _located(text, e)
    except ValueError as e:
        at = max(text.find("\0"), 0)
        return Diagnostic(at, at + 1, text.count("\n", 0, at) + 1, 1, "syntax", str(e), "python")
    except (RecursionError, MemoryError):
        return Diagnostic(0, 0, 1, 1, "syntax", "nested too deeply to parse", "python")
    return None


def _located(text: str, error: SyntaxError) -> Diagnostic:
    """CPython counts lines and columns from 1, and may name a line after the last one."""
    lines, column = text.split("\n"), error.offset or 0
    row = min(max(error.lineno or 1, 1), len(lines))
    start = sum(len(x) + 1 for x in lines[: row - 1])
    at = end = start + min(max(column - 1, 0), len(lines[row - 1]))
    if error.end_lineno == error.lineno and error.end_offset and error.end_offset > column:
        end = start + min(error.end_offset - 1, len(lines[row - 1]))
    return Diagnostic(at, max(end, at), row, at - start + 1, "syntax", str(error.msg), "python")


def ruff_path() -> str:
    """The ruff that was installed beside sharpen, else the one on PATH. Raises EngineUnavailable."""
    beside = Path(sys.executable).with_name("ruff.exe" if os.name == "nt" else "ruff")
    found = str(beside) if beside.exists() else shutil.which("ruff")
    if not found:
        raise EngineUnavailable(
            "ruff is not installed, so undefined names cannot be found", "pip install ruff"
        )
    return found


def _ruff(codes: Sequence[str], *arguments: str, stdin: str | None = None) -> list[dict[str, object]]:
    command = [ruff_path(), "check", "--isolated", "--no-cache", "--quiet", "--output-format", "json"]
    command += ["--select", ",".join(codes), *arguments]
    ran = subprocess.run(
        command,
        input=stdin.encode("utf-8", "surrogatepass") if stdin is not None else None,
        capture_output=True,
        check=False,
    )
    try:
        rows: list[dict[str, object]] = json.loads(ran.stdout or b"[]")
    except ValueError:
        return []
    return rows


def names(text: str, path: str = "code.py", codes: Sequence[str] = UNDEFINED) -> tuple[Diagnostic, ...]:
    """ruff's findings of the given codes in a text that parses, in the text's order."""
    return _from_ruff(
        _ruff(codes, "--stdin-filename", Path(path).with_suffix(".py").name, "-", stdin=text), text, codes
    )


def _from_ruff(rows: list[dict[str, object]], text: str, codes: Sequence[str]) -> tuple[Diagnostic, ...]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def place(where: object) -> tuple[int, int, int]:
        assert isinstance(where, dict)
        row, column = int(where["row"]), int(where["column"])
        return min(starts[min(row - 1, len(starts) - 1)] + column - 1, len(text)), row, column

    found = []
    for one in rows:
        if one.get("code") in codes:
            (start, line, column), (end, _, _) = place(one["location"]), place(one["end_location"])
            found.append(Diagnostic(start, end, line, column, str(one["code"]), str(one["message"]), "ruff"))
    return tuple(sorted(found, key=lambda d: d.start_char))


def diagnose(
    text: str, path: str = "code.py", kinds: Sequence[str] = ("syntax", "undefined")
) -> tuple[Diagnostic, ...]:
    """All findings of the kinds: the first syntax error alone, else the undefined names."""
    if not is_python(path):
        return ()
    first = syntax(text, path)
    if first is not None:
        return (first,) if "syntax" in kinds else ()
    return names(text, path) if "undefined" in kinds else ()


def diagnose_many(documents: Sequence[Document]) -> dict[str, tuple[Diagnostic, ...]]:
    """Findings by path, for files as they are on disk: one ruff process for all, the parser for each.

    ruff reads newer grammar than the running interpreter may, so each file is parsed here as well; that costs about
    as much as ruff itself takes to start.
    """
    found: dict[str, tuple[Diagnostic, ...]] = {}
    rest: dict[str, Document] = {}
    for document in documents:
        first = syntax(document.text, document.path) if is_python(document.path) else None
        if first is not None:
            found[document.path] = (first,)
        elif is_python(document.path):
            rest[str(Path(document.path).resolve())] = document
    by_file: dict[str, list[dict[str, object]]] = {}
    if rest:
        for row in _ruff(UNDEFINED, "--", *rest):
            by_file.setdefault(str(row.get("filename")), []).append(row)
    for real, document in rest.items():
        found[document.path] = _from_ruff(by_file.get(real, []), document.text, UNDEFINED)
    return found
