"""The live canvas, drawn to a stream that remembers, replayed on a small model of a terminal."""

from __future__ import annotations

import io
import re
import time
from typing import Any

from sharpen.cli import live
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.document import Document
from sharpen.core.events import Framed
from sharpen.core.region import Region

DOCUMENT = Document.from_bytes(b"one = 1\ntwo = 2\nthree = 3\n", "a.py")


def framed(step: int, text: str = "two", path: str = "a.py", note: str = "") -> Framed:
    canvas = Canvas((Cell(text, "draft", 0.5), Cell("", "masked", width=2)), Region(8, 11))
    return Framed(0.0, path, Frame(step, None, canvas, 0.1, note))


def screen(written: str) -> list[str]:
    """What stands on the screen after `written`: it moves up, to the line's start, and clears to an end."""
    rows, row = [""], 0
    for part in re.findall(r"\x1b\[\??\d*(?:;\d+)*[A-Za-z]|\n|\r|[^\x1b\n\r]+", written):
        if part == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif part == "\r":
            rows[row] = ""
        elif part.endswith("A") and part.startswith("\x1b["):
            row -= int(part[2:-1])
        elif part == "\x1b[J":
            rows = [*rows[:row], ""]
        elif not part.startswith("\x1b"):
            rows[row] += part
    return rows


def drawn(canvas: live.Canvas, *events: Framed) -> None:
    """Show each one and wait until it has been drawn, or until the drawing has ended for good."""
    for event in events:
        before, end = drawings(canvas), time.monotonic() + 60
        canvas.show(event)
        while drawings(canvas) == before and not canvas._broken and time.monotonic() < end:
            time.sleep(0.005)


def drawings(canvas: live.Canvas) -> int:
    assert isinstance(canvas._stream, io.StringIO)
    return canvas._stream.getvalue().count("\x1b[?2026l")


def canvas_on(stream: Any, **more: Any) -> live.Canvas:
    return live.Canvas({"a.py": DOCUMENT}, stream, colours=None, **more)


def test_the_region_shows_heading_file_and_figures_and_keeps_its_height() -> None:
    stream = io.StringIO()
    canvas = canvas_on(stream)
    drawn(canvas, framed(1, "two"))
    first = screen(stream.getvalue())
    drawn(canvas, framed(2, "deux", note="fill"))
    second = screen(stream.getvalue())
    canvas.clear()
    assert len(first) == len(second) == live.HEIGHT + 3  # heading, figures, and the cursor's line
    assert first[0] == "a.py"
    assert "one = 1" in second[1]
    assert "deux" in second[2]
    assert "1 mask left" in second[-2]
    assert "fill" in second[-2]


def test_clear_takes_it_all_off_the_screen() -> None:
    stream = io.StringIO()
    stream.write("before\n")
    canvas = canvas_on(stream)
    drawn(canvas, framed(1), framed(2))
    canvas.clear()
    assert screen(stream.getvalue()) == ["before", ""]


def test_every_drawing_is_one_synchronised_write() -> None:
    class Counting(io.StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return super().write(text)

    writes: list[str] = []
    canvas = canvas_on(Counting())
    drawn(canvas, framed(1), framed(2), framed(3))
    assert len(writes) == 3
    assert all(w.startswith("\x1b[?2026h") and w.endswith("\x1b[?2026l") for w in writes)
    canvas.clear()


def test_frames_that_come_faster_than_the_screen_are_dropped_and_the_last_one_is_drawn() -> None:
    stream = io.StringIO()
    canvas = canvas_on(stream)
    began = time.monotonic()
    for step in range(1, 501):
        canvas.show(framed(step))
    end = began + 60
    while "step 500" not in "".join(screen(stream.getvalue())) and time.monotonic() < end:
        time.sleep(0.02)
    drawings, seconds = stream.getvalue().count("\x1b[?2026h"), time.monotonic() - began
    assert drawings <= 1 + seconds * live.PER_SECOND
    assert drawings < 500
    assert "step 500" in screen(stream.getvalue())[-2]
    canvas.clear()


def test_a_flash_comes_at_most_three_times_a_second_and_never_with_reduced_motion() -> None:
    for reduced in (False, True):
        stream = io.StringIO()
        canvas = canvas_on(stream, reduced=reduced)
        began = time.monotonic()
        step = 0
        while time.monotonic() - began < 0.9:
            step += 1
            drawn(canvas, framed(step, "x" * (step % 5 + 1)))
        canvas.clear()
        seconds = time.monotonic() - began
        flashes = stream.getvalue().count("\x1b[1;7m")
        assert flashes == 0 if reduced else 1 <= flashes <= 1 + seconds / live.FLASH_EVERY


def test_a_terminal_that_goes_away_ends_the_drawing_and_nothing_else() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("gone")

    canvas = canvas_on(Gone())
    drawn(canvas, framed(1), framed(2))
    canvas.clear()
    canvas.show(framed(3))
    canvas.clear()


def test_after_clear_a_later_frame_begins_a_new_region() -> None:
    stream = io.StringIO()
    canvas = canvas_on(stream)
    drawn(canvas, framed(1))
    canvas.clear()
    stream.write("said\n")
    drawn(canvas, framed(1, "three"))
    rows = screen(stream.getvalue())
    canvas.clear()
    assert rows[:2] == ["said", "a.py"]


def test_with_a_pace_every_frame_is_drawn_and_who_makes_them_does_not_wait() -> None:
    stream = io.StringIO()
    canvas = canvas_on(stream, pace=0.2)
    for step in range(1, 9):
        canvas.show(framed(step))
    assert stream.getvalue().count("\x1b[?2026h") < 8
    canvas.clear()
    assert stream.getvalue().count("\x1b[?2026h") == 8
