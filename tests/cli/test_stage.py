"""`sharpen edit --stage` and `--commit`: only the edit's own hunks, whatever else is staged or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

START = "def f():\n    return 1\n\n\n\n\n\nx = 1\n\n\n\n\n\ny = 1\n"
EDITED = START.replace("return 1", "return 2")
PROMPT = "fix the code"


@pytest.fixture
def repo(sandbox: Any) -> Path:
    """A committed file; the engine makes `return 2` of what it finds, whatever the rest says."""
    sandbox.git("init", "-q", "-b", "main")
    sandbox.git("config", "user.name", "t")
    sandbox.git("config", "user.email", "t@localhost")
    path: Path = sandbox.write("a.py", START)
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "start")
    sandbox.script("def f():\n    return 2\n")
    return path


BROKEN = "def f(:\n    return 2\n"


def edit(sandbox: Any, *flags: str) -> Any:
    return sandbox.run("edit", PROMPT, "a.py:1-2", "-y", *flags)


def broken(sandbox: Any, path: Path) -> None:
    """The committed file has the fault that the edit repairs."""
    path.write_text(START.replace("def f():\n    return 1\n", BROKEN))
    sandbox.git("commit", "-qam", "broken")


def text(x: int = 1, y: int = 1, head: str = "def f():\n    return 2\n") -> str:
    return (
        START.replace("def f():\n    return 1\n", head)
        .replace("x = 1", f"x = {x}")
        .replace("y = 1", f"y = {y}")
    )


def test_stage_takes_the_edit_and_leaves_partial_staging(sandbox: Any, repo: Path) -> None:
    broken(sandbox, repo)
    repo.write_text(text(x=2, head=BROKEN))
    sandbox.git("add", "a.py")
    repo.write_text(text(x=2, y=3, head=BROKEN))
    done = edit(sandbox, "--stage")
    assert done.returncode == 0, done.stderr
    assert b"in the index and in the file" in done.stderr
    assert repo.read_text() == text(x=2, y=3)
    assert sandbox.git("show", ":a.py") == text(x=2)
    assert sandbox.run("undo").returncode == 0
    assert repo.read_text() == text(x=2, y=3, head=BROKEN)
    assert sandbox.git("show", ":a.py") == text(x=2, head=BROKEN)


def test_commit_holds_the_edit_alone_and_hooks_run(sandbox: Any, repo: Path) -> None:
    broken(sandbox, repo)
    hook = sandbox.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    repo.write_text(text(x=2, head=BROKEN))
    sandbox.git("add", "a.py")
    repo.write_text(text(x=2, y=3, head=BROKEN))
    done = edit(sandbox, "--commit")
    assert done.returncode == 0, done.stderr
    assert (sandbox.folder / "ran").exists()
    assert sandbox.git("show", "HEAD:a.py") == text()
    assert sandbox.git("log", "-1", "--format=%s") == PROMPT + "\n"
    assert sandbox.git("show", ":a.py") == text(x=2)
    assert repo.read_text() == text(x=2, y=3)
    assert sandbox.run("undo").returncode == 0
    assert sandbox.git("show", "HEAD:a.py") == text()
    assert repo.read_text() == text(x=2, y=3, head=BROKEN)


def test_a_hook_that_refuses_is_told_and_the_edit_stays_staged(sandbox: Any, repo: Path) -> None:
    broken(sandbox, repo)
    hook = sandbox.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    done = edit(sandbox, "--commit")
    assert done.returncode == 2
    assert b"not today" in done.stderr
    assert b"sharpen undo" in done.stderr
    assert sandbox.git("log", "-1", "--format=%s") == "broken\n"
    assert sandbox.git("show", ":a.py") == repo.read_text() == text()


def test_a_file_with_line_endings_that_git_converts_is_staged_as_git_does(sandbox: Any, repo: Path) -> None:
    sandbox.write(".gitattributes", "*.py text eol=crlf\n")
    broken(sandbox, repo)
    repo.write_bytes(text(head=BROKEN).replace("\n", "\r\n").encode())
    sandbox.git("add", ".")
    assert edit(sandbox, "--stage").returncode == 0
    assert repo.read_bytes() == text().replace("\n", "\r\n").encode()
    assert sandbox.git("show", ":a.py") == text()
    assert sandbox.git("diff", "--name-only") == ""


def untracked(sandbox: Any, repo: Path) -> None:
    sandbox.git("rm", "-q", "--cached", "a.py")


def detached(sandbox: Any, repo: Path) -> None:
    sandbox.git("checkout", "-q", "--detach")


def merging(sandbox: Any, repo: Path) -> None:
    (sandbox.folder / ".git/MERGE_HEAD").write_text(sandbox.git("rev-parse", "HEAD"))


def staged_otherwise(sandbox: Any, repo: Path) -> None:
    repo.write_text(text(head="def g():\n    return 5\n"))
    sandbox.git("add", "a.py")
    repo.write_text(text(head=BROKEN))


@pytest.mark.parametrize(
    ("state", "flag", "why"),
    [
        (untracked, "--stage", b"git does not track a.py"),
        (detached, "--commit", b"HEAD is on no branch"),
        (merging, "--commit", b"a merge is under way"),
        (staged_otherwise, "--stage", b"differs from the file in the same lines"),
    ],
)
def test_where_it_cannot_be_a_sentence_says_why_and_nothing_is_written(
    sandbox: Any, repo: Path, state: Any, flag: str, why: bytes
) -> None:
    broken(sandbox, repo)
    state(sandbox, repo)
    before = (repo.read_bytes(), sandbox.git("ls-files", "--stage"), sandbox.git("rev-parse", "HEAD"))
    done = edit(sandbox, flag)
    assert done.returncode == 2
    assert why in done.stderr
    assert (repo.read_bytes(), sandbox.git("ls-files", "--stage"), sandbox.git("rev-parse", "HEAD")) == before


def test_outside_git_there_is_nothing_to_stage(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script("def f():\n    return 2\n")
    done = edit(sandbox, "--stage")
    assert done.returncode == 2
    assert b"--stage needs files in a git repository" in done.stderr


def test_an_edit_that_gives_what_head_has_leaves_nothing_to_commit(sandbox: Any, repo: Path) -> None:
    committed = repo.read_bytes()
    repo.write_bytes(committed.replace(b"return", b"retrun", 1))
    sandbox.script("".join(committed.decode().splitlines(keepends=True)[:2]))
    before = sandbox.git("rev-parse", "HEAD")
    done = edit(sandbox, "--commit")
    assert done.returncode == 0, done.stderr
    assert b"nothing is to be committed" in done.stderr
    assert repo.read_bytes() == committed
    assert sandbox.git("rev-parse", "HEAD") == before
