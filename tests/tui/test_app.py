"""The app in a real repository, with its real engine process, driven by keys."""

from __future__ import annotations

import time
from typing import Any

import pytest
from textual.pilot import Pilot

from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Compare, EditHunk, Pick, Question
from sharpen.cli.tui.file_tree import FileTree

FIXED = "    for item in items:\n"


async def ask(app: SharpenApp, pilot: Pilot[None], tools: Any, prompt: str) -> None:
    await tools.type_in(pilot, prompt)
    await pilot.press("enter")


async def to_review(app: SharpenApp, pilot: Pilot[None], tools: Any, prompt: str = "fix it") -> None:
    await ask(app, pilot, tools, prompt)
    await tools.until(pilot, lambda: app.desk.stage.reviewing)
    await pilot.pause()


def test_an_accepted_repair_is_written_and_u_takes_it_back(bench: Any, tools: Any) -> None:
    """With the real model."""

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        assert len(app.desk.stage.frames) > 1
        await pilot.press("y")
        await tools.until(pilot, lambda: FIXED in (bench.folder / "total.py").read_text())
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        await pilot.press("u")
        await tools.until(pilot, lambda: bench.git("status", "--short") == "")
        await tools.until(pilot, lambda: "put back" in tools.text(app))
        await pilot.press("ctrl+y")
        await tools.until(pilot, lambda: FIXED in (bench.folder / "total.py").read_text())

    tools.drive(bench.app("total.py"), scenario)


def test_hunks_of_several_files_are_decided_one_by_one(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools, "fix it @total.py @load.py")
        assert "hunk 1 of 2" in tools.text(app)
        await pilot.press("n")
        await pilot.pause()
        assert app.desk.stage.path == "load.py"
        await pilot.press("y")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert bench.git("status", "--short").split() == ["M", "load.py"]

    tools.drive(bench.app("total.py"), scenario)


def test_u_in_the_review_takes_a_decision_back(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools, "fix it @total.py @load.py")
        await pilot.press("y")
        assert app.desk.stage.review.review.open == 1
        await pilot.press("u")
        assert app.desk.stage.review.review.open == 2

    tools.drive(bench.app(), scenario)


def test_rejecting_everything_writes_nothing(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        await pilot.press("R")
        await tools.until(pilot, lambda: "rejected; nothing was written" in tools.text(app))
        assert bench.git("status", "--short") == ""
        assert not list(bench.state.glob("journal/*/*.checkpoint"))

    tools.drive(bench.app("total.py"), scenario)


def test_escape_stops_the_engine_within_a_step_and_the_prompt_is_there_again(bench: Any, tools: Any) -> None:
    frames = tuple(f"x = {i}\n" for i in range(400))
    options = bench.script("x = 1\n", frames=frames, pause=0.05)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await ask(app, pilot, tools, "anything")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 3)
        await pilot.press("escape")
        before = len(app.desk.stage.frames)
        await tools.until(pilot, lambda: "stopped; nothing was written" in tools.text(app))
        assert len(app.desk.stage.frames) <= before + 3
        assert app.desk.prompt.text == "anything"
        assert bench.git("status", "--short") == ""

    tools.drive(bench.app("total.py", options=options), scenario)


