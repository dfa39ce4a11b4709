"""The commands as a shell sees them: bytes on the streams, exit codes, files."""

from __future__ import annotations

import json
from typing import Any

import pytest

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"


def events(stdout: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_fix_repairs_a_file_outside_git_and_exits_1(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "a.py")
    assert (done.returncode, done.stdout) == (1, b"")
    assert path.read_text() == WHOLE
    assert sandbox.run("fix", "a.py").returncode == 0


def test_exit_zero_turns_the_fixers_1_off(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    assert sandbox.run("fix", "--exit-zero", "a.py").returncode == 0


def test_fix_without_path_takes_what_differs_from_head(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.write("old.py", BROKEN)
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "x")
    sandbox.script(WHOLE)
    nothing = sandbox.run("fix")
    assert nothing.returncode == 0
    assert b"no file differs from HEAD; sharpen fix . looks at all" in nothing.stderr
    new = sandbox.write("new.py", BROKEN)
    assert sandbox.run("fix").returncode == 1
    assert (new.read_text(), (sandbox.folder / "old.py").read_text()) == (WHOLE, BROKEN)


def test_a_dry_run_prints_a_diff_that_git_takes_and_writes_nothing(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "--dry-run", "a.py")
    assert path.read_text() == BROKEN
    assert done.returncode == 1
    sandbox.write("p.diff", done.stdout)
    sandbox.git("init", "-q")
    sandbox.git("apply", "p.diff")
    assert path.read_text() == WHOLE


def test_edit_without_yes_prints_the_diff_and_with_yes_applies(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    done = sandbox.run("edit", "fix this", "a.py")
    assert (done.returncode, path.read_text()) == (0, BROKEN)
    assert b"+def f():" in done.stdout
    assert sandbox.run("edit", "-y", "fix this", "a.py").returncode == 0
    assert path.read_text() == WHOLE


def test_edit_of_stdin_writes_the_result_to_stdout(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    done = sandbox.run("edit", "fix this", "-", stdin=BROKEN.encode())
    assert (done.returncode, done.stdout) == (0, WHOLE.encode())
    assert sandbox.run("edit", "fix this", "-", stdin=WHOLE.encode()).stdout == WHOLE.encode()


def test_the_embedded_engine_refuses_what_it_cannot_do_with_exit_3(sandbox: Any) -> None:
    sandbox.write("a.py", WHOLE)
    done = sandbox.run("edit", "write a poem", "a.py")
    assert done.returncode == 3
    assert b"syntax errors" in done.stderr


def test_undo_puts_back_and_redo_applies_again(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    sandbox.run("fix", "a.py")
    assert b"a.py" in sandbox.run("undo", "--list").stdout
    assert sandbox.run("undo").returncode == 0
    assert path.read_text() == BROKEN
    assert sandbox.run("undo", "--redo").returncode == 0
    assert path.read_text() == WHOLE


def test_json_lines_have_the_promised_fields_and_stdout_nothing_else(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f("])
    found = events(sandbox.run("fix", "--json=cells", "a.py").stdout)
    keys = {e["event"]: set(e) - {"event", "seconds"} for e in found}
    assert keys == {
        "started": {"engine", "model", "targets"},
        "frame": {"step", "steps", "masked", "settled", "text", "cells"},
        "proposed": {"path", "candidate", "score", "diff"},
        "verified": {"path", "candidate", "holds", "gone", "left", "new"},
        "applied": {"path", "checkpoint"},
        "finished": {"exit", "changed", "unchanged", "failed", "steps", "engine_seconds"},
    }
    assert found[-1]["exit"] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("edit --json -y fix.it a.py -e mercury", 3),
        ("edit --json -y fix.it missing.py", 2),
        ("edit --json=cells -y write-a-poem a.py", 3),
        ("fix --json missing.py", 2),
        ("fix --json a.py -e mercury", 3),
        ("fix --json a.py -e openai:http://127.0.0.1:1/v1", 3),
        ("fix --json --staged -", 2),
    ],
)
def test_an_early_failure_is_told_in_json_too(sandbox: Any, words: str, code: int) -> None:
    sandbox.write("a.py", BROKEN)
    for name in ("INCEPTION_API_KEY", "SHARPEN_API_KEY"):
        sandbox.env.pop(name, None)
    sandbox.env["SHARPEN_CONFIG_DIR"] = str(sandbox.state / "config")
    done = sandbox.run(*words.split())
    assert done.returncode == code, done.stderr
    failed, finished = map(json.loads, done.stdout.splitlines())
    assert failed["event"] == "failed"
    assert failed["code"] == code
    assert failed["message"]
    assert failed["message"] in done.stderr.decode()
    assert finished["event"] == "finished"
    assert finished["exit"] == code


def test_a_configuration_that_cannot_be_read_is_told_in_json_too(sandbox: Any) -> None:
    sandbox.write("sharpen.toml", "steps = 0\n")
    done = sandbox.run("fix", "--json", "a.py")
    assert [json.loads(line).get("exit") for line in done.stdout.splitlines()] == [None, 2]


def test_the_last_line_has_the_exit_code_also_where_another_file_was_missing(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "--json", "a.py", "missing.py")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["code"] for line in lines if line["event"] == "failed"] == [2]
    assert lines[-1]["changed"] == ["a.py"]
    assert lines[-1]["exit"] == done.returncode == 2


def test_a_hook_without_an_engine_is_told_in_json_too(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.env |= {"SHARPEN_ENGINE": "openai:http://127.0.0.1:1/v1", "PRE_COMMIT": "1"}
    done = sandbox.run("fix", "--json", "a.py")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("code", line.get("exit")) for line in lines] == [3, 0]
    assert done.returncode == 0


def test_a_candidate_that_does_not_hold_is_not_written(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script("def f((:\n    return 1\n")
    assert sandbox.run("edit", "-y", "fix this", "a.py").returncode == 5
    assert sandbox.run("fix", "a.py").returncode == 1
    assert path.read_text() == BROKEN


@pytest.mark.parametrize("strict", [False, True])
def test_a_missing_engine_blocks_no_commit_unless_strict(sandbox: Any, strict: bool) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.env |= {"SHARPEN_ENGINE": "script:missing.json", "PRE_COMMIT": "1"}
    done = sandbox.run("fix", "a.py", *(["--strict"] if strict else []))
    assert done.returncode == (3 if strict else 0)
    assert strict or done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "engine", ["openai:http://127.0.0.1:1/v1#m", "openai:http://127.0.0.1:1/v1", "mercury"]
)
@pytest.mark.parametrize("strict", [False, True])
def test_a_server_that_is_not_there_blocks_no_commit_unless_strict(
    sandbox: Any, engine: str, strict: bool
) -> None:
    files = [sandbox.write(name, BROKEN) for name in ("a.py", "b.py")]
    for name in ("INCEPTION_API_KEY", "SHARPEN_API_KEY"):
        sandbox.env.pop(name, None)
    sandbox.env |= {
        "SHARPEN_ENGINE": engine, "PRE_COMMIT": "1", "SHARPEN_CONFIG_DIR": str(sandbox.state / "config")
    }  # fmt: skip
    done = sandbox.run("fix", "a.py", "b.py", *(["--strict"] if strict else []))
    assert done.returncode == (3 if strict else 0), done.stderr
    if not strict:
        assert done.stderr.count(b"\n") == 1, done.stderr
        assert b"2 files stay broken; the commit goes on" in done.stderr
    assert [file.read_text() for file in files] == [BROKEN, BROKEN]


def test_the_demo_repairs_its_files_and_says_how_to_undo(sandbox: Any) -> None:
    done = sandbox.run("demo", "--picture", "p.svg")
    assert b"5 of 5 files repaired" in done.stdout
    assert b"sharpen undo" in done.stdout
    assert (sandbox.folder / "p.svg").read_text().startswith("<svg")
    assert done.returncode == 0


def test_a_record_holds_every_frame(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f(", "def f()"])
    assert sandbox.run("fix", "--record", "r.jsonl", "a.py").returncode == 1
    assert len((sandbox.folder / "r.jsonl").read_text().splitlines()) == 3


def test_a_check_that_fails_keeps_the_file_as_it_was(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.git("init", "-q")
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "x")
    sandbox.script(WHOLE)
    assert sandbox.run("edit", "-y", "--check", "false", "fix this", "a.py").returncode == 5
    assert path.read_text() == BROKEN
    assert sandbox.run("edit", "-y", "--check", "true", "fix this", "a.py").returncode == 0
    assert path.read_text() == WHOLE
