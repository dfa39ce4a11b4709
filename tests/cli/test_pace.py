"""The speed under a canvas, in both front ends: of the work, not of the wait before it."""

from __future__ import annotations

from sharpen.cli import paint
from sharpen.cli.live import Meter
from sharpen.cli.pace import Pace
from sharpen.cli.tui.frames import FrameLog
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.document import Document
from sharpen.core.region import Region

DOCUMENT = Document.from_bytes(b"a b c d", "a.txt")


def frame(step: int, seconds: float, known: int, *, masks: int = 40, note: str = "") -> Frame:
    cells = tuple(Cell(f" {i}", "draft", 0.5) for i in range(known)) + (Cell("", "masked"),) * (masks - known)
    return Frame(step, None, Canvas(cells, Region(0, 7)), seconds, note)


def waiting(seconds: float, note: str = "loading big", step: int = 0) -> Frame:
    return Frame(step, None, Canvas((Cell("a b c d"),), Region(0, 7)), seconds, note)


def told(*frames: Frame) -> list[tuple[str, str]]:
    """What the one-shot and the app say after each frame."""
    meter, log, found = Meter(), FrameLog(), []
    log.know(DOCUMENT)
    for one in frames:
        meter.add(one)
        found.append((meter.line(200), log.add("a.txt", one).facts))
    return found


def test_the_time_that_a_model_takes_to_load_makes_it_no_slower() -> None:
    said = told(waiting(0.0), frame(1, 60.0, 0), frame(2, 61.0, 20), frame(3, 62.0, 40))
    assert all("20 tokens/s" in line for line in said[2] + said[3])


def test_what_the_first_frame_shows_was_made_before_the_clock_began() -> None:
    said = told(frame(1, 5.0, 30), frame(2, 6.0, 40))
    assert all("10 tokens/s" in line for line in said[1])


def test_nothing_is_said_of_the_speed_before_a_token_was_made() -> None:
    for lines in told(waiting(0.0), frame(1, 60.0, 0), frame(2, 61.0, 0)):
        assert all("tokens/s" not in line for line in lines)


def test_before_the_first_step_only_what_is_waited_for_is_said() -> None:
    assert told(waiting(0.0)) == [("loading big", "loading big")]


def test_thinking_again_for_the_next_candidate_starts_the_clock_again() -> None:
    said = told(frame(1, 1.0, 0), frame(2, 2.0, 10), waiting(2.0, "thinking", step=2), frame(3, 30.0, 0))
    assert all("tokens/s" not in line for line in said[3])
    assert all(
        "5.0 tokens/s" in line
        for line in told(waiting(2.0, step=2), frame(3, 30.0, 0), frame(4, 32.0, 10))[2]
    )


def test_a_slow_model_is_not_said_to_make_none() -> None:
    one = frame(1, 1.0, 0)
    two = frame(2, 11.0, 4)
    pace = Pace().after(one, range(0)).after(two, paint.changed(two.canvas, one.canvas))
    assert str(pace) == "0.4 tokens/s"
