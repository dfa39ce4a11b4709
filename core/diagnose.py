"""What is wrong in a text: for Python the running interpreter's grammar, then ruff for names that nothing defines.

`cli` asks it what to repair, `core.verify` whether a candidate is better. Other languages are read by tree-sitter
(`core.grammars`). Syntax is checked in this process (a few milliseconds); ruff is a process of its own. Invariant:
places lie inside the text that was given. Nothing is ever executed, nothing written, and a text of no known language
has no findings. What the project's own ruff settings say of names (`builtins`, `per-file-ignores`) holds here too.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import EngineUnavailable
from sharpen.core.grammars import faults, language_of

PYTHON = frozenset({".py", ".pyi", ".pyw"})
UNDEFINED = ("F821",)
FEW = 16
"""Up to so many files each is parsed here; of more, only those in which ruff sees a syntax error."""
ERRORS = ("F821", "F822", "F823", "F704", "F706", "F701", "F702")
"""ruff's findings that mean a failure at run time; F7 are syntax errors that the interpreter sees too."""


def is_python(path: str, text: str = "") -> bool:
    """Whether the path's ending says Python, or, where it has none, the text's `#!` line; `-` counts as Python."""
    suffix = Path(path).suffix
    if suffix:
        return suffix.lower() in PYTHON
    first = text.partition("\n")[0]
    return path == "-" or (first.startswith("#!") and "python" in first)


def is_known(path: str, text: str = "") -> bool:
    """Whether anything can be said about such a file at all."""
    return is_python(path, text) or language_of(path) is not None


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
    import shutil

    found = str(beside) if beside.exists() else shutil.which("ruff")
    if not found:
        raise EngineUnavailable(
            "ruff is not installed, so undefined names cannot be found", "pip install ruff"
        )
    return found


def _ruff(codes: Sequence[str], *arguments: str, stdin: str | None = None) -> list[dict[str, object]]:
    """The rows of ruff's report. Raises EngineUnavailable where ruff does not work: silence is not a clean file."""
    command = [ruff_path(), "check", "--no-cache", "--quiet", "--output-format", "json"]
    # The project says what a name is; it does not make ruff write, nor leave out what we ask about.
    command += ["--no-fix", "--no-fix-only", "--no-force-exclude"]
    # Version 3.13 is the newest that every ruff we allow knows; what it then flags, the interpreter decides.
    command += ["--target-version", f"py3{min(sys.version_info.minor, 13)}"]
    command += ["--select", ",".join(codes)]
    said = ["it said nothing"]
    # Settings that this ruff cannot read (another version is required, an error in them) are nobody's word on names.
    for isolated in ((), ("--isolated",)):
        ran = subprocess.run(
            [*command, *isolated, *arguments],
            input=stdin.encode("utf-8", "replace") if stdin is not None else b"",
            capture_output=True,
            check=False,
        )
        try:
            rows: list[dict[str, object]] = json.loads(ran.stdout)
        except ValueError:
            said = ran.stderr.decode("utf-8", "replace").strip().splitlines() or said
        else:
            return rows
    raise EngineUnavailable(f"ruff does not work here: {said[-1]}", "pip install --upgrade ruff")


def names(text: str, path: str = "code.py", codes: Sequence[str] = UNDEFINED) -> tuple[Diagnostic, ...]:
    """ruff's findings of the given codes in a text that parses, in the text's order."""
    return _from_ruff(_of_text(codes, text, path), text, codes)


def newer(text: str, path: str = "code.py") -> bool:
    """Whether all that keeps the interpreter from parsing the text is grammar of a later Python: nothing to repair.

    ruff knows the versions. An `except A, b:` is Python 2 unless what follows the comma looks like a class.
    """
    try:
        rows = _of_text(("F7",), text, path)
    except EngineUnavailable:  # the interpreter's word alone, then
        return False
    return bool(rows) and all(
        _ADDED.search(str(row.get("message"))) is not None
        and ("exception types" not in str(row.get("message")) or _CLASSES.search(text) is not None)
        for row in rows
    )


