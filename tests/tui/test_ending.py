"""An app that fails ends as any command of sharpen does: one line, a report, exit 70, and the terminal as it was."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES

from benchmarks.terminal import Terminal
from sharpen.cli.tui import themes
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.ink import SIXTEEN

BROKEN_APP = """
import sys
from pathlib import Path
from sharpen.cli.fatal import guarded
from sharpen.cli.options import Options
from sharpen.cli.tui import app
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.ending import run_to_end

class Broken(SharpenApp):
    CSS_PATH = Path(app.__file__).with_name("app.tcss")

    def action_help(self):
        raise ZeroDivisionError("in a handler")

here = Path.cwd()
sys.exit(guarded(lambda: sys.exit(run_to_end(Broken((), Options(), here / "state", here)))))
"""


@pytest.fixture
def broken(bench: Any) -> Iterator[Terminal]:
    env = {k: v for k, v in os.environ.items() if k not in {"CI", "COLUMNS", "LINES"}}
    script = bench.folder.parent / "broken_app.py"
    script.write_text(BROKEN_APP)
    terminal = Terminal([sys.executable, "-P", str(script)], bench.folder, env, 200, 30)
    yield terminal
    if terminal.process.poll() is None:
        terminal.process.kill()
    terminal.close()


def test_a_defect_of_the_app_is_one_line_and_a_report(bench: Any, broken: Terminal) -> None:
    broken.wait("What should change?")
    broken.send("\x1bOP")
    broken.wait("this is a defect of sharpen itself (ZeroDivisionError); the report is in ")
    assert broken.close() == 70
    assert b"Traceback" not in bytes(broken._data)
    assert bytes(broken._data).count(b"\x1b[?1049l") == 1
    (report,) = bench.state.glob("reports/*.txt")
    assert "in a handler" in report.read_text()


@pytest.mark.parametrize("name", sorted([*BUILTIN_THEMES, *(theme.name for theme in themes.ALL)]))
def test_every_theme_on_offer_can_be_taken(bench: Any, tools: Any, name: str) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.theme = name
        await tools.until(pilot, lambda: app.current_theme.name == name)
        await pilot.press("tab")
        await tools.until(pilot, lambda: "F1" in tools.text(app))
        if themes.is_ansi(app.current_theme):
            assert app.desk.stage.ink is SIXTEEN

    tools.drive(bench.app("total.py"), scenario)
