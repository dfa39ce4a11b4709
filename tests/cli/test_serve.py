"""`sharpen serve` as a real process: its protocol, who may ask, how many, and what happens when a client leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest

BROKEN = (
    "def total(items):\n    result = 0\n    for item in items\n        result += item\n    return result\n"
)
WHOLE = BROKEN.replace("in items\n", "in items:\n")
MODEL = "sharpen-embedded"
CHAT = {"role": "user", "content": f"Fix the syntax error.\n```python\n{BROKEN}```\n"}


class Served:
    """A server, and how to reach it."""

    def __init__(self, sandbox: Any, *flags: str, **env: str) -> None:
        self.process = subprocess.Popen(
            sandbox.command("serve", *flags),
            cwd=sandbox.folder,
            env=sandbox.env | env,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.said = ""
        while "serves" not in self.said and (line := self.process.stderr.readline()):
            self.said += line
        self.url = (["", *re.findall(r"http://\S+/v1(?=;)", self.said)])[-1]

    def post(self, path: str = "/chat/completions", **body: Any) -> httpx.Response:
        data = json.dumps(body)  # also what httpx would refuse to send
        return httpx.post(self.url + path, content=data, timeout=60, trust_env=False)

    def events(self, **body: Any) -> list[Any]:
        lines = self.post(**body).text.split("\n\n")
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [one if one == "[DONE]" else json.loads(one) for one in data]

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


Start = Callable[..., Served]


@pytest.fixture
def serve(sandbox: Any) -> Iterator[Start]:
    started: list[Served] = []

    def start(*flags: str, **env: str) -> Served:
        started.append(Served(sandbox, *(flags or ("--port", "0")), **env))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def edit(text: str = BROKEN, **more: Any) -> dict[str, Any]:
    given = {"instruction": "fix the syntax error", "path": "a.py", "text": text, "region": [0, len(text)]}
    return {"version": 1, "edit": given | more}


def test_the_whole_protocol(serve: Start) -> None:
    served = serve()
    # health and models
    root = served.url.removesuffix("/v1")
    assert httpx.get(f"{root}/health").json()["status"] == "ok"
    entry = httpx.get(f"{served.url}/models").json()["data"][0]
    assert entry["id"] == MODEL
    assert entry["x_sharpen"]["cells"] is True
    # at once
    whole = served.post(model=MODEL, messages=[CHAT]).json()
    assert whole["object"] == "chat.completion"
    assert whole["choices"][0]["message"]["content"] == f"```python\n{WHOLE}```"
    assert whole["usage"]["total_tokens"] > 0
    # appended
    plain = served.events(messages=[CHAT], stream=True, stream_options={"include_usage": True})
    texts = [e["choices"][0]["delta"]["content"] for e in plain[:-1] if e["choices"]]
    assert "".join(texts) == f"```python\n{WHOLE}```"
    assert plain[-2]["choices"] == []
    assert plain[-1] == "[DONE]"
    # the canvas, with cells
    own = edit() | {"cells": True}
    events = served.events(messages=[], stream=True, diffusing=True, x_sharpen=own)
    frames, last = events[:-2], events[-2]
    assert len(frames) >= 2
    for frame in frames:
        assert frame["diffusion_meta"]["diffusion_content"] is True
        cells = frame["x_sharpen"]["cells"]
        assert "".join(text for text, *_ in cells) == frame["choices"][0]["delta"]["content"]
    progress = [f["diffusion_meta"]["diffusion_progress"] for f in (*frames, last)]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert progress[0] < 0.5 < progress[-1]
    assert progress[-2] < 1
    masked = [cell for frame in frames for cell in frame["x_sharpen"]["cells"] if cell[1] == "masked"]
    assert masked
    assert {(cell[0], cell[2]) for cell in masked} == {("", None)}
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["choices"][0]["delta"]["content"] == WHOLE
    # a next edit, with Mercury's tags
    head, tail = BROKEN[: BROKEN.index("    for")], BROKEN[BROKEN.index("    return") :]
    region = BROKEN[len(head) : -len(tail)]
    tags = (
        "<|recently_viewed_code_snippets|>\n<|/recently_viewed_code_snippets|>\n\n<|current_file_content|>\n"
        f"current_file_path: a.py\n{head}<|code_to_edit|>\n<|cursor|>{region}<|/code_to_edit|>\n{tail}"
        "<|/current_file_content|>\n\n<|edit_diff_history|>\n<|/edit_diff_history|>"
    )
    answer = served.post(
        "/edit/completions", model=MODEL, messages=[{"role": "user", "content": tags}]
    ).json()
    assert answer["object"] == "edit.completion"
    assert answer["choices"][0]["message"]["content"] == f"```\n{WHOLE[len(head) : -len(tail)]}```"
    # clean code comes back as it is
    clean = served.post(messages=[{"role": "user", "content": f"fix it\n```python\n{WHOLE}```"}]).json()
    assert clean["choices"][0]["message"]["content"] == f"```python\n{WHOLE}```"
    assert served.stop() == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (
            "/chat/completions",
            {"messages": [{"role": "user", "content": "write a poem"}]},
            400,
            "fenced block",
        ),
        (
            "/chat/completions",
            {"messages": [{"role": "user", "content": "write a poem\n```python\nx = 1\n```"}]},
            400,
            "repairs syntax errors and undefined names",
        ),
        (
            "/chat/completions",
            {"messages": [{"role": "user", "content": "fix it\n```rust\nfn main( {\n```"}]},
            400,
            "repairs Python only",
        ),
        ("/chat/completions", {"messages": "x"}, 400, "messages is not a list"),
        ("/chat/completions", {"messages": []}, 400, "no user message"),
        ("/chat/completions", {"model": "gpt", "messages": [CHAT]}, 404, "there is no model gpt here"),
        ("/chat/completions", {"model": "\ud800", "messages": [CHAT]}, 404, "there is no model"),
        ("/chat/completions", {"x_sharpen": {"steps": 1e400}, "messages": [CHAT]}, 400, "not a number"),
        ("/chat/completions", {"x_sharpen": {"version": 9}, "messages": [CHAT]}, 400, "version 1"),
        ("/chat/completions", {"x_sharpen": edit(region=[0, 9999])}, 400, "outside the text"),
        ("/chat/completions", {"x_sharpen": edit(instruction="")}, 400, "needs an instruction"),
        ("/edit/completions", {"messages": [CHAT]}, 400, "<|current_file_content|>"),
        ("/fim/completions", {"prompt": "x"}, 400, "fills no holes"),
        ("/completions", {}, 404, "no such route"),
    ],
)
def test_what_it_cannot_do_is_a_clear_error(
    shared: Served, path: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = shared.post(path, **body)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert answer.headers["x-request-id"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from tests.conftest import Sandbox

    served = Served(Sandbox(tmp_path_factory.mktemp("served")), "--port", "0")
    yield served
    served.stop()


def test_a_body_that_is_no_json_or_too_large_is_refused(shared: Served) -> None:
    url = f"{shared.url}/chat/completions"
    assert httpx.post(url, content=b"{").status_code == 400
    assert httpx.post(url, content=b"[1]").status_code == 400
    large = b" " * (9 << 20)
    assert httpx.post(url, content=large).status_code == 413

    def parts() -> Iterator[bytes]:  # of no announced length
        for _ in range(9):
            yield b" " * (1 << 20)

    assert httpx.post(url, content=parts()).status_code == 413


def test_a_web_page_cannot_drive_it(shared: Served) -> None:
    url = f"{shared.url}/models"
    assert httpx.get(url, headers={"origin": "https://example.org"}).status_code == 403
    assert httpx.get(url, headers={"host": "example.org"}).status_code == 403
    assert httpx.get(url, headers={"host": "localhost:1"}).status_code == 200


def test_the_official_client_streams_and_hears_errors(shared: Served) -> None:
    client = openai.OpenAI(base_url=shared.url, api_key="unused", max_retries=0)
    messages: Any = [CHAT]
    stream = client.chat.completions.create(model=MODEL, messages=messages, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text == f"```python\n{WHOLE}```"
    whole = client.chat.completions.create(model=MODEL, messages=messages)
    assert whole.choices[0].message.content == text
    assert [model.id for model in client.models.list()] == [MODEL]
    with pytest.raises(openai.NotFoundError, match="there is no model gpt here"):
        client.chat.completions.create(model="gpt", messages=messages)
    with pytest.raises(openai.BadRequestError, match="fills no holes"):
        client.post("/fim/completions", cast_to=httpx.Response, body={"prompt": "x", "suffix": "y"})


def test_a_token_is_asked_for_where_one_is_set(serve: Start) -> None:
    served = serve("--port", "0", SHARPEN_SERVE_TOKEN="s3cret")
    url = f"{served.url}/models"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert httpx.get(url, headers={"authorization": "Bearer s3cret"}).status_code == 200
    assert "s3cret" not in served.said


def test_beyond_loopback_only_with_a_token(sandbox: Any) -> None:
    done = sandbox.run("serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert b"no token is set" in done.stderr


def test_our_own_client_brings_its_token_beyond_loopback_where_the_host_was_named_for_it(
    sandbox: Any, serve: Start
) -> None:
    served = serve("--host", "0.0.0.0", "--port", "0", SHARPEN_SERVE_TOKEN="secret-token")
    url = served.url
    host = url.removeprefix("http://").removesuffix("/v1")
    file = sandbox.write("a.py", BROKEN)
    sandbox.env |= {
        "SHARPEN_API_KEY": "secret-token", "NO_PROXY": "*", "SHARPEN_CONFIG_DIR": str(sandbox.state / "config")
    }  # fmt: skip
    done = sandbox.run("fix", "a.py", "-e", f"openai:{url}")
    assert done.returncode == 3
    for way in (b"https://", b"ssh -L", f"sharpen config set allow_http {host}".encode()):
        assert way in done.stderr
    sandbox.write("sharpen.toml", f'allow_http = "{host}"\n')
    assert sandbox.run("fix", "a.py", "-e", f"openai:{url}").returncode == 2, "a project's file has no say"
    (sandbox.folder / "sharpen.toml").unlink()
    assert sandbox.run("config", "set", "allow_http", "elsewhere.example").returncode == 0
    assert sandbox.run("fix", "a.py", "-e", f"openai:{url}").returncode == 3
    assert file.read_text() == BROKEN
    assert sandbox.run("config", "set", "allow_http", host).returncode == 0
    done = sandbox.run("fix", "a.py", "-e", f"openai:{url}")
    assert done.returncode == 1, done.stderr
    assert file.read_text() == WHOLE


def test_a_port_that_is_taken_is_said(sandbox: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = sandbox.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert b"choose another --port" in done.stderr


def test_when_a_client_leaves_its_edit_ends_and_too_many_are_turned_away(sandbox: Any, serve: Start) -> None:
    sandbox.script("x = 1\n", frames=[f"x = {i}\n" for i in range(2000)], pause=0.05)
    served = serve()
    root = served.url.removesuffix("/v1")
    body = {"x_sharpen": edit(), "stream": True, "diffusing": True}

    def waiting() -> int:
        return int(httpx.get(f"{root}/health").json()["waiting"])

    with (
        httpx.Client(timeout=60) as client,
        client.stream("POST", f"{served.url}/chat/completions", json=body) as r,
    ):
        assert r.status_code == 200
        parts = r.iter_bytes()  # a reader that is let go closes the answer
        assert next(parts)
        assert waiting() == 1
        others = [_send(served.url, body) for _ in range(4)]
        _until(lambda: waiting() == 5)
        turned_away = served.post(**body)
        assert turned_away.status_code == 429
        assert turned_away.headers["retry-after"]
        for other in others:
            other.close()
    _until(lambda: waiting() == 0)


def _send(url: str, body: dict[str, Any]) -> socket.socket:
    """A request whose answer nobody reads."""
    found = httpx.URL(url)
    assert found.port is not None
    other = socket.create_connection((found.host, found.port))
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(data)}\r\n\r\n"
    other.sendall(head.encode() + data)
    return other


def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_unix_socket_is_its_owners_alone_and_a_stale_one_is_taken_over(sandbox: Any, serve: Start) -> None:
    path = sandbox.folder / "s"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    served = serve("--unix", str(path))
    assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
        answer = client.post("http://sharpen/v1/chat/completions", json={"messages": [CHAT]}, timeout=60)
    assert answer.json()["choices"][0]["message"]["content"] == f"```python\n{WHOLE}```"
    done = sandbox.run("serve", "--unix", str(path))
    assert done.returncode == 2
    assert b"is served already" in done.stderr
    assert served.stop() == 0
    assert not path.exists()
    file = sandbox.write("file", "mine")
    assert sandbox.run("serve", "--unix", str(file)).returncode == 2
    assert file.read_text() == "mine"


def test_our_own_client_repairs_a_file_through_it(sandbox: Any, shared: Served) -> None:
    sandbox.write("a.py", BROKEN)
    done = sandbox.run(
        "edit", "fix the syntax error", "a.py", "--engine", f"openai:{shared.url}", "--yes", "--json=cells"
    )
    assert done.returncode == 0, done.stderr
    assert (sandbox.folder / "a.py").read_text() == WHOLE
    frames = [e for e in map(json.loads, done.stdout.splitlines()) if e["event"] == "frame"]
    assert any(state == "draft" for frame in frames for _text, state, _sure in frame["cells"])


@pytest.mark.parametrize("flags", [(), ("-v",)])
def test_our_own_client_sends_a_large_file_whole(
    sandbox: Any, shared: Served, flags: tuple[str, ...]
) -> None:
    padding = "".join(f"# line {n} of many that are of no interest to anybody\n" for n in range(1800))
    file = sandbox.write("large.py", padding + BROKEN)
    done = sandbox.run("fix", "large.py", "-e", f"openai:{shared.url}", *flags)
    assert done.returncode == 1, done.stderr
    assert file.read_text() == padding + WHOLE


def test_a_file_in_the_encoding_that_it_declares_is_repaired_through_it(sandbox: Any, shared: Served) -> None:
    head = "# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n\n\n".encode("latin-1")
    file = sandbox.write("old.py", head + BROKEN.encode())
    done = sandbox.run("fix", "old.py", "-e", f"openai:{shared.url}")
    assert done.returncode == 1, done.stderr
    assert file.read_bytes() == head + WHOLE.encode()


def test_where_several_candidates_are_asked_for_all_that_hold_are_told_the_best_first(
    sandbox: Any, serve: Start
) -> None:
    second = WHOLE.replace("result", "sum_of_all")
    sandbox.script(WHOLE, BROKEN + "(\n", second, WHOLE, frames=[BROKEN])
    served = serve()
    own = edit() | {"candidates": 3}
    told = served.post(x_sharpen=own).json()["x_sharpen"]
    assert told["candidates"] == [WHOLE, second]
    assert told["candidate"] | {"seconds": 0} == {"steps": 1, "seconds": 0, "score": 0}
    last = served.events(stream=True, diffusing=True, x_sharpen=own)[-2]
    assert last["x_sharpen"]["candidates"] == [WHOLE, second]
    assert "candidates" not in served.post(x_sharpen=edit()).json()["x_sharpen"]
