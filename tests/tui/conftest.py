"""Fixtures of the app's tests: a real repository, the real app with its real engine process, and pictures of a screen."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.app import App
from textual.events import MouseMove
from textual.pilot import Pilot

from sharpen.cli.options import Options
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.preferences import Preferences

BROKEN = '"""Totals."""\n\n\ndef total(items):\n    result = 0\n    for item in items\n        result += item\n    return result\n'
NAMES = "import json\n\n\ndef load(folder):\n    return json.loads(os.path.join(folder, 'x'))\n"
Scenario = Callable[[SharpenApp, Pilot[None]], Awaitable[None]]


class Bench:
    """A repository in a folder of its own, and the app in it."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self.state = folder, state

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

    def commit(self) -> None:
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-qm", "first")

    def app(
        self, *paths: str, options: Options | None = None, preferences: Preferences | None = None
    ) -> SharpenApp:
        return SharpenApp(
            paths,
            options or Options(),
            self.state,
            self.folder,
            preferences or Preferences(theme="sharpen-dark"),
        )

    def script(self, *candidates: str, frames: tuple[str, ...] = (), pause: float = 0.0) -> Options:
        """Options with an engine that plays these."""
        import json

        path = self.folder.parent / "script.json"
        path.write_text(json.dumps({"candidates": candidates, "frames": frames, "pause": pause}))
        return Options(engine=f"script:{path}", candidates=len(candidates))


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with all colours, whoever runs the tests."""
    mine = [name for name in os.environ if name.startswith(("SHARPEN_", "GIT_"))]
    for name in [*mine, "NO_COLOR", "PRE_COMMIT", "ACCESSIBLE"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    folder, state = tmp_path / "repo", tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("SHARPEN_STATE_DIR", str(state))
    monkeypatch.setenv("SHARPEN_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(folder)
    made = Bench(folder, state)
    made.write("total.py", BROKEN)
    made.write("load.py", NAMES)
    made.commit()
    return made


def drive(
    app: App[None], scenario: Callable[..., Awaitable[None]], size: tuple[int, int] = (100, 30)
) -> None:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(run())


async def until(pilot: Pilot[None], holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until it holds; what did not happen by then fails."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not happen in time; the screen was:\n{screen_text(pilot.app)}"
        await pilot.pause(0.02)


async def type_in(pilot: Pilot[None], text: str) -> None:
    names = {" ": "space", "@": "at", ".": "full_stop", ":": "colon", "/": "slash", "_": "underscore"}
    await pilot.press(*(names.get(char, char) for char in text))


async def drag(pilot: Pilot[None], widget: str, offset: tuple[int, int]) -> None:
    """Move the pointer with its button down, as a terminal says it; `hover` is a pointer without one."""
    await pilot._post_mouse_events([MouseMove], widget, offset, button=1)


async def ask(pilot: Pilot[None], prompt: str) -> None:
    await type_in(pilot, prompt)
    await pilot.press("enter")


async def to_review(app: SharpenApp, pilot: Pilot[None], prompt: str = "fix it") -> None:
    await ask(pilot, prompt)
    await until(pilot, lambda: app.desk.stage.reviewing)
    await pilot.pause()


def screen_text(app: App[None]) -> str:
    """What stands on the screen, without colours."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def picture(app: App[None]) -> str:
    """The screen as text, then the style of every run of it that is not plain, with times made equal."""
    strips = app.screen._compositor.render_strips()
    text = "\n".join(strip.text.rstrip() for strip in strips)
    text = re.sub(r"[\d.]+ tokens/s  \d+\.\d\d s", "N tokens/s  T s", text)
    looks = []
    for row, strip in enumerate(strips):
        column, parts = 0, []
        for segment in strip:
            style = segment.style
            if style is not None and segment.text.strip():
                look = str(style.without_color if style.color is None else style).replace(" ", "_")
                parts.append(f"{column}:{look}")
            column += segment.cell_length
        looks.append(f"{row:>3} {' '.join(parts)}".rstrip())
    return text + "\n\n" + "\n".join(looks) + "\n"


@pytest.fixture
def tools() -> type:
    """The helpers above, for tests that cannot import a conftest."""

    class Tools:
        drive, until, type_in = staticmethod(drive), staticmethod(until), staticmethod(type_in)
        drag = staticmethod(drag)
        ask, to_review = staticmethod(ask), staticmethod(to_review)
        text, picture = staticmethod(screen_text), staticmethod(picture)

    return Tools
