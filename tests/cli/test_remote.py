"""`sharpen edit` with a model behind HTTP: the whole program, a real server on loopback, real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.engines.conftest import (
    DONE,
    STOP,
    Peer,
    Server,
    answers,
    frame,
    one_and_silence,
    says,
    status,
)

SOURCE = "def area(w, h):\n    return w + h\n\n\ndef keep():\n    return 1\n"
BETTER = "def area(w, h):\n    return w * h\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with one file."""
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "shape.py").write_text(SOURCE)
    return folder


def command(place: Path, server: Server, *words: str, engine: str = "") -> tuple[list[str], dict[str, str]]:
    environ = {
        n: v for n, v in os.environ.items() if not n.startswith(("SHARPEN_", "INCEPTION_", "PRE_COMMIT"))
    }
    environ |= {"HOME": str(place.parent), "XDG_STATE_HOME": str(place.parent / "state"),
                "XDG_CONFIG_HOME": str(place.parent / "config"), "INCEPTION_BASE_URL": server.url,
                "INCEPTION_API_KEY": "sk_0123456789abcdef0123456789abcdef"}  # fmt: skip
    return [
        sys.executable,
        "-m",
        "sharpen.cli",
        "edit",
        *words,
        "-e",
        engine or f"openai:{server.url}#m",
    ], environ


