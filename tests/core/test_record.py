"""A record reads back as what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.errors import BadInput, NotAFile, WriteFailed
from sharpen.core.record import Recorded, read, write
from sharpen.core.region import Region

CELLS = (Cell("é\u2028"), Cell("", "masked", 0.0, 3), Cell("x", "revised", 0.25, 1, (("y", 0.5), ("", 0.1))))
FRAMES = [
    Recorded("a.py", Frame(1, None, Canvas(CELLS, Region(2, 9, "lines", "1-2")), 0.125, "noise head")),
    Recorded("b.py", Frame(2, 7, Canvas((), Region(0, 0)), 0.3)),
]


@pytest.mark.parametrize("frames", [FRAMES, []])
def test_a_record_reads_back_as_it_was(tmp_path: Path, frames: list[Recorded]) -> None:
    write(tmp_path / "r.jsonl", frames)
    assert list(read(tmp_path / "r.jsonl")) == frames


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[1]\n", "x\n", '{"format": "sharpen-record-1"}\n{"path": 1}\n']
)
def test_what_is_no_record_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text)
    with pytest.raises(BadInput, match="not a record"):
        list(read(tmp_path / "r"))


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotAFile):
        list(read(tmp_path / "none"))
    with pytest.raises(WriteFailed):
        write(tmp_path / "none" / "r", FRAMES)
