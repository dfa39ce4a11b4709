"""Real repositories in temporary folders, and edits put shortly."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.worktree.journal import Journal

Git = Callable[..., str]
Edit = Callable[..., Patch]


@pytest.fixture(autouse=True)
def hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No user's git configuration, no repository around us, no variables of a hook that runs the tests."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Run git in `tmp_path` or the folder given."""

    def run(*arguments: str, cwd: Path | None = None, good: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or tmp_path, capture_output=True, text=True, check=False
        )
        assert not good or done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def repo(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, the current folder of the test."""
    root = tmp_path / "repo"
    root.mkdir()
    git("init", "-q", "-b", "main", cwd=root)
    (root / "a.py").write_text("a = 1\n")
    (root / "b.py").write_text("b = 1\n")
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "start", cwd=root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal for `tmp_path` itself."""
    return Journal(tmp_path.parent / f"{tmp_path.name}-state", tmp_path)


@pytest.fixture
def edit() -> Edit:
    """A patch that gives a file a new text; a missing file is created."""

    def patch(path: str | Path, new: str) -> Patch:
        document = Document.read(path) if Path(path).exists() else Document.new(path)
        return Patch.of(document, document.whole(), new)

    return patch
