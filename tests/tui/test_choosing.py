"""Engine and model for the next prompt, and what is said before something leaves the machine: real lists, real servers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sharpen.cli.options import Options
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.catalogue import models
from sharpen.cli.tui.choosing import Models
from sharpen.cli.tui.dialogs import Pick
from sharpen.core.engines.wire.hosted import EFFORTS, FILL_MODEL, WINDOWS, Access, hosted
from tests.core.engines.conftest import Peer, Server, answers

MODELS = {
    "data": [
        {"id": "wide-diffuser", "context_length": 262144, "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        {"id": "small-diffuser", "owned_by": "somebody"},
    ]
}  # fmt: skip
SOURCE = "def area(w, h):\n    return w + h\n"
BETTER = "def area(w, h):\n    return w * h\n"


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def begin(*scripts: Any, host: str = "127.0.0.1") -> Server:
        servers.append(Server(*scripts, host=host))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def own_address() -> str:
    """An address of this machine that is not its loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])


def catalogue(peer: Peer) -> None:
    body = json.dumps(MODELS).encode()
    peer.send(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    )


def silent(peer: Peer) -> None:
    peer.silence()


async def models_of(app: SharpenApp, pilot: Pilot[None], tools: Any, engine: str) -> None:
    """F2, the engine, and the list of its models."""
    await pilot.press("f2")
    await tools.until(pilot, lambda: isinstance(app.screen, Pick))
    await tools.type_in(pilot, engine)
    await pilot.press("enter")
    await tools.until(pilot, lambda: isinstance(app.screen, Models))


def checkpoint(models: Path, name: str, config: dict[str, object]) -> None:
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(bytes(1_500_000))


def test_the_models_of_a_server_are_listed_with_what_each_can_do_and_one_is_taken(
    bench: Any, tools: Any, start: Callable[..., Server]
) -> None:
    server = start(catalogue)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await models_of(app, pilot, tools, server.url)
        await tools.until(pilot, lambda: "wide-diffuser" in tools.text(app))
        await tools.until(
            pilot, lambda: "262,144 tokens, $1.00 in, $2.00 out a million tokens" in tools.text(app)
        )
        await tools.type_in(pilot, "small")
        await pilot.press("enter")
        await pilot.pause()
        assert app.desk.wants.engine == f"openai:{server.url}#small-diffuser"
        await tools.until(pilot, lambda: "small-diffuser" in tools.text(app))
        assert not any(b"area" in request or b"total" in request for request in server.requests)

    tools.drive(bench.app("total.py"), scenario)


def test_a_server_that_says_nothing_holds_nothing_up_and_one_that_is_not_there_is_said_in_a_sentence(
    bench: Any, tools: Any, start: Callable[..., Server]
) -> None:
    server = start(silent)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await models_of(app, pilot, tools, server.url)
        await tools.until(pilot, lambda: "for its models" in tools.text(app))
        await pilot.press("escape")
        await tools.to_review(app, pilot)  # the engine's process works on meanwhile
        await pilot.press("R")
        await tools.until(pilot, lambda: "nothing was written" in tools.text(app))
        server.close()
        await models_of(app, pilot, tools, server.url)
        await tools.until(pilot, lambda: "takes no connections" in tools.text(app))
        await tools.until(pilot, lambda: f"127.0.0.1:{server.port}" in tools.text(app))
        await tools.type_in(pilot, "mine")
        await pilot.press("enter")
        await pilot.pause()
        assert app.desk.wants.engine == f"openai:{server.url}#mine"

    tools.drive(bench.app("total.py"), scenario, size=(140, 30))


