"""`sharpen models`: the bare sampler against core's own, what is listed, and a pull from a hub on loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkpoints import write
from sharpen.core.diffusion.load import load
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.sample import sample

PROMPT = [5, 6, 7, 8]


@pytest.fixture
def ids(sandbox: Any) -> str:
    return str(sandbox.write("ids.json", json.dumps(PROMPT)))


@pytest.mark.parametrize(
    ("family", "flags", "options"),
    [
        ("llada", "--exact --steps 4 --length 16", {"steps": 4, "length": 16}),
        (
            "dream",
            "--exact --steps 4 --length 16 --algorithm entropy --temperature 0.7 --top-p 0.9 --alg-temp 0.2 --seed 3",
            {"steps": 4, "length": 16, "algorithm": "entropy", "temperature": 0.7, "top_p": 0.9, "alg_temp": 0.2,
             "seed": 3},
        ),
        (
            "sdar",
            "--exact --length 16 --algorithm low_confidence_static --temperature 1.0 --top-k 5 --seed 11",
            {"length": 16, "algorithm": "low_confidence_static", "temperature": 1.0, "top_k": 5, "seed": 11},
        ),
        ("llada", "--length 16 --threshold 0.4", {"length": 16, "threshold": 0.4, "exact": False}),
    ],
)  # fmt: skip
def test_try_prints_every_step_of_the_sampler(
    sandbox: Any, ids: str, family: str, flags: str, options: dict[str, Any]
) -> None:
    folder = write(sandbox.folder / family, family)
    done = sandbox.run("models", "try", str(folder), "--ids", ids, "--json", *flags.split())
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [s for s in sample(load(folder), PROMPT, Options(**options)) if s.index]
    assert [row["ids"] for row in rows] == [list(s.ids) for s in steps]
    assert [row["step"] for row in rows] == [s.index for s in steps]
    assert rows[-1]["masked"] == 0


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_try_takes_the_steps_that_are_asked_for(sandbox: Any, ids: str, steps: int) -> None:
    folder = write(sandbox.folder / "llada", "llada")
    done = sandbox.run(
        "models", "try", str(folder), "--ids", ids, "--json", "--length", "8", "--steps", str(steps)
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["step"], row["steps"]) for row in rows] == [(n, steps) for n in range(1, steps + 1)]


def test_without_json_the_text_is_all_that_is_on_stdout(sandbox: Any, ids: str) -> None:
    folder = write(sandbox.folder / "llada", "llada")
    done = sandbox.run("models", "try", str(folder), "--ids", ids, "--exact", "--length", "8", "--steps", "4")
    assert done.returncode == 0, done.stderr
    last = list(sample(load(folder), PROMPT, Options(length=8, steps=4)))[-1]
    assert done.stdout.decode().split() == [
        str(i) for i in last.ids
    ]  # a folder without a tokenizer shows ids


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("models try nowhere --ids ids.json", "there is no model nowhere here"),
        ("models try llada", "there is no prompt"),
        ("models try llada hello", "has no tokenizer"),
        ("models try llada --ids gone.json", "gone.json cannot be read"),
        ("models try llada --ids words.json", "words.json is not a list of token ids"),
        ("models try llada --ids broken.json", "broken.json is not JSON"),
        ("models try llada --ids ids.json --exact --algorithm best", "best"),
        ("models try llada --ids ids.json --family gpt", "gpt"),
        ("models rm llada", "was not pulled by sharpen"),
        ("models info nowhere", "there is no model nowhere here"),
        ("models info @", "a model's name is empty"),
        ("models use nowhere", "there is no model nowhere here"),
        ("models try llada --ids ids.json --temperature -1", "--temperature must be 0, or from 1e-06"),
        ("models try llada --ids ids.json --temperature nan", "--temperature must be 0, or from 1e-06"),
        ("models try llada --ids ids.json --temperature inf", "--temperature must be 0, or from 1e-06"),
        ("models try llada --ids ids.json --alg-temp -1", "--alg-temp must be 0, or from 1e-06"),
        ("models try llada --ids ids.json --top-p 2", "--top-p must be from 0 to 1"),
        ("models try llada --ids ids.json --top-k -3", "--top-k must be 0 or above"),
        ("models try llada --ids ids.json --threshold 2", "--threshold must be from 0 to 1"),
        ("models try llada --ids ids.json --threshold -1", "--threshold must be from 0 to 1"),
        ("models try llada --ids ids.json --editing-threshold 3", "--editing-threshold must be from 0 to 1"),
        ("models try llada --ids ids.json --steps 0", "--steps must be from 1 to 1000000"),
        ("models try llada --ids ids.json --length 9999999999", "--length must be from 1 to 1000000"),
        ("models try llada --ids ids.json --seed 99999999999999999999", "--seed must fit into 64 bits"),
        ("models try llada#int9 --ids ids.json", "int9 is no precision"),
        ("edit x a.py -e local:llada --seed 99999999999999999999", "--seed"),
        ("race x -e local:llada --seed 99999999999999999999", "--seed"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(sandbox: Any, ids: str, line: str, said: str) -> None:
    write(sandbox.folder / "llada", "llada")
    sandbox.write("words.json", '["a"]')
    sandbox.write("broken.json", "[1,")
    done = sandbox.run(*("" if word == "@" else word for word in line.split()))
    assert done.returncode == 2
    assert said in done.stderr.decode().splitlines()[0]
    assert b"Traceback" not in done.stderr
    assert (sandbox.folder / "llada" / "config.json").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--exact --threshold 0.5 --top-k 3", "--top-k, --threshold do nothing here: llada in exact mode"),
        ("--alg-temp 0.5", "--alg-temp does nothing here: llada in fast mode"),
        ("--top-p 0.9", "--top-p does nothing here: llada in fast mode"),
        ("--top-p 0.9 --temperature 0.5 --top-k 0 --threshold 0.5", ""),
    ],
)
def test_what_the_sampler_does_not_read_is_told(sandbox: Any, ids: str, flags: str, said: str) -> None:
    write(sandbox.folder / "llada", "llada")
    done = sandbox.run("models", "try", "llada", "--ids", ids, "--json", "--length", "4", *flags.split())
    assert done.returncode == 0, done.stderr
    assert said in done.stderr.decode()
    assert bool(said) == bool(done.stderr)


def test_words_behind_the_name_say_how_it_runs(sandbox: Any, ids: str) -> None:
    folder = write(sandbox.folder / "llada", "llada")
    flags = ("--ids", ids, "--json", "--length", "8", "--steps", "2")
    done = sandbox.run("models", "try", "llada#int8", *flags)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    loaded = load(folder, dtype="int8")
    steps = [s for s in sample(loaded, PROMPT, Options(exact=False, length=8, steps=2)) if s.index]
    assert [row["confidence"] for row in rows] == [[round(c, 4) for c in s.confidence] for s in steps]


def test_info_says_what_a_checkpoint_is_and_needs(sandbox: Any) -> None:
    folder = write(sandbox.folder / "sdar", "sdar")
    facts = json.loads(sandbox.run("models", "info", str(folder), "--json").stdout)
    assert facts["family"] == "sdar"
    assert facts["bytes"] == facts["parameters"] * 4
    assert facts["memory_needed"] > facts["bytes"]
    assert facts["memory_here"] > facts["memory_needed"]


class Hub(BaseHTTPRequestHandler):
    """The few routes of a hub that a pull takes."""

    files: dict[str, bytes]
    asked: list[str]

    def _send(self, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if self.command == "GET":
            self.asked.append(path)
        if path.startswith("/api/models/tiny/llada"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in self.files.items()]
            info = {
                "id": "tiny/llada", "sha": "c" * 40, "siblings": siblings, "tags": ["license:mit"],
                "private": False, "downloads": 0, "likes": 0,
            }  # fmt: skip
            if "/tree/" in path:
                tree = [
                    {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for name, data in self.files.items()
                ]
                return self._send(json.dumps(tree).encode(), "application/json")
            return self._send(json.dumps(info).encode(), "application/json")
        name = path.rpartition("/")[2]
        if "/resolve/" in path and name in self.files:
            data = self.files[name]
            return self._send(
                data,
                "application/octet-stream",
                etag=f'"{hashlib.sha1(data).hexdigest()}"',
                x_repo_commit="c" * 40,
            )
        self.send_response(404)
        self.send_header("content-length", "0")
        self.send_header("x-error-code", "RepoNotFound")
        self.end_headers()
        return None

    do_HEAD = do_GET  # noqa: N815 - the base class looks for that name

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def hub(sandbox: Any) -> Iterator[type[Hub]]:
    folder = write(sandbox.state / "made", "llada")
    served = type("Served", (Hub,), {"asked": []})
    served.files = {p.name: p.read_bytes() for p in folder.iterdir()}
    served.files |= {
        "modeling_llada.py": b"import os\n",
        "pytorch_model.bin": b"\x80\x04",
        "README.md": b"# x\n",
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sandbox.env |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(sandbox.state / "hf"),
        "SHARPEN_MODELS_DIR": str(sandbox.state / "models"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    yield served
    server.shutdown()
    server.server_close()


def test_a_model_is_pulled_listed_tried_and_removed_and_no_code_comes_with_it(
    sandbox: Any, hub: type[Hub], ids: str
) -> None:
    done = sandbox.run("models", "pull", "tiny/llada")
    assert done.returncode == 0, done.stderr
    assert b"licence mit" in done.stderr
    folder = Path(done.stdout.decode().strip())
    assert {p.name for p in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]
    assert not [path for path in hub.asked if path.endswith((".py", ".bin"))]
    listed = json.loads(sandbox.run("models", "list", "--json").stdout)
    assert [one["name"] for one in listed] == ["tiny--llada"]
    for name in ("tiny/llada", "tiny--llada", "llada"):
        assert sandbox.run("models", "info", name).returncode == 0
    tried = sandbox.run("models", "try", "tiny/llada", "--ids", ids, "--length", "8", "--json")
    assert tried.returncode == 0, tried.stderr
    assert sandbox.run("models", "rm", "tiny/llada").returncode == 0
    assert not folder.exists()
    assert json.loads(sandbox.run("models", "list", "--json").stdout) == []


def test_only_a_whole_name_removes_a_model(sandbox: Any) -> None:
    sandbox.env["SHARPEN_MODELS_DIR"] = str(sandbox.state / "models")
    kept = write(sandbox.state / "models" / "tiny--llada", "llada")
    (kept.parent / "link").symlink_to(kept)
    for name in ("llada", "tiny", "link", str(kept.parent / "link")):
        done = sandbox.run("models", "rm", name)
        assert done.returncode == 2, done.stderr
        assert (kept / "config.json").is_file()
    assert b"its whole name is meant: tiny--llada" in sandbox.run("models", "rm", "tiny").stderr
    assert sandbox.run("models", "rm", "tiny--llada").returncode == 0
    assert not kept.exists()


def test_what_the_hub_does_not_have_is_said_and_leaves_nothing(sandbox: Any, hub: type[Hub]) -> None:
    done = sandbox.run("models", "pull", "tiny/other")
    assert done.returncode in {2, 3}
    assert len(done.stderr.decode().splitlines()) == 2
    del hub.files["model.safetensors"]
    done = sandbox.run("models", "pull", "tiny/llada")
    assert done.returncode == 2
    assert b"has no .safetensors files" in done.stderr
    assert json.loads(sandbox.run("models", "list", "--json").stdout) == []


def test_without_a_network_a_pull_says_so(sandbox: Any) -> None:
    sandbox.env |= {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(sandbox.state / "hf")}
    done = sandbox.run("models", "pull", "tiny/llada")
    assert done.returncode == 3
    assert b"the hub did not answer" in done.stderr
