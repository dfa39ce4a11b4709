"""`sharpen undo` as a process in real folders and repositories: by id, by file, level by level, in git's index too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode()


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def repaired(sandbox: Any) -> Any:
    """Two broken files, repaired by one checkpoint each."""
    sandbox.git("init", "-q")
    sandbox.script(WHOLE)
    for name in ("a.py", "b.py"):
        sandbox.write(name, BROKEN)
        assert sandbox.run("fix", name).returncode == 1
    return sandbox


def test_a_path_takes_back_the_last_edit_of_that_file(repaired: Any) -> None:
    done = repaired.run("undo", "a.py")
    assert done.returncode == 0
    assert "a.py: put back" in said(done)
    assert ((repaired.folder / "a.py").read_text(), (repaired.folder / "b.py").read_text()) == (BROKEN, WHOLE)
    again = repaired.run("undo", "a.py")
    assert again.returncode == 2
    assert "nothing to undo of a.py" in said(again)
    assert repaired.run("undo", "--redo", "a.py").returncode == 0
    assert (repaired.folder / "a.py").read_text() == WHOLE


def test_one_file_of_a_checkpoint_is_undone_alone_and_the_rest_later(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.script(WHOLE)
    for name in ("a.py", "b.py"):
        sandbox.write(name, BROKEN)
    sandbox.run("fix", "a.py", "b.py")
    a, b = sandbox.folder / "a.py", sandbox.folder / "b.py"
    assert sandbox.run("undo", "b.py").returncode == 0
    assert (a.read_text(), b.read_text()) == (WHOLE, BROKEN)
    assert b"b.py +1 -1 (undone)" in sandbox.run("undo", "--list").stdout
    assert sandbox.run("undo").returncode == 0
    assert (a.read_text(), b.read_text()) == (BROKEN, BROKEN)
    assert sandbox.run("undo", "--redo").returncode == 0
    assert (a.read_text(), b.read_text()) == (WHOLE, BROKEN)
    assert sandbox.run("undo", "--redo", "1", "b.py").returncode == 0
    assert (a.read_text(), b.read_text()) == (WHOLE, WHOLE)


def test_the_list_says_what_was_asked_which_files_and_how_many_lines(repaired: Any) -> None:
    first, second = repaired.run("undo", "--list").stdout.decode().splitlines()
    assert first.startswith("1  20")
    assert "fix what is broken" in first
    assert "a.py +1 -1" in first
    assert "b.py +1 -1" in second
    only = repaired.run("undo", "--list", "b.py").stdout.decode().splitlines()
    assert only == [second]


def test_the_list_as_json_lines(repaired: Any) -> None:
    repaired.run("undo")
    first, second = lines(repaired.run("undo", "--list", "--json"))
    assert (first["event"], first["id"], first["instruction"]) == ("checkpoint", "1", "fix what is broken")
    file = {"path": "b.py", "added": 1, "removed": 1, "staged": False, "undone": True}
    assert second["files"] == [file]


def test_undo_as_json_lines_tells_what_happened_and_failures_too(repaired: Any) -> None:
    done, end = lines(repaired.run("undo", "--json"))
    assert (done["event"], done["checkpoint"], done["paths"]) == ("undone", "2", ["b.py"])
    assert (end["event"], end["exit"], end["changed"]) == ("finished", 0, ["b.py"])
    failed = repaired.run("undo", "9", "--json")
    assert failed.returncode == 2
    error, end = lines(failed)
    assert (error["event"], error["code"], error["hint"]) == ("failed", 2, "sharpen undo --list")
    assert end["exit"] == 2


def test_what_was_typed_since_is_kept_or_the_refusal_says_what_to_do(repaired: Any) -> None:
    a, b = repaired.folder / "a.py", repaired.folder / "b.py"
    a.write_text(WHOLE + "\n\n# typed\n")
    assert "keeping what was typed since" in said(repaired.run("undo", "a.py"))
    assert a.read_text() == BROKEN + "\n\n# typed\n"
    b.write_text(WHOLE.replace("f()", "typed()"))
    refused = repaired.run("undo", "b.py")
    assert refused.returncode == 4
    assert "sharpen undo 2 b.py --print" in said(refused)
    assert b.read_text() == WHOLE.replace("f()", "typed()")
    assert repaired.run("undo", "2", "b.py", "--print").stdout == BROKEN.encode()
    assert repaired.run("undo", "b.py", "--print").stdout == BROKEN.encode()


def test_a_name_with_spaces_newline_and_odd_bytes_is_undone_by_its_path(sandbox: Any) -> None:
    name = "-odd \n'\".py"
    sandbox.git("init", "-q")
    sandbox.script(WHOLE)
    path = sandbox.write(name, BROKEN)
    assert sandbox.run("fix", "./" + name).returncode == 1
    assert len(sandbox.run("undo", "--list").stdout.splitlines()) == 1
    assert sandbox.run("undo", "./" + name).returncode == 0
    assert path.read_text() == BROKEN


def test_two_repositories_have_a_list_each_and_a_path_finds_its_own(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    places = [sandbox.folder / "one", sandbox.folder / "two"]
    for place in places:
        place.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=place, check=True)
        (place / "a.py").write_text(BROKEN)
        assert sandbox.run("fix", str(place / "a.py")).returncode == 1
    assert sandbox.run("undo", "two/a.py").returncode == 0
    assert [(place / "a.py").read_text() for place in places] == [WHOLE, BROKEN]
    sandbox.folder = places[0]
    assert sandbox.run("undo").returncode == 0
    assert (places[0] / "a.py").read_text() == BROKEN


def test_two_terminals_at_once_undo_each_checkpoint_once(repaired: Any) -> None:
    running = [
        subprocess.Popen(
            repaired.command("undo"), cwd=repaired.folder, env=repaired.env, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    ends = sorted(process.wait(timeout=60) for process in running)
    for process in running:
        assert process.stderr is not None
        process.stderr.close()
    assert ends == [0, 0, 2]
    assert {(repaired.folder / name).read_text() for name in ("a.py", "b.py")} == {BROKEN}


def staged(sandbox: Any) -> Path:
    sandbox.git("init", "-q")
    sandbox.write("a.py", "x = 1\n")
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "x")
    path: Path = sandbox.write("a.py", BROKEN)
    sandbox.git("add", "a.py")
    sandbox.script(WHOLE)
    return path


def test_after_a_staged_repair_the_index_is_restored_and_redone(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.run("fix", "--staged")
    done = sandbox.run("undo")
    assert "in the index too" in said(done)
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (BROKEN, BROKEN)
    assert sandbox.run("undo", "--redo").returncode == 0
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (WHOLE, WHOLE)


def test_a_staged_repair_that_gives_what_head_has_is_undone_and_redone(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.git("reset", "-q")
    path.write_text(WHOLE)
    sandbox.git("commit", "-qam", "whole")
    path.write_text(BROKEN)
    sandbox.git("add", "a.py")
    sandbox.run("fix", "--staged")
    assert sandbox.git("status", "--short") == ""
    assert "in the index too" in said(sandbox.run("undo"))
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (BROKEN, BROKEN)
    assert sandbox.run("undo", "--redo").returncode == 0
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (WHOLE, WHOLE)


def test_a_repair_of_the_index_alone_is_undone_in_the_index_alone(sandbox: Any) -> None:
    path = staged(sandbox)
    path.write_text(BROKEN + "more = (\n")
    sandbox.run("fix", "--staged")
    assert b"a.py (index alone)" in sandbox.run("undo", "--list").stdout
    done = sandbox.run("undo", "a.py")
    assert "a.py: put back in the index" in said(done)
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (BROKEN + "more = (\n", BROKEN)


def test_what_was_staged_since_stays_beside_the_undo(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.run("fix", "--staged")
    path.write_text(WHOLE + "\n\nmore = 1\n")
    sandbox.git("add", "a.py")
    assert sandbox.run("undo").returncode == 0
    both = BROKEN + "\n\nmore = 1\n"
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (both, both)


def test_what_was_staged_since_in_the_same_place_stays_and_is_told(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.run("fix", "--staged")
    path.write_text(WHOLE.replace("f", "other"))
    sandbox.git("add", "a.py")
    path.write_text(WHOLE)
    done = sandbox.run("undo")
    assert "what is staged or committed of it stays as it is" in said(done)
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (BROKEN, WHOLE.replace("f", "other"))


def test_a_commit_is_not_taken_back(sandbox: Any) -> None:
    path = staged(sandbox)
    sandbox.run("fix", "--staged")
    sandbox.git("commit", "-qm", "repaired")
    done = sandbox.run("undo")
    assert "stays as it is" in said(done)
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (BROKEN, WHOLE)


def test_an_index_that_git_holds_is_not_written_and_the_file_neither(sandbox: Any) -> None:
    path = staged(sandbox)
    (sandbox.folder / ".git/index.lock").touch()
    done = sandbox.run("fix", "--staged")
    assert done.returncode == 2
    assert "another git process holds the index" in said(done)
    assert (path.read_text(), sandbox.git("show", ":a.py")) == (BROKEN, BROKEN)
    assert sandbox.run("undo", "--list").stdout == b""


def test_a_projects_file_cannot_shorten_what_can_be_undone(sandbox: Any) -> None:
    sandbox.write("sharpen.toml", "undo_days = 1\n")
    done = sandbox.run("undo", "--list")
    assert done.returncode == 2
    assert "lose what you can undo" in said(done)


def test_the_limits_come_from_the_settings(repaired: Any) -> None:
    repaired.env["SHARPEN_UNDO_DAYS"] = "0"
    done = repaired.run("undo", "--list")
    assert done.returncode == 2
    assert "a whole number from 1" in said(done)


def test_what_became_a_link_is_shown_by_the_command_that_the_refusal_names(sandbox: Any) -> None:
    broken = "def f(:\n    return 1\n"
    file = sandbox.write("a.py", broken)
    sandbox.write("b.py", "x = 1\n")
    assert sandbox.run("fix", "a.py").returncode == 1
    file.unlink()
    file.symlink_to("b.py")
    refused = sandbox.run("undo")
    assert refused.returncode == 4
    assert b"sharpen undo 1 a.py --print" in refused.stderr
    assert sandbox.run("undo", "1", "a.py", "--print").stdout.decode() == broken
    assert b"a.py" in sandbox.run("undo", "--list", "a.py").stdout


@pytest.mark.parametrize(
    "words", [("--list", "99"), ("--list", "--redo"), ("1", "--print", "--redo"), ("--list", "--print")]
)
def test_what_does_not_go_together_is_wrong_usage(sandbox: Any, words: tuple[str, ...]) -> None:
    done = sandbox.run("undo", *words)
    assert done.returncode == 2
    assert b"--list" in done.stderr