def test_checkpoints_of_this_machine_are_told_by_family_and_one_of_no_family_cannot_be_taken(
    bench: Any, tools: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    monkeypatch.setenv("SHARPEN_MODELS_DIR", str(models))
    llada = {"architectures": ["LLaDAModelLM"], "model_type": "llada", "d_model": 64, "n_layers": 2}
    checkpoint(models, "GSAI-ML--LLaDA-8B-Instruct", llada)
    checkpoint(models, "a--gpt", {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"})

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await models_of(app, pilot, tools, "local")
        await tools.until(pilot, lambda: "LLaDA-8B" in tools.text(app))
        await tools.until(pilot, lambda: "llada, fills holes, 4,096 tokens, 1.5 MB" in tools.text(app))
        await tools.until(pilot, lambda: "of no family that sharpen knows" in tools.text(app))
        await tools.type_in(pilot, "llada")
        await pilot.press("enter")
        await pilot.pause()
        assert app.desk.wants.engine == "local:GSAI-ML--LLaDA-8B-Instruct"

    tools.drive(bench.app("total.py"), scenario, size=(140, 30))


def unknown_to_mercury(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INCEPTION_API_KEY", "INCEPTION_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_mercury_without_a_key_asks_no_server_and_says_what_is_known(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown_to_mercury(monkeypatch)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await models_of(app, pilot, tools, "mercury")
        await tools.until(pilot, lambda: "mercury-2.5" in tools.text(app))
        await tools.until(pilot, lambda: "the usual one" in tools.text(app))
        await tools.type_in(pilot, "mercury-3")
        await pilot.press("enter")
        await pilot.pause()
        assert app.desk.wants.engine == "mercury#mercury-3"

    tools.drive(bench.app("total.py"), scenario, size=(140, 30))


def test_the_efforts_of_a_mercury_model_are_choices_of_it(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown_to_mercury(monkeypatch)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await models_of(app, pilot, tools, "mercury")
        await tools.until(pilot, lambda: "mercury-2.5@high" in tools.text(app))
        await tools.type_in(pilot, "high")
        await pilot.press("enter")
        await pilot.pause()
        assert app.desk.wants.engine == "mercury#mercury-2.5@high"  # the usual model stands first

    tools.drive(bench.app("total.py"), scenario, size=(140, 30))


def test_every_effort_but_the_usual_one_is_listed_for_every_mercury_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("INCEPTION_API_KEY", "INCEPTION_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    listed = [hosted(one.spec, Access()) for one in models("mercury") if one.spec]
    usual = {one.model for one in listed if one.effort == "low"}
    assert usual == set(WINDOWS) - {FILL_MODEL}
    assert {(one.model, one.effort) for one in listed} == {(m, e) for m in usual for e in EFFORTS}


def test_nothing_leaves_the_machine_before_the_first_yes_and_each_time_it_is_said(
    bench: Any, tools: Any, start: Callable[..., Server]
) -> None:
    server = start(answers(BETTER), host=own_address())
    bench.write("shape.py", SOURCE)
    host = f"{own_address()}:{server.port}"
    options = Options(engine=f"openai:http://{host}/v1#m")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.desk.clock = lambda: 1e9  # a second after the question
        await tools.ask(pilot, "multiply them")
        await tools.until(pilot, lambda: f"to {host}?" in tools.text(app))
        app.desk.asked_at = 0.0
        await pilot.pause(0.3)
        assert server.requests == []
        await pilot.press("escape")
        await tools.until(pilot, lambda: "stopped; nothing was written" in tools.text(app))
        assert app.desk.prompt.text == "multiply them"
        assert server.requests == []
        await pilot.press("enter")
        await tools.until(pilot, lambda: f"to {host}?" in tools.text(app))
        app.desk.asked_at = 0.0
        await pilot.press("enter")
        await tools.until(pilot, lambda: app.desk.stage.reviewing)
        said = len(server.bodies[-1]["messages"][-1]["content"])
        assert said > len(SOURCE)
        await pilot.press("A")
        await tools.until(pilot, lambda: "checkpoint 1" in tools.text(app))
        assert (bench.folder / "shape.py").read_text() == BETTER
        bench.write("shape.py", SOURCE)
        app.desk.prompt.focus()
        await tools.ask(pilot, "multiply them again")  # the second time there is a line, and no question
        await tools.until(pilot, lambda: len(server.requests) == 2 and app.desk.stage.reviewing)

    tools.drive(bench.app("shape.py", options=options), scenario, size=(140, 30))


def test_the_enter_that_sent_the_prompt_twice_is_no_yes(
    bench: Any, tools: Any, start: Callable[..., Server]
) -> None:
    server = start(answers(BETTER), host=own_address())
    bench.write("shape.py", SOURCE)
    options = Options(engine=f"openai:http://{own_address()}:{server.port}/v1#m")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        app.desk.clock = lambda: 5.0  # no time passes between question and key
        await tools.ask(pilot, "multiply them")
        await tools.until(pilot, lambda: "Enter sends it" in tools.text(app))
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert server.requests == []
        await tools.until(pilot, lambda: "Enter sends it" in tools.text(app))

    tools.drive(bench.app("shape.py", options=options), scenario, size=(140, 30))


def test_a_prompt_chooses_the_definition_and_the_rules_go_along_as_with_sharpen_edit(
    bench: Any, tools: Any, start: Callable[..., Server]
) -> None:
    server = start(answers(BETTER))
    bench.write("shape.py", f"{SOURCE}\n\ndef keep():\n    return 1\n")
    bench.write("AGENTS.md", "Never use tabs.\n")
    bench.write("other.py", "def area_of_all(things):\n    return sum(area(t.w, t.h) for t in things)\n")

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.to_review(app, pilot, "let area multiply")
        asked = json.dumps(server.bodies[-1]["messages"])
        assert "Never use tabs." in asked
        assert "area_of_all" in asked
        (target,) = app.desk.sitting.current.targets  # type: ignore[union-attr]
        assert target.document.text[target.region.start_char : target.region.end_char] == SOURCE

    options = Options(engine=f"openai:{server.url}#m")
    tools.drive(bench.app("shape.py", options=options), scenario, size=(140, 30))


def test_a_missing_key_is_said_before_anything_is_asked(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown_to_mercury(monkeypatch)

    async def scenario(app: SharpenApp, pilot: Pilot[None]) -> None:
        await tools.ask(pilot, "make it faster")
        await tools.until(pilot, lambda: "mercury needs a key, and none is set" in tools.text(app))
        assert app.desk.prompt.text == "make it faster"

    tools.drive(bench.app("total.py", options=Options(engine="mercury")), scenario, size=(140, 30))
