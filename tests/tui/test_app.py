"""The app in a real repository, with its real engine process, driven by keys."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Compare, EditHunk, Question

FIXED = "    for item in items:\n"


def test_an_accepted_repair_is_written_and_u_takes_it_back(bench: Any, tools: Any) -> None:
    """With the real model."""

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
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
        await tools.to_review(app, pilot, "fix it @total.py @load.py")
        await tools.until(pilot, lambda: "hunk 1 of 2" in tools.text(app))
        await pilot.press("n")
        await pilot.pause()
        assert app.desk.stage.path == "load.py"
        await pilot.press("y")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert bench.git("status", "--short").split() == ["M", "load.py"]

    tools.drive(bench.app("total.py"), scenario)


def test_u_in_the_review_takes_a_decision_back(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "fix it @total.py @load.py")
        await pilot.press("y")
        assert app.desk.stage.review.review.open == 1
        await pilot.press("u")
        assert app.desk.stage.review.review.open == 2

    tools.drive(bench.app(), scenario)


def test_rejecting_everything_writes_nothing(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.press("R")
        await tools.until(pilot, lambda: "rejected; nothing was written" in tools.text(app))
        assert bench.git("status", "--short") == ""
        assert not list(bench.state.glob("journal/*/*.checkpoint"))

    tools.drive(bench.app("total.py"), scenario)


def test_escape_stops_the_engine_within_a_step_and_the_prompt_is_there_again(bench: Any, tools: Any) -> None:
    frames = tuple(f"x = {i}\n" for i in range(400))
    options = bench.script("x = 1\n", frames=frames, pause=0.05)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything")
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
        await tools.ask(pilot, "write me a poem")
        await tools.until(pilot, lambda: "knows no other edits yet" in tools.text(app))
        assert app.desk.prompt.text == "write me a poem"
        assert app.desk.prompt.has_focus

    tools.drive(bench.app("total.py"), scenario)


def test_a_sound_file_is_said_to_be_sound(bench: Any, tools: Any) -> None:
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "fix it")
        await tools.until(pilot, lambda: "nothing to repair in sound.py" in tools.text(app))

    tools.drive(bench.app("sound.py"), scenario)


def test_prompts_wait_their_turn_where_they_can_be_seen(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.press("escape")
        await tools.ask(pilot, "fix it @load.py")
        await tools.ask(pilot, "fix the typo")
        await tools.until(pilot, lambda: "1. fix it @load.py" in tools.text(app))
        await tools.until(pilot, lambda: "2. fix the typo" in tools.text(app))
        await pilot.press("ctrl+t")
        await tools.until(pilot, lambda: "2. fix the typo" not in tools.text(app))
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
        await tools.to_review(app, pilot, "anything")
        stage = app.desk.stage
        assert len(stage.frames) == 12
        await pilot.press("left")
        assert stage.at == 11
        await tools.until(pilot, lambda: "x = 11" in tools.text(app))
        await pilot.press("left", "left")
        assert stage.at == 9
        await tools.until(pilot, lambda: "x = 9" in tools.text(app))
        await pilot.press("0")
        await tools.until(pilot, lambda: "frame 1/12" in tools.text(app))
        await pilot.press("i")
        await pilot.pause()
        await tools.until(pilot, lambda: "confidence 0.50" in tools.text(app))
        await pilot.press("i", "enter")
        assert stage.reviewing

    tools.drive(bench.app("sound.py", options=options), scenario)


def test_a_frame_that_is_looked_at_stays_while_the_engine_goes_on_and_the_live_one_is_found_again(
    bench: Any, tools: Any
) -> None:
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(400)), pause=0.05)
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        stage = app.desk.stage
        await tools.ask(pilot, "anything")
        await tools.until(pilot, lambda: len(stage.frames) > 5)
        stage.view.focus()
        await pilot.press("0", "right", "right")
        assert stage.at == 2
        seen = len(stage.frames)
        await tools.until(pilot, lambda: len(stage.frames) > seen + 5)
        assert stage.at == 2
        await tools.until(pilot, lambda: "frame 3/" in tools.text(app))
        await pilot.press("dollar_sign")
        assert stage.at is None
        shown = len(stage.frames)
        await tools.until(pilot, lambda: len(stage.frames) > shown + 5)
        await tools.until(pilot, lambda: f"frame {len(stage.frames)}/" in tools.text(app))
        await pilot.press("escape")
        await tools.until(pilot, lambda: "stopped; nothing was written" in tools.text(app))

    tools.drive(bench.app("sound.py", options=options), scenario)


def test_the_timeline_is_dragged_with_the_mouse(bench: Any, tools: Any) -> None:
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(30)))
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.mouse_down("#timeline", offset=(6, 1))
        assert app.desk.stage.at == 5
        await tools.drag(pilot, "#timeline", (11, 1))
        await pilot.mouse_up("#timeline", offset=(11, 1))
        assert app.desk.stage.at == 10
        await tools.until(pilot, lambda: "x = 10" in tools.text(app))

    tools.drive(bench.app("sound.py", options=options), scenario)


def test_a_hunk_can_be_typed_over(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
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
        await tools.to_review(app, pilot, "anything")
        await pilot.press("c")
        await tools.until(pilot, lambda: isinstance(app.screen, Compare))
        await tools.until(pilot, lambda: tools.text(app).count("✓ holds") == 2)
        await tools.until(pilot, lambda: tools.text(app).count("✗ line 2") == 1)
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        await tools.until(pilot, lambda: "x = 5" in tools.text(app))
        await pilot.press("A")
        await tools.until(pilot, lambda: (bench.folder / "sound.py").read_text() == "x = 5\ny = 5\n")

    tools.drive(bench.app("sound.py", options=options), scenario, size=(140, 40))


def test_quitting_with_a_proposal_asks_first(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
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
        await tools.to_review(app, pilot)
        path = bench.folder / "total.py"
        path.write_text("# typed meanwhile\n" + path.read_text())
        await tools.until(pilot, lambda: "has changed on disk" in tools.text(app))
        await pilot.press("y")
        await tools.until(pilot, lambda: FIXED in path.read_text())
        assert path.read_text().startswith("# typed meanwhile\n")

    tools.drive(bench.app("total.py"), scenario)


def test_a_dead_engine_process_is_told_and_the_next_prompt_starts_another(bench: Any, tools: Any) -> None:
    options = bench.script("x = 1\n", frames=tuple("abcdefgh"), pause=0.3)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything")
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
        await tools.to_review(app, pilot)

    tools.drive(bench.app("total.py"), scenario)


def test_keys_are_answered_while_the_engine_works(bench: Any, tools: Any) -> None:
    broken = (bench.folder / "total.py").read_text()
    parts = (broken.replace("total", f"total_{i}") for i in range(8))
    bench.write("total.py", "\n\n".join(parts))  # eight repairs: work for longer than the keys take

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.ready)
        await tools.ask(pilot, "fix it")
        answered = 0  # keys on the screen before the work is done: a screen that waits for it has one
        for count in range(1, 21):
            await pilot.press("x")
            answered += app.desk.prompt.text == "x" * count and not app.desk.stage.reviewing
        assert answered > 5
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        assert app.desk.prompt.text == "x" * 20
        assert app.desk.prompt.has_focus, "a letter that is being typed must not decide on a hunk"

    tools.drive(bench.app("total.py"), scenario)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_resize_at_any_time_keeps_file_and_prompt_in_view(bench: Any, tools: Any, width: int) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.resize_terminal(width, 20)
        await pilot.pause()
        await tools.until(pilot, lambda: "for item in items:" in tools.text(app))
        await tools.until(pilot, lambda: "What should change?" in tools.text(app))
        await tools.until(pilot, lambda: max(map(len, tools.text(app).splitlines())) <= width)

    tools.drive(bench.app("total.py"), scenario, size=(120, 40))


def test_a_proposal_far_down_in_a_file_is_brought_into_view_at_its_place(bench: Any, tools: Any) -> None:
    before = "".join(f"a{i} = {i}\n" for i in range(300))
    after = "".join(f"b{i} = {i}\n" for i in range(300))
    text = before + "x = 1\n" + after
    bench.write("long.py", text)
    options = bench.script(text.replace("x = 1", "x = 2"), frames=(text.replace("x = 1", "x = 7"),))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await tools.until(pilot, lambda: "x = 2" in tools.text(app))
        await pilot.press("left")
        await pilot.pause()
        await tools.until(pilot, lambda: "x = 7" in tools.text(app))

    tools.drive(bench.app("long.py", options=options), scenario)


def test_the_text_below_a_canvas_moves_at_most_once(bench: Any, tools: Any) -> None:
    bench.write("sound.py", "x = 1\ny = 2\nlast = 3\n")
    shapes = ("x = 1\n", "x = (\n1)\n", "x = 1\n", "x = (\n1\n)\n", "x = 1\n", "x = [\n1]\n")
    options = bench.script("x = 5\n", frames=shapes, pause=0.15)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything @sound.py:1-1")
        places: list[int] = []
        while not app.desk.stage.reviewing:
            rows = [i for i, line in enumerate(tools.text(app).splitlines()) if "last = 3" in line]
            if places[-1:] != rows:
                places += rows
            await pilot.pause(0.02)
        assert len(places) <= 2, places

    tools.drive(bench.app("sound.py", options=options), scenario)
