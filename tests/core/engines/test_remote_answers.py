"""What a model writes in place of the region's text, sent over a real socket: put right, or asked for again and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from sharpen.core.candidate import Candidate
from sharpen.core.document import Document
from sharpen.core.errors import NothingHeld
from sharpen.core.region import Region
from sharpen.core.request import Request
from tests.core.engines.conftest import Server, answers, engine, status

Serve = Callable[..., Server]
BEFORE = "class Parser:\n    size = 4096\n\n"
OLD = (
    "    def feed(self, data):\n        self.data += data\n        self.seen += 1\n        return len(data)\n"
)
NEW = OLD.replace("+= data", "= self.data + data")
AFTER = "\n    def close(self):\n        self.data = None\n"
LONG = "    def steps(self):\n" + "".join(f"        self.step_{n} = compute({n})\n" for n in range(20))


def fenced(text: str) -> str:
    return f"```python\n{text}```"


def wish(old: str = OLD) -> Request:
    document = Document.from_bytes((BEFORE + old + AFTER).encode(), "a.py")
    return Request("do not add in place", document, Region(len(BEFORE), len(BEFORE) + len(old)))


GOOD = {
    "no fence": NEW,
    "two fences, one of them the region": fenced(NEW) + "\nRun it:\n" + fenced("python a.py\n"),
    "an echo of the context": fenced(BEFORE + NEW + AFTER),
    "all lines numbered": fenced(
        "".join(f"{n:>3}| {line}" for n, line in enumerate(NEW.splitlines(keepends=True), 4))
    ),
    "no indentation": fenced("".join(line[4:] for line in NEW.splitlines(keepends=True))),
    "prose around": f"Here is the new text:\n\n{fenced(NEW)}\n\nIt no longer adds in place.",
}


@pytest.mark.parametrize("name", GOOD)
def test_43_what_is_certain_is_put_right(name: str, serve: Serve) -> None:
    server = serve(answers(GOOD[name]))
    (found,) = [i for i in engine(server.url).refine(wish()) if isinstance(i, Candidate)]
    assert found.text == NEW
    assert len(server.requests) == 1


def test_43_none_is_the_region_as_it_is_where_an_edit_is_predicted_and_nowhere_else(serve: Serve) -> None:
    whole = {"choices": [{"index": 0, "message": {"content": "None"}, "finish_reason": "stop"}]}
    headers = ["content-type: application/json"]
    server = serve(status(200, json.dumps(whole).encode(), headers))
    begun = replace(wish(), begun="-a\n+b\n")
    (found,) = [i for i in engine(server.url).refine(begun) if isinstance(i, Candidate)]
    assert found.text == OLD
    assert server.requests[0].startswith(b"POST /v1/edit/completions")
    with pytest.raises(NothingHeld, match="says None"):
        list(engine(serve(answers("None")).url).refine(wish()))


BAD = {
    "a fence that never closes": (fenced(NEW)[:-3], "never ends"),
    "two fences that could both be it": (fenced("a = 1\n") + "\n" + fenced("b = 2\n"), "several code blocks"),
    "existing code": (fenced("    def feed(self, data):\n        # ... existing code ...\n        return 1\n"), "leaves lines out"),
    "prose alone": ("I would use a deque there.", "prose"),
    "control characters": (fenced(NEW.replace("len", "l\u001ben")), "U\\+001B"),
    "a diff": (fenced("@@ -1,2 +1,2 @@\n-    a\n+    b\n"), "diff"),
    "a model's marks": (fenced(NEW) .replace("return", "<|im_end|>return"), "marks"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_43_what_is_not_certain_is_asked_for_once_more_and_then_refused(name: str, serve: Serve) -> None:
    answer, saying = BAD[name]
    server = serve(answers(answer))
    with pytest.raises(NothingHeld, match=saying):
        list(engine(server.url).refine(wish()))
    assert len(server.requests) == 2
    again = serve(answers(answer), answers(fenced(NEW)))
    (found,) = [i for i in engine(again.url).refine(wish()) if isinstance(i, Candidate)]
    assert found.text == NEW


def test_43_a_lost_tail_is_refused(serve: Serve) -> None:
    short = "".join(LONG.splitlines(keepends=True)[:15])
    with pytest.raises(NothingHeld, match="last 6 lines of the region are missing"):
        list(engine(serve(answers(fenced(short))).url).refine(wish(LONG)))
    request = replace(wish(LONG), instruction="remove the last steps")
    (found,) = [
        i for i in engine(serve(answers(fenced(short))).url).refine(request) if isinstance(i, Candidate)
    ]
    assert found.text == short