def test_an_engine_that_cannot_says_why_and_the_prompt_stays(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await ask(app, pilot, tools, "write me a poem")
        await tools.until(pilot, lambda: "knows no other edits yet" in tools.text(app))
        assert app.desk.prompt.text == "write me a poem"
        assert app.desk.prompt.has_focus

    tools.drive(bench.app("total.py"), scenario)


def test_a_sound_file_is_said_to_be_sound(bench: Any, tools: Any) -> None:
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await ask(app, pilot, tools, "fix it")
        await tools.until(pilot, lambda: "nothing to repair in sound.py" in tools.text(app))

    tools.drive(bench.app("sound.py"), scenario)


def test_prompts_wait_their_turn_where_they_can_be_seen(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        await pilot.press("escape")
        await ask(app, pilot, tools, "fix it @load.py")
        await ask(app, pilot, tools, "fix the typo")
        assert "1. fix it @load.py" in tools.text(app)
        assert "2. fix the typo" in tools.text(app)
        await pilot.press("ctrl+t")
        assert "2. fix the typo" not in tools.text(app)
        assert app.desk.prompt.text == "fix the typo"
        app.desk.stage.review.focus()
        await pilot.press("y")
        await tools.until(pilot, lambda: app.desk.stage.reviewing and app.desk.stage.path == "load.py")

    tools.drive(bench.app("total.py"), scenario)


def test_every_frame_can_be_gone_back_to_and_the_review_is_found_again(bench: Any, tools: Any) -> None:
    frames = tuple(f"x = {i}\n" for i in range(12))
    options = bench.script("x = 99\n", frames=frames)
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools, "anything")
        stage = app.desk.stage
        assert len(stage.frames) == 12
        await pilot.press("left")
        assert stage.at == 11
        assert "x = 11" in tools.text(app)
        await pilot.press("left", "left")
        assert stage.at == 9
        assert "x = 9" in tools.text(app)
        await pilot.press("0")
        assert "frame 1/12" in tools.text(app)
        await pilot.press("i")
        await pilot.pause()
        assert "confidence 0.50" in tools.text(app)
        await pilot.press("i", "enter")
        assert stage.reviewing

    tools.drive(bench.app("sound.py", options=options), scenario)


def test_the_timeline_is_dragged_with_the_mouse(bench: Any, tools: Any) -> None:
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(30)))
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools, "anything")
        await pilot.mouse_down("#timeline", offset=(6, 1))
        assert app.desk.stage.at == 5
        await pilot.hover("#timeline", offset=(11, 1))
        await pilot.mouse_up("#timeline", offset=(11, 1))
        assert app.desk.stage.at == 10
        assert "x = 10" in tools.text(app)

    tools.drive(bench.app("sound.py", options=options), scenario)


def test_a_hunk_can_be_typed_over(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        await pilot.press("e")
        await pilot.pause()
        assert isinstance(app.screen, EditHunk)
        await pilot.press("end", "space", "space", "#", "x", "ctrl+s")
        await pilot.pause()
        assert app.desk.stage.review.review.hunk.new_lines == ("    for item in items:  #x",)
        await pilot.press("y")
        await tools.until(pilot, lambda: "items:  #x\n" in (bench.folder / "total.py").read_text())

    tools.drive(bench.app("total.py"), scenario)


def test_candidates_are_compared_with_their_verdicts_and_one_is_taken(bench: Any, tools: Any) -> None:
    options = bench.script("x = 1\ny = 2\n", "x = 1\ny = (\n", "x = 5\ny = 5\n")
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools, "anything")
        await pilot.press("c")
        await pilot.pause()
        assert isinstance(app.screen, Compare)
        said = tools.text(app)
        assert said.count("✓ holds") == 2
        assert said.count("✗ line 2") == 1
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert "x = 5" in tools.text(app)
        await pilot.press("A")
        await tools.until(pilot, lambda: (bench.folder / "sound.py").read_text() == "x = 5\ny = 5\n")

    tools.drive(bench.app("sound.py", options=options), scenario, size=(140, 40))


