"""What is wider or lower than the screen: the view goes to what matters, and stays where somebody looks."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from sharpen.cli.tui.app import SharpenApp

LONG = "value = (" + " + ".join(str(1000 + i) for i in range(20)) + ")\n"
CHANGED = LONG.replace("1019", "2020")


def test_what_differs_far_to_the_right_is_in_view_in_the_review(bench: Any, tools: Any) -> None:
    bench.write("wide.py", LONG + "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await tools.until(pilot, lambda: "2020" in tools.text(app))
        assert app.desk.stage.review.scroll_offset.x > 0
        await pilot.resize_terminal(260, 20)
        await pilot.pause()
        await tools.until(pilot, lambda: "value = (1000" in tools.text(app))

    options = bench.script(CHANGED + "x = 1\n")
    tools.drive(bench.app("wide.py", options=options), scenario, size=(60, 20))


def test_left_and_right_go_along_a_long_line_and_left_ends_at_the_frames(bench: Any, tools: Any) -> None:
    bench.write("wide.py", LONG + "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("right")
        assert app.desk.stage.review.scroll_offset.x == 8
        await pilot.press("left")
        assert app.desk.stage.reviewing
        assert app.desk.stage.review.scroll_offset.x == 0
        await pilot.press("left")
        assert not app.desk.stage.reviewing
        await pilot.press("shift+right")
        assert app.desk.stage.view.scroll_offset.x == 8

    options = bench.script(LONG + "x = 2\n", frames=(LONG + "x = 2\n",))
    tools.drive(bench.app("wide.py", options=options), scenario, size=(60, 20))


def test_the_cell_cursor_is_followed_to_the_side(bench: Any, tools: Any) -> None:
    bench.write("wide.py", LONG)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        view = app.desk.stage.view
        view.focus()
        await pilot.press("i", *["right"] * 60)
        assert view.scroll_offset.x > 0

    tools.drive(bench.app("wide.py"), scenario, size=(60, 20))


def far(broken: str) -> str:
    lines = [f"line_{i} = {i}" for i in range(150)]
    lines[120:122] = broken.splitlines()
    return "\n".join(lines) + "\n"


BROKEN, MENDED = "while True\n    break\n", "while True:"


def test_what_was_applied_stays_in_view(bench: Any, tools: Any) -> None:
    bench.write("first.py", far(BROKEN))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        app.desk.stage.review.scroll_to(y=110, animate=False)
        await pilot.pause()
        await pilot.press("y")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert int(app.desk.stage.view.scroll_offset.y) == 110
        await tools.until(pilot, lambda: MENDED in tools.text(app))
        assert app.desk.stage.view.row == 120

    tools.drive(bench.app("first.py"), scenario)


def test_where_the_last_file_was_rejected_what_was_applied_to_the_other_comes_into_view(
    bench: Any, tools: Any
) -> None:
    bench.write("first.py", far(BROKEN))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "fix it @first.py @total.py")
        assert app.desk.stage.path == "first.py"
        await pilot.press("y", "n")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert app.desk.stage.path == "first.py"
        await tools.until(pilot, lambda: MENDED in tools.text(app))

    tools.drive(bench.app("total.py"), scenario)


def test_the_tree_says_how_to_open_a_file_and_escape_leaves_it(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.prompt.files)
        app.desk.query_one("#tree").focus()
        await pilot.pause()
        await tools.until(pilot, lambda: "Open" in tools.text(app).splitlines()[-1])
        await pilot.press("escape")
        assert app.desk.prompt.has_focus

    tools.drive(bench.app("total.py"), scenario)


def test_help_for_the_prompt_begins_with_its_own_keys(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await pilot.press("f1")
        await tools.until(pilot, lambda: app.screen.query("HelpPanel"))
        await tools.until(pilot, lambda: "Earlier runs" in tools.text(app))
        assert "Cursor word left" not in tools.text(app)

    tools.drive(bench.app("total.py"), scenario)


def test_a_selection_that_is_dragged_beyond_the_edge_goes_on_while_the_pointer_stays_there(
    bench: Any, tools: Any
) -> None:
    bench.write("first.py", far("a = 1\nb = 2\n"))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        view = app.desk.stage.view
        await pilot.mouse_down("#file", offset=(12, 2))
        await tools.drag(pilot, "#file", (12, view.size.height))
        await tools.until(pilot, lambda: view.scroll_offset.y > 5)
        await pilot.mouse_up("#file", offset=(12, 3))
        await pilot.pause()
        stopped = view.selection()
        await pilot.pause(0.3)
        assert view.selection() == stopped
        assert stopped is not None
        assert stopped[0] == 2

    tools.drive(bench.app("first.py"), scenario, size=(100, 20))


def test_a_button_that_was_let_go_outside_the_terminal_is_not_held_for_ever(bench: Any, tools: Any) -> None:
    bench.write("first.py", far("a = 1\nb = 2\n"))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        view = app.desk.stage.view
        await pilot.mouse_down("#file", offset=(12, 2))
        await tools.drag(pilot, "#file", (12, 4))
        assert view.selection() == (2, 4)
        await pilot.hover("#file", offset=(12, 7))
        assert view.selection() == (2, 4)

    tools.drive(bench.app("first.py"), scenario, size=(100, 20))


def test_the_timeline_lets_a_frame_go_that_was_let_go_outside_the_terminal(bench: Any, tools: Any) -> None:
    bench.write("sound.py", "x = 1\n")
    options = bench.script("x = 99\n", frames=tuple(f"x = {i}\n" for i in range(30)))

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.mouse_down("#timeline", offset=(6, 1))
        await pilot.hover("#timeline", offset=(11, 1))
        assert app.desk.stage.at == 5

    tools.drive(bench.app("sound.py", options=options), scenario)
