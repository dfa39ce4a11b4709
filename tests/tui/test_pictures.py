"""The main states as pictures: text, then the style of every run. `UPDATE_PICTURES=1 pytest` draws them anew.

Everything that could differ from run to run is fixed: the engine plays a script, the size is given, the clock does not
show (figures of time are made equal).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.frames import FrameLog
from sharpen.cli.tui.preferences import Preferences
from sharpen.cli.tui.replay_app import ReplayApp
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.document import Document
from sharpen.core.region import Region

PICTURES = Path(__file__).parent / "pictures"
SOUND = "def area(width, height):\n    return width + height\n\n\nprint(area(2, 3))\n"
BETTER = (
    'def area(width, height):\n    """Of a rectangle."""\n    return width * height\n\n\nprint(area(2, 4))\n'
)


def check(name: str, drawn: str) -> None:
    path = PICTURES / f"{name}.txt"
    if os.environ.get("UPDATE_PICTURES"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8"), f"{path.name} shows something else"


async def proposed(app: SharpenApp, pilot: Pilot[None], tools: Any) -> None:
    await tools.until(pilot, lambda: app.desk.ready and app.desk.prompt.files)
    await tools.type_in(pilot, "better")
    await pilot.press("enter")
    await tools.until(pilot, lambda: app.desk.stage.reviewing)
    await pilot.pause()


@pytest.mark.parametrize("theme", ["sharpen-dark", "sharpen-light", "sharpen-colour-blind"])
def test_a_proposal_in_its_place(bench: Any, tools: Any, theme: str) -> None:
    bench.write("area.py", SOUND)
    options = bench.script(BETTER, frames=(SOUND, BETTER))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await proposed(app, pilot, tools)
        await pilot.press("y")
        check(theme.replace("sharpen", "review"), tools.picture(app))

    tools.drive(bench.app("area.py", options=options, preferences=Preferences(theme)), scenario, (100, 20))


def test_two_columns_on_a_wide_screen(bench: Any, tools: Any) -> None:
    bench.write("area.py", SOUND)
    options = bench.script(BETTER)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await proposed(app, pilot, tools)
        await pilot.press("s")
        await pilot.pause()
        check("review-split", tools.picture(app))

    tools.drive(bench.app("area.py", options=options), scenario, (140, 20))


def test_a_narrow_screen_leaves_the_tree_out(bench: Any, tools: Any) -> None:
    bench.write("area.py", SOUND)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.ready and app.desk.prompt.files)
        await pilot.pause()
        check("narrow", tools.picture(app))

    tools.drive(bench.app("area.py"), scenario, (60, 16))


def test_an_error_stands_where_the_answer_would_have_come(bench: Any, tools: Any) -> None:
    bench.write("area.py", SOUND)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.ready and app.desk.prompt.files)
        await tools.type_in(pilot, "sing")
        await pilot.press("enter")
        await tools.until(pilot, lambda: app.desk.prompt.text == "sing")
        await pilot.pause()
        check("error", tools.picture(app))

    tools.drive(bench.app("area.py"), scenario, (80, 24))


def test_engines_and_models_stand_with_what_they_can_do(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("INCEPTION_API_KEY", "INCEPTION_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    bench.write("area.py", SOUND)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.ready and app.desk.prompt.files)
        await pilot.press("f2")
        await tools.until(pilot, lambda: "openai:URL#MODEL" in tools.text(app))
        await pilot.press("down", "down")
        await pilot.pause()
        check("engines", tools.picture(app))
        await pilot.press("enter")
        await tools.until(pilot, lambda: "mercury-2.5@high" in tools.text(app))
        await pilot.pause()
        check("models", tools.picture(app))

    tools.drive(bench.app("area.py"), scenario, (100, 24))


def every_state() -> FrameLog:
    """A frame with a cell of every state, and steps of confidence."""
    document = Document.from_bytes(SOUND.encode(), "area.py")
    start = SOUND.index("    return")
    end = SOUND.index("\n\n\nprint")
    log = FrameLog()
    log.know(document)
    sure = tuple(Cell(f" {i}", "draft", i / 8) for i in range(8))
    cells = (
        Cell("    return", "context"),
        Cell(" width", "doomed", 0.2),
        Cell("", "masked", 0.0, 3),
        Cell(" area", "revised", 0.7, 1, ((" size", 0.2), (" width", 0.1))),
        *sure,
        Cell(" height", "settled", 0.95),
    )
    before = (*cells[:3], Cell(" size", "draft", 0.4), *cells[4:])
    for step, some in enumerate((before, before, cells), 1):
        log.add("area.py", Frame(step, 3, Canvas(some, Region(start, end)), step / 10, "fill"))
    return log


def test_every_state_of_a_cell_looks_different(tools: Any) -> None:
    async def scenario(app: ReplayApp, pilot: Pilot[None]) -> None:
        await pilot.press("dollar_sign", "down", "i", *["right"] * 21)
        await pilot.pause()
        await tools.until(pilot, lambda: "revised 1 time" in tools.text(app))
        check("states", tools.picture(app))

    tools.drive(ReplayApp(every_state(), "record"), scenario, (80, 12))


def test_without_colour_every_state_keeps_a_sign(tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(app: ReplayApp, pilot: Pilot[None]) -> None:
        await pilot.press("dollar_sign")
        await pilot.pause()
        drawn = tools.picture(app)
        line = next(line for line in drawn.splitlines() if line.lstrip().startswith("2 ") and ":" in line)
        for sign in ("strike", "underline", "dim", "bold"):
            assert sign in line, f"{sign} is missing from {line}"
        check("states-without-colour", drawn)

    tools.drive(ReplayApp(every_state(), "record"), scenario, (80, 12))
