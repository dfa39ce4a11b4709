"""Questions to git get the repository's own answer, whoever asks and from wherever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.errors import Refused
from sharpen.core.worktree import git as asked
from sharpen.core.worktree.rebase import rebase

Git = Callable[..., str]


def test_a_hook_of_one_repository_may_ask_about_another(
    repo: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "-q", "other")
    (tmp_path / "other/new.py").write_text("x")
    monkeypatch.setenv("GIT_DIR", str(repo / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repo))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo / ".git/index.lock"))
    monkeypatch.setenv("GIT_PREFIX", "sub/")
    assert asked.changed(tmp_path / "other") == ["new.py"]
    assert os.environ["GIT_DIR"] == str(repo / ".git")


@pytest.mark.parametrize("style", ["absolute", "relative"])
def test_in_its_own_hook_the_index_of_the_commit_is_read(
    repo: Path, git: Git, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """`git commit -a` and `git commit -- path` prepare another index than `.git/index`."""
    (repo / "c.py").write_text("c")
    other = repo / ".git/next-index-1.lock"
    other.write_bytes((repo / ".git/index").read_bytes())
    env = {**os.environ, "GIT_INDEX_FILE": str(other)}
    subprocess.run(["git", "add", "c.py"], cwd=repo, env=env, check=True)
    value = str(other) if style == "absolute" else ".git/next-index-1.lock"
    monkeypatch.setenv("GIT_INDEX_FILE", value)
    assert asked.run(repo, "ls-files", "-z", hook_index=True).out.split(b"\0") == [
        b"a.py",
        b"b.py",
        b"c.py",
        b"",
    ]
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert b"c.py" not in asked.run(repo, "ls-files", "-z", hook_index=True).out


def test_a_real_commit_hook_sees_what_is_being_committed(repo: Path, git: Git) -> None:
    said = repo / "said"
    script = (
        "import pathlib, sharpen.core.worktree.git as g; "
        f"pathlib.Path({str(said)!r}).write_bytes(g.run(pathlib.Path.cwd(), 'diff', '--cached', '--name-only', '-z', hook_index=True).out)"
    )
    hook = repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{script}"\n')
    hook.chmod(0o755)
    (repo / "a.py").write_text("a = 2\n")
    (repo / "b.py").write_text("b = 2\n")
    git("add", "b.py", cwd=repo)
    git("commit", "-q", "-m", "only a", "--", "a.py", cwd=repo)
    assert said.read_bytes() == b"a.py\0"


def test_a_throw_away_worktree_made_in_a_hook_leaves_what_is_staged(
    repo: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "staged.py").write_text("s")
    git("add", "staged.py", cwd=repo)
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo / ".git/index"))
    assert asked.run(repo, "worktree", "add", "--detach", str(tmp_path / "copy"), "HEAD").status == 0
    assert "staged.py" in git("diff", "--cached", "--name-only", cwd=repo)
    assert not (tmp_path / "copy/staged.py").exists()


def test_git_speaks_english_to_us(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    assert asked.run(repo, "rev-parse", "nothing-there").error.startswith("ambiguous argument")


def test_a_damaged_repository_is_named(repo: Path) -> None:
    (repo / ".git/index").write_bytes(b"not an index")
    with pytest.raises(Refused, match="git cannot read the repository"):
        asked.changed(repo)


def test_looking_for_the_git_folder_starts_no_process(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert asked.git_folder(repo) == repo / ".git"
    assert asked.git_folder(repo.parent) is None


BASE = b"1\n2\n3\n4\n5\n6\n7\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (BASE, b"x", b"x"),
        (b"x", BASE, b"x"),
        (b"x", b"x", b"x"),
        (b"one\n" + BASE[2:], BASE[:-2] + b"seven", b"one\n" + BASE[2:-2] + b"seven"),
        (BASE.replace(b"1\n", b"1\r\n"), BASE.replace(b"7", b"\xff"), b"1\r\n2\n3\n4\n5\n6\n\xff\n"),
        (BASE.replace(b"4", b"four"), BASE.replace(b"4", b"IV"), None),
        (b"\0" + BASE, BASE + b"8\n", None),
        (b"", BASE + b"8\n", None),
    ],
)
def test_both_sides_changes_are_kept_or_none(ours: bytes, theirs: bytes, both: bytes | None) -> None:
    assert rebase(BASE, ours, theirs) == both
