"""Which engine a spec means, and what is said where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharpen.core.canvas import Frame
from sharpen.core.document import Document
from sharpen.core.engines.choose import choose
from sharpen.core.errors import EngineUnavailable, Interrupted
from sharpen.core.request import Request


def _script(folder: Path, **script: object) -> str:
    path = folder / "s.json"
    path.write_text(json.dumps(script))
    return f"script:{path}"


def _request() -> Request:
    document = Document.from_bytes(b"x\n")
    return Request("fix", document, document.whole())


@pytest.mark.parametrize("spec", ["local:m", "nonsense", "script:/no/such.json"])
def test_an_engine_that_is_not_there_is_told_in_one_sentence(spec: str) -> None:
    with pytest.raises(EngineUnavailable) as told:
        choose(spec, "fix it")
    assert told.value.message


@pytest.mark.parametrize("spec", [None, "embedded"])
def test_an_instruction_beyond_its_skills_names_what_the_embedded_engine_can_do(spec: str | None) -> None:
    with pytest.raises(EngineUnavailable, match="syntax errors and undefined names"):
        choose(spec, "add a docstring")


@pytest.mark.parametrize(
    "script", [{}, {"candidates": 3}, {"candidates": [1]}, {"candidates": ["x"], "pause": "a"}]
)
def test_a_script_that_is_none_is_told(tmp_path: Path, script: dict[str, object]) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be played"):
        choose(_script(tmp_path, **script), "fix it")


def test_a_script_plays_its_frames_then_its_candidates(tmp_path: Path) -> None:
    engine = choose(_script(tmp_path, frames=["a", "b"], candidates=["c", "d"]), "anything")
    items = list(engine.refine(_request()))
    assert [i.canvas.text if isinstance(i, Frame) else i.text for i in items] == ["a", "b", "c", "d"]


def test_a_script_stops_within_one_step(tmp_path: Path) -> None:
    engine = choose(_script(tmp_path, frames=["a", "b"], candidates=["c"]), "anything")
    request = _request()
    items = iter(engine.refine(request))
    next(items)
    request.cancel.cancel()
    with pytest.raises(Interrupted):
        next(items)
