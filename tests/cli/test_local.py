"""`sharpen edit`, `race`, `bench` and `models use` with a checkpoint of this machine: the whole program, real git."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkpoints import tokenizer, write
from tests.core.engines.taught import EDITS, FILE

SYMBOL, WISH, NEW = EDITS[0]


@pytest.fixture
def place(sandbox: Any, taught: Path) -> Any:
    """A repository with one file, and the checkpoint under a name."""
    sandbox.git("init", "-q")
    sandbox.write("shapes.py", FILE)
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "first")
    sandbox.env["SHARPEN_MODELS_DIR"] = str(taught.parent)
    sandbox.env["SHARPEN_CONFIG_DIR"] = str(sandbox.state.with_name("config"))
    return sandbox


def events(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_edit_is_written_and_taken_back(place: Any) -> None:
    done = place.run("edit", WISH, f"shapes.py::{SYMBOL}", "-e", "local:taught", "--yes", "--json")
    told = events(done)
    assert done.returncode == 0, done.stderr
    assert told[0]["engine"] == "local:taught"
    assert {e["event"] for e in told} == {"started", "frame", "proposed", "verified", "applied", "finished"}
    masks = [e["masked"] for e in told if e["event"] == "frame" and e["step"]]
    assert masks == sorted(masks, reverse=True)
    assert masks[-1] == 0
    old = FILE[FILE.index("def area") : FILE.index("\n\ndef mean")]
    assert (place.folder / "shapes.py").read_text() == FILE.replace(old, NEW)
    assert place.run("undo").returncode == 0
    assert (place.folder / "shapes.py").read_text() == FILE


def test_the_prompt_chooses_the_definition_that_it_names(place: Any) -> None:
    done = place.run("edit", f"{SYMBOL}(): {WISH}", "shapes.py", "-e", "local:taught", "--dry-run")
    hunks = [line for line in done.stdout.decode().splitlines() if line.startswith("@@")]
    assert done.returncode in {0, 5}, done.stderr
    assert len(hunks) <= 1


def test_cells_tell_state_and_confidence(place: Any) -> None:
    done = place.run("edit", WISH, f"shapes.py::{SYMBOL}", "-e", "local:taught", "--dry-run", "--json=cells")
    frames = [e for e in events(done) if e["event"] == "frame" and e["step"]]
    cells = frames[-1]["cells"]
    assert "".join(cell[0] for cell in cells) == NEW
    assert {cell[1] for cell in cells} <= {"context", "draft", "settled", "revised"}
    assert all(0 < cell[2] <= 1 for cell in cells)


def test_an_interrupt_ends_at_once_and_writes_nothing(place: Any) -> None:
    process = subprocess.Popen(
        place.command("edit", WISH, f"shapes.py::{SYMBOL}", "-e", "local:taught", "--yes"),
        cwd=place.folder, env=place.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(1.2)  # the model is loading
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 130, error
    assert b"Traceback" not in error
    assert (place.folder / "shapes.py").read_text() == FILE


def test_a_model_that_is_not_here_is_no_engine(place: Any) -> None:
    done = place.run("edit", "x", "shapes.py", "-e", "local:other")
    assert done.returncode == 3
    assert done.stderr.decode().splitlines() == [
        "sharpen: there is no model other here", "  sharpen models pull other, or name its folder",
    ]  # fmt: skip


def test_a_commit_goes_on_without_a_model(place: Any) -> None:
    (place.folder / "shapes.py").write_text("def f(:\n    return 1\n")
    place.env["PRE_COMMIT"] = "1"
    done = place.run("fix", "shapes.py", "-e", "local:other")
    assert done.returncode == 0
    assert b"the commit goes on" in done.stderr


def test_a_model_is_used_until_another_is_named(place: Any) -> None:
    assert place.run("models", "use", "taught#int8").returncode == 0
    assert b"local:taught#int8" in place.run("config", "show").stdout
    done = place.run("edit", WISH, f"shapes.py::{SYMBOL}", "--yes")
    assert done.returncode == 0, done.stderr
    assert NEW in (place.folder / "shapes.py").read_text()
    assert place.run("models", "use", "embedded").returncode == 0
    done = place.run("edit", WISH, "shapes.py")
    assert done.returncode == 3  # beyond the embedded model's skills


def test_a_project_may_choose_a_local_model_and_no_address(place: Any) -> None:
    place.write("sharpen.toml", 'engine = "local:taught"\n')
    assert place.run("edit", WISH, f"shapes.py::{SYMBOL}", "--dry-run").returncode == 0
    place.write("sharpen.toml", 'engine = "openai:https://example.org"\n')
    assert place.run("edit", WISH, f"shapes.py::{SYMBOL}", "--dry-run").returncode == 2


def test_a_race_is_of_one_model_both_ways(place: Any) -> None:
    words = ("race", EDITS[2][1], f"shapes.py::{EDITS[2][0]}", "-e", "local:taught")
    done = place.run(*words, "--json")
    told = events(done)
    assert done.returncode == 0, done.stderr
    left, diffusion = told[-1]["ways"]
    assert (left["way"], diffusion["way"]) == ("left to right", "diffusion")
    assert left["text"] == diffusion["text"] == EDITS[2][2]
    assert diffusion["steps"] * 4 < left["steps"]
    seconds = [e["seconds"] for e in told]
    assert seconds == sorted(seconds)
    firsts = [e["masked"] for e in told if e.get("way") == "left to right"]
    # One token a step, and the end of the text ends it.
    assert firsts[:6] == list(range(firsts[0], firsts[0] - 6, -1))
    plain = place.run(*words).stdout.decode()
    assert "left to right" in plain
    assert "the same text" in plain
    assert (place.folder / "shapes.py").read_text() == FILE


def test_a_race_takes_the_steps_that_are_asked_for(place: Any, tmp_path: Path) -> None:
    folder = tokenizer(write(tmp_path / "random", "llada", {"vocabulary": 320}))
    words = ("race", "sort a list", "-e", f"local:{folder}", "--length", "16", "--json")
    told = events(place.run(*words, "--steps", "4"))
    assert {e["steps"] for e in told[:-1] if e["way"] == "diffusion"} == {4}
    assert 1 <= told[-1]["ways"][1]["steps"] <= 4


@pytest.mark.parametrize("length", ["2040", "2048", "999999999999"])
def test_a_canvas_that_the_model_cannot_read_is_wrong_input(place: Any, tmp_path: Path, length: str) -> None:
    folder = tokenizer(write(tmp_path / "random", "llada", {"vocabulary": 320}))
    done = place.run("race", "sort a list", "-e", f"local:{folder}", "--length", length)
    assert done.returncode == 2, done.stderr
    assert done.stderr.decode().splitlines()[-1] == "  a shorter --length"


def test_a_race_needs_a_checkpoint(place: Any) -> None:
    done = place.run("race", "x")
    assert done.returncode == 3
    assert b"only an open checkpoint can decode both ways" in done.stderr


def test_bench_measures_the_engine_at_hand(place: Any, tmp_path: Path) -> None:
    told = json.loads(place.run("bench", "--runs", "1", "--json").stdout)
    assert (told["event"], told["engine"]) == ("finished", "embedded")
    assert told["seconds"] > 0
    assert all(row["holds"] and row["seconds"] > 0 and row["steps"] > 0 for row in told["edits"])
    folder = tokenizer(write(tmp_path / "random", "llada", {"vocabulary": 320}))
    done = place.run("bench", "--runs", "1", "-e", f"local:{folder}")
    assert done.returncode == 0, done.stderr
    assert b"mean.py" in done.stdout
    assert b"its speed is measured all the same" in done.stderr


def test_nothing_heavy_is_loaded_beside_the_model(place: Any) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['sharpen', 'edit', {WISH!r}, 'shapes.py::{SYMBOL}', '-e', 'local:taught', '--dry-run']\n"
        "from sharpen.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'torch', 'numpy', 'textual', 'httpx', 'onnxruntime'}))\n"
    )
    command = [place.command()[0], "-c", code]
    done = subprocess.run(command, cwd=place.folder, env=place.env, capture_output=True, check=False)
    assert done.stdout.decode().splitlines()[-1] == "[]", done.stderr
    assert os.sep in str(place.folder)
