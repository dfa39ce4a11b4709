"""What a person sees: nothing that matters is cut off, and the file in view is found in the tree."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Pick
from sharpen.cli.tui.review import Review
from sharpen.cli.tui.review_sheet import ReviewSheet
from sharpen.cli.tui.sheet_view import SheetView
from sharpen.core.document import Document
from sharpen.core.patch import Patch


def row_of(sheet: ReviewSheet, row: int) -> str:
    return "".join(text for text, _name in sheet.line(row).runs)


def test_two_columns_show_the_change_at_the_end_of_a_long_line_and_a_sign_for_each_side() -> None:
    start = "value = " + " + ".join(f"part_{i}" for i in range(12))
    document = Document.from_bytes(f"a = 1\n{start} + last\nb = 2\n".encode(), "long.py")
    patch = Patch.of(document, document.whole(), f"a = 1\n{start} + first\nb = 2\n")
    sheet = ReviewSheet(Review.of(patch), "long.py", None, columns=71)
    left, right = row_of(sheet, 1).split("│")
    assert left.rstrip().endswith("+ last")
    assert right.rstrip().endswith("+ first")
    assert left.startswith("…")
    assert right.startswith("+ …")
    assert sheet.line(1).mark == "-"
    assert {len(row_of(sheet, row)) for row in range(3)} == {70}


def test_what_does_not_fit_in_a_column_says_so() -> None:
    long = "x" * 80
    document = Document.from_bytes(f"a = 1\n{long} = 2\n".encode(), "long.py")
    sheet = ReviewSheet(
        Review.of(Patch.of(document, document.whole(), f"a = 2\n{long} = 2\n")), "long.py", None, columns=41
    )
    assert row_of(sheet, 1) == f"{'x' * 17}… │  {'x' * 17}…"


def test_the_tree_opens_on_the_way_to_the_file_in_view(bench: Any, tools: Any) -> None:
    bench.write("deep/er/inner.py", "x = 1\n")
    bench.write("deep/other.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: "inner.py" in tools.text(app).split("deep/er/inner.py")[1])
        app.desk.open("total.py")
        await pilot.pause()
        await tools.until(pilot, lambda: "▼ deep" in tools.text(app))

    tools.drive(bench.app("deep/er/inner.py"), scenario)


def test_keys_and_figures_that_do_not_fit_are_left_out_whole_and_help_stays(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await tools.until(pilot, lambda: tools.text(app).splitlines()[-1].startswith(" y Accept"))
        *_above, timeline, _bars, _prompt, keys = tools.text(app).splitlines()
        assert keys.endswith("f1 Help")
        assert timeline.rstrip().endswith(("tokens/s", "left", " s"))
        await pilot.resize_terminal(140, 30)
        await pilot.pause()
        await tools.until(pilot, lambda: "s Split" in tools.text(app).splitlines()[-1])

    tools.drive(bench.app("total.py"), scenario, size=(60, 20))


def test_nobody_says_how_sure_the_engine_is_of_what_it_was_not_asked_about(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await pilot.press("left", "0")
        app.desk.stage.view.go(3, 1)
        await pilot.press("i")
        await pilot.pause()
        await tools.until(pilot, lambda: "context  so since step" in tools.text(app))

    tools.drive(bench.app("total.py"), scenario)


def test_candidates_side_by_side_begin_at_one_height_with_their_verdicts_above(
    bench: Any, tools: Any
) -> None:
    lines = [f"v{i} = {i}" for i in range(60)]
    sound = "\n".join(lines) + "\n"
    bench.write("sound.py", sound)
    first, second = sound.replace("v40 = 40", "v40 = 4"), sound.replace("v50 = 50", "v50 = (5")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("c")
        await tools.until(pilot, lambda: len(app.screen.query(SheetView)) == 2)
        await pilot.pause()
        one, two = app.screen.query(SheetView)
        await tools.until(pilot, lambda: one.scroll_offset.y == two.scroll_offset.y > 0)
        assert one.region.y == two.region.y
        for said in ("✓ holds", "✗ line 51", "score 0.00"):
            await tools.until(pilot, lambda said=said: said in tools.text(app))

    options = bench.script(first, second)
    tools.drive(bench.app("sound.py", options=options), scenario, size=(110, 24))


def underlined_rows(app: SharpenApp) -> list[str]:
    """What is underlined on the screen, by row."""
    found = []
    for strip in app.screen._compositor.render_strips():
        text = "".join(s.text for s in strip if s.style is not None and s.style.underline)
        found += [text.strip()] if text.strip() else []
    return found


def test_without_colour_the_marked_row_of_a_list_stands_out(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: app.desk.prompt.files)
        await tools.type_in(pilot, "fix @")
        await tools.until(pilot, lambda: any(row in {"load.py", "total.py"} for row in underlined_rows(app)))
        await pilot.press("escape")
        app.desk.prompt.take("")
        await pilot.press("f2")
        await tools.until(pilot, lambda: isinstance(app.screen, Pick))
        await tools.until(pilot, lambda: any("embedded" in row for row in underlined_rows(app)))

    tools.drive(bench.app("total.py"), scenario)


def test_two_columns_say_on_both_sides_what_was_decided() -> None:
    document = Document.from_bytes(b"a = 1\nb = 2\nc = 3\n", "short.py")
    patch = Patch.of(document, document.whole(), "a = 2\nb = 2\nc = 4\n")
    review = Review.of(patch).decide(True).decide(False)
    sheet = ReviewSheet(review, "short.py", None, columns=41)
    assert [sheet.line(0).mark[-1], sheet.line(2).mark] == ["✓", "✗"]
    assert [row_of(sheet, row).split("│")[1][0] for row in (0, 1, 2)] == ["✓", " ", "✗"]


def test_the_engine_in_use_is_the_marked_row_and_verdicts_fit_a_narrow_screen(bench: Any, tools: Any) -> None:
    bench.write("sound.py", "x = 1\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("c")
        await tools.until(pilot, lambda: "score 0.00" in tools.text(app) and "score -1.00" in tools.text(app))
        await pilot.press("escape")
        app.desk.use_engine("openai:http://127.0.0.1:1/v1#m")
        await pilot.press("f2")
        await tools.until(pilot, lambda: isinstance(app.screen, Pick))
        listing = app.screen.query_one(OptionList)
        await tools.until(pilot, lambda: listing.highlighted is not None)
        assert "openai" in str(listing.get_option_at_index(listing.highlighted or 0).prompt)

    tools.drive(bench.app("sound.py", options=bench.script("x = 2\n", "x = 3\n")), scenario, size=(60, 24))
