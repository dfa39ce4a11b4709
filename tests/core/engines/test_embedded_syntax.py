"""The embedded engine on syntax errors: what its frames are, and how it stops."""

from __future__ import annotations

import pytest

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.embedded import EmbeddedEngine
from sharpen.core.errors import Interrupted
from sharpen.core.request import CancelToken, Request, Settings
from sharpen.core.verify import judge_for

BROKEN = "import os\n\n\ndef total(values:\n    result = 0\n    for value in values\n        result += value\n    return result\n"
UNDEFINED = "def total(values):\n    return sum(valeus)\n"


def request_of(text: str, cancel: CancelToken | None = None) -> Request:
    document = Document.from_bytes(text.encode(), "a.py")
    found = diagnose(text)
    judge = judge_for(document, document.whole(), found)
    settings = Settings(frames=True, candidates=2)
    return Request("fix it", document, document.whole(), found, (), settings, judge, cancel or CancelToken())


def test_frames_are_windows_of_the_text_with_masks_and_drafts_where_the_engine_put_them() -> None:
    request = request_of(BROKEN)
    steps = list(EmbeddedEngine().refine(request))
    frames = [one for one in steps if isinstance(one, Frame)]
    candidates = [one for one in steps if isinstance(one, Candidate)]
    assert frames
    assert candidates
    first = frames[0]
    region = first.canvas.region
    assert first.canvas.text == BROKEN[region.start_char : region.end_char]
    assert min(cell.confidence for cell in first.canvas.cells) < 0.95  # the noise head doubts something
    assert any(
        cell.state in {"masked", "draft", "revised"} for frame in frames for cell in frame.canvas.cells
    )
    seconds = [frame.seconds for frame in frames]
    assert seconds == sorted(seconds)
    for cell in (cell for frame in frames for cell in frame.canvas.cells):
        assert 0 <= cell.confidence <= 1


OTHER_SCRIPTS = 'def 你好(名字):\n    s = "你好世界 😀 e\u0301"\n    if 名字\n        return s\n'
TABS = "def total(values):\n\tresult = 0\n\tfor value in values\n\t\tresult += value\n\treturn result\n"


@pytest.mark.parametrize("text", [BROKEN, OTHER_SCRIPTS, TABS])
def test_the_last_frame_is_what_is_proposed_and_the_files_own_characters_stand_in_every_frame(
    text: str,
) -> None:
    request = request_of(text)
    steps = list(EmbeddedEngine().refine(request))
    frames = [one for one in steps if isinstance(one, Frame)]
    candidate = next(one for one in steps if isinstance(one, Candidate))
    last = frames[-1].canvas
    whole = text[: last.region.start_char] + last.text + text[last.region.end_char :]
    assert whole == candidate.text
    assert {cell.state for cell in last.cells} == {"context", "settled"}
    assert frames[-1].step == candidate.steps
    assert frames[0].canvas.text in text
    for frame in frames:
        kept = [cell.text for cell in frame.canvas.cells if cell.state == "context"]
        assert all(one in text for one in kept), kept


@pytest.mark.parametrize("text", [BROKEN, UNDEFINED])
def test_a_cancelled_engine_stops_within_one_step(text: str) -> None:
    cancel = CancelToken()
    going = EmbeddedEngine().refine(request_of(text, cancel))
    assert isinstance(next(going), Frame)
    cancel.cancel()
    with pytest.raises(Interrupted):
        next(going)


@pytest.mark.parametrize("text", [BROKEN, UNDEFINED])
def test_a_closed_engine_leaves_nothing_running(text: str) -> None:
    going = EmbeddedEngine().refine(request_of(text))
    next(going)
    going.close()  # type: ignore[attr-defined]
    assert list(going) == []
