"""The lists and questions over the desk, on screens that have little room for them."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Choice, EditHunk, Pick


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (100, 40)])
def test_the_last_row_of_a_long_list_is_reached_and_said_in_full(
    bench: Any, tools: Any, size: tuple[int, int]
) -> None:
    note = "word " * 30 + "finish"

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await app.push_screen(Pick("title", [Choice(str(i), f"row {i}", note) for i in range(30)]))
        await pilot.pause()
        await pilot.press(*["down"] * 29)
        await pilot.pause()
        await pilot.pause()
        await tools.until(pilot, lambda: "row 29" in tools.text(app))
        await tools.until(pilot, lambda: "finish" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario, size=size)


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
def test_a_long_hunk_leaves_its_keys_in_view(bench: Any, tools: Any, size: tuple[int, int]) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await app.push_screen(EditHunk("total.py, line 1", "x = 1\n" * 60))
        await pilot.pause()
        await tools.until(pilot, lambda: "Ctrl+S keeps it" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario, size=size)


@pytest.mark.parametrize("width", [60, 30, 12, 3])
def test_help_on_a_narrow_screen_leaves_room_for_the_prompt(bench: Any, tools: Any, width: int) -> None:
    """Textual's text field ends the app where it has no width at all."""

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("f1")
        await tools.until(pilot, lambda: app.screen.query("HelpPanel"))
        await pilot.pause()
        await pilot.resize_terminal(width, 12)
        await pilot.pause()
        assert app.desk.prompt.size.width > 0
        assert app.is_running

    tools.drive(bench.app("total.py"), scenario, size=(60, 15))