def edit(place: Path, server: Server, *words: str, engine: str = "") -> subprocess.CompletedProcess[str]:
    argv, environ = command(place, server, *words, engine=engine)
    return subprocess.run(
        argv, cwd=place, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def fenced(text: str) -> str:
    return f"```python\n{text}```"


@pytest.mark.parametrize("engine", ["", "mercury#mercury-2"])
def test_the_definition_that_the_prompt_names_is_rewritten_and_nothing_else(
    engine: str, place: Path, start: Callable[..., Server]
) -> None:
    server = start(answers(fenced(BETTER)))
    done = edit(place, server, "`area` must multiply", "shape.py", "--yes", engine=engine)
    assert done.returncode == 0, done.stderr
    assert (place / "shape.py").read_text() == SOURCE.replace("w + h", "w * h")
    (body,) = server.bodies
    assert "def keep" not in body["messages"][1]["content"].rpartition("The region.")[2]


def test_an_answer_that_cannot_be_used_is_asked_for_once_more_and_told_why(
    place: Path, start: Callable[..., Server]
) -> None:
    server = start(answers(fenced("def area(w, h):\n    # ... existing code ...\n")), answers(fenced(BETTER)))
    done = edit(place, server, "multiply in `area`", "shape.py", "--yes")
    assert done.returncode == 0, done.stderr
    assert "leaves lines out" in server.bodies[1]["messages"][-1]["content"]


def test_an_answer_that_changes_nothing_is_said_to(place: Path, start: Callable[..., Server]) -> None:
    server = start(answers(fenced(SOURCE.split("\n\n", maxsplit=1)[0] + "\n")))
    done = edit(place, server, "multiply in `area`", "shape.py", "--yes")
    assert done.returncode == 0, done.stderr
    assert "shape.py: nothing to change" in done.stderr
    better = start(answers(fenced(BETTER)))
    for words in (["--yes"], ["--dry-run"]):
        assert "nothing to change" not in edit(place, better, "multiply in `area`", "shape.py", *words).stderr


def test_two_answers_that_cannot_be_used_end_with_5_and_change_nothing(
    place: Path, start: Callable[..., Server]
) -> None:
    done = edit(
        place, start(answers("Sure! Here is what I would do.")), "multiply in `area`", "shape.py", "--yes"
    )
    assert done.returncode == 5, done.stderr
    assert (place / "shape.py").read_text() == SOURCE


def test_a_server_that_refuses_ends_with_3(place: Path, start: Callable[..., Server]) -> None:
    done = edit(place, start(status(401)), "multiply in `area`", "shape.py", "--yes", engine="mercury")
    assert done.returncode == 3
    assert "sk_0123" not in done.stderr + done.stdout


def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(
    place: Path, start: Callable[..., Server]
) -> None:
    server = start(answers(fenced(BETTER)))
    done = edit(place, server, "multiply in `area`", "shape.py", "--dry-run", "-v")
    assert [done.returncode, server.requests, done.stdout] == [0, [], ""]
    shown = next(line for line in done.stderr.splitlines() if line.startswith("{"))
    assert edit(place, server, "multiply in `area`", "shape.py", "-y", "-v").returncode == 0
    sent = server.requests[0].partition(b"\r\n\r\n")[2].decode()
    without_frames = sent.replace('"diffusing":true,', "")
    assert shown.replace('"diffusing":true,', "") == without_frames


def test_a_dry_run_shows_what_is_sent_to_a_server_that_was_named_without_a_model(
    place: Path, start: Callable[..., Server]
) -> None:
    models = b'{"data": [{"id": "first", "max_model_len": 9000}]}'
    listed = status(200, models, ("content-type: application/json",))
    server = start(listed, listed, answers(fenced(BETTER)))
    words = ("multiply in `area`", "shape.py", "-v")
    seen = []
    for flag in ("--dry-run", "-y"):
        done = edit(place, server, *words, flag, engine=f"openai:{server.url}")
        assert done.returncode == 0, done.stderr
        seen.append(next(line for line in done.stderr.splitlines() if line.startswith("{")))
        if flag == "--dry-run":
            assert server.requests[0].startswith(b"GET /v1/models")
            assert len(server.requests) == 1
    assert seen[0].replace('"diffusing":true,', "") == seen[1].replace('"diffusing":true,', "")
    assert '"model":"first"' in seen[0]


def test_a_dry_run_goes_on_where_the_server_is_not_there(place: Path, start: Callable[..., Server]) -> None:
    server = start(answers(""))
    server.close()
    done = edit(place, server, "multiply in `area`", "shape.py", "--dry-run", engine=f"openai:{server.url}")
    assert done.returncode == 0, done.stderr
    assert "depends on the model" in done.stderr
    assert "no code was sent" in done.stderr


def test_a_file_for_which_there_is_no_room_is_named_and_not_counted(
    place: Path, start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    (place / "large.py").write_text("x = 1\n" * 20_000)
    (place / "small.py").write_text("y = 1\n")
    server = start(answers(fenced(BETTER)))
    words = ("multiply in `area`", "shape.py", "-c", "large.py", "-c", "small.py")
    done = edit(place, server, *words, "-y", engine=f"openai:http://0.0.0.0:{server.port}/v1#m")
    assert done.returncode == 0, done.stderr
    assert "from 2 files, to 0.0.0.0" in done.stderr
    assert "large.py is not sent: there is no room for it" in done.stderr
    assert "small.py is not sent" not in done.stderr
    said = server.bodies[0]["messages"][1]["content"]
    assert "File for reference: small.py" in said
    assert "File for reference: large.py" not in said
    engine = "openai:http://gpu.example/v1#m"  # a dry run opens nothing
    done = edit(place, server, *words, "--dry-run", engine=engine)
    assert "large.py is not sent" in done.stderr


def test_json_names_the_model_and_ends_a_dry_run(place: Path, start: Callable[..., Server]) -> None:
    listed = status(200, b'{"data": [{"id": "first"}]}', ("content-type: application/json",))
    server = start(listed, listed, answers(fenced(BETTER)))
    words = ("multiply in `area`", "shape.py", "--json")
    done = edit(place, server, *words, "--dry-run", engine=f"openai:{server.url}")
    (end,) = map(json.loads, done.stdout.splitlines())
    assert [end["event"], end["exit"], end["unchanged"]] == ["finished", 0, ["shape.py"]]
    done = edit(place, server, *words, "-y", engine=f"openai:{server.url}")
    assert json.loads(done.stdout.splitlines()[0])["model"] == "first"


def test_several_regions_are_applied_whole_or_not_at_all(place: Path, start: Callable[..., Server]) -> None:
    (place / "other.py").write_text("def far():\n    return 2\n")
    good, bad = answers(fenced(BETTER)), answers("Sorry, no.")
    words = ("make it better", "shape.py::area", "shape.py::keep", "other.py::far", "--yes")
    two, three = answers(fenced("def keep():\n    return 3\n")), answers(fenced("def far():\n    return 4\n"))
    assert edit(place, start(good, two, bad), *words).returncode == 5
    assert [(place / n).read_text() for n in ("shape.py", "other.py")] == [
        SOURCE,
        "def far():\n    return 2\n",
    ]
    assert edit(place, start(good, two, three), *words).returncode == 0
    assert (place / "shape.py").read_text() == SOURCE.replace("w + h", "w * h").replace(
        "return 1", "return 3"
    )
    assert (place / "other.py").read_text() == "def far():\n    return 4\n"


def test_what_is_ignored_never_goes_along(place: Path, start: Callable[..., Server]) -> None:
    (place / ".sharpenignore").write_text("hidden/\n")
    (place / ".gitignore").write_text("built.py\n")
    (place / "hidden").mkdir()
    for name in ("hidden/area_secret.py", "built.py", "area_seen.py"):
        (place / name).write_text("def area_helper():\n    pass\n")
    (place / "AGENTS.md").write_text("Use tabs never.\n")
    server = start(answers(fenced(BETTER)))
    assert edit(place, server, "multiply in `area`", "shape.py", "--yes").returncode == 0
    said = server.requests[0].decode()
    assert "Use tabs never" in said
    assert "area_seen.py" in said
    assert "area_secret" not in said
    assert "built.py" not in said
    for name in ("hidden/area_secret.py", "built.py"):
        assert edit(place, server, "multiply in `area`", "shape.py", "--yes", "-c", name).returncode == 2
    for name in ("hidden/area_secret.py", "built.py"):
        done = edit(place, server, "change it", name, "--yes")
        assert done.returncode == 2
        assert f"{name} is not sent to a model" in done.stderr
    assert len(server.requests) == 1


def test_a_secret_is_masked_in_what_is_sent_and_stands_in_the_result(
    place: Path, start: Callable[..., Server]
) -> None:
    secret = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6"
    (place / "shape.py").write_text(f'TOKEN = "{secret}"\n')
    server = start(answers(fenced('TOKEN = "MASKED_SECRET_1_"\nX = 1\n')))
    assert edit(place, server, "append X = 1", "shape.py", "--yes").returncode == 0
    assert secret.encode() not in server.requests[0]
    assert (place / "shape.py").read_text() == f'TOKEN = "{secret}"\nX = 1\n'


def test_an_interrupt_closes_the_connection_within_a_fifth_of_a_second(
    place: Path, start: Callable[..., Server]
) -> None:
    seconds = []
    for _ in range(5):  # a loaded machine may be slow once, not always
        server = start(one_and_silence)
        argv, environ = command(place, server, "multiply in `area`", "shape.py", "--yes")
        program = subprocess.Popen(
            argv, cwd=place, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        until = time.monotonic() + 60
        while not server.requests and time.monotonic() < until:
            time.sleep(0.01)
        began = time.monotonic()
        program.send_signal(signal.SIGINT)
        assert server.gone.wait(60)
        seconds.append(time.monotonic() - began)
        _, said = program.communicate(timeout=60)
        assert program.returncode == 130, said
        assert (place / "shape.py").read_text() == SOURCE
        if seconds[-1] < 0.2:
            return
    raise AssertionError(seconds)


def waiting_for(path: Path, before: str, answer: str) -> Callable[[Peer], None]:
    """A state, then nothing until the file is no longer as it was, then the answer."""

    def script(peer: Peer) -> None:
        peer.stream(frame("def"), end=False)
        until = time.monotonic() + 60
        while path.read_text() == before and time.monotonic() < until:
            peer.wait(0.01)
        peer.more(frame(answer, 1) + STOP + DONE)
        peer.send(b"0\r\n\r\n")

    return script


def test_48_a_file_that_changes_while_the_answer_comes_is_not_overwritten(
    place: Path, start: Callable[..., Server]
) -> None:
    file = place / "shape.py"
    server = start(waiting_for(file, SOURCE, fenced(BETTER)))
    argv, environ = command(place, server, "multiply in `area`", "shape.py", "--yes")
    program = subprocess.Popen(argv, cwd=place, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not server.requests and time.monotonic() < until:
        time.sleep(0.01)
    mine = SOURCE.replace("w + h", "w - h")
    file.write_text(mine)
    _, said = program.communicate(timeout=60)
    assert program.returncode == 4, said
    assert file.read_text() == mine
    assert b"Traceback" not in said


LANGUAGES = {
    "a.js": ("function area(w, h) {\n  return w + h;\n}\n", "w * h"),
    "a.ts": ("function area(w: number, h: number): number {\n  return w + h;\n}\n", "w * h"),
    "a.go": ("package a\n\nfunc area(w int, h int) int {\n\treturn w + h\n}\n", "w * h"),
    "a.rs": ("fn area(w: u32, h: u32) -> u32 {\n    w + h\n}\n", "w * h"),
    "a.c": ("int area(int w, int h) {\n  return w + h;\n}\n", "w * h"),
    "A.java": ("class A {\n  int area(int w, int h) {\n    return w + h;\n  }\n}\n", "w * h"),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_other_languages_are_edited_at_the_definition_too(
    name: str, place: Path, start: Callable[..., Server]
) -> None:
    text, better = LANGUAGES[name]
    (place / name).write_text(text)
    first = text.index("area")
    begin = text.rfind("\n", 0, first) + 1
    end = len(text) if name != "A.java" else text.rindex("}\n")
    new = text[begin:end].replace("w + h", better)
    server = start(says(frame("fn"), frame(f"```\n{new}```", 1), STOP, DONE))
    done = edit(place, server, "multiply in `area`", name, "--yes")
    assert done.returncode == 0, done.stderr
    assert (place / name).read_text() == text.replace("w + h", better)


def test_an_older_fault_elsewhere_in_the_file_does_not_stand_in_the_way(
    place: Path, start: Callable[..., Server]
) -> None:
    broken = "def far(:\n    pass\n\n\n" + SOURCE
    (place / "shape.py").write_text(broken)
    server = start(answers(fenced(BETTER)))
    done = edit(place, server, "multiply in `area`", "shape.py", "--yes")
    assert done.returncode == 0, done.stderr
    assert (place / "shape.py").read_text() == broken.replace("w + h", "w * h")
    worse = start(answers(fenced("def area(w, h:\n    return w * h\n")))
    assert edit(place, worse, "multiply in `area`", "shape.py", "--yes").returncode == 5
