"""What the app costs: a frame, an idle minute, a key, the first picture, a long file, a hundred edits. Prints a table.

    python -m benchmarks.tui [--frames 200] [--edits 100] [--json FILE]

Frames are drawn by the app's own views into a terminal that only counts bytes, in turn with a plain `Static.update` of
the same lines; first paint, idling and keys are measured on the real program in a pseudo-terminal (Linux). CPU is the
process's own, so that a busy machine changes it little; seconds of the wall are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.text import Text
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Static

from benchmarks.terminal import Terminal, memory
from sharpen.cli.options import Options
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.ink import DARK
from sharpen.cli.tui.sheets import FileSheet, LiveSheet
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.document import Document

COLUMNS, LINES = 120, 40
CELLS = 14
"""Cells a line of the canvas."""
BROKEN = (
    "def total(items):\n    result = 0\n    for item in items\n        result += item\n    return result\n"
)
Figures = dict[str, float]


class Counting(HeadlessDriver):
    """A terminal that counts what is written to it."""

    written = 0

    @property
    def is_headless(self) -> bool:
        """Not said, or nothing would be written."""
        return False

    def write(self, data: str) -> None:
        """Count."""
        Counting.written += len(data.encode())


def frames(count: int, dirty: int) -> list[Frame]:
    """Frames of a canvas of `LINES` lines; from one to the next, `dirty` lines change all their cells."""
    document = canvas_document()
    rows = [[Cell(f"token_{c} ", "draft", 0.1) for c in range(CELLS)] for _ in range(LINES)]
    found = []
    for step in range(1, count + 1):
        for row in range(dirty):
            at = (row + step * 3) % LINES
            rows[at] = [
                replace(
                    cell, text=f"tok{(step + c) % 97:02}__ ", confidence=((step * 7 + c * 3 + at) % 8) / 8
                )
                for c, cell in enumerate(rows[at])
            ]
        cells = [cell for row in rows for cell in (*row, Cell("\n"))]
        found.append(Frame(step, count, Canvas(tuple(cells), document.whole()), step / 30))
    return found


def canvas_document() -> Document:
    """A file of as many lines as the screen has."""
    return Document.from_bytes(b"x\n" * LINES, "canvas.py")


class CanvasApp(App[None]):
    """The app's own view, alone."""

    CSS = "FileView { height: 1fr; }"

    def compose(self) -> ComposeResult:
        """The view."""
        yield FileView(FileSheet(canvas_document()))

    def draw(self, frame: Frame) -> None:
        """As the stage does."""
        view = self.query_one(FileView)
        view.show(LiveSheet(FileSheet(canvas_document()), frame))


class StaticApp(App[None]):
    """The plain way: one widget, a new text for every frame."""

    def compose(self) -> ComposeResult:
        """The widget."""
        yield Static()

    def draw(self, frame: Frame) -> None:
        """The same lines with the same styles."""
        sheet = LiveSheet(FileSheet(canvas_document()), frame)
        text = Text(no_wrap=True)
        for row in range(sheet.height):
            line, tint = sheet.line(row), sheet.tint(row)
            text.append(f" {line.number or '':>3} ", DARK.style("number", tint))
            text.append(f"{line.mark} ", DARK.style("gutter", tint))
            for part, name in line.runs:
                text.append(part, DARK.style(name, tint))
            text.append("\n")
        self.query_one(Static).update(text)


async def drawn(make: type[CanvasApp | StaticApp], shown: Sequence[Frame]) -> tuple[float, float]:
    """(CPU milliseconds, bytes) a frame, after ten that are not counted."""
    app = make(driver_class=Counting)
    result: list[tuple[float, float]] = []

    async def scenario() -> None:
        await asyncio.sleep(1.5)  # the first picture
        cpu, began = 0.0, Counting.written
        for number, frame in enumerate(shown):
            if number == 10:
                cpu, began = time.process_time(), Counting.written
            before = Counting.written
            app.draw(frame)
            for _ in range(1_000):
                await asyncio.sleep(0.001)
                if Counting.written != before:
                    break
        count = len(shown) - 10
        result.append(((time.process_time() - cpu) / count * 1e3, (Counting.written - began) / count))
        app.exit()

    Counting.written = 0
    task = asyncio.create_task(scenario())
    await app.run_async(headless=False, size=(COLUMNS, LINES), mouse=False)
    await task
    return result[0]


def measure_frames(count: int) -> Figures:
    """Both ways in turn, with everything alive and with eight rows that change."""
    found: Figures = {}
    for label, dirty in (("all rows", LINES), ("8 rows", 8)):
        shown = frames(count, dirty)
        pairs: dict[str, list[tuple[float, float]]] = {"canvas": [], "Static.update": []}
        for _ in range(3):
            for name, app in (("canvas", CanvasApp), ("Static.update", StaticApp)):
                pairs[name].append(asyncio.run(drawn(app, shown)))
        for name, both in pairs.items():
            found[f"{name}, {label}: CPU ms a frame"] = statistics.median(cpu for cpu, _bytes in both)
            found[f"{name}, {label}: bytes a frame"] = statistics.median(size for _cpu, size in both)
    return found


