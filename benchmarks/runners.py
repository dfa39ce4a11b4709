"""Ways to hand a case to whatever repairs it: a command in a process of its own, the engine in this process.

`benchmarks.repair` picks one a system. Each `Runner` takes a case and returns the file's text afterwards; the
caller holds the clock. A command gets the broken file in an empty folder of its own, under the file name that
it had, and edits it in place; what it prints is not read, and its exit code is not judged (a fixer that
changed a file exits 1).
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from benchmarks import baselines
from benchmarks.cases import Case

if TYPE_CHECKING:  # the engine's side is imported when it is measured, not for a baseline
    from sharpen.core.engines.base import Engine

Runner = Callable[[Case], str]

BASELINES: dict[str, Runner] = {
    "identity": baselines.identity,
    "tree-sitter": baselines.tree_sitter_recovery,
    "mutate": baselines.mutate_and_parse,
}


def command(template: str, timeout: float = 60.0) -> Runner:
    """A runner for a template such as `sharpen fix {path}`; over `timeout` seconds counts as no change."""

    def run(case: Case) -> str:
        with tempfile.TemporaryDirectory(prefix="sharpen-bench-") as folder:
            name = PurePosixPath(case.id.partition("#")[0]).name
            path = Path(folder) / (name if name.endswith(".py") else "case.py")
            path.write_bytes(case.before.encode())
            call([part.replace("{path}", str(path)) for part in shlex.split(template)], Path(folder), timeout)
            return path.read_bytes().decode("utf-8", "replace")

    return run


def call(argv: list[str], folder: Path, timeout: float) -> int | None:
    """Run without input or output; the exit code, or None where the time ran out."""
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"}
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(
        argv, cwd=folder, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        return child.wait(timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # the group that start_new_session made for this command
        child.wait()
        return None


def embedded(weights: Path | None = None) -> Runner:
    """A runner for the embedded engine, loaded once."""
    from sharpen.core.engines.embedded import EmbeddedEngine

    return in_process(EmbeddedEngine(weights))


def in_process(engine: Engine) -> Runner:
    """A runner for any engine, over the road that every front end takes; nothing is written."""
    from sharpen.core.diagnose import diagnose
    from sharpen.core.document import Document
    from sharpen.core.events import Finished
    from sharpen.core.request import Settings
    from sharpen.core.session import Job, Target
    from sharpen.core.session import run as refine

    def run(case: Case) -> str:
        document = Document.from_bytes(case.before.encode(), path="case.py")
        found = diagnose(document.text, document.path)
        if not found:
            return case.before
        job = Job(
            instruction="fix",
            targets=(Target(document, document.whole(), found),),
            settings=Settings(frames=False),
            action="propose",
        )
        for event in refine(job, engine, journal=None):
            if isinstance(event, Finished) and event.proposed is not None and not event.proposed.empty:
                return event.proposed.result(document.path).decode()
        return case.before

    return run
