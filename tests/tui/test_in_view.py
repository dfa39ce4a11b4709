"""A prompt goes to what is in view, and whatever is in view can be left again."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from sharpen.cli.options import Options
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Pick
from sharpen.cli.tui.file_tree import FileTree
from sharpen.cli.tui.preferences import Preferences

SOUND = "x = 1\n"


def slow(bench: Any, count: int = 2000) -> Options:
    return bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(count)), pause=0.05)  # type: ignore[no-any-return]


def choose(app: SharpenApp, path: str) -> None:
    tree = app.desk.query_one(FileTree)
    tree.post_message(FileTree.Chosen(path))


async def stopped(app: SharpenApp, pilot: Pilot[None], tools: Any) -> None:
    app.desk.sitting.stop()
    await tools.until(pilot, lambda: "stopped; nothing was written" in tools.text(app))


async def earlier(app: SharpenApp, pilot: Pilot[None], tools: Any) -> None:
    await pilot.press("f3")
    await tools.until(pilot, lambda: isinstance(app.screen, Pick))
    await pilot.pause()
    await pilot.press("enter")
    await tools.until(pilot, lambda: app.screen is app.desk)


def test_a_proposal_whose_file_is_gone_leaves_the_screen_and_can_be_opened_again(
    bench: Any, tools: Any
) -> None:
    path, away = bench.folder / "total.py", bench.folder.parent / "away.py"

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        path.rename(away)
        await pilot.press("A")
        await tools.until(pilot, lambda: app.desk.sitting.runs[1].state == "failed")
        await tools.until(pilot, lambda: not app.desk.stage.reviewing)
        away.rename(path)
        app.desk.prompt.take("")
        await earlier(app, pilot, tools)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        app.desk.stage.review.focus()
        await pilot.press("y")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert "for item in items:" in path.read_text()

    tools.drive(bench.app("total.py"), scenario)


def test_all_files_that_the_app_was_opened_on_are_what_a_prompt_is_about(bench: Any, tools: Any) -> None:
    bench.write("third.py", SOUND)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: "total.py  with load.py" in tools.text(app))
        await tools.to_review(app, pilot)
        assert app.desk.sitting.runs[1].ask.specs == ("total.py", "load.py")
        await tools.until(pilot, lambda: "hunk 1 of 2" in tools.text(app))
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        choose(app, "third.py")
        await tools.until(pilot, lambda: app.desk.stage.path == "third.py")
        assert "with load.py" not in tools.text(app)
        app.desk.prompt.focus()
        await tools.ask(pilot, "fix it")
        await tools.until(pilot, lambda: "nothing to repair in third.py" in tools.text(app))

    tools.drive(bench.app("total.py", "load.py"), scenario)


def test_another_file_can_be_looked_at_while_a_run_goes_on(bench: Any, tools: Any) -> None:
    bench.write("one.py", SOUND)
    bench.write("two.py", "y = 2\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        stage = app.desk.stage
        await tools.ask(pilot, "anything")
        await tools.until(pilot, lambda: len(stage.frames) > 3)
        choose(app, "two.py")
        await tools.until(pilot, lambda: stage.path == "two.py")
        seen = len(stage.frames)
        await tools.until(pilot, lambda: len(stage.frames) > seen + 5)
        assert stage.path == "two.py"
        await tools.until(pilot, lambda: "y = 2" in tools.text(app))
        app.desk.prompt.focus()
        await tools.ask(pilot, "another")
        assert app.desk.sitting.waiting[0].ask.specs == ("two.py",)
        app.desk.sitting.drop_waiting()
        choose(app, "one.py")
        await tools.until(pilot, lambda: stage.path == "one.py" and not stage.at_rest)
        seen = len(stage.frames)
        await tools.until(pilot, lambda: len(stage.frames) > seen + 3)
        await tools.until(pilot, lambda: f"frame {len(stage.frames)}/" in tools.text(app))
        assert not stage.at_rest
        await stopped(app, pilot, tools)

    tools.drive(bench.app("one.py", options=slow(bench)), scenario)


def test_a_prompt_behind_an_earlier_run_of_another_file_goes_to_that_file(bench: Any, tools: Any) -> None:
    bench.write("one.py", SOUND)
    options = bench.script("x = 99\n", frames=("x = 5\n", "x = 6\n"))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        stage = app.desk.stage
        await tools.to_review(app, pilot, "anything @one.py")
        await pilot.press("R")
        await tools.until(pilot, lambda: app.desk.sitting.runs[1].state == "rejected" and stage.at_rest)
        choose(app, "load.py")
        await tools.until(pilot, lambda: stage.path == "load.py")
        await earlier(app, pilot, tools)
        await tools.until(pilot, lambda: stage.path == "one.py")
        app.desk.prompt.focus()
        await tools.ask(pilot, "another")
        assert app.desk.sitting.runs[2].ask.specs == ("one.py",)
        await tools.until(pilot, lambda: stage.reviewing)

    tools.drive(bench.app("load.py", options=options), scenario)


def test_lines_that_are_selected_in_a_frame_are_those_of_the_file(bench: Any, tools: Any) -> None:
    bench.write("one.py", "a = 1\nb = 2\nc = 3\nd = 4\n")
    longer = "a = 1\nnew = 0\nnew = 0\nnew = 0\nb = 2\nc = 3\nd = 4\n"
    options = bench.script("a = 5\nb = 2\nc = 3\nd = 4\n", frames=("a = 1\n", longer))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("R")
        await tools.until(pilot, lambda: app.desk.stage.at_rest and app.desk.sitting.runs[1].over)
        app.desk.stage.view.focus()
        await pilot.press("left")
        await tools.until(pilot, lambda: "new = 0" in tools.text(app))
        await pilot.press("g", *["down"] * 5, "shift+down")
        await tools.until(pilot, lambda: "lines 3-4" in tools.text(app))
        app.desk.prompt.focus()
        await tools.ask(pilot, "another")
        assert app.desk.sitting.runs[2].ask.specs == ("one.py:3-4",)

    tools.drive(bench.app("one.py", options=options), scenario)


def test_beyond_the_last_frame_of_a_run_that_is_over_stands_the_file(bench: Any, tools: Any) -> None:
    bench.write("one.py", SOUND)
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(20, 25)))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        stage = app.desk.stage
        await tools.to_review(app, pilot, "anything")
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        await tools.until(pilot, lambda: stage.view.has_focus)
        await pilot.press("left")
        await tools.until(pilot, lambda: "x = 24" in tools.text(app))
        await pilot.press("left")
        await tools.until(pilot, lambda: "x = 23" in tools.text(app))
        await pilot.press("right", "right")
        await tools.until(pilot, lambda: stage.at_rest)
        await tools.until(pilot, lambda: "x = 99" in tools.text(app))
        await pilot.press("0")
        await tools.until(pilot, lambda: "x = 20" in tools.text(app))
        await pilot.press("escape")
        await tools.until(pilot, lambda: stage.at_rest)
        await tools.until(pilot, lambda: "x = 99" in tools.text(app))
        await tools.until(pilot, lambda: app.desk.prompt.has_focus)

    tools.drive(bench.app("one.py", options=options), scenario)


def test_an_earlier_run_does_not_take_the_place_of_one_that_is_under_way(bench: Any, tools: Any) -> None:
    bench.write("one.py", SOUND)

    async def first(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)
        await stopped(app, pilot, tools)

    async def second(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything else")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)
        await earlier(app, pilot, tools)
        await tools.until(pilot, lambda: "an edit is under way" in tools.text(app))
        run = app.desk.sitting.current
        assert run is not None
        assert app.desk.stage.frames is run.log
        await stopped(app, pilot, tools)

    tools.drive(bench.app("one.py", options=slow(bench)), first)
    tools.drive(bench.app("one.py", options=slow(bench)), second)


def test_that_a_file_has_changed_is_said_until_it_is_decided(bench: Any, tools: Any) -> None:
    path = bench.write("one.py", SOUND)
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(60)), pause=0.05)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything")
        await tools.until(pilot, lambda: len(app.desk.stage.frames) > 1)
        path.write_text("# from an editor\n\n\n\nx = 1\n")
        await tools.until(pilot, lambda: "has changed on disk; applying will merge both" in tools.text(app))
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        await pilot.pause()
        assert "has changed on disk; applying will merge both" in tools.text(app)
        await pilot.press("R")
        await tools.until(pilot, lambda: "rejected; nothing was written" in tools.text(app))
        assert "applying will merge both" not in tools.text(app)

    tools.drive(bench.app("one.py", options=options), scenario)


def test_u_among_the_frames_of_a_proposal_takes_nothing_back(bench: Any, tools: Any) -> None:
    path = bench.write("one.py", SOUND)
    options = bench.script("x = 99\n", frames=("x = 5\n", "x = 6\n"))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        path.write_text("x = 99\ny = 1\n")
        app.desk.prompt.focus()
        await tools.to_review(app, pilot, "anything @one.py:2")
        await pilot.press("left", "u")
        await tools.until(pilot, lambda: "a proposal stands" in tools.text(app))
        assert path.read_text() == "x = 99\ny = 1\n"
        await pilot.press("enter")
        await tools.until(pilot, lambda: app.desk.stage.reviewing)

    tools.drive(bench.app("one.py", options=options), scenario)


def test_what_is_copied_is_the_files_own_text(bench: Any, tools: Any) -> None:
    text = "def f():\n\treturn '\x1b[0m'\n"
    bench.write("tabs.py", text)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.desk.stage.view.focus()
        await pilot.press("g", "shift+down")
        await tools.until(pilot, lambda: app.desk.stage.view.selected_text() == text)
        app.desk.prompt.focus()
        await tools.to_review(app, pilot, "anything")
        review = app.desk.stage.review
        for split in (False, True):
            assert review.is_split is split
            await pilot.press("g", *["shift+down"] * 3)
            assert review.sheet.text(review.sheet.height - 1) == "\treturn 2"
            assert review.sheet.text(0) == "def f():"
            await pilot.press("s")
        app.desk.stage.show_frame(0)
        assert app.desk.stage.view.sheet.text(1) == "\treturn 1"

    options = bench.script("def f():\n\treturn 2\n", frames=("def f():\n\treturn 1\n",))
    tools.drive(bench.app("tabs.py", options=options), scenario, size=(140, 30))


def test_a_queued_prompt_that_fails_keeps_its_reason_and_the_next_review_has_the_focus(
    bench: Any, tools: Any
) -> None:
    bench.write("one.py", SOUND)
    options = bench.script("x = 99\n", frames=("x = 5\n",))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("escape")
        await tools.ask(pilot, "first @gone.py")
        await tools.ask(pilot, "second @one.py")
        await pilot.pause(1)  # nobody types any more
        app.desk.stage.review.focus()
        await pilot.press("R")
        await tools.until(pilot, lambda: app.desk.sitting.runs[3].state == "review")
        await tools.until(pilot, lambda: app.desk.stage.review.has_focus)
        await tools.until(pilot, lambda: "gone.py" in tools.text(app).split("frame 1/1")[1])
        assert app.desk.prompt.text == "first @gone.py"
        assert [one.ended for one in app.desk.store.outcomes()][-2:] == ["failed", "open"]

    tools.drive(bench.app("one.py", options=options), scenario)


def test_letters_right_behind_the_way_to_the_prompt_are_its_own(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        app.simulate_key("ctrl+o")  # all of them before any is handled, as a terminal may send them
        for key in ("a", "n", "y", "A"):
            app.simulate_key(key)
        await tools.until(pilot, lambda: app.desk.prompt.text == "anyA")
        assert app.desk.sitting.runs[1].state == "review"
        assert app.desk.stage.review.review.open == 1

    tools.drive(bench.app("total.py"), scenario)


def test_what_is_wrong_at_the_start_is_said_beside_what_was_left_open(bench: Any, tools: Any) -> None:
    (bench.folder / "binary.py").write_bytes(b"\0\1\2")

    async def first(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)

    async def second(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: "not decided yet" in tools.text(app))
        assert "binary.py is a binary file" in tools.text(app)
        assert "[keys] names no.such" in tools.text(app)

    wrong = Preferences(theme="sharpen-dark", keys={"no.such": "y"})
    tools.drive(bench.app("total.py"), first)
    tools.drive(bench.app("binary.py", preferences=wrong), second)


def test_a_proposal_that_is_what_the_file_says_was_not_rejected(bench: Any, tools: Any) -> None:
    bench.write("one.py", SOUND)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "anything")
        await tools.until(pilot, lambda: "nothing to change" in tools.text(app))

    tools.drive(bench.app("one.py", options=bench.script(SOUND, frames=("x = 2\n",))), scenario)