_ADDED = re.compile(r"syntax was added in Python 3\.\d+")
_CLASSES = re.compile(r"^\s*except\*?\s+[\w.]+(?:\s*,\s*[\w.]*\b[A-Z]\w*)+\s*:", re.MULTILINE)


def _of_text(codes: Sequence[str], text: str, path: str) -> list[dict[str, object]]:
    # The ending matters to ruff (a stub may use a name before its definition), and the place: settings are found by it.
    name = "code.py" if path == "-" else os.path.abspath(path)  # noqa: PTH100 - links stay
    if not name.isprintable():
        name = "code.pyi" if path.endswith(".pyi") else "code.py"
    return _ruff(codes, "--stdin-filename", name, "-", stdin=text)


def _from_ruff(rows: list[dict[str, object]], text: str, codes: Sequence[str]) -> tuple[Diagnostic, ...]:
    if not rows:  # of nearly all files of a commit
        return ()
    starts = [0]
    for each in text.split("\n"):
        starts.append(starts[-1] + len(each) + 1)

    def place(where: object) -> tuple[int, int, int]:
        assert isinstance(where, dict)
        row, column = int(where["row"]), int(where["column"])
        return min(starts[min(row - 1, len(starts) - 1)] + column - 1, len(text)), row, column

    found = []
    for one in rows:
        if one.get("code") in codes:
            (start, line, column), (end, _, _) = place(one["location"]), place(one["end_location"])
            code, message = str(one["code"]), str(one["message"])
            found.append(Diagnostic(start, end, line, column, code, message, "ruff"))
    return tuple(sorted(found, key=lambda d: d.start_char))


def diagnose(
    text: str, path: str = "code.py", kinds: Sequence[str] = ("syntax", "undefined")
) -> tuple[Diagnostic, ...]:
    """All findings of the kinds. Python: the first syntax error alone, else the undefined names.

    Raises EngineUnavailable where ruff or the language's grammar does not work.
    """
    if not is_python(path, text):
        language = language_of(path)
        return faults(text, language) if language is not None and "syntax" in kinds else ()
    first = syntax(text, path)
    if first is not None and not newer(text, path):
        return (first,) if "syntax" in kinds else ()
    return names(text, path) if "undefined" in kinds else ()


def diagnose_many(documents: Sequence[Document]) -> dict[str, tuple[Diagnostic, ...]]:
    """Findings by path (files of no known language are not in it), as they are on disk: one ruff process for all.

    Parsing here costs several milliseconds a file, ruff a small part of one, so of many files only those are parsed
    in which ruff sees a syntax error of the running interpreter's version.
    """
    found: dict[str, tuple[Diagnostic, ...]] = {}
    on_disk: dict[str, Document] = {}
    for document in documents:
        if is_python(document.path, document.text):
            if document.path == "-" or document.encoding != "utf-8":  # ruff reads UTF-8 alone
                found[document.path] = diagnose(document.text, document.path)
            else:
                on_disk[os.path.realpath(document.path)] = document
        elif language_of(document.path) is not None:
            found[document.path] = diagnose(document.text, document.path)
    by_file: dict[str, list[dict[str, object]]] = {}
    if on_disk:
        for row in _ruff((*UNDEFINED, "F7"), "--", *on_disk):
            by_file.setdefault(os.path.realpath(str(row.get("filename"))), []).append(row)
    for real, document in on_disk.items():
        found[document.path] = _with_syntax(document, by_file.get(real, []), len(on_disk) <= FEW)
    return found


def _with_syntax(document: Document, rows: list[dict[str, object]], always: bool) -> tuple[Diagnostic, ...]:
    doubted = any(row.get("code") not in UNDEFINED for row in rows)
    if doubted or always:
        first = syntax(document.text, document.path)
        if first is not None and not newer(document.text, document.path):
            return (first,)
        if doubted:  # newer grammar than ruff was told of: it may have stopped at it
            return names(document.text, document.path)
    return _from_ruff(rows, document.text, UNDEFINED)