def measure_long_file() -> Figures:
    """A file of 5,000 lines opened and paged through."""

    async def run() -> Figures:
        text = "".join(
            f"def function_{i}(value):\n    return value + {i}  # a comment\n" for i in range(2_500)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "long.py"
            path.write_text(text)
            app = SharpenApp((), Options(), Path(folder) / "state", Path(folder))
            async with app.run_test(size=(COLUMNS, LINES)) as pilot:
                await pilot.pause(0.5)
                cpu = time.process_time()
                app.desk.open(str(path))
                await pilot.pause()
                opened = (time.process_time() - cpu) * 1e3
                app.desk.stage.view.focus()
                await pilot.press("G", "g")
                cpu = time.process_time()
                for _ in range(100):
                    app.desk.stage.view.action_page(1)
                    await pilot.pause()
                return {
                    "5,000 lines: CPU ms to open": opened,
                    "5,000 lines: CPU ms a page": (time.process_time() - cpu) * 10,
                }

    return asyncio.run(run())


def measure_memory(edits: int) -> Figures:
    """Megabytes held by the screen's process and the engine's, before and after so many applied edits."""

    async def run() -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "total.py"
            path.write_text(BROKEN)
            state = Path(folder) / "state"
            os.environ["SHARPEN_STATE_DIR"] = str(state)
            app = SharpenApp((str(path),), Options(), state, Path(folder))
            sizes: list[tuple[float, float]] = []
            async with app.run_test(size=(COLUMNS, LINES)) as pilot:
                for edit in range(edits + 5):
                    app.desk.prompt.take("fix it")
                    app.desk.prompt.action_send()
                    while not app.desk.stage.reviewing:
                        await pilot.pause(0.01)
                    await pilot.press("A")
                    while app.desk.sitting.current is None or not app.desk.sitting.current.over:
                        await pilot.pause(0.01)
                    path.write_text(BROKEN)
                    process = app._client._process
                    if edit in {4, edits + 4} and process is not None:
                        sizes.append((memory("self"), memory(process.pid)))
            (screen, engine), (screen_after, engine_after) = sizes
            return {
                "screen: MB after 5 edits": screen,
                f"screen: MB after {edits} more": screen_after,
                "engine: MB after 5 edits": engine,
                f"engine: MB after {edits} more": engine_after,
            }

    return asyncio.run(run())


def environment(state: Path) -> dict[str, str]:
    """A plain terminal with all colours, and a state folder of its own."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("SHARPEN_", "NO_COLOR", "CI", "PRE_COMMIT"))
    }
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "SHARPEN_STATE_DIR": str(state)}


def measure_program(runs: int) -> Figures:
    """First paint, keys while the engine works, and idling, on the real program."""
    found: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(12):
            (folder / f"f{number}.py").write_text(BROKEN)
        env = environment(folder / "state")
        first: dict[str, list[float]] = {"sharpen": [], "an empty Textual app": []}
        empty = "from textual.app import App\nfrom textual.widgets import Static\nclass A(App):\n    def compose(self):\n        yield Static('What should change')\nA().run()"
        for _ in range(runs):
            for label, argv in (
                ("sharpen", [sys.executable, "-P", "-m", "sharpen.cli", "f0.py"]),
                ("an empty Textual app", [sys.executable, "-c", empty]),
            ):
                terminal = Terminal(argv, folder, env)
                first[label].append(terminal.wait("What should change") - terminal.began)
                terminal.send("\x11")
                terminal.close()
        for label, times in first.items():
            found[f"first paint of {label}: s"] = statistics.median(times)
        terminal = Terminal([sys.executable, "-P", "-m", "sharpen.cli", "f0.py"], folder, env)
        terminal.wait("What should change")
        terminal.settle(1.5)
        found |= _idle(terminal)
        found |= _keys(terminal)
        terminal.send("\x11y")
        terminal.close()
    return found


def _idle(terminal: Terminal, seconds: float = 5.0) -> Figures:
    before, drawn_before = terminal.switches(), terminal.written
    time.sleep(seconds)
    after = terminal.switches()
    woken = {name: after[name] - before.get(name, 0) for name in after}
    main = next(iter(woken))  # the first task is the process's own thread
    return {
        "idle: wake-ups a second of the screen's loop": woken[main] / seconds,
        "idle: wake-ups a second of all threads": sum(woken.values()) / seconds,
        "idle: bytes drawn": float(terminal.written - drawn_before),
    }


def _keys(terminal: Terminal) -> Figures:
    terminal.send("fix it " + " ".join(f"@f{number}.py" for number in range(12)) + " \r")
    terminal.wait("step ")
    waits = []
    for letter in "qwertyuiopasdfghjklzxcvbnm" * 2:
        since, began = terminal.written, time.perf_counter()
        terminal.send(letter)
        waits.append((terminal.wait(letter, since) - began) * 1e3)
        time.sleep(0.03)
    waits.sort()
    return {
        "key to screen while the engine works: ms, median": statistics.median(waits),
        "key to screen while the engine works: ms, slowest of 52": waits[-1],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args(argv)
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    found = measure_frames(options.frames)
    for label in ("all rows", "8 rows"):
        ours, theirs = (found[f"{name}, {label}: CPU ms a frame"] for name in ("canvas", "Static.update"))
        found[f"{label}: Static.update costs as many times as much"] = theirs / ours
    found |= measure_long_file()
    found |= measure_program(options.runs)
    found |= measure_memory(options.edits)
    for label, value in found.items():
        print(f"{value:12.2f}  {label}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
