"""`sharpen serve` with engines that follow any prompt: a model behind HTTP, and a checkpoint of this machine."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest

from tests.cli.test_serve import Served, Start
from tests.conftest import Sandbox
from tests.core.engines.conftest import (
    Server,
    answers,
    delta,
    eventually,
    frame,
    head_and_silence,
    says,
    status,
)

CODE = "def area(w, h):\n    return w + h\n"
BETTER = CODE.replace("+", "*")
TOKEN = "x"


@pytest.fixture
def serve(sandbox: Sandbox) -> Iterator[Start]:
    started: list[Served] = []

    def start(*flags: str, **env: str) -> Served:
        started.append(Served(sandbox, *flags, "--port", "0", **env))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def upstream() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*scripts: Any) -> Server:
        servers.append(Server(*scripts))
        return servers[-1]

    yield start
    for one in servers:
        one.close()


def fenced(text: str, tag: str = "python") -> str:
    return f"```{tag}\n{text}```"


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def asked(server: Server) -> str:
    """What the model behind was told last."""
    said: str = server.bodies[-1]["messages"][-1]["content"]
    return said


def test_a_plain_chat_is_an_edit_of_its_code(serve: Start, upstream: Callable[..., Server]) -> None:
    model = upstream(answers(fenced(BETTER)))
    served = serve("--engine", f"openai:{model.url}#m")
    client = openai.OpenAI(base_url=served.url, api_key="unused", max_retries=0)

    def answer(*turns: Any) -> str:
        stream = client.chat.completions.create(model="sharpen-openai", messages=list(turns), stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    # one block
    assert answer(user(f"Multiply instead.\n{fenced(CODE)}")) == fenced(BETTER)
    assert "What to do: Multiply instead." in asked(model)
    assert asked(model).endswith(fenced(CODE) + "\n")
    # a log beside the code: the code is the region, the log goes along
    log = fenced("AssertionError: 5 != 6\n", "")
    assert answer(user(f"Why?\n{fenced(CODE)}\nIt says:\n{log}\nMultiply.")) == fenced(BETTER)
    assert asked(model).endswith(fenced(CODE) + "\n")
    assert "AssertionError: 5 != 6" in asked(model).partition("What to do:")[0]
    # the code of an earlier turn
    turns = (
        user(f"Look.\n{fenced(CODE)}"),
        {"role": "assistant", "content": "I did."},
        user("Now multiply."),
    )
    assert answer(*turns) == fenced(BETTER)
    assert "What to do: Now multiply." in asked(model)
    assert asked(model).endswith(fenced(CODE) + "\n")


def test_a_chat_without_code_is_answered_as_it_is(serve: Start, upstream: Callable[..., Server]) -> None:
    model = upstream(answers("A canvas is noise first."))
    served = serve("--engine", f"openai:{model.url}#m")
    said = served.post(messages=[user("What is a canvas?")]).json()
    assert said["choices"][0]["message"]["content"] == "A canvas is noise first."


def test_a_fault_that_the_prompt_is_not_about_may_stay(serve: Start, upstream: Callable[..., Server]) -> None:
    """A client that names a region beside a broken function."""
    model = upstream(answers(fenced(BETTER)))
    served = serve("--engine", f"openai:{model.url}#m")
    text = "def far(:\n    pass\n\n\n" + CODE
    edit = {"instruction": "multiply", "path": "a.py", "text": text, "region": [text.index(CODE), len(text)],
            "context": [{"path": "AGENTS.md", "text": "Never use tabs."}], "outline": "b.py: volume"}  # fmt: skip
    said = served.post(messages=[], x_sharpen={"version": 1, "edit": edit}).json()
    assert said["choices"][0]["message"]["content"] == BETTER
    assert "Never use tabs." in asked(model)
    assert "b.py: volume" in asked(model)


def test_a_next_edit_without_an_instruction_goes_on_with_what_was_begun(
    serve: Start, upstream: Callable[..., Server]
) -> None:
    model = upstream(answers(fenced(BETTER)))
    served = serve("--engine", f"openai:{model.url}#m")
    tags = (
        "<|recently_viewed_code_snippets|>\n<|/recently_viewed_code_snippets|>\n\n<|current_file_content|>\n"
        f"current_file_path: a.py\n<|code_to_edit|>\n<|cursor|>{CODE}<|/code_to_edit|>\n<|/current_file_content|>\n\n"
        "<|edit_diff_history|>\n--- a.py\n+++ a.py\n@@ -9,1 +9,1 @@\n-a + b\n+a * b\n<|/edit_diff_history|>"
    )
    said = served.post("/edit/completions", model="mercury-edit-2", messages=[user(tags)]).json()
    assert said["object"] == "edit.completion"
    assert said["choices"][0]["message"]["content"] == f"```\n{BETTER}```"
    assert "-a + b\n+a * b" in asked(model)


def test_what_holds_nowhere_ends_with_5_on_the_clients_side_too(
    sandbox: Sandbox, serve: Start, upstream: Callable[..., Server]
) -> None:
    model = upstream(answers("Sure, I can do that."))
    served = serve("--engine", f"openai:{model.url}#m")
    sandbox.write("a.py", CODE)
    for streams in ([], ["--json"]):
        done = sandbox.run("edit", "multiply", "a.py", "-y", "-e", f"openai:{served.url}", *streams)
        assert done.returncode == 5, done.stderr
    assert (sandbox.folder / "a.py").read_text() == CODE
    late = upstream(says(frame("def"), delta("x", "length")))
    served = serve("--engine", f"openai:{late.url}#m")
    assert sandbox.run("edit", "multiply", "a.py", "-y", "-e", f"openai:{served.url}").returncode == 3


@pytest.mark.parametrize(
    ("wrong", "times"), [(says(delta("x", "length")), 1), (status(401), 1), (status(404), 1)]
)
def test_what_will_not_mend_itself_is_paid_for_once(
    sandbox: Sandbox, serve: Start, upstream: Callable[..., Server], wrong: Any, times: int
) -> None:
    model = upstream(wrong)
    served = serve("--engine", f"openai:{model.url}#m")
    sandbox.write("a.py", CODE)
    done = sandbox.run("edit", "multiply", "a.py", "-y", "-e", f"openai:{served.url}")
    assert done.returncode == 3, done.stderr
    assert len(model.requests) == times
    told = httpx.post(
        f"{served.url}/chat/completions", json={"messages": [user(f"multiply\n{fenced(CODE)}")]}
    )
    assert told.status_code == 502
    assert "retry-after" not in told.headers


def test_a_model_that_is_busy_may_be_asked_again(serve: Start, upstream: Callable[..., Server]) -> None:
    model = upstream(status(503, b"", ("retry-after: 0.01",)))
    served = serve("--engine", f"openai:{model.url}#m")
    told = served.post(messages=[user(f"multiply\n{fenced(CODE)}")])
    assert told.status_code == 503
    assert told.headers["retry-after"]


@pytest.mark.parametrize("streams", [True, False])
def test_an_interrupt_while_an_answer_is_waited_for_is_no_defect(
    serve: Start, upstream: Callable[..., Server], streams: bool
) -> None:
    model = upstream(head_and_silence)
    served = serve("--engine", f"openai:{model.url}#m")
    body = {"messages": [user(f"multiply\n{fenced(CODE)}")], "stream": streams, "diffusing": streams}
    answered: list[int] = []

    def ask() -> None:
        answered.append(served.post(**body).status_code)

    client = threading.Thread(target=ask)
    client.start()
    assert eventually(lambda: bool(model.requests))
    served.process.send_signal(signal.SIGINT)
    assert served.process.stderr is not None
    said = served.process.stderr.read()
    assert served.process.wait(60) == 0
    client.join(60)
    assert "Traceback" not in said
    assert "destroyed" not in said
    assert answered == [503]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the LLaDA family that writes one token everywhere: what it says is known, and everything is real."""
    pytest.importorskip("torch")
    from tokenizers import Tokenizer

    from benchmarks.checkpoints import tokenizer, write

    folder = tokenizer(write(tmp_path_factory.mktemp("models") / "steady", "llada", {"vocabulary": 320}))
    token = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TOKEN, add_special_tokens=False).ids[0]
    (file,) = folder.glob("*.safetensors")
    data = bytearray(file.read_bytes())
    begin = 8 + int.from_bytes(data[:8], "little")
    named = json.loads(data[8:begin])
    data[begin:] = bytes(len(data) - begin)

    def numbers(name: str) -> np.ndarray[Any, Any]:
        tensor = named["model.transformer." + name]
        assert tensor["dtype"] == "F32"
        flat = np.frombuffer(data, np.float32, math.prod(tensor["shape"]), begin + tensor["data_offsets"][0])
        return flat.reshape(tensor["shape"])

    numbers("wte.weight")[:, 0] = 1
    numbers("ln_f.weight")[:] = 1
    numbers("ff_out.weight")[token, 0] = 9
    file.write_bytes(data)
    return folder


