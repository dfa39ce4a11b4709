"""Run a check command with a patch applied, in a throw-away git worktree; the user's own files are never touched.

`core.verify` calls `check`. The worktree is made from HEAD, then given what the user has changed and not committed,
so that the command sees the project as it is on disk plus the patch. Invariant: the folder and git's note of it are
removed at the end, whatever happened; git prunes the note by itself where the process was killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sharpen.core.candidate import CheckResult
from sharpen.core.errors import Interrupted, Refused
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken
from sharpen.core.worktree import git
from sharpen.core.worktree.find import find_root

LIMIT_SECONDS = 600.0
TAIL_BYTES = 8_000
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")  # the user's post-checkout hook is not ours to run
TIMED_OUT = 124
"""Exit reported for a command that ran past the limit, as `timeout` reports it."""


def check(
    patch: Patch, command: str, cancel: CancelToken, limit_seconds: float = LIMIT_SECONDS
) -> CheckResult:
    """How `command` (a shell line, run at the repository's root) ends with the patch applied.

    Raises Refused outside a repository with a commit, and Interrupted once `cancel` is set.
    """
    # The folder's links are resolved, the file's own name is not: git knows a link by its name.
    places = {
        path: Path(os.path.realpath(Path(path).parent)) / Path(path).name
        for path in patch.paths
        if path != "-"
    }
    first = next(iter(places.values()), None)
    root = find_root(first) if first else None
    if root is None:
        raise Refused(
            "a check command needs a git repository to be tried in", "git init, or leave out --check"
        )
    root = Path(os.path.realpath(root))
    with _copy(root) as folder:
        for path, place in places.items():
            target = folder / place.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, patch.result(path), patch.document(path).mode)
        return _run(command, folder, cancel, limit_seconds)


def _replace(target: Path, data: bytes, mode: int) -> None:
    # A link in the copy may lead back to the user's own file: never write through it.
    target.unlink(missing_ok=True)
    target.write_bytes(data)
    target.chmod(mode)


@contextlib.contextmanager
def _copy(root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sharpen-check-", ignore_cleanup_errors=True) as base:
        folder = Path(os.path.realpath(base)) / root.name
        made = git.run(root, *_NO_HOOKS, "worktree", "add", "--detach", "--force", str(folder), "HEAD")
        if made.status != 0:
            raise Refused(f"git cannot make a worktree for the check command: {made.error}")
        try:
            for name in git.changed(root):
                _mirror(root / name, folder / name)
            yield folder
        finally:
            git.run(root, "worktree", "remove", "--force", "--force", str(folder))


def _mirror(source: Path, target: Path) -> None:
    """Make `target` what `source` is; both absent is fine."""
    if source.is_dir() and not source.is_symlink():
        return  # a nested repository or a submodule
    if target.is_symlink() or target.is_file():
        target.unlink()
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _run(command: str, folder: Path, cancel: CancelToken, limit_seconds: float) -> CheckResult:
    began = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            shell=True,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timed_out = False
        try:
            while process.poll() is None:
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


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it started, where it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
