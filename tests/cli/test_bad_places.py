"""Places that say no: no permission, no space, interrupts at any instant, a defect. Real processes throughout."""

from __future__ import annotations

import ctypes
import os
import random
import re
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sharpen.cli.fatal import guarded

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"
_LIBC = ctypes.CDLL(None)
_DROP_FROM_BOUNDING_SET, _POWERS = 24, (1, 2, 3)  # PR_CAPBSET_DROP; DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER


def powerless() -> None:
    """Permissions hold for root too, once it has lost the capabilities that lift them. Others need nothing."""
    if os.geteuid() == 0:
        for power in _POWERS:
            assert _LIBC.prctl(_DROP_FROM_BOUNDING_SET, power, 0, 0, 0) == 0


def small_files() -> None:
    """No file may grow past 2 KB, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))


def refused(done: subprocess.CompletedProcess[bytes], *words: bytes, code: int = 2) -> None:
    """One sentence that has the words, and nothing else but its hint."""
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    (said,) = re.findall(rb"^sharpen: (.+)$", done.stderr, re.MULTILINE)
    for word in words:
        assert word in said


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if ".sharpen-" in path.name]


@pytest.mark.parametrize("command", [("fix",), ("edit", "-y", "fix this")])
def test_a_file_that_may_not_be_read(sandbox: Any, command: tuple[str, ...]) -> None:
    path = sandbox.write("a.py", BROKEN)
    path.chmod(0)
    refused(sandbox.run(*command, "a.py", before=powerless), b"a.py", b"permission denied")
    path.chmod(0o644)
    assert path.read_text() == BROKEN


def test_a_file_that_may_not_be_written(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    path.chmod(0o444)
    sandbox.script(WHOLE)
    refused(sandbox.run("fix", "a.py", before=powerless), b"a.py is read-only")
    assert path.read_text() == BROKEN


def test_a_folder_that_may_not_be_written(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    sandbox.folder.chmod(0o555)
    done = sandbox.run("fix", "a.py", before=powerless)
    sandbox.folder.chmod(0o755)
    refused(done, b"a.py", b"permission denied")
    assert path.read_text() == BROKEN
    assert b"checkpoint" not in sandbox.run("undo", "--list").stdout


def test_a_folder_that_may_not_be_read(sandbox: Any) -> None:
    (sandbox.folder / "shut").mkdir(mode=0)
    refused(sandbox.run("fix", "shut", before=powerless), b"shut")


def test_a_full_disk_leaves_every_file_as_it_was(sandbox: Any) -> None:
    tail = "".join(f"name_{n} = {n}\n" for n in range(400))
    paths = [sandbox.write(name, BROKEN + tail) for name in ("a.py", "b.py")]
    sandbox.script(WHOLE + tail)
    refused(sandbox.run("fix", "a.py", "b.py", before=small_files), b"cannot be written", b"as it was")
    assert [path.read_text() for path in paths] == [BROKEN + tail] * 2
    assert left_over(sandbox.folder) == []
    assert sandbox.run("undo", "--list").stdout == b""
    assert sandbox.run("fix", "a.py", "b.py").returncode == 1


def test_a_full_disk_of_the_state_folder_leaves_every_file_as_it_was(sandbox: Any) -> None:
    tail = "".join(f"{n}\n" for n in range(400))  # the file fits, its checkpoint of both versions does not
    path = sandbox.write("a.py", BROKEN + tail)
    sandbox.script(WHOLE + tail)
    refused(sandbox.run("fix", "a.py", before=small_files), b"journal")
    assert path.read_text() == BROKEN + tail
    assert left_over(sandbox.folder) == []


def test_a_record_that_cannot_be_written_is_told(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    refused(sandbox.run("fix", "--dry-run", "--record", "none/r.jsonl", "a.py"), b"none/r.jsonl")


def test_an_interrupt_at_any_instant_leaves_every_file_old_or_every_file_new(sandbox: Any) -> None:
    names = [f"m{n}.py" for n in range(6)]
    paths = [sandbox.write(name, BROKEN) for name in names]
    sandbox.script(WHOLE)
    began = time.monotonic()
    assert sandbox.run("fix", *names).returncode == 1
    took = time.monotonic() - began
    chance = random.Random(7)
    ends = set()
    for _ in range(14):
        for path in paths:
            path.write_text(BROKEN)
        process = subprocess.Popen(
            sandbox.command("fix", *names),
            cwd=sandbox.folder, env=sandbox.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        time.sleep(chance.uniform(0.05, took))
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=60)[1]
        texts = {path.read_text() for path in paths}
        ends.add(process.returncode)
        for report in (sandbox.state / "reports").glob("*"):
            pytest.fail(report.read_text())
        # Before our first import is done, the interpreter's own start says what it says.
        ours = b"cli/" in error and b"import early" not in error
        assert not (b"Traceback" in error and ours), error
        # It ends with 1, as a changed file does, but nothing of ours has run by then.
        written = process.returncode == 1 and b"Fatal Python error: init_" not in error
        assert texts == ({WHOLE} if written else {BROKEN}), (process.returncode, error)
    assert ends <= {130, 1, -signal.SIGINT}
    assert 130 in ends


def test_an_interrupt_that_python_wrapped_while_a_class_was_made_is_no_defect() -> None:
    def command() -> None:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    assert guarded(command) == 130


def test_a_file_that_changes_while_the_question_stands_is_not_overwritten(sandbox: Any) -> None:
    """Exit 4 over several files: the one that changed keeps all of them from being written."""
    one, two = sandbox.write("a.py", BROKEN), sandbox.write("b.py", BROKEN)
    sandbox.script(WHOLE, pause=2.0)
    process = subprocess.Popen(
        sandbox.command("fix", "a.py", "b.py"),
        cwd=sandbox.folder, env=sandbox.env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    process.stderr.readline()
    two.write_text("def g(:\n    return 2\n")
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 4, error
    assert (one.read_text(), two.read_text()) == (BROKEN, "def g(:\n    return 2\n")


def test_a_defect_is_one_line_and_the_path_of_a_report(sandbox: Any, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(
        "import sharpen.core.diagnose as d\nd.diagnose_many = lambda documents: {}['planted']\n"
    )
    path = sandbox.write("a.py", BROKEN)
    sandbox.env["PYTHONPATH"] = str(planted)
    done = sandbox.run("fix", "a.py")
    refused(done, b"defect of sharpen itself", b"KeyError", code=70)
    assert done.stderr.count(b"\n") == 1
    (report,) = (sandbox.state / "reports").glob("*.txt")
    assert str(report).encode() in done.stderr
    assert "planted" in report.read_text()
    assert path.read_text() == BROKEN


@pytest.mark.parametrize("path", ["none.py", "a.py/b.py", "x" * 300 + ".py", "loop.py", "pipe.py"])
@pytest.mark.parametrize("command", [("fix",), ("edit", "fix this")])
def test_what_is_no_file_is_one_sentence(sandbox: Any, path: str, command: tuple[str, ...]) -> None:
    sandbox.write("a.py", BROKEN)
    (sandbox.folder / "loop.py").symlink_to("loop.py")
    os.mkfifo(sandbox.folder / "pipe.py")
    refused(sandbox.run(*command, path), path.encode())


def test_bad_input_beside_good_does_not_stop_the_repair_of_the_good(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "none.py", "a.py")
    assert done.returncode == 2
    assert path.read_text() == WHOLE
