"""Frames, sheets and reviews: the pure middle of the app."""

from __future__ import annotations

import itertools

import pytest

from sharpen.cli import paint
from sharpen.cli.tui.frames import FrameLog, cell_at
from sharpen.cli.tui.review import Review, unsure_marks
from sharpen.cli.tui.review_sheet import ReviewSheet
from sharpen.cli.tui.sheets import FileSheet, LiveSheet
from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Canvas, Cell, Frame, State
from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.region import Region

TEXT = "one\ntwo\nthree\nfour\nfive\n"
DOCUMENT = Document.from_bytes(TEXT.encode(), "x.py")
MIDDLE = Region(4, 13)  # "two\nthree"


def cell(text: str, state: State = "draft", confidence: float = 0.5, width: int = 1) -> Cell:
    return Cell(text, state, confidence, width)


def frame(step: int, *cells: Cell) -> Frame:
    return Frame(step, None, Canvas(cells, MIDDLE), step / 10)


def rows(sheet: LiveSheet | ReviewSheet) -> list[str]:
    return ["".join(text for text, _name in sheet.line(row).runs) for row in range(sheet.height)]


def test_a_canvas_stands_in_its_place_in_the_file() -> None:
    sheet = LiveSheet(FileSheet(DOCUMENT), frame(1, cell("TWO\n"), cell("", "masked", width=4)))
    assert rows(sheet) == ["one", "TWO", "░░░░", "four", "five"]
    assert [sheet.tint(row) for row in range(5)] == ["", "alive", "alive", "", ""]
    assert [sheet.line(row).number for row in range(5)] == [1, 2, 3, 4, 5]


def test_lines_below_a_grown_canvas_are_renumbered() -> None:
    sheet = LiveSheet(FileSheet(DOCUMENT), frame(1, cell("a\nb\nc\nd")))
    assert rows(sheet) == ["one", "a", "b", "c", "d", "four", "five"]
    assert sheet.line(5).number == 6


def test_a_canvas_that_shrinks_leaves_the_text_below_where_it_is() -> None:
    sheet = LiveSheet(FileSheet(DOCUMENT), frame(1, cell("a")), floor=4)
    assert rows(sheet) == ["one", "a", "", "", "", "four", "five"]
    assert sheet.line(2).number is None


def test_a_canvas_deep_in_a_long_file_is_in_its_place_too() -> None:
    text = "".join(f"line {i}\n" for i in range(1, 501))
    document = Document.from_bytes(text.encode(), "x.py")
    start = text.index("line 250\n")
    drawn = Frame(1, None, Canvas((cell("HERE\n"),), Region(start, start + 9)), 0.0)
    sheet = LiveSheet(FileSheet(document), drawn)
    whole = rows(sheet)
    assert whole == [f"line {i}" if i != 250 else "HERE" for i in range(1, 501)]
    assert [sheet.line(row).number for row in range(500)] == list(range(1, 501))


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_canvas_of_the_whole_file_replaces_all_of_it(end: str) -> None:
    document = Document.from_bytes(f"a\nb{end}".encode(), "x.py")
    drawn = Frame(1, None, Canvas((cell(f"x\ny\nz{end}"),), document.whole()), 0.0)
    assert rows(LiveSheet(FileSheet(document), drawn)) == ["x", "y", "z"]


def test_a_cell_tells_since_when_it_is_so_and_how_often_it_was_another() -> None:
    log = FrameLog()
    log.know(DOCUMENT)
    calm = cell("two\n", "context", 1.0)
    for step, last in enumerate(
        [
            cell("", "masked"),
            cell("a"),
            cell("b"),
            cell("b"),
            cell("c", "settled", 0.9),
            cell("c", "settled", 0.9),
        ],
        1,
    ):
        log.add("x.py", frame(step, calm, last))
    story = log.story(5, 1)
    assert (story.since, story.revised) == (5, 2)
    assert "settled since step 5" in story.text
    assert log.story(0, 0).since == 1
    assert (log.story(5, 0).since, log.story(5, 0).revised) == (1, 0)


def test_a_cell_is_followed_when_others_are_put_in_before_it() -> None:
    log = FrameLog()
    log.know(DOCUMENT)
    last = cell("z", "settled")
    log.add("x.py", frame(1, cell("a"), last))
    log.add("x.py", frame(2, cell("a"), cell("new"), last))
    assert log.story(1, 2).since == 1
    assert log.story(1, 1).since == 2


def test_equal_cells_of_many_frames_are_kept_once() -> None:
    log = FrameLog()
    log.know(DOCUMENT)
    for step in range(1, 50):
        log.add("x.py", frame(step, *(cell(f"{i}") for i in range(100))))
    assert len({id(c) for shot in log.shots for c in shot.frame.canvas.cells}) == 100