def children(pid: int) -> set[int]:
    out = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return {int(word) for word in out.split()}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid: int) -> bool:
    until = time.monotonic() + 60
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_a_checkpoint_is_served_and_its_process_ends_with_the_server(
    sandbox: Sandbox, serve: Start, checkpoint: Path
) -> None:
    served = serve("--engine", f"local:{checkpoint}")
    assert "loads" in served.said
    (child,) = children(served.process.pid)
    entry = httpx.get(f"{served.url}/models").json()["data"][0]
    assert "fim.completions" in entry["supported_endpoints"]
    assert str(checkpoint.parent) not in json.dumps(entry)
    # fill in the middle: at once, streamed, by the official client's raw route, up to a stop
    hole = {"prompt": "a = [\n", "suffix": "]\n", "model": "sharpen-local"}
    whole = served.post("/fim/completions", **hole).json()
    assert whole["object"] == "text_completion"
    assert re.fullmatch("x+\n", whole["choices"][0]["text"])
    within = served.post("/fim/completions", prompt="a = ", suffix=" + 1\n").json()["choices"][0]["text"]
    assert re.fullmatch("x+", within)
    lines = served.post("/fim/completions", **hole, stream=True).text.split("\n\n")
    parts = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "".join(p["choices"][0]["text"] for p in parts) == whole["choices"][0]["text"]
    assert "data: [DONE]" in lines
    client = openai.OpenAI(base_url=served.url, api_key="unused", max_retries=0)
    raw = client.post("/fim/completions", cast_to=httpx.Response, body=hole | {"stop": ["xx"]})
    assert raw.json()["choices"][0]["text"] == ""
    # our own client, with the canvas's own cells
    sandbox.write("notes.txt", "one\n")
    done = sandbox.run(
        "edit", "write it anew", "notes.txt", "-y", "-e", f"openai:{served.url}", "--json=cells"
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert re.fullmatch("x+\n", (sandbox.folder / "notes.txt").read_text())
    frames = [e for e in map(json.loads, done.stdout.splitlines()) if e["event"] == "frame"]
    assert any(state == "masked" for frame in frames for _text, state, _sure in frame["cells"])
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(60) == 0
    assert gone(child)


def test_a_server_that_is_killed_takes_its_engine_along(serve: Start, checkpoint: Path) -> None:
    served = serve("--engine", f"local:{checkpoint}")
    (child,) = children(served.process.pid)
    served.process.kill()
    served.process.wait(60)
    assert gone(child)


def test_a_checkpoint_that_is_not_there_is_told_before_anything_is_served(sandbox: Sandbox) -> None:
    done = sandbox.run("serve", "--engine", "local:/no/such/model", "--port", "0")
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
