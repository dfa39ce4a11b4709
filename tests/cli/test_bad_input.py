"""Bad input: one sentence, the documented exit code, nothing lost, no traceback."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import Any

import pytest

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"


def refused(done: subprocess.CompletedProcess[bytes], code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(b"sharpen: ") or b"\nsharpen: " in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_path_that_does_not_exist(sandbox: Any) -> None:
    refused(sandbox.run("fix", "none.py"))


def test_a_directory_is_no_target_of_an_edit(sandbox: Any) -> None:
    refused(sandbox.run("edit", "fix this", "."))


@pytest.mark.parametrize("data", [b"\0\1\2", "x = 1\n".encode("utf-16"), b"x = '\xff'\n"])
def test_bytes_that_are_no_text(sandbox: Any, data: bytes) -> None:
    path = sandbox.write("a.py", data)
    refused(sandbox.run("fix", "a.py"))
    assert path.read_bytes() == data


def test_an_empty_file_has_nothing_to_repair(sandbox: Any) -> None:
    sandbox.write("a.py", "")
    assert sandbox.run("fix", "a.py").returncode == 0


def test_a_file_of_5_mb(sandbox: Any) -> None:
    sandbox.write("a.py", b"x = 1\n" * 900_000)
    refused(sandbox.run("fix", "a.py"))


def test_latin_1_with_a_cookie_keeps_its_bytes(sandbox: Any) -> None:
    head = "# -*- coding: latin-1 -*-\n# caf\xe9\n"
    path = sandbox.write("a.py", (head + BROKEN).encode("latin-1"))
    sandbox.script(head + WHOLE)
    assert sandbox.run("fix", "a.py").returncode == 1
    assert path.read_bytes() == (head + WHOLE).encode("latin-1")


def test_a_loop_of_links(sandbox: Any) -> None:
    (sandbox.folder / "a.py").symlink_to("b.py")
    (sandbox.folder / "b.py").symlink_to("a.py")
    refused(sandbox.run("fix", "a.py"))


def test_a_region_beyond_the_end(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    refused(sandbox.run("edit", "fix this", "a.py:40-50"))


def test_an_unmerged_file(sandbox: Any) -> None:
    sandbox.git("init", "-q", "-b", "main")
    for branch, text in (("main", "x = 1\n"), ("b", "x = 2\n"), ("main", "x = 3\n")):
        sandbox.git("checkout", "-q", *(["-b"] if branch == "b" else []), branch)
        sandbox.write("a.py", text)
        sandbox.git("add", ".")
        sandbox.git("commit", "-qm", text)
    sandbox.git("merge", "b")
    sandbox.script("x = 2\n")
    refused(sandbox.run("fix", "a.py"))
    assert "<<<<<<<" in (sandbox.folder / "a.py").read_text()


def start(sandbox: Any, *arguments: str) -> subprocess.Popen[bytes]:
    """The command under way: it has said what is broken, so the engine runs."""
    process = subprocess.Popen(
        sandbox.command(*arguments),
        cwd=sandbox.folder,
        env=sandbox.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"syntax" in process.stderr.readline()
    return process


def test_a_file_that_changes_during_the_edit_is_not_overwritten(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, pause=1.0)
    process = start(sandbox, "fix", "a.py")
    path.write_text("def g(:\n    return 2\n")
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 4, error
    assert path.read_text() == "def g(:\n    return 2\n"


def test_ctrl_c_stops_within_a_step_and_writes_nothing(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, pause=20.0)
    process = start(sandbox, "fix", "a.py")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 130, error
    assert b"Traceback" not in error
    assert path.read_text() == BROKEN


def test_a_reader_that_goes_away_is_no_failure(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, pause=0.3)
    process = start(sandbox, "fix", "--dry-run", "a.py")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    assert (process.wait(60), error) == (1, b"")
    process.stderr.close()


def test_no_usable_home_folder_is_one_sentence_and_nothing_written(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    for name in ("SHARPEN_STATE_DIR", "HOME", "XDG_STATE_HOME"):
        sandbox.env.pop(name, None)
    sandbox.env["HOME"] = str(sandbox.write("file", "x") / "home")
    done = sandbox.run("fix", "a.py")
    refused(done)
    assert path.read_text() == BROKEN


def test_a_state_folder_that_cannot_be_made_writes_nothing(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    sandbox.env["SHARPEN_STATE_DIR"] = str(sandbox.write("file", "x") / "below")
    refused(sandbox.run("fix", "a.py"))
    assert path.read_text() == BROKEN
