"""Where `fix` looks: folders, the index, one file under several names, and where undo looks after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"


def folder(sandbox: Any, *names: str) -> list[Path]:
    for name in names:
        (sandbox.folder / name).parent.mkdir(parents=True, exist_ok=True)
    return [sandbox.write(name, BROKEN) for name in names]


def repaired(*paths: Path) -> list[bool]:
    return [path.read_text() == WHOLE for path in paths]


def test_a_folder_outside_git_is_walked_for_python_files(sandbox: Any) -> None:
    paths = folder(sandbox, "src/a.py", "src/deep/b.pyi", "src/c.pyw", "src/d.txt", "other.py")
    sandbox.script(WHOLE)
    assert sandbox.run("fix", "src").returncode == 1
    assert repaired(*paths) == [True, True, True, False, False]


def test_a_folder_in_git_is_walked_without_what_git_ignores_and_without_submodules(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.write(".gitignore", "build/\n")
    paths = folder(sandbox, "a.py", "build/b.py", "nested/c.py")
    sandbox.git("-C", "nested", "init", "-q")
    sandbox.script(WHOLE)
    assert sandbox.run("fix", ".").returncode == 1
    assert repaired(*paths) == [True, False, False]


def test_a_marked_file_is_left_alone_in_a_folder_and_repaired_when_named(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.write(".gitattributes", "a.py linguist-generated\n")
    (path,) = folder(sandbox, "a.py")
    sandbox.script(WHOLE)
    assert sandbox.run("fix", ".").returncode == 2
    assert repaired(path) == [False]
    assert sandbox.run("fix", "a.py").returncode == 1
    assert repaired(path) == [True]


def test_an_empty_folder_has_nothing_to_repair(sandbox: Any) -> None:
    (sandbox.folder / "empty").mkdir()
    done = sandbox.run("fix", "empty")
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_file_of_two_names_is_repaired_once(sandbox: Any) -> None:
    (path,) = folder(sandbox, "a.py")
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "a.py", "./a.py", ".")
    assert (done.returncode, repaired(path)) == (1, [True])
    assert done.stderr.count(b": repaired") == 1


@pytest.mark.parametrize(("targets", "code"), [(("a.py:1", "./a.py:1-2"), 0), (("a.py:1", "a.py:4"), 2)])
def test_regions_of_one_file_are_merged_where_they_touch_and_refused_where_they_do_not(
    sandbox: Any, targets: tuple[str, ...], code: int
) -> None:
    sandbox.write("a.py", BROKEN + "\nx = 1\n")
    sandbox.script(WHOLE)
    done = sandbox.run("edit", "-y", "fix the syntax error", *targets)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    wanted = WHOLE if code == 0 else BROKEN
    assert (sandbox.folder / "a.py").read_text() == wanted + "\nx = 1\n"


def test_undo_finds_an_edit_outside_git_of_a_file_in_another_folder(sandbox: Any) -> None:
    (path,) = folder(sandbox, "../elsewhere/a.py")
    sandbox.script(WHOLE)
    assert sandbox.run("fix", "../elsewhere/a.py").returncode == 1
    assert repaired(path) == [True]
    assert sandbox.run("undo").returncode == 0
    assert path.read_text() == BROKEN


def test_undo_finds_an_edit_made_from_a_folder_of_a_repository_to_a_file_outside(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    (path,) = folder(sandbox, "../elsewhere/a.py")
    (sandbox.folder / "sub").mkdir()
    sandbox.script(WHOLE)
    sandbox.folder = sandbox.folder / "sub"
    assert sandbox.run("fix", str(path)).returncode == 1
    assert sandbox.run("undo").returncode == 0
    assert path.read_text() == BROKEN


def test_an_edit_in_another_repository_says_where_to_undo_it(sandbox: Any) -> None:
    (path,) = folder(sandbox, "repo/a.py")
    sandbox.git("-C", "repo", "init", "-q")
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "repo/a.py")
    assert f"cd {sandbox.folder / 'repo'} && sharpen undo 1".encode() in done.stderr
    here = sandbox.run("undo")
    assert here.returncode == 2
    assert str(sandbox.folder / "repo").encode() in here.stderr
    sandbox.folder = sandbox.folder / "repo"
    assert sandbox.run("undo", "1").returncode == 0
    assert path.read_text() == BROKEN


def staged(sandbox: Any, data: str | bytes = BROKEN) -> Path:
    sandbox.git("init", "-q")
    sandbox.write("a.py", "x = 1\n")
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "x")
    path: Path = sandbox.write("a.py", data)
    sandbox.git("add", "a.py")
    return path


def test_staged_repairs_the_index_and_the_file_that_says_the_same(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.script(WHOLE)
    assert sandbox.run("fix", "--staged").returncode == 1
    assert sandbox.git("show", ":a.py") == WHOLE
    assert path.read_text() == WHOLE
    assert sandbox.run("undo").returncode == 0
    assert path.read_text() == BROKEN


def test_staged_leaves_what_is_not_staged_as_it_is(sandbox: Any) -> None:
    path = staged(sandbox)
    path.write_text(BROKEN + "more = (\n")
    sandbox.write("new.py", BROKEN)
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "--staged")
    assert done.returncode == 1
    assert b"index alone" in done.stderr
    assert sandbox.git("show", ":a.py") == WHOLE
    assert path.read_text() == BROKEN + "more = (\n"
    assert sandbox.git("status", "--porcelain").split("\n")[:2] == ["MM a.py", "?? new.py"]


def test_staged_judges_the_index_and_not_the_file(sandbox: Any) -> None:
    path = staged(sandbox, WHOLE)
    path.write_text(BROKEN)
    sandbox.script(WHOLE)
    assert sandbox.run("fix", "--staged").returncode == 0
    assert path.read_text() == BROKEN


def test_staged_dry_run_touches_neither_file_nor_index(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "--staged", "--dry-run")
    assert b"+def f():" in done.stdout
    assert (sandbox.git("show", ":a.py"), path.read_text()) == (BROKEN, BROKEN)


def test_staged_takes_the_named_paths_alone(sandbox: Any) -> None:
    staged(sandbox)
    sandbox.write("b.py", BROKEN)
    sandbox.git("add", "b.py")
    sandbox.script(WHOLE)
    assert sandbox.run("fix", "--staged", "b.py").returncode == 1
    assert (sandbox.git("show", ":a.py"), sandbox.git("show", ":b.py")) == (BROKEN, WHOLE)


def test_staged_in_a_hook_of_commit_all_repairs_the_index_that_is_committed(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.script(WHOLE)
    hook = sandbox.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {' '.join(sandbox.command('fix', '--staged', '--exit-zero'))}\n")
    hook.chmod(0o755)
    sandbox.git("commit", "-aqm", "all")
    assert sandbox.git("show", "HEAD:a.py") == WHOLE
    assert path.read_text() == WHOLE


def test_staged_outside_git_is_refused(sandbox: Any) -> None:
    assert sandbox.run("fix", "--staged").returncode == 2


@pytest.mark.parametrize("arguments", [(), ("--staged",)])
def test_a_bare_repository_is_not_called_no_repository(sandbox: Any, arguments: tuple[str, ...]) -> None:
    sandbox.git("init", "-q", "--bare")
    done = sandbox.run("fix", *arguments)
    assert done.returncode == 2
    assert b"holds no files" in done.stderr
    assert b"worktree" in done.stderr
