"""What the engine asks for beyond a plain rewrite: filling in, models that a server lists, candidates, retries."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.document import Document
from sharpen.core.engines.rewriter import RemoteEngine
from sharpen.core.engines.wire.hosted import Access, hosted
from sharpen.core.engines.wire.retry import unwanted
from sharpen.core.errors import EngineUnavailable
from sharpen.core.region import Region
from sharpen.core.request import Request, Settings
from tests.core.engines.conftest import (
    DONE,
    KEY,
    QUICK,
    STOP,
    Server,
    answers,
    engine,
    event,
    frame,
    request,
    says,
    status,
)

Serve = Callable[..., Server]


def test_an_empty_region_is_filled_in_from_both_sides(serve: Serve) -> None:
    document = Document.from_bytes(b"def f():\n\n    return x\n", "a.py")
    part = {
        "object": "text_completion",
        "choices": [{"index": 0, "text": "    x = 1\n", "finish_reason": None}],
    }
    end = {"choices": [{"index": 0, "text": None, "finish_reason": "stop"}]}
    server = serve(says(event(part), event(end), DONE))
    items = list(engine(server.url).refine(Request("set x", document, Region(9, 10))))
    assert [i.text for i in items if isinstance(i, Candidate)] == ["    x = 1\n"]
    (body,) = server.bodies
    assert server.requests[0].startswith(b"POST /v1/fim/completions")
    assert body["suffix"] == "    return x\n"
    assert body["prompt"].endswith("def f():\n# set x\n")


def test_what_is_filled_in_takes_the_place_of_whole_lines_and_repeats_nothing(serve: Serve) -> None:
    document = Document.from_bytes(b"def f(x):\n    y = x\n\n    return y\n", "a.py")
    texts = ["# add one\n    y ", "+= 1\n\n    return y"]
    parts = [event({"choices": [{"index": 0, "text": text, "finish_reason": None}]}) for text in texts]
    end = event({"choices": [{"index": 0, "text": None, "finish_reason": "stop"}]})
    server = serve(says(*parts, end, DONE))
    items = list(engine(server.url).refine(Request("add one", document, Region(20, 21))))
    assert [i.text for i in items if isinstance(i, Candidate)] == ["    y += 1\n"]


def test_a_refusal_that_speaks_of_the_prompt_is_not_answered_by_leaving_it_out(serve: Serve) -> None:
    document = Document.from_bytes(b"def f():\n\n    return x\n", "a.py")
    refusal = status(400, b'{"error":{"message":"The prompt is too long, as is its suffix"}}')
    server = serve(refusal, answers("x = 1\n"))
    with pytest.raises(EngineUnavailable, match="too long") as told:
        list(engine(server.url).refine(Request("set x", document, Region(9, 10))))
    assert len(server.requests) == 1
    assert "PATH::SYMBOL" in told.value.hint
    for name in ("messages", "x_sharpen", "edit", "model", "stream", "input"):
        assert unwanted(f"Unsupported parameter: {name}", {name: 1}) is None


def test_a_server_says_itself_which_model_it_has_and_a_sharpen_shows_its_cells(serve: Serve) -> None:
    rows = {
        "data": [
            {"id": "sharpen-embedded", "x_sharpen": {"version": 1, "cells": True}, "context_length": 1024}
        ]
    }
    cells = [["ab", "settled", 0.9], ["", "masked", None, 3], ["d", "draft", 0.5]]
    server = serve(
        status(200, json.dumps(rows).encode(), ["content-type: application/json"]),
        says(frame("abd", x_sharpen={"version": 1, "cells": cells}), frame("abcd\n"), STOP, DONE),
    )
    remote = RemoteEngine(hosted(f"openai:{server.url}", Access()), QUICK)
    items = list(remote.refine(request()))
    first = items[0]
    assert isinstance(first, Frame)
    assert [(c.text, c.state, c.confidence, c.width) for c in first.canvas.cells] == [
        ("ab", "settled", 0.9, 1), ("", "masked", None, 3), ("d", "draft", 0.5, 1)
    ]  # fmt: skip
    assert remote.model == "sharpen-embedded"
    edit = server.bodies[1]["x_sharpen"]["edit"]
    assert [edit["text"], edit["region"]] == ["abc\n", [0, 4]]


def test_candidates_are_requests_of_their_own_and_equal_ones_count_once(serve: Serve) -> None:
    server = serve(answers("one"), answers("one"), answers("two"))
    items = list(engine(server.url).refine(request(settings=Settings(candidates=3))))
    assert [i.text for i in items if isinstance(i, Candidate)] == ["one\n", "two\n"]
    assert len({body["temperature"] for body in server.bodies}) == 3


def test_frames_are_asked_for_only_where_somebody_looks(serve: Serve) -> None:
    server = serve(answers("one"))
    items = list(engine(server.url).refine(request(settings=Settings(frames=False))))
    assert "diffusing" not in server.bodies[0]
    assert not [i for i in items if isinstance(i, Frame)]


def test_the_preview_is_what_is_sent_and_the_key_is_only_in_the_header(serve: Serve) -> None:
    server = serve(answers("one"))
    remote = engine(server.url)
    shown = remote.preview(request()).body
    assert server.requests == []
    list(remote.refine(request()))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert shown == body
    assert KEY.encode() in head
    assert KEY.encode() not in body