def test_quitting_with_a_proposal_asks_first(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert isinstance(app.screen, Question)
        await pilot.press("n")
        await pilot.pause()
        assert app.desk.stage.reviewing
        await pilot.press("ctrl+q")
        await pilot.pause()
        await pilot.press("y")
        await tools.until(pilot, lambda: not app.is_running)

    tools.drive(bench.app("total.py"), scenario)


def test_a_file_that_changes_while_its_edit_stands_is_noticed_and_merged(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        path = bench.folder / "total.py"
        path.write_text("# typed meanwhile\n" + path.read_text())
        await tools.until(pilot, lambda: "has changed on disk" in tools.text(app))
        await pilot.press("y")
        await tools.until(pilot, lambda: FIXED in path.read_text())
        assert path.read_text().startswith("# typed meanwhile\n")

    tools.drive(bench.app("total.py"), scenario)


def test_the_prompts_of_a_repository_are_there_the_next_time(bench: Any, tools: Any) -> None:
    async def first(app: SharpenApp, pilot: Pilot[None]) -> None:
        for prompt in ("write a poem", "write a song"):
            app.desk.prompt.take("")
            await ask(app, pilot, tools, prompt)
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
        assert "total.py" in "".join(tools.text(app).splitlines()[-5:-2])
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
        assert "lines 4-6" in tools.text(app)
        app.desk.prompt.focus()
        await ask(app, pilot, tools, "fix it")
        run = app.desk.sitting.current
        assert run is not None
        assert run.ask.specs == ("total.py:4-6",)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)

    tools.drive(bench.app("total.py"), scenario)


def test_lines_are_selected_with_the_mouse(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.mouse_down("#file", offset=(12, 2))
        await pilot.hover("#file", offset=(12, 4))
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
        await to_review(app, pilot, tools)
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))

    async def second(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("f3")
        await pilot.pause()
        assert "applied   fix it" in tools.text(app)
        await pilot.press("enter")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)
        assert "earlier run" in tools.text(app)

    tools.drive(bench.app("total.py"), first)
    tools.drive(bench.app("total.py"), second)


def test_engines_are_listed_with_what_they_can_do(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("f2")
        await tools.until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.pause()
        assert "the embedded model repairs syntax errors" in tools.text(app)
        await tools.type_in(pilot, "mercury")
        await pilot.press("enter")
        await pilot.pause()
        assert "the next prompt goes to mercury" in tools.text(app)
        await ask(app, pilot, tools, "fix it")
        await tools.until(pilot, lambda: "there is no engine mercury" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario)


def test_checkpoints_are_a_key_away_and_can_be_taken_back(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        await pilot.press("f4")
        await tools.until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.press("enter")
        await tools.until(pilot, lambda: bench.git("status", "--short") == "")

    tools.drive(bench.app("total.py"), scenario)


def test_a_dead_engine_process_is_told_and_the_next_prompt_starts_another(bench: Any, tools: Any) -> None:
    options = bench.script("x = 1\n", frames=tuple("abcdefgh"), pause=0.3)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await ask(app, pilot, tools, "anything")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 0)
        process = app._client._process
        assert process is not None
        process.kill()
        await tools.until(pilot, lambda: "the engine's process ended" in tools.text(app))
        assert app.desk.prompt.text == "anything"
        await pilot.press("enter")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)

    tools.drive(bench.app("total.py", options=options), scenario)


def test_the_users_own_modules_are_never_imported_as_the_engines(bench: Any, tools: Any) -> None:
    """A folder with a broken queue.py, or an evil one, is just a folder."""
    bench.write("queue.py", "raise SystemExit('imported')\n")
    bench.write("pickle.py", "raise SystemExit('imported')\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)

    tools.drive(bench.app("total.py"), scenario)


def test_keys_are_answered_while_the_engine_works(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.ready)
        await ask(app, pilot, tools, "fix it")
        slowest = 0.0
        for _ in range(20):
            began = time.perf_counter()
            await pilot.press("x")
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < 0.5
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        assert app.desk.prompt.text == "x" * 20
        assert app.desk.prompt.has_focus, "a letter that is being typed must not decide on a hunk"

    tools.drive(bench.app("total.py"), scenario)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_resize_at_any_time_keeps_file_and_prompt_in_view(bench: Any, tools: Any, width: int) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await to_review(app, pilot, tools)
        await pilot.resize_terminal(width, 20)
        await pilot.pause()
        said = tools.text(app)
        assert "for item in items:" in said
        assert "What should change?" in said
        assert max(len(line) for line in said.splitlines()) <= width

    tools.drive(bench.app("total.py"), scenario, size=(120, 40))
