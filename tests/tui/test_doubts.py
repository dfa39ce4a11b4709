"""What the user keeps of a proposal has to hold too, or they know that it does not."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot

from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.doubts import doubt
from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken

BEFORE = "def a(x):\n    return x\n\n\ndef b(x):\n    return x\n"
QUOTED = 'def a(x):\n    return """x\n\n\ndef b(x):\n    return x"""\n'


def patch_of(before: str, after: str) -> Patch:
    document = Document.from_bytes(before.encode(), "one.py")
    return Patch.of(document, document.whole(), after)


def test_half_of_a_pair_of_quotes_is_written_only_once_the_user_knows(bench: Any, tools: Any) -> None:
    path = bench.write("one.py", BEFORE)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await tools.until(pilot, lambda: "hunk 1 of 2" in tools.text(app))
        await pilot.press("y", "n")
        await tools.until(pilot, lambda: "what is kept does not hold: one.py, line" in tools.text(app))
        assert path.read_text() == BEFORE
        await tools.until(pilot, lambda: app.desk.stage.review.has_focus)
        await pilot.press("u", "y")  # the other half after all
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert path.read_text() == QUOTED

    tools.drive(bench.app("one.py", options=bench.script(QUOTED, frames=("x\n",))), scenario)


def test_who_insists_gets_it(bench: Any, tools: Any) -> None:
    path = bench.write("one.py", BEFORE)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("y", "n")
        await tools.until(pilot, lambda: "what is kept does not hold" in tools.text(app))
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert path.read_text() == BEFORE.replace("return x\n", 'return """x\n', 1)

    tools.drive(bench.app("one.py", options=bench.script(QUOTED, frames=("x\n",))), scenario)


def test_the_check_command_is_run_on_what_is_kept(bench: Any, tools: Any) -> None:
    bench.write("one.py", "a = 1\n\n\n\nb = 1\n")
    options = bench.script("a = 2\n\n\n\nb = 2\n", frames=("x\n",))
    options = replace(options, check=f"{sys.executable} -c 'import one; assert one.a == one.b'")
    bench.commit()

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "anything")
        await pilot.press("y", "n")
        await tools.until(pilot, lambda: "what is kept does not hold" in tools.text(app))
        assert bench.git("status", "--short") == ""

    tools.drive(bench.app("one.py", options=options), scenario)


def test_the_whole_was_verified_already_and_a_sound_part_holds() -> None:
    patch = patch_of(BEFORE, BEFORE.replace("return x", "return -x"))
    assert doubt(patch, patch, CancelToken()) == ""
    assert doubt(patch.keep([1]), patch, CancelToken()) == ""


def test_a_broken_file_may_stay_broken_where_a_repair_is_left_out_but_not_where_it_was_typed_over() -> None:
    broken = "for a in b\n    a\n\n\nfor c in d\n    c\n"
    patch = patch_of(broken, "for a in b:\n    a\n\n\nfor c in d:\n    c\n")
    assert doubt(patch.keep([0]), patch, CancelToken()) == ""
    typed = patch_of(broken, "for a in b:\n    a\n\n\nfor c in d)\n    c\n")
    assert doubt(typed, patch, CancelToken()).startswith("one.py, line 5")
