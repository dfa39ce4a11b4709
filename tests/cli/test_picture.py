"""The README's picture: drawn from what a run recorded and from its patch, and from nothing else."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from sharpen.cli.picture import draw
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.document import Document
from sharpen.core.errors import WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded

DOCUMENT = Document.from_bytes(b"a = 1\nfor x in y\n    b = 2\n", path="loop.py")
PATCH = Patch.of(DOCUMENT, DOCUMENT.whole(), "a = 1\nfor x in y:\n    b = 2\n")


def frame(step: int, masks: int) -> Recorded:
    cells = (Cell("a = 1\nfor x in y"), *[Cell("", "masked", 0.0, 2)] * masks, Cell("\n    b = 2\n"))
    return Recorded("loop.py", Frame(step, None, Canvas(cells, DOCUMENT.whole()), 0.1))


def words(path: Path) -> str:
    text = re.sub(r"<style.*?</style>|<[^>]*>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(text).replace("\xa0", " ")


def test_the_step_with_the_most_masks_is_drawn_above_the_diff(tmp_path: Path) -> None:
    path = tmp_path / "p.svg"
    draw(path, PATCH, 1, {"loop.py": DOCUMENT}, [frame(1, 0), frame(2, 3), frame(3, 1)])
    said = words(path)
    assert "step 2, 3 masks left" in said
    assert said.index("masks left") < said.index("for x in y:")
    assert "1 of 1 files repaired" in said


def test_where_no_step_had_masks_the_diff_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.svg"
    draw(path, PATCH, 1, {"loop.py": DOCUMENT}, [frame(1, 0)])
    assert "masks left" not in words(path)
    assert "for x in y:" in words(path)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed):
        draw(tmp_path / "none" / "p.svg", PATCH, 1, {"loop.py": DOCUMENT}, [])
