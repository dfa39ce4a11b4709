"""Where permissions are missing, and whose the files are afterwards: one sentence, the documented code, nothing lost.

Tests often run as root, whom permission bits do not bind; the command then runs without the capabilities that lift them.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WHOLE = "def f(x):\n    return x\n"
BROKEN = "def f(x:\n    return x + 1\n"
REPAIRED = "def f(x):\n    return x + 1\n"
_DROP = 24  # prctl: take a capability out of what a program started from here can have
_LIFTS_BITS = (1, 2, 3)  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER

pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and not sys.platform.startswith("linux"),
    reason="root is bound by permission bits on no other system",
)


def bound() -> None:
    """In the new process: permission bits bind it, whoever it is."""
    if os.geteuid() == 0:
        for capability in _LIFTS_BITS:
            ctypes.CDLL(None).prctl(_DROP, capability, 0, 0, 0)


@pytest.fixture
def repo(sandbox: Any) -> Iterator[Path]:
    sandbox.git("init", "-q")
    sandbox.write("app.py", WHOLE)
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "first")
    path: Path = sandbox.write("app.py", BROKEN)
    sandbox.git("add", ".")
    sandbox.script(REPAIRED)
    yield path
    closed(sandbox.folder, sandbox.state, writable=True)


def closed(*folders: Path, writable: bool = False, readable: bool = True) -> None:
    """Everything below these folders without (or with) permission to write it."""
    for top in folders:
        for place, folder_names, names in os.walk(top) if top.exists() else ():
            for name in (".", *folder_names, *names):
                path = Path(place) / name
                mode = stat.S_IMODE(path.lstat().st_mode) & ~0o222
                if not path.is_symlink():
                    path.chmod(mode | 0o600 if writable else mode if readable else mode & ~0o444)


def states(sandbox: Any, path: Path) -> tuple[str, str, str]:
    return path.read_text(), sandbox.git("show", ":app.py"), sandbox.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    "arguments",
    [
        ("fix", "--staged"),
        ("edit", "--stage", "-y", "fix the syntax error", "app.py"),
        ("edit", "--commit", "-y", "fix the syntax error", "app.py"),
    ],
)
def test_a_git_folder_that_cannot_be_written_is_one_sentence_and_nothing_changes(
    sandbox: Any, repo: Path, arguments: tuple[str, ...]
) -> None:
    before = states(sandbox, repo)
    closed(sandbox.folder / ".git")
    done = sandbox.run(*arguments, before=bound)
    assert done.returncode == 2, done.stderr
    assert b"cannot be written" in done.stderr or b"cannot write" in done.stderr, done.stderr
    assert b"Traceback" not in done.stderr
    assert states(sandbox, repo) == before
    assert not [path for path in (sandbox.folder / ".git").iterdir() if "sharpen" in path.name]
    assert sandbox.run("undo", "--list").stdout == b""


def test_a_git_folder_that_cannot_be_written_keeps_no_file_from_repair_and_undo(
    sandbox: Any, repo: Path
) -> None:
    closed(sandbox.folder / ".git")
    assert sandbox.run("fix", "app.py", before=bound).returncode == 1
    assert repo.read_text() == REPAIRED
    assert sandbox.run("undo", before=bound).returncode == 0
    assert repo.read_text() == BROKEN


def test_undo_of_a_staged_repair_is_whole_or_not_at_all(sandbox: Any, repo: Path) -> None:
    assert sandbox.run("fix", "--staged").returncode == 1
    before = states(sandbox, repo)
    closed(sandbox.folder / ".git")
    done = sandbox.run("undo", before=bound)
    assert done.returncode == 2, done.stderr
    assert b"cannot" in done.stderr
    assert states(sandbox, repo) == before
    closed(sandbox.folder / ".git", writable=True)
    assert sandbox.run("undo").returncode == 0
    assert states(sandbox, repo)[:2] == (BROKEN, BROKEN)


def test_a_hook_that_cannot_be_written_is_one_sentence(sandbox: Any, repo: Path) -> None:
    closed(sandbox.folder / ".git")
    done = sandbox.run("hook", "install", before=bound)
    assert done.returncode == 2
    assert b"cannot be written: Permission denied\n" in done.stderr
    assert b"Errno" not in done.stderr


def test_a_journal_that_cannot_be_read_is_not_an_empty_one(sandbox: Any, repo: Path) -> None:
    assert sandbox.run("fix", "app.py").returncode == 1
    closed(sandbox.state, readable=False)
    for arguments in (("--list",), ()):
        done = sandbox.run("undo", *arguments, before=bound)
        assert done.returncode == 2
        assert b"journal" in done.stderr
    assert repo.read_text() == REPAIRED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run in another user's checkout")
def test_root_in_a_users_checkout_leaves_them_their_git_folder(sandbox: Any, repo: Path) -> None:
    """A folder of objects that is root's would keep its owner from committing."""
    owner = (12_345, 23_456)
    for place, folders, names in os.walk(sandbox.folder):
        for name in (".", *folders, *names):
            os.lchown(Path(place) / name, *owner)
    sandbox.env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    for arguments in (("fix", "--staged"), ("undo",), ("hook", "install")):
        assert sandbox.run(*arguments).returncode in {0, 1}
        for place, folders, names in os.walk(sandbox.folder):
            for name in (".", *folders, *names):
                info = (Path(place) / name).lstat()
                assert (info.st_uid, info.st_gid) == owner, (arguments, place, name)
