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
from sharpen.core.errors import EngineUnavailable, NothingHeld
from sharpen.core.region import Region
from sharpen.core.request import Request, Settings
from tests.core.engines.conftest import (
    DONE,
    KEY,
    QUICK,
    STOP,
    Server,
    answers,
    delta,
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


def candidates(remote: RemoteEngine, **more: object) -> list[Candidate]:
    return [i for i in remote.refine(request(**more)) if isinstance(i, Candidate)]


def used(prompt: int, answer: int) -> bytes:
    return event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": answer}})


def test_every_request_of_a_run_is_on_the_note_of_whichever_candidate(serve: Serve) -> None:
    cut = says(frame("```\ncut", 1), STOP, used(1000, 200), DONE)
    one, two = (says(frame(text, 1), STOP, used(1000, 350), DONE) for text in ("one", "two"))
    found = candidates(engine(serve(cut, one, two).url), settings=Settings(candidates=2))
    assert [i.text for i in found] == ["one\n", "two\n"]
    for candidate in found:
        assert candidate.note.startswith("mercury-2, 3 requests, 3,000 tokens in, 900 out, ")
        assert candidate.note.endswith("$0.0014")


def test_a_servers_warning_is_shown_once_and_harmless(serve: Serve) -> None:
    warned = says(frame("one", 1, warning=f"temperature\x1b[2J was reset for {KEY}"), STOP, DONE)
    remote = engine(serve(warned).url)
    notes = [candidates(remote)[0].note for _ in range(2)]
    assert "warns: temperature␛[2J was reset for [key]" in notes[0]
    assert "warns" not in notes[1]


def test_an_answer_that_ended_well_without_its_mark_is_taken_with_a_remark(serve: Serve) -> None:
    server = serve(says(delta("one"), STOP), says(delta("one"), STOP, DONE))
    first, second = (candidates(engine(server.url, kind="openai"))[0].note for _ in range(2))
    assert "without [DONE]" in first
    assert "[DONE]" not in second


def test_a_model_whose_name_drives_a_terminal_is_none(serve: Serve) -> None:
    rows = {"data": [{"id": "a\x1b[2Jb"}, {"id": "c\nd"}, {"id": "x" * 500}, {"id": "good/one:7b"}]}
    listed = status(200, json.dumps(rows).encode(), ["content-type: application/json"])
    server = serve(listed, answers("one"))
    remote = RemoteEngine(hosted(f"openai:{server.url}", Access()), QUICK)
    (found,) = candidates(remote)
    assert [remote.model, server.bodies[1]["model"], found.note] == ["good/one:7b"] * 3
    assert [
        row["id"] for row in RemoteEngine(hosted(f"openai:{serve(listed).url}", Access())).catalogue()
    ] == ["good/one:7b"]


def test_states_that_differ_in_their_cells_alone_are_states(serve: Serve) -> None:
    rows = {"data": [{"id": "sharpen-embedded", "x_sharpen": {"version": 1, "cells": True}}]}
    canvases = [
        [["", "masked", None], ["b", "masked", None]],
        [["ab", "settled", 0.9], ["", "masked", None]],
        [["ab", "settled", 0.9], ["", "masked", None], ["", "masked", None]],
        [["ab", "settled", 0.9], ["", "masked", None], ["", "masked", None]],
        [["ab", "settled", 0.9]],
    ]
    frames = [
        frame("".join(c[0] for c in cells if c[1] != "masked"), x_sharpen={"version": 1, "cells": cells})
        for cells in canvases
    ]
    server = serve(
        status(200, json.dumps(rows).encode(), ["content-type: application/json"]),
        says(*frames, frame("ab\n", 1, "stop"), STOP, DONE),
    )
    remote = RemoteEngine(hosted(f"openai:{server.url}", Access()), QUICK)
    seen = [i.canvas.count("masked") for i in remote.refine(request()) if isinstance(i, Frame)]
    assert seen[:4] == [2, 1, 2, 0]


def test_a_server_that_says_it_is_a_sharpen_gets_no_control_character_into_a_file(serve: Serve) -> None:
    rows = {"data": [{"id": "sharpen-embedded", "x_sharpen": {"version": 1}}]}
    listed = status(200, json.dumps(rows).encode(), ["content-type: application/json"])
    server = serve(listed, says(frame("a\x1b[2Jb\n", 1, "stop"), STOP, DONE))
    with pytest.raises(NothingHeld, match="U\\+001B"):
        candidates(RemoteEngine(hosted(f"openai:{server.url}", Access()), QUICK))
