"""A check command that fails although nothing is known to be wrong: what `sharpen fix --check CMD` then works on.

`cli` asks with the files in which the fault may lie. The command is run once on the project as it is; where it fails,
each file becomes a target whose findings are the places that the output names. Writes nothing; `session` does the
rest, where the first repair with which the command passes ends the hunt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from sharpen.core.candidate import CheckResult
from sharpen.core.definitions import definitions
from sharpen.core.diagnose import is_python
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import BadInput, NothingHeld
from sharpen.core.request import CancelToken
from sharpen.core.work import Target
from sharpen.core.worktree.copies import root_of
from sharpen.core.worktree.sandbox import TIMED_OUT, Checks

LEAST_SECONDS = 10.0
"""What one run with a repair may take at least."""
TIMES = 5.0
"""… and how often the time of the run without one: repairs that loop for ever are common."""
_PLACES = (re.compile(r'File "([^"\n]+)", line (\d+)'), re.compile(r"(?m)^\W*([^\s:]+\.py):(\d+)\b"))
_CANNOT_RUN = (126, 127)


@dataclass(frozen=True, slots=True)
class Hunt:
    """What the command said, and where the fault may lie, likeliest file first."""

    result: CheckResult
    targets: tuple[Target, ...] = ()
    """Empty where the command passes."""
    seconds: float = LEAST_SECONDS
    """How long one run with a repair may take."""


def hunt(
    documents: Sequence[Document], command: str, cancel: CancelToken, limit_seconds: float | None = None
) -> Hunt:
    """Run the command once and look at what it names. Raises BadInput where it cannot be run, NothingHeld
    where it did not end in time, Refused, Interrupted."""
    files = [document for document in documents if is_python(document.path, document.text)]
    if not files:
        raise BadInput("there is no Python file to look for the fault in", "sharpen fix PATH --check CMD")
    checks = Checks(root_of([document.path for document in files]), command, limit_seconds)
    try:
        result = checks.run(None, cancel)
    finally:
        checks.close()
    if result.exit == 0:
        return Hunt(result)
    if result.exit in _CANNOT_RUN:
        raise BadInput(f"the check command cannot be run: {result.output.strip()[-200:]}", "look at --check")
    if result.exit == TIMED_OUT and result.seconds >= checks.limit_seconds:
        raise NothingHeld(
            f"{command} took longer than {checks.limit_seconds:g} s without a repair, so it tells nothing of one; "
            "nothing was written",
            "--check-timeout SECONDS gives it longer",
        )
    found = [(document, _named(document, result)) for document in files]
    found.sort(key=lambda one: -len(one[1]))
    targets = [Target(d, d.whole(), named or (_finding(d, 1, result, ""),)) for d, named in found]
    likely = max(LEAST_SECONDS, TIMES * result.seconds)
    return Hunt(result, tuple(targets), limit_seconds or likely)


def _named(document: Document, result: CheckResult) -> tuple[Diagnostic, ...]:
    """The lines that tracebacks name, then the functions whose names stand in the output."""
    lines = dict.fromkeys(
        int(number)
        for pattern in _PLACES
        for path, number in pattern.findall(result.output)
        if _is_same(path, document.path) and 0 < int(number) <= document.line_count
    )
    words = set(re.findall(r"\w+", result.output))
    names = {d.name.rpartition(".")[2] for d in definitions(document)} & words
    heads = [n for n, text in enumerate(document.text.split("\n"), 1) if _head(text) in names]
    return tuple(_finding(document, line, result, "named") for line in dict.fromkeys((*lines, *heads)))


def _head(line: str) -> str:
    """The name that the line begins to define; empty where it defines none."""
    found = re.match(r"\s*(?:async\s+)?def\s+(\w+)", line)
    return found[1] if found else ""


def _is_same(said: str, path: str) -> bool:
    """Whether the output means this file: it may say the copy's path, or one from another folder."""
    one, two = PurePath(said).parts, PurePath(path).parts
    short = min(len(one), len(two))
    return bool(short) and one[-short:] == two[-short:]


def _finding(document: Document, line: int, result: CheckResult, where: str) -> Diagnostic:
    start, end = document.line_span(line, line)
    message = f"{result.command} ends with {result.exit}"
    # A place that nothing names has no width.
    return Diagnostic(start, end if where else start, line, 1, "check", message, result.command)
