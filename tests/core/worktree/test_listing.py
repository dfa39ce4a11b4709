from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharpen.core.worktree.listing import listed


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("kept.py", "changed.py", "gone.py", "pkg/deep.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "changed.py").write_text("x = 2\n")
    (tmp_path / "gone.py").unlink()
    (tmp_path / "new.py").write_text("")
    (tmp_path / "added.py").write_text("")
    (tmp_path / "noise.log").write_text("")
    git(tmp_path, "add", "added.py")
    return tmp_path


def test_every_file_has_its_status_and_ignored_ones_are_not_there(tree: Path) -> None:
    assert {one.name: one.status for one in listed(tree)} == {
        ".gitignore": " ",
        "added.py": "A",
        "changed.py": "M",
        "gone.py": "D",
        "kept.py": " ",
        "new.py": "?",
        "pkg/deep.py": " ",
    }


def test_a_folder_inside_the_repository_lists_its_own_files(tree: Path) -> None:
    assert [one.name for one in listed(tree / "pkg")] == ["deep.py"]


def test_a_conflict_is_told_from_a_change(tree: Path) -> None:
    git(tree, "checkout", "-qfb", "side")
    (tree / "kept.py").write_text("x = 3\n")
    git(tree, "commit", "-qam", "side")
    git(tree, "checkout", "-qf", "HEAD~1")
    (tree / "kept.py").write_text("x = 4\n")
    git(tree, "commit", "-qam", "other")
    subprocess.run(["git", "merge", "-q", "side"], cwd=tree, check=False, capture_output=True)
    assert {one.name: one.status for one in listed(tree)}["kept.py"] == "U"


def test_outside_git_hidden_names_are_left_out(tmp_path: Path) -> None:
    for name in ("a.py", ".hidden", "node_modules/x.js", "sub/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [one.name for one in listed(tmp_path)] == ["a.py", "sub/b.py"]
