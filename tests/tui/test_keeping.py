"""A proposal that was not decided on: over a quit, a kill and a change of its file."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sharpen.cli.options import Options
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.dialogs import Pick
from sharpen.cli.tui.proposals import Proposal, load, save
from sharpen.core.document import Document
from sharpen.core.errors import NotAFile
from sharpen.core.patch import Patch

FIXED = "    for item in items:\n"


def left_open(
    bench: Any, tools: Any, prompt: str = "fix it @total.py @load.py", keys: tuple[str, ...] = ("y",)
) -> None:
    """A sitting that ends with a proposal half decided."""

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, prompt)
        await pilot.press(*keys)
        await pilot.pause(0.1)

    tools.drive(bench.app("total.py"), scenario)
    assert bench.git("status", "--short") == ""


async def open_again(app: SharpenApp, pilot: Pilot[None], tools: Any) -> None:
    await pilot.press("f3")
    await tools.until(pilot, lambda: isinstance(app.screen, Pick))
    await pilot.pause()
    await tools.until(pilot, lambda: "  open      fix it" in tools.text(app))
    await pilot.press("enter")


def test_a_proposal_left_open_is_announced_and_goes_on_where_it_was(bench: Any, tools: Any) -> None:
    left_open(bench, tools)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.until(pilot, lambda: "not decided yet: “fix it @total.py @load.py”" in tools.text(app))
        await open_again(app, pilot, tools)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        assert app.desk.stage.review.review.decisions == (True, None)
        assert app.desk.stage.path == "load.py"
        assert len(app.desk.stage.frames) > 1
        await pilot.press("n")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert bench.git("status", "--short").split() == ["M", "total.py"]
        assert FIXED in (bench.folder / "total.py").read_text()
        await pilot.press("u")
        await tools.until(pilot, lambda: bench.git("status", "--short") == "")
        assert app.desk.store.left_open() == []
        assert [one.ended for one in app.desk.store.outcomes()] == ["applied"]

    tools.drive(bench.app("total.py"), scenario)


def test_lines_that_were_added_elsewhere_are_kept_and_the_proposal_is_carried_over(
    bench: Any, tools: Any
) -> None:
    left_open(bench, tools, "fix it", keys=())
    path = bench.folder / "total.py"
    path.write_text("import sys\n\n\n" + path.read_text())

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await open_again(app, pilot, tools)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        said = "total.py had changed since; the proposal was carried over to it"
        await tools.until(pilot, lambda: said in tools.text(app))
        await pilot.press("y")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        text = path.read_text()
        assert text.startswith("import sys\n")
        assert FIXED in text

    tools.drive(bench.app("total.py"), scenario)


def test_a_file_edited_in_the_same_place_is_left_alone_and_the_prompt_is_there_to_send(
    bench: Any, tools: Any
) -> None:
    left_open(bench, tools, "fix it", keys=())
    path = bench.folder / "total.py"
    mine = path.read_text().replace("for item in items\n", "for thing in items\n")
    path.write_text(mine)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await open_again(app, pilot, tools)
        await tools.until(pilot, lambda: "edited in the same place since" in tools.text(app))
        assert app.desk.prompt.text == "fix it"
        assert path.read_text() == mine
        assert app.desk.store.left_open() == []  # the next start does not tell of it again
        assert app.desk.store.proposal_of(app.desk.store.outcomes()[-1].id).exists()

    tools.drive(bench.app("total.py"), scenario)


def test_what_was_rejected_is_not_offered_again(bench: Any, tools: Any) -> None:
    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot)
        await tools.until(pilot, app.desk.store.left_open)
        await pilot.press("R")
        await tools.until(pilot, lambda: "rejected" in tools.text(app))
        assert app.desk.store.left_open() == []

    tools.drive(bench.app("total.py"), scenario)


def test_it_is_found_from_another_folder_of_the_repository(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_open(bench, tools, "fix it", keys=())
    (bench.folder / "deep").mkdir()
    monkeypatch.chdir(bench.folder / "deep")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await open_again(app, pilot, tools)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        await pilot.press("A")
        await tools.until(pilot, lambda: FIXED in (bench.folder / "total.py").read_text())

    tools.drive(bench.app(), scenario)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_after_a_kill_the_review_can_be_finished(bench: Any, tools: Any) -> None:
    from benchmarks.terminal import Terminal

    env = {**os.environ, "TERM": "xterm-256color"}
    terminal = Terminal([sys.executable, "-P", "-m", "sharpen.cli", "total.py"], bench.folder, env)
    try:
        terminal.wait("What should change")
        terminal.send("fix it @total.py @load.py \r")
        terminal.wait("hunk 1 of 2")
        terminal.send("y")
        terminal.wait("hunk 2 of 2")
        terminal.settle(0.3)
        os.kill(terminal.process.pid, signal.SIGKILL)
    finally:
        terminal.close()
    assert bench.git("status", "--short") == ""

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await open_again(app, pilot, tools)
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        assert app.desk.stage.review.review.decisions == (True, None)
        await pilot.press("y")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert bench.git("status", "--short").split() == ["M", "load.py", "M", "total.py"]

    tools.drive(bench.app("total.py", options=Options()), scenario)


@pytest.mark.parametrize(
    "data",
    [
        b"x = 1\r\ny = 2\n",
        b"\xef\xbb\xbfx = 1\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"),
        b"",
    ],
)
def test_a_kept_proposal_is_read_back_byte_for_byte(tmp_path: Path, data: bytes) -> None:
    document = Document.from_bytes(data, "a.py", 0o755)
    patch = Patch.of(document, document.whole(), document.text + "z = 3\n", ((0, 1, 0.25),))
    path = tmp_path / "folder" / "one.json"
    kept = Proposal("do it", "script", patch, (None,), {"a.py": {2: [(0, 1)]}})
    save(path, kept)
    assert load(path) == kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["one.json"]


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"format": "sharpen-proposal-9"}', "{\x00"])
def test_a_damaged_proposal_is_a_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "one.json"
    path.write_text(damage)
    with pytest.raises(NotAFile, match="can no longer be read"):
        load(path)


def test_a_proposal_that_no_longer_fits_its_own_bytes_is_a_sentence(tmp_path: Path) -> None:
    document = Document.from_bytes(b"x = 1\n", "a.py")
    path = tmp_path / "one.json"
    save(path, Proposal("do it", "script", Patch.of(document, document.whole(), "x = 2\n")))
    row = json.loads(path.read_text())
    row["edits"][0][2] = 99
    path.write_text(json.dumps(row))
    with pytest.raises(NotAFile):
        load(path)
