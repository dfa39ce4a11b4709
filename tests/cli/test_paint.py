"""Painted lines: a fact a channel, the file's own numbers, and nothing that could harm a terminal."""

from __future__ import annotations

import pytest

from sharpen.cli import paint, palette
from sharpen.core.canvas import Canvas, Cell, Frame, State
from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.region import Region

TEXT = "one = 1\ntwo = 2\nthree = 3\nfour = 4\n"


def document(text: str = TEXT) -> Document:
    return Document.from_bytes(text.encode(), "a.py")


def frame(*cells: Cell, start: int = 8, end: int = 16) -> Frame:
    return Frame(1, None, Canvas(cells, Region(start, end)), 0.1)


def texts(lines: tuple[paint.Line, ...]) -> list[str]:
    return ["".join(text for text, _ in line.runs) for line in lines]


def test_a_canvas_stands_in_its_place_in_the_file() -> None:
    lines = paint.frame(document(), frame(Cell("two = "), Cell("5", "draft", 0.9), Cell("\n")))
    assert texts(lines) == ["one = 1", "two = 5", "three = 3", "four = 4"]
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert [line.alive for line in lines] == [False, True, False, False]


def test_a_masked_cell_is_as_wide_as_its_expected_text() -> None:
    masked = Cell("", "masked", width=5)
    shown = texts(paint.frame(document(), frame(Cell("two = "), masked, Cell("\n"))))[1]
    assert shown == "two = " + paint.MASK_GLYPH * 5


@pytest.mark.parametrize(
    ("state", "confidence", "style"),
    [
        ("context", 0.5, "context"),
        ("masked", 0.5, "masked"),
        ("doomed", 0.5, "doomed"),
        ("draft", 0.0, "sure0"),
        ("settled", 1.0, "sure7"),
        ("revised", 1.0, "revised7"),
    ],
)
def test_each_state_has_its_style(state: State, confidence: float, style: str) -> None:
    assert paint.style_of(Cell("x", state, confidence)) == style
    assert style in paint.STYLES


def test_there_are_never_more_than_16_styles() -> None:
    assert len(set(paint.STYLES)) == 16


def test_what_changed_since_the_last_frame_flashes_and_nothing_else() -> None:
    before = Canvas((Cell("a", "settled"), Cell("b", "masked"), Cell("c", "settled")), Region(8, 16))
    now = Canvas((Cell("a", "settled"), Cell("B", "draft"), Cell("c", "settled")), Region(8, 16))
    flashing = paint.changed(now, before)
    assert list(flashing) == [1]
    runs = paint.frame(document(), Frame(2, None, now, 0.1), flashing)[1].runs
    assert ("B", "flash") in runs
    assert [style for _, style in runs].count("flash") == 1


def test_control_characters_and_direction_marks_never_reach_the_terminal() -> None:
    nasty = "x = '\x1b]0;title\x07\u202e\x9b31m'\n"
    patch = Patch.of(document(), document().whole(), nasty + TEXT)
    drawn = "".join(palette.plain(paint.diff(patch)))
    assert not set(drawn) & set("\x1b\x07\u202e\x9b")
    assert "␛" in drawn


def test_a_window_follows_what_is_alive_and_stays_while_it_can() -> None:
    long = document("".join(f"x{n} = {n}\n" for n in range(50)))
    start = long.text.index("x30")
    shown = paint.frame(long, frame(Cell("x30", "draft"), start=start, end=start + 3))
    top = paint.focus(shown, 9, None)
    assert top <= 30 < top + 9
    assert paint.focus(shown, 9, top + 1) == top + 1
    assert paint.focus(shown, 9, 0) == top


def test_a_diff_has_old_numbers_for_what_goes_and_new_ones_for_what_stays() -> None:
    ten = "".join(f"name_{n} = {n}\n" for n in range(1, 11))
    new = ten.replace("name_2 = 2\n", "").replace("= 9", "= 99")
    lines = [
        (line.mark, line.number)
        for line in paint.diff(Patch.of(document(ten), document(ten).whole(), new), 1)
    ]
    assert lines == [
        (" ", None), (" ", 1), ("-", 2), (" ", 2), (" ", None), (" ", 7), ("-", 9), ("+", 8), (" ", 9),
    ]  # fmt: skip


def test_additions_that_the_model_doubts_are_marked_by_a_sign() -> None:
    new = TEXT.replace("2", "22")
    doubted = Patch.of(document(), document().whole(), new, [(0, len(new), 0.2)])
    assert "?" in [line.mark for line in paint.diff(doubted)]
    certain = Patch.of(document(), document().whole(), new, [(0, len(new), 0.9)])
    assert "?" not in [line.mark for line in paint.diff(certain)]


def test_terminal_lines_are_cropped_to_the_width_in_cells() -> None:
    wide = document("x = '漢字漢字漢字'\n")
    lines = paint.frame(wide, frame(Cell("x", "draft"), start=0, end=1))
    assert palette.ansi(lines, 15, colours=None)[0].count("漢") == 1


def test_without_colours_no_colour_is_sent_but_doom_is_struck() -> None:
    lines = paint.frame(document(), frame(Cell("two", "doomed"), Cell(" = 2", "draft", 0.1), Cell("\n")))
    drawn = "".join(palette.ansi(lines, 80, colours=None))
    assert "\x1b[9m" in drawn
    assert "\x1b[38" not in drawn
    assert "\x1b[38;2;" in "".join(palette.ansi(lines, 80, colours="truecolor"))