def test_the_cell_under_a_place_is_the_one_that_is_drawn_there() -> None:
    log = FrameLog()
    log.know(DOCUMENT)
    shot = log.add("x.py", frame(1, cell("ab"), cell("\tc\n"), cell("", "masked", width=3), cell("d")))
    assert [cell_at(shot, 1, column) for column in range(8)] == [0, 0, 1, 1, 1, 1, 1, None]
    assert [cell_at(shot, 2, column) for column in range(5)] == [2, 2, 2, 3, None]
    assert cell_at(shot, 0, 0) is None


def test_bars_show_the_highest_of_what_they_stand_for() -> None:
    log = FrameLog()
    log.know(DOCUMENT)
    for step, masks in enumerate([0, 0, 8, 0, 4, 4, 0, 0], 1):
        log.add("x.py", frame(step, *[cell("", "masked")] * masks, cell("x")))
    assert log.bars(8) == "▁▁█▁▅▅▁▁"
    assert log.bars(4) == "▁█▅▁"


# Reviews

THREE = Patch.of(DOCUMENT, DOCUMENT.whole(), "ONE\ntwo\nTHREE\nfour\nFIVE\n")


def test_deciding_goes_on_to_the_next_open_hunk_and_ends_with_the_last() -> None:
    review = Review.of(THREE).move(1).decide(True)
    assert (review.at, review.open, review.done) == (2, 2, False)
    review = review.decide(False)
    assert review.at == 0
    review = review.decide(False)
    assert review.done
    kept = review.kept()
    assert kept is not None
    assert kept.result("x.py") == b"one\ntwo\nTHREE\nfour\nfive\n"


@pytest.mark.parametrize("answers", list(itertools.product([True, False], repeat=3)))
def test_what_is_kept_is_what_was_accepted_and_nothing_else(answers: tuple[bool, ...]) -> None:
    review = Review.of(THREE)
    for answer in answers:
        review = review.decide(answer)
    kept = review.kept()
    words = [(b"ONE", b"one"), (b"THREE", b"three"), (b"FIVE", b"five")]
    first, third, fifth = (new if yes else old for (new, old), yes in zip(words, answers, strict=True))
    wanted = b"\n".join([first, b"two", third, b"four", fifth, b""])
    assert (kept.result("x.py") if kept else TEXT.encode()) == wanted


def test_a_hunk_typed_over_stands_accepted_and_the_others_as_they_were() -> None:
    review = Review.of(THREE).decide(False).edited(["3", "drei"])
    assert review.decisions == (False, True, None)
    assert review.hunk.new_lines == ("3", "drei")
    kept = review.kept()
    assert kept is not None
    assert kept.result("x.py") == b"one\ntwo\n3\ndrei\nfour\nfive\n"


def test_typing_what_the_file_says_leaves_no_hunk() -> None:
    assert len(Review.of(THREE).edited(["one"]).decisions) == 2


def test_another_candidate_takes_the_place_of_the_first() -> None:
    other = Patch.of(DOCUMENT, DOCUMENT.whole(), "one\nZWEI\nthree\nfour\nfive\n")
    review = Review.of(THREE).decide(True).with_candidate(other)
    assert review.decisions == (None,)
    assert review.hunk.new_lines == ("ZWEI",)


def test_a_review_sheet_shows_both_sides_in_place_with_what_was_decided() -> None:
    review = Review.of(THREE).decide(True).decide(False)
    sheet = ReviewSheet(review, "x.py", {})
    lines = [
        (sheet.line(row).mark, "".join(t for t, _n in sheet.line(row).runs)) for row in range(sheet.height)
    ]
    assert lines == [
        ("-✓", "one"), ("+✓", "ONE"), (" ", "two"), (" ", "three"), ("✗", "THREE"), (" ", "four"),
        ("-", "five"), ("+", "FIVE"),
    ]  # fmt: skip
    assert [sheet.tint(row) for row in range(8)] == [""] * 6 + ["current"] * 2
    assert sheet.hunk_at(4) == 1


def test_two_columns_put_the_old_line_beside_the_new_one() -> None:
    sheet = ReviewSheet(Review.of(THREE), "x.py", {}, columns=43)
    lines = rows(sheet)
    assert lines[0] == "one                 │+ ONE                "
    assert lines[1].split() == ["two", "│", "two"]
    assert len(lines) == 5


def test_doubted_tokens_are_marked_where_they_stand_in_the_new_text() -> None:
    candidate = Candidate("zwei\ndrei", 0.0, 1, 0.0, ((0, 4, 0.9), (5, 7, 0.2)))
    assert unsure_marks(DOCUMENT, MIDDLE, candidate, paint.UNSURE) == {2: [(0, 2)]}
    patch = Patch.of(DOCUMENT, MIDDLE, candidate.text, candidate.spans)
    sheet = ReviewSheet(Review.of(patch), "x.py", {2: [(0, 2)]})
    marked = [run for row in range(sheet.height) for run in sheet.line(row).runs if run[1] == "unsure-strong"]
    assert ("dr", "unsure-strong") in marked
