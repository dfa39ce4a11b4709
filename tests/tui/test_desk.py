"""What is around an edit: history, completion, selection, the tree, the lists, keys of one's own."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from sharpen.cli.options import Options
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Pick
from sharpen.cli.tui.file_tree import FileTree
from sharpen.cli.tui.preferences import Preferences


def test_the_prompts_of_a_repository_are_there_the_next_time(bench: Any, tools: Any) -> None:
    async def first(app: SharpenApp, pilot: Pilot[None]) -> None:
        for prompt in ("write a poem", "write a song"):
            app.desk.prompt.take("")
            await tools.ask(pilot, prompt)
            await tools.until(pilot, lambda prompt=prompt: app.desk.prompt.text == prompt)

    async def second(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("up")
        assert app.desk.prompt.text == "write a song"
        await pilot.press("up")
        assert app.desk.prompt.text == "write a poem"
        await pilot.press("down", "down")
        assert app.desk.prompt.text == ""
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert isinstance(app.screen, Pick)
        await pilot.press("p", "o", "e", "enter")
        await pilot.pause()
        assert app.desk.prompt.text == "write a poem"

    tools.drive(bench.app("total.py"), first)
    tools.drive(bench.app("total.py"), second)


def test_an_at_completes_files_and_their_symbols(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.prompt.files)
        await tools.type_in(pilot, "fix it @to")
        await pilot.pause()
        await tools.until(pilot, lambda: "total.py" in "".join(tools.text(app).splitlines()[-5:-2]))
        await pilot.press("tab")
        assert app.desk.prompt.text == "fix it @total.py "
        await pilot.press("backspace")
        await tools.type_in(pilot, "::")
        await tools.until(pilot, lambda: "total.py::total" in tools.text(app))
        await pilot.press("tab")
        assert app.desk.prompt.text == "fix it @total.py::total "
        await pilot.press("enter")
        await tools.until(pilot, lambda: app.desk.stage.reviewing)

    tools.drive(bench.app(), scenario)


def test_selected_lines_are_what_the_prompt_is_about(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.desk.stage.view.focus()
        await pilot.press("down", "down", "down", "shift+down", "shift+down")
        await tools.until(pilot, lambda: "lines 4-6" in tools.text(app))
        app.desk.prompt.focus()
        await tools.ask(pilot, "fix it")
        run = app.desk.sitting.current
        assert run is not None
        assert run.ask.specs == ("total.py:4-6",)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)

    tools.drive(bench.app("total.py"), scenario)


def test_lines_are_selected_with_the_mouse(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.mouse_down("#file", offset=(12, 2))
        await tools.drag(pilot, "#file", (12, 4))
        await pilot.mouse_up("#file", offset=(12, 4))
        assert app.desk.stage.view.selection() == (2, 4)

    tools.drive(bench.app("total.py"), scenario)


def test_the_tree_shows_status_and_opens_files(bench: Any, tools: Any) -> None:
    bench.write("pkg/new.py", "x = 1\n")
    bench.write(".gitignore", "*.log\n")
    bench.write("noise.log", "")
    bench.write("load.py", "x = 2\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: "load.py M" in tools.text(app))
        assert "noise.log" not in tools.text(app)
        app.desk.query_one(FileTree).focus()
        await pilot.press("down", "enter")
        await tools.until(pilot, lambda: "new.py ?" in tools.text(app))
        await pilot.press("down", "enter")
        await tools.until(pilot, lambda: app.desk.stage.path == "pkg/new.py")

    tools.drive(bench.app(), scenario)


def test_a_run_can_be_looked_at_again_in_a_later_sitting(bench: Any, tools: Any) -> None:
    async def first(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))

    async def second(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("f3")
        await pilot.pause()
        await tools.until(pilot, lambda: "applied   fix it" in tools.text(app))
        await pilot.press("enter")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)
        await tools.until(pilot, lambda: "earlier run" in tools.text(app))

    tools.drive(bench.app("total.py"), first)
    tools.drive(bench.app("total.py"), second)


def test_engines_are_listed_with_what_they_can_do(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("f2")
        await tools.until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.pause()
        await tools.until(pilot, lambda: "the embedded model repairs syntax errors" in tools.text(app))
        await tools.type_in(pilot, "nowhere")
        await pilot.press("enter")
        await pilot.pause()
        await tools.until(pilot, lambda: "the next prompt goes to nowhere" in tools.text(app))
        await tools.ask(pilot, "fix it")
        await tools.until(pilot, lambda: "there is no engine nowhere" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario)


def test_checkpoints_are_a_key_away_and_can_be_taken_back(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        await pilot.press("f4")
        await tools.until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.press("enter")
        await tools.until(pilot, lambda: bench.git("status", "--short") == "")

    tools.drive(bench.app("total.py"), scenario)


def test_a_key_can_be_given_to_another_action(bench: Any, tools: Any) -> None:
    mine = Preferences(keys={"review.accept": "plus", "prompt.send": "ctrl+s"})

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.type_in(pilot, "fix it")
        await pilot.press("ctrl+s")
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        await pilot.press("y")
        assert app.desk.stage.review.review.open == 1
        await pilot.press("plus")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))

    tools.drive(bench.app("total.py", preferences=mine), scenario)


def test_selected_lines_that_an_edit_moves_are_the_target_of_the_next_one_too(bench: Any, tools: Any) -> None:
    path = bench.write("sound.py", "a = 1\nb = 2\nc = 3\nd = 4\n")
    first, second = "a = 1\nnew = 0\nb = 2\nc = 3\nd = 4\n", "a = 1\nnew = 0\nnew = 0\nb = 2\nc = 3\nd = 4\n"

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.desk.stage.view.focus()
        await pilot.press("down", "shift+down")
        app.desk.prompt.focus()
        await tools.to_review(app, pilot, "put one before it")
        await pilot.press("escape")
        await tools.ask(pilot, "put another before it")  # it waits: the first one's proposal stands
        (waiting,) = app.desk.sitting.waiting
        assert waiting.ask.specs == ("sound.py:2-3",)
        for run, after in ((1, first), (2, second)):
            await tools.until(pilot, lambda run=run: app.desk.sitting.runs[run].state == "review")
            await tools.until(pilot, lambda: app.desk.stage.reviewing)
            await pilot.pause()
            app.desk.stage.review.focus()
            await pilot.press("A")
            await tools.until(pilot, lambda after=after: path.read_text() == after)

    tools.drive(bench.app("sound.py", options=bench.script("new = 0\nb = 2\nc = 3\n")), scenario)


def test_a_check_command_picks_among_repairs_that_nobody_counted(bench: Any, tools: Any) -> None:
    path = bench.write("pick.py", "def pick(values, value):\n    return valuess\n")
    check = f"{sys.executable} -c 'import pick; assert pick.pick([1], 2) == 2'"

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "fix the undefined name")
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert path.read_text() == "def pick(values, value):\n    return value\n"

    tools.drive(bench.app("pick.py", options=Options(check=check)), scenario)


def test_without_motion_the_canvas_waits_for_the_end(bench: Any, tools: Any) -> None:
    bench.write("sound.py", "x = 1\n")
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(20, 30)), pause=0.05)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything")
        seen: set[str] = set()
        while not app.desk.stage.reviewing:
            seen |= set(re.findall(r"x = \d+", tools.text(app)))
            await pilot.pause(0.02)
        assert seen == {"x = 1"}
        await tools.until(pilot, lambda: "x = 99" in tools.text(app))

    tools.drive(bench.app("sound.py", options=options, preferences=Preferences(motion="none")), scenario)


def test_lines_are_copied_and_it_is_said_where_to(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "far away")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.desk.stage.view.focus()
        await pilot.press("down", "down", "down", "shift+down", "ctrl+c")
        await pilot.pause()
        assert app.clipboard == "def total(items):\n    result = 0\n"
        assert "sent 2 lines to the terminal's clipboard" in next(n.message for n in app._notifications)

    tools.drive(bench.app("total.py"), scenario)


def test_the_run_in_view_is_saved_from_the_palette(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await tools.type_in(pilot, "save rec")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await tools.until(pilot, (bench.folder / "sharpen-1.cast").exists)
        await tools.until(pilot, lambda: "saved as sharpen-1.cast" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario)


def test_a_file_saved_elsewhere_is_read_again_when_the_app_is_looked_at(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        (bench.folder / "total.py").write_text("x = 'from the editor'\n")
        app.post_message(AppBlur())
        app.post_message(AppFocus())
        await tools.until(pilot, lambda: "from the editor" in tools.text(app))
        await tools.until(pilot, lambda: "was read again" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario)


def test_a_file_that_cannot_be_shown_is_told(bench: Any, tools: Any) -> None:
    (bench.folder / "binary.py").write_bytes(b"\0\1\2")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: "binary.py is a binary file" in tools.text(app))

    tools.drive(bench.app("binary.py"), scenario)


def test_a_file_that_was_saved_elsewhere_is_said_to_be_read_again_when_a_prompt_is_sent(
    bench: Any, tools: Any
) -> None:
    """Selected lines may be others now, so it must not go unsaid."""
    options = bench.script("x = 1\n", frames=tuple(f"x = {i}\n" for i in range(400)), pause=0.05)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        bench.write("total.py", "# saved in an editor\n\nx = 1\n")
        await tools.ask(pilot, "anything")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)
        await tools.until(pilot, lambda: "had changed on disk and was read again" in tools.text(app))
        await pilot.press("escape")
        await tools.until(pilot, lambda: "stopped; nothing was written" in tools.text(app))

    tools.drive(bench.app("total.py", options=options), scenario)
