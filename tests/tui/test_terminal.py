"""The real program in a real (pseudo-)terminal and a real repository, from the first picture to undo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.terminal import Terminal
from sharpen.cli.tui.store import Store

ARGV = [sys.executable, "-P", "-m", "sharpen.cli"]
START = "What should change?"


def environment(bench: Any, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"CI", "COLUMNS", "LINES"}}
    return kept | {"SHARPEN_STATE_DIR": str(bench.state), **more}


@pytest.fixture
def opened(bench: Any) -> Iterator[Callable[..., Terminal]]:
    terminals: list[Terminal] = []

    def open_(*arguments: str, **env: str) -> Terminal:
        terminals.append(Terminal([*ARGV, *arguments], bench.folder, environment(bench, **env), 100, 30))
        return terminals[-1]

    yield open_
    for terminal in terminals:
        if terminal.process.poll() is None:
            terminal.process.kill()
        terminal.close()


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_from_prompt_to_undo_the_diff_is_exactly_what_was_accepted(
    bench: Any, opened: Callable[..., Terminal]
) -> None:
    """Open on a broken file, ask, watch, reject one hunk, accept one, apply, quit, look at git, undo."""
    terminal = opened("total.py")
    terminal.wait(START)
    terminal.send("fix it @total.py @load.py\r")
    terminal.wait("step ")
    terminal.wait("hunk 1 of 2")
    terminal.send("n")
    terminal.wait("hunk 2 of 2")
    terminal.send("y")
    terminal.wait("checkpoint")
    terminal.send("\x11")
    assert terminal.close() == 0
    changed = [line for line in bench.git("diff", "-U0").splitlines() if line[:1] in "+-"]
    assert changed == ["--- a/load.py", "+++ b/load.py", "+import os"]
    done = subprocess.run(
        [*ARGV, "undo"], cwd=bench.folder, env=environment(bench), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert bench.git("status", "--short") == ""


def test_the_terminal_is_left_as_it_was(bench: Any, opened: Callable[..., Terminal]) -> None:
    terminal = opened()
    terminal.wait(START)
    terminal.send("\x11")
    assert terminal.close() == 0
    drawn = bytes(terminal._data)
    assert drawn.count(b"\x1b[?1049h") == drawn.count(b"\x1b[?1049l") == 1
    assert drawn.rfind(b"\x1b[?25h") > drawn.rfind(b"\x1b[?25l")


@pytest.mark.parametrize("when", ["running", "review"])
def test_a_kill_leaves_files_and_history_whole(
    bench: Any, opened: Callable[..., Terminal], when: str
) -> None:
    terminal = opened("total.py")
    terminal.wait(START)
    terminal.send("fix it\r")
    terminal.wait("hunk 1 of 1" if when == "review" else "preparing")
    terminal.process.send_signal(signal.SIGKILL)
    terminal.close()
    assert bench.git("status", "--short") == ""
    assert Store(bench.state, bench.folder).prompts() == ["fix it"]


def test_the_engines_process_ends_with_the_screen(bench: Any, opened: Callable[..., Terminal]) -> None:
    terminal = opened("total.py")
    terminal.wait(START)
    terminal.send("fix it\r")
    terminal.wait("hunk 1 of 1")
    children = Path(f"/proc/{terminal.process.pid}/task/{terminal.process.pid}/children")
    if not children.exists():
        pytest.fail("this test needs /proc/PID/task/PID/children")
    worker = int(children.read_text().split()[0])
    terminal.process.send_signal(signal.SIGKILL)
    until(lambda: not _alive(worker), 20)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_nothing_is_drawn_and_the_loop_sleeps_while_it_waits(
    bench: Any, opened: Callable[..., Terminal]
) -> None:
    terminal = opened("total.py")
    terminal.wait(START)
    terminal.settle(2)
    before, drawn = terminal.switches(), terminal.written
    time.sleep(2)
    after = terminal.switches()
    assert terminal.written == drawn
    assert after == before  # no thread at all


def test_the_plain_log_redraws_nothing(bench: Any, opened: Callable[..., Terminal]) -> None:
    """For screen readers: lines only, each once."""
    terminal = opened("total.py", ACCESSIBLE="1")
    terminal.wait("prompt (undo, quit): ")
    terminal.send("fix it\n")
    terminal.wait("apply?")
    terminal.send("y\n")
    terminal.wait("repaired")
    terminal.send("undo\n")
    terminal.wait("put back")
    terminal.send("quit\n")
    terminal.close()
    drawn = bytes(terminal._data)
    assert b"\x1b[?1049h" not in drawn
    assert b"\x1b[2J" not in drawn
    assert b"\x1b[A" not in drawn
    assert bench.git("status", "--short") == ""


def test_sixteen_colours_are_enough(bench: Any, opened: Callable[..., Terminal]) -> None:
    terminal = opened("total.py", TERM="xterm", COLORTERM="")
    terminal.wait(START)
    terminal.send("fix it\r")
    terminal.wait("hunk 1 of 1")
    terminal.settle(0.5)
    assert b"38;2;" not in bytes(terminal._data)
    assert b"38;5;" not in bytes(terminal._data)


def test_no_colour_means_none(bench: Any, opened: Callable[..., Terminal]) -> None:
    terminal = opened("total.py", NO_COLOR="1")
    terminal.wait(START)
    terminal.send("fix it\r")
    terminal.wait("hunk 1 of 1")
    terminal.settle(0.5)
    import re

    colours = set(re.findall(rb"\x1b\[([0-9;]*)m", bytes(terminal._data)))
    assert not [c for c in colours if re.search(rb"(^|;)(3[0-7]|38|4[0-7]|48|9[0-7])(;|$)", c)], colours


def test_the_app_ends_when_its_terminal_vanishes(bench: Any, opened: Callable[..., Terminal]) -> None:
    """Without a signal too: a session that is not the terminal's own gets none, and must not spin for ever."""
    terminal = opened("total.py")
    terminal.wait(START)
    terminal.vanish()
    until(lambda: terminal.process.poll() is not None, 20)


