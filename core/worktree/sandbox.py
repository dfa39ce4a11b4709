"""Check commands, run with a patch applied in throw-away copies, several at once; the user's files are never touched.

`core.verify` and `core.hunt` ask. Each run has a time limit and is a process group of its own, which is ended whole:
what a command leaves running in the background ends with it, and all of it with us. Copies are made when they are first needed, one for each
run at a time, and removed by `close`. A stop ends every run at once.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from sharpen.core.candidate import CheckResult
from sharpen.core.errors import Interrupted
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken
from sharpen.core.worktree.copies import copied, patched

T = TypeVar("T")
LIMIT_SECONDS = 600.0
MOST_AT_ONCE = 4
TAIL_BYTES = 8_000
WATCHED = """exec 3<&0 </dev/null
{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
exec 3<&-
exec /bin/sh -c "$1"
"""
"""Runs a shell line with nothing to read. A pipe that we hold open and never write to tells a second process when we
are gone, however that came, and it ends the group."""
TIMED_OUT = 124
"""Exit reported for a command that ran past the limit, as `timeout` reports it."""


class Checks:
    """One command, for many patches of one project."""

    def __init__(
        self, root: Path, command: str, limit_seconds: float | None = None, at_once: int | None = None
    ) -> None:
        """`command` is a shell line, run in the copy where the user stands in the project, at its root from elsewhere.

        Nothing is made on disk before the first run.
        """
        self._root, self._command = root, command
        here, top = Path.cwd().resolve(), root.resolve()
        self._below = here.relative_to(top) if here.is_relative_to(top) else Path()
        self.limit_seconds = limit_seconds or LIMIT_SECONDS
        self.at_once = at_once or max(1, min(MOST_AT_ONCE, os.cpu_count() or 1))
        self._copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._stack = ExitStack()
        self._making = threading.Lock()

    def close(self) -> None:
        """Remove the copies."""
        self._stack.close()

    def run(self, patch: Patch | None, cancel: CancelToken) -> CheckResult:
        """How the command ends with the patch applied, or with the project as it is.

        Raises Interrupted once `cancel` is set, Refused where no copy can be made.
        """
        folder = self._copy()
        try:
            with patched(folder, self._root, patch):
                place = folder / self._below
                place.mkdir(parents=True, exist_ok=True)  # git has no empty folders
                return _run(self._command, folder, place, cancel, self.limit_seconds)
        finally:
            self._copies.put(folder)

    def _copy(self) -> Path:
        try:
            return self._copies.get_nowait()
        except queue.Empty:
            with self._making:  # git makes one worktree at a time
                return self._stack.enter_context(copied(self._root))


def several(
    jobs: Sequence[Callable[[CancelToken], T]],
    at_once: int,
    cancel: CancelToken,
    *,
    good: Callable[[T], bool],
) -> Iterator[tuple[int, T]]:
    """Answers of the jobs as they come, each with its place. A good one ends it, once those before it have answered.

    Raises what a job raises. Closing the iterator stops what still runs.
    """
    stop = _Either(cancel)
    best, todo = len(jobs), iter(range(len(jobs)))
    running: dict[Future[T], int] = {}
    with ThreadPoolExecutor(at_once, "sharpen-check") as pool:
        try:
            while True:
                while len(running) < at_once and (at := next(todo, None)) is not None:
                    running[pool.submit(jobs[at], stop)] = at
                if not any(at < best for at in running.values()):
                    return
                done, _rest = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=lambda one: running[one]):
                    at = running.pop(future)
                    if at > best:
                        continue
                    answer = future.result()
                    yield at, answer
                    if good(answer):
                        best, todo = at, iter(())
        finally:
            stop.cancel()


class _Either(CancelToken):
    """Set by itself or by another."""

    def __init__(self, other: CancelToken) -> None:
        super().__init__()
        self._other = other

    @property
    def cancelled(self) -> bool:
        return super().cancelled or self._other.cancelled


def _run(command: str, folder: Path, place: Path, cancel: CancelToken, limit_seconds: float) -> CheckResult:
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", WATCHED, "sh", command],
            cwd=place,
            env=_environment(folder, place),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timed_out = False
        try:
            while not _ended(process):
                if cancel.cancelled:
                    raise Interrupted("stopped; nothing was written")
                if time.monotonic() - began > limit_seconds:
                    timed_out = True
                    break
                time.sleep(0.02)
        finally:
            _end(process)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - TAIL_BYTES))
        said = output.read().decode("utf-8", "replace")
    code = TIMED_OUT if timed_out else process.returncode
    return CheckResult(command, code, said, time.monotonic() - began)


def _environment(folder: Path, below: Path) -> dict[str, str]:
    """The user's, without what git says of another repository; Python finds the copy before an installed original."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # A change of one character within a second would be taken for the version that is compiled already.
    found["PYTHONDONTWRITEBYTECODE"] = "1"
    wanted = dict.fromkeys((below / "src", below, folder / "src", folder))
    places = [place for place in wanted if place.is_dir() and not _shadows(place)]
    given = found.get("PYTHONPATH", "")
    found["PYTHONPATH"] = os.pathsep.join([*map(str, places), *([given] if given else [])])
    return found


def _shadows(place: Path) -> bool:
    """Whether a module there has the name of one of the standard library's."""
    return any(entry.name.removesuffix(".py") in sys.stdlib_module_names for entry in place.iterdir())


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; it is not reaped yet, so its number still means its group."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdin is not None
    process.stdin.close()
