"""Records: played, and written as pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sharpen.cli import export
from sharpen.cli.replay import load
from sharpen.cli.tui.frames import FrameLog
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.errors import BadInput
from sharpen.core.record import Recorded, write
from sharpen.core.region import Region

TEXT = "one\ntwo\nthree\n"
PLACE = Region(4, 7)


def frame(step: int, word: str) -> Frame:
    return Frame(step, 3, Canvas((Cell(word, "draft", step / 4),), PLACE), step / 10, "fill")


def recorded(folder: Path, *words: str) -> Path:
    path = folder / "run.jsonl"
    write(path, [Recorded(str(folder / "a.py"), frame(i, word)) for i, word in enumerate(words, 1)])
    return path


def shown(log: FrameLog, index: int) -> str:
    shot = log.shots[index]
    text, region = shot.document.text, shot.frame.canvas.region
    return text[: region.start_char] + shot.frame.canvas.join("░") + text[region.end_char :]


def test_frames_stand_in_the_file_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(TEXT)
    log = load(recorded(tmp_path, "two", "zwo", "zwei"))
    assert [shown(log, i) for i in range(3)] == [TEXT, "one\nzwo\nthree\n", "one\nzwei\nthree\n"]


def test_frames_stand_in_the_file_that_this_very_run_has_repaired(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\nzwei\nthree\n")
    log = load(recorded(tmp_path, "two", "zwo", "zwei"))
    assert [shown(log, i) for i in range(3)] == [TEXT, "one\nzwo\nthree\n", "one\nzwei\nthree\n"]


@pytest.mark.parametrize("text", [None, "something else altogether\n"])
def test_where_the_file_does_not_fit_the_canvas_stands_alone(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "a.py").write_text(text)
    assert shown(load(recorded(tmp_path, "two", "zwei")), 1) == "zwei"


def test_an_empty_record_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "none.jsonl", [])
    with pytest.raises(BadInput, match="holds no frame"):
        load(tmp_path / "none.jsonl")


@pytest.fixture
def log(tmp_path: Path) -> FrameLog:
    (tmp_path / "a.py").write_text(TEXT)
    return load(recorded(tmp_path, "two", "zwo", "zwei"))


def test_a_moment_is_saved_as_svg(tmp_path: Path, log: FrameLog) -> None:
    export.save(tmp_path / "x.svg", log, 1)
    drawn = (tmp_path / "x.svg").read_text()
    assert drawn.startswith("<svg")
    assert "zwo" in drawn
    assert "zwei" not in drawn


def test_a_run_is_saved_as_an_asciicast_with_the_frames_own_times(tmp_path: Path, log: FrameLog) -> None:
    export.save(tmp_path / "x.cast", log)
    head, *events = [json.loads(line) for line in (tmp_path / "x.cast").read_text().splitlines()]
    assert (head["version"], head["width"], head["height"]) == (2, export.COLUMNS, export.ROWS)
    assert [round(when, 2) for when, _kind, _data in events] == [0.0, 0.1, 0.2, 3.2]
    assert [word in data for word, (_t, _k, data) in zip(("two", "zwo", "zwei"), events[:3], strict=True)]
    assert all(data.count("\r\n") == export.ROWS - 1 for _t, _k, data in events[:3])


def test_a_run_is_saved_as_a_gif_that_moves(tmp_path: Path, log: FrameLog) -> None:
    export.save(tmp_path / "x.gif", log)
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.n_frames == 3
        assert picture.info["loop"] == 0


def test_another_ending_is_refused_with_those_that_are_known(tmp_path: Path, log: FrameLog) -> None:
    with pytest.raises(BadInput, match=r"x\.png") as refused:
        export.save(tmp_path / "x.png", log)
    assert ".svg, .cast, .gif" in refused.value.hint


def test_a_saved_picture_overwrites_none(tmp_path: Path) -> None:
    (tmp_path / "sharpen-1.svg").write_text("")
    assert export.free_name(tmp_path, "svg").name == "sharpen-2.svg"


def test_the_command_exports_and_tells_frames_without_a_terminal(sandbox: Any) -> None:
    sandbox.write("a.py", TEXT)
    path = sandbox.folder / "run.jsonl"
    write(path, [Recorded("a.py", frame(i, w)) for i, w in enumerate(("two", "zwei"), 1)])
    done = sandbox.run("replay", "run.jsonl")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:3] for line in done.stdout.decode().splitlines()] == [
        ["a.py:", "step", "1/3"],
        ["a.py:", "step", "2/3"],
    ]
    assert sandbox.run("replay", "run.jsonl", "--export", "x.cast").returncode == 0
    assert (sandbox.folder / "x.cast").exists()
    assert sandbox.run("replay", "run.jsonl", "--export", "x.svg", "--at", "9").returncode == 2
    assert sandbox.run("replay", "missing.jsonl").returncode == 2