def recorded(bench: Any) -> None:
    from sharpen.core.canvas import Canvas, Cell, Frame
    from sharpen.core.record import Recorded, write
    from sharpen.core.region import Region

    words = ("one", "two", "three")
    frames = [
        Frame(i, 3, Canvas((Cell(w, "draft", 0.5),), Region(0, 3)), i / 10) for i, w in enumerate(words, 1)
    ]
    write(bench.folder / "run.jsonl", [Recorded("gone.py", frame) for frame in frames])


def test_a_record_is_lines_for_a_screen_reader(bench: Any, opened: Callable[..., Terminal]) -> None:
    recorded(bench)
    terminal = opened("replay", "run.jsonl", ACCESSIBLE="1")
    terminal.wait("gone.py: step 3/3")
    assert terminal.close() == 0
    assert b"\x1b[?1049h" not in bytes(terminal._data)


def test_a_record_is_opened_at_a_frame_with_the_keys_and_the_theme_of_tui_toml(
    bench: Any, opened: Callable[..., Terminal]
) -> None:
    recorded(bench)
    config = bench.folder.parent / "config"
    config.mkdir()
    (config / "tui.toml").write_text(
        'theme = "sharpen-light"\n[keys]\n"scrub.back" = "b"\n"app.quit" = "z"\n'
    )
    terminal = opened("replay", "run.jsonl", "--at", "2")
    terminal.wait("frame 2/3")
    terminal.send("b")
    terminal.wait("frame 1/3")
    terminal.send("z")
    assert terminal.close() == 0
    assert b"48;2;251;251;249" in bytes(terminal._data)


def test_a_folder_is_gone_into_and_the_engines_path_is_still_found(
    bench: Any, opened: Callable[..., Terminal]
) -> None:
    (bench.folder / "script.json").write_text('{"candidates": ["x = 2\\n"], "frames": ["x = 2\\n"]}')
    bench.write("inner/one.py", "x = 1\n")
    terminal = opened("-e", "script:script.json", "inner")
    terminal.wait(START)
    terminal.send("anything @one.py\r")
    terminal.wait("hunk 1 of 1")


def test_the_plain_log_takes_a_folder(bench: Any, opened: Callable[..., Terminal]) -> None:
    terminal = opened(".", ACCESSIBLE="1")
    terminal.wait("prompt (undo, quit): ")
    (bench.folder / "total.py").write_text((bench.folder / "total.py").read_text() + "\n")
    terminal.send("fix it\n")
    terminal.wait("apply?")
    terminal.send("n\n")
    terminal.send("quit\n")
    terminal.close()
    assert b"is a directory" not in bytes(terminal._data)
