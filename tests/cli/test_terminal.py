"""The commands on a terminal (a real pty): what is asked, what the answers do, and nothing on stdout."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from typing import Any

import pytest

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"


def _own_terminal() -> None:
    """Opening a terminal makes it the session's own, so that Ctrl-C reaches the command."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))


def talk(sandbox: Any, answer: bytes, *arguments: str) -> tuple[int, bytes, bytes]:
    """(exit code, what the terminal was sent, stdout) of a command whose question gets this answer."""
    ours, theirs = pty.openpty()
    env = sandbox.env | {"TERM": "xterm-256color"}
    env.pop("CI", None)
    process = subprocess.Popen(
        sandbox.command(*arguments), cwd=sandbox.folder, env=env, start_new_session=True,
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, preexec_fn=_own_terminal,  # noqa: PLW1509 - no thread runs here
    )  # fmt: skip
    os.close(theirs)
    seen, answered, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            seen += os.read(ours, 65536)
        except OSError:  # the other end is closed: the command has ended
            break
        if not answered and b"apply?" in seen:
            answered = True
            os.write(ours, answer)
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    os.close(ours)
    return process.wait(60), seen, out


@pytest.mark.parametrize(
    ("answer", "code", "after"),
    [
        (b"y\n", 1, WHOLE),
        (b"\n", 1, WHOLE),
        (b"n\n", 1, BROKEN),
        (b"\x04", 1, BROKEN),
        (b"\x03", 130, BROKEN),
    ],
)
def test_the_answer_decides_and_a_file_left_broken_is_a_1(
    sandbox: Any, answer: bytes, code: int, after: str
) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f(", "def f()"], pause=0.1)
    end, seen, out = talk(sandbox, answer, "fix", "a.py")
    assert (end, out) == (code, b""), seen
    assert path.read_text() == after
    assert b"Traceback" not in seen


def test_the_live_view_leaves_the_screen_and_the_diff_stands_there(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f(", "def f()"], pause=0.2)
    _, seen, _ = talk(sandbox, b"y\n", "edit", "fix the syntax error", "a.py")
    drawn, _, after = seen.rpartition(b"\x1b[J")
    assert b"\x1b[?2026h" in drawn
    assert b"step 2/2" in drawn
    assert b"\x1b[?2026h" not in after
    assert b"apply?" in after
    assert b"\x1b[?1049h" not in seen  # the normal screen, so that all of it stays to be read


def test_no_animation_draws_nothing_and_asks_all_the_same(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f("], pause=0.1)
    _, seen, _ = talk(sandbox, b"y\n", "fix", "--no-animation", "a.py")
    assert b"\x1b[?2026h" not in seen
    assert path.read_text() == WHOLE


def test_no_color_sends_no_colour(sandbox: Any) -> None:
    sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f("], pause=0.1)
    sandbox.env["NO_COLOR"] = "1"
    _, seen, _ = talk(sandbox, b"y\n", "fix", "a.py")
    assert b"\x1b[3" not in seen


def test_of_several_hunks_the_chosen_ones_are_applied(sandbox: Any) -> None:
    one, two = sandbox.write("a.py", BROKEN), sandbox.write("b.py", BROKEN)
    sandbox.script(WHOLE)
    end, seen, _ = talk(sandbox, b"s\nn\ny\n", "fix", "a.py", "b.py")
    assert end == 1, seen
    assert (one.read_text(), two.read_text()) == (BROKEN, WHOLE)


def test_under_pre_commit_nothing_is_asked_or_animated_on_a_terminal_either(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.script(WHOLE, frames=["def f("])
    sandbox.env["PRE_COMMIT"] = "1"
    end, seen, _ = talk(sandbox, b"", "fix", "a.py")
    assert (end, path.read_text()) == (1, WHOLE)
    assert b"\x1b[?2026h" not in seen
    assert b"apply?" not in seen
