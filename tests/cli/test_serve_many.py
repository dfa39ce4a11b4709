"""64 clients at once on one `sharpen serve`: every one hears something clear, and nothing grows."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from benchmarks.remote_serve import Served as Measured
from benchmarks.remote_serve import at_once
from sharpen.core.candidate import Candidate
from sharpen.core.document import Document
from sharpen.core.engines.rewriter import RemoteEngine
from sharpen.core.engines.wire.hosted import Access, hosted
from sharpen.core.request import Request
from tests.cli.test_serve import Served, _until, edit
from tests.conftest import Sandbox

CLIENTS = 64


@pytest.fixture
def served(sandbox: Sandbox) -> Iterator[Served]:
    """An engine that needs a moment for every edit."""
    sandbox.script("x = 2\n", frames=["x = 1\n"], pause=0.01)
    one = Served(sandbox, "--port", "0")
    yield one
    one.stop()


def test_every_client_gets_an_answer_or_is_told_when_to_come_back(served: Served) -> None:
    body = {"x_sharpen": edit("x = 1\n", instruction="change it")}
    answers: list[httpx.Response] = []
    # The engine is kept busy, so that the queue fills however slow this machine is.
    slow = [
        _send(served.url, body | {"messages": [{"role": "user", "content": "x" * 5_000_000}]})
        for _ in range(3)
    ]

    def ask() -> str:
        answers.append(served.post(**body))
        return str(answers[-1].status_code)

    ends, _ = at_once(CLIENTS, ask)
    assert set(ends) <= {"200", "429"}
    assert sum(ends.values()) == CLIENTS
    assert ends["200"] >= 1
    assert ends["429"] >= 1
    for answer in answers:
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 30
            assert answer.json()["error"]["code"] == "queue_full"
    for one in slow:
        one.close()
    root = served.url.removesuffix("/v1")
    _until(lambda: httpx.get(f"{root}/health").json()["waiting"] == 0)


def _send(url: str, body: dict[str, Any], *, whole: bool = False) -> socket.socket:
    """A request whose answer nobody reads; unless it is `whole` its last byte never comes, so that it holds its place."""
    found = httpx.URL(url)
    assert found.port is not None
    other = socket.create_connection((found.host, found.port))
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(data)}\r\n\r\n"
    other.sendall(head.encode() + (data if whole else data[:-1]))
    return other


def test_sharpens_own_client_comes_back_until_it_is_served(served: Served) -> None:
    document = Document.from_bytes(b"x = 1\n", "a.txt")

    def ask() -> str:
        remote = RemoteEngine(hosted(f"openai:{served.url}", Access()))
        found = [
            i.text
            for i in remote.refine(Request("change it", document, document.whole()))
            if isinstance(i, Candidate)
        ]
        remote.close()
        return "".join(found)

    ends, _ = at_once(CLIENTS, ask)
    assert ends == Counter({"x = 2\n": CLIENTS})


def test_who_has_no_place_leaves_nothing_in_memory(served: Served) -> None:
    """A body is read only for those in the queue: 64 of 7 MB would be 450 MB."""
    body = {"x_sharpen": edit("x = 1\n", instruction="change it"), "messages": []}
    assert served.post(**body).status_code == 200
    process = Measured("", served.url, served.process.pid)
    before = process.megabytes("VmRSS")
    large = json.dumps(body | {"padding": "x" * 7_000_000}).encode()

    def ask() -> str:
        try:
            with httpx.Client(timeout=60, trust_env=False) as client:
                return str(client.post(f"{served.url}/chat/completions", content=large).status_code)
        except httpx.TransportError:
            return "cut off"  # turned away while it still sends

    ends, _ = at_once(CLIENTS, ask)
    assert set(ends) <= {"200", "429", "cut off"}
    assert ends["429"] + ends["cut off"] >= 1
    assert process.megabytes("VmHWM") < before + 200


def test_a_body_that_never_ends_gives_its_place_back(served: Served) -> None:
    body = {"x_sharpen": edit("x = 1\n", instruction="change it"), "messages": []}
    root = served.url.removesuffix("/v1")
    held = [_send(served.url, body) for _ in range(5)]
    _until(lambda: httpx.get(f"{root}/health").json()["waiting"] == 5)
    assert served.post(**body).status_code == 429
    held.pop().close()
    _until(lambda: served.post(**body).status_code == 200)
    for one in held:
        one.close()


def test_who_reads_nothing_does_not_keep_the_engine(sandbox: Sandbox) -> None:
    sandbox.script("x = 2\n", frames=[f"x = {n}\n" + "#" * 100_000 for n in range(150)])
    served = Served(sandbox, "--port", "0")
    try:
        body = {"x_sharpen": edit("x = 1\n", instruction="change it"), "messages": []}
        deaf = _send(served.url, body | {"diffusing": True}, whole=True)
        root = served.url.removesuffix("/v1")
        _until(lambda: httpx.get(f"{root}/health").json()["waiting"] == 1)
        assert served.post(**body).status_code == 200
        assert httpx.get(f"{root}/health").json()["waiting"] == 1
        deaf.close()
        _until(lambda: httpx.get(f"{root}/health").json()["waiting"] == 0)
    finally:
        served.stop()


def test_who_leaves_while_waiting_gives_the_place_back(sandbox: Sandbox) -> None:
    sandbox.script("x = 2\n", frames=[f"x = {n}\n" for n in range(2000)], pause=0.05)
    served = Served(sandbox, "--port", "0")
    try:
        body = {"x_sharpen": edit("x = 1\n", instruction="change it"), "messages": []}
        root = served.url.removesuffix("/v1")

        def waiting() -> int:
            return int(httpx.get(f"{root}/health").json()["waiting"])

        first = _send(served.url, body, whole=True)
        _until(lambda: waiting() == 1)
        others = [_send(served.url, body | {"stream": True}, whole=True) for _ in range(3)]
        _until(lambda: waiting() == 4)
        for other in others:
            other.close()
        _until(lambda: waiting() == 1)
        first.close()
        _until(lambda: waiting() == 0)
    finally:
        served.stop()
