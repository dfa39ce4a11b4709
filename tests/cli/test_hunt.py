"""`sharpen fix --check CMD` where nothing is broken: the single token that makes the command fail."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

WRONG = "def clamp(value, low, high):\n    if value < low:\n        return low\n    if value > high:\n        return low\n    return value\n"
RIGHT = WRONG.replace("> high:\n        return low", "> high:\n        return high")
TEST = "from stats import clamp\nassert clamp(5, 0, 3) == 3\nassert clamp(-5, 0, 3) == 0\nassert clamp(2, 0, 3) == 2\n"
COMMAND = f"{sys.executable} check.py"


@pytest.fixture
def project(sandbox: Any) -> Path:
    sandbox.git("init", "-q")
    path: Path = sandbox.write("stats.py", WRONG)
    sandbox.write("check.py", TEST)
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "x")
    return path


def test_the_token_is_found_and_how_many_were_tried_is_said(sandbox: Any, project: Path) -> None:
    done = sandbox.run("fix", "--check", COMMAND, "stats.py")
    assert done.returncode == 1
    assert project.read_text() == RIGHT
    assert b"`low` became `high`" in done.stderr
    assert b"single-token repairs were tried" in done.stderr
    assert sandbox.git("worktree", "list").count("\n") == 1
    assert sandbox.run("undo").returncode == 0
    assert project.read_text() == WRONG


def test_candidates_verdicts_and_the_winner_are_in_the_events(sandbox: Any, project: Path) -> None:
    done = sandbox.run("fix", "--json", "--check", COMMAND, "stats.py")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    proposed = [e for e in events if e["event"] == "proposed"]
    verified = [e for e in events if e["event"] == "verified"]
    assert len(proposed) > 20
    assert len(proposed) >= len(verified) >= 1
    assert [e["check"]["exit"] == 0 for e in verified].count(True) >= 1
    assert all(e["holds"] == (e["check"]["exit"] == 0) for e in verified if "check" in e)
    assert [e["path"] for e in events if e["event"] == "applied"] == ["stats.py"]


def test_a_command_that_passes_leaves_nothing_to_do(sandbox: Any, project: Path) -> None:
    done = sandbox.run("fix", "--check", "true", "stats.py")
    assert done.returncode == 0
    assert b"true passes" in done.stderr
    assert project.read_text() == WRONG


def test_the_fault_is_found_in_the_second_file_too(sandbox: Any, project: Path) -> None:
    sandbox.write("other.py", "X = 1\n")
    done = sandbox.run("fix", "--check", COMMAND, "other.py", "stats.py")
    assert done.returncode == 1
    assert project.read_text() == RIGHT
    assert (sandbox.folder / "other.py").read_text() == "X = 1\n"


def test_where_no_repair_passes_nothing_is_written_and_that_is_said(sandbox: Any, project: Path) -> None:
    done = sandbox.run("fix", "-n", "4", "--check", "false", "stats.py")
    assert done.returncode == 1
    assert b"4 of 4 single-token repairs were tried" in done.stderr
    assert b"nothing was written" in done.stderr
    assert project.read_text() == WRONG


def test_a_command_that_cannot_be_run_is_bad_input(sandbox: Any, project: Path) -> None:
    done = sandbox.run("fix", "--check", "no-such-command", "stats.py")
    assert done.returncode == 2
    assert b"cannot be run" in done.stderr


def test_a_command_that_hangs_by_itself_starts_no_search(sandbox: Any, project: Path) -> None:
    done = sandbox.run("fix", "--check", "sleep 300", "--check-timeout", "1", "stats.py")
    assert done.returncode == 5
    assert b"took longer than 1 s without a repair" in done.stderr
    assert b"single-token" not in done.stderr
    assert project.read_text() == WRONG


def test_the_command_runs_where_the_user_stands(sandbox: Any, project: Path) -> None:
    (sandbox.folder / "deep").mkdir()
    sandbox.write("deep/check.py", TEST.replace("stats", "deep.stats"))
    sandbox.write("deep/stats.py", WRONG)
    sandbox.folder /= "deep"
    done = sandbox.run("fix", "--check", COMMAND, "stats.py")
    assert done.returncode == 1, done.stderr
    assert (sandbox.folder / "stats.py").read_text() == RIGHT
    assert project.read_text() == WRONG


def test_ignored_files_are_in_the_copy_and_ignored_folders_are_not(sandbox: Any, project: Path) -> None:
    sandbox.write(".gitignore", ".env\nbig/\nnode_modules/\n")
    sandbox.write(".env", "1")
    for name in ("big", "node_modules"):
        (sandbox.folder / name).mkdir()
        sandbox.write(f"{name}/file", "1")
    command = "test -f .env && test ! -e big && test -f node_modules/file && rm .env && echo 2 >.env"
    done = sandbox.run("fix", "--check", command, "stats.py")
    assert done.returncode == 0, done.stderr
    assert (sandbox.folder / ".env").read_text() == "1"


def test_what_the_command_said_is_shown_where_nothing_held(sandbox: Any, project: Path) -> None:
    arguments = ("fix", "-n", "2", "--check", "echo no such luck; false", "stats.py")
    assert b"\n  no such luck\n" in sandbox.run(*arguments, "-v").stderr
    assert b"\n  no such luck\n" not in sandbox.run(*arguments).stderr


def test_a_configured_command_starts_no_search(sandbox: Any, project: Path) -> None:
    sandbox.env["SHARPEN_CHECK"] = "false"
    done = sandbox.run("fix", "stats.py")
    assert done.returncode == 0
    assert b"nothing to repair" in done.stderr


PICK = "def pick(values, value):\n    return valuess\n"
TRIED = "echo >>{log}; {python} -c 'import e; assert e.pick([1], 2) == {wanted}'"


@pytest.mark.parametrize(("wanted", "name"), [("[1]", "values"), ("2", "value")])
def test_the_command_picks_among_repairs_that_nobody_counted(
    sandbox: Any, tmp_path: Path, wanted: str, name: str
) -> None:
    path = sandbox.write("e.py", PICK)
    command = TRIED.format(log=tmp_path / "log", python=sys.executable, wanted=wanted)
    assert sandbox.run("fix", "e.py", "--check", command).returncode == 1
    assert path.read_text() == PICK.replace("valuess", name)


def test_one_candidate_that_was_asked_for_is_one(sandbox: Any, tmp_path: Path) -> None:
    path = sandbox.write("e.py", PICK)
    command = TRIED.format(log=tmp_path / "log", python=sys.executable, wanted="2")
    assert sandbox.run("fix", "e.py", "-n", "1", "--check", command).returncode == 1
    assert path.read_text() == PICK
    assert (tmp_path / "log").read_text() == "\n"
