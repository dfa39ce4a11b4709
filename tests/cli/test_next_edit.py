"""Going on with what the user began: `/edit/completions` in its tags, and the same told to a model that chats."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.begun import continues
from tests.cli.test_remote import edit, fenced
from tests.core.engines.conftest import Server, answers, status

BEFORE = "def area(w, h):\n    return w * h\n\n\ndef rim(w, h):\n    return 2 * (w + h)\n\n\n" + "".join(
    f"X{n} = {n}\n" for n in range(30)
)
BEGUN = BEFORE.replace("def area(w, h):\n    return w * h", "def area(width, h):\n    return width * h")
FIRST = "".join(BEGUN.splitlines(keepends=True)[:12])
"""The lines from 5 above the last change to 10 below it."""
DONE = FIRST.replace("rim(w, h)", "rim(width, h)").replace("(w + h)", "(width + h)")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shape.py").write_text(BEFORE)
    (folder / "kept.env").write_text("A=1\n")
    (folder / ".sharpenignore").write_text("*.env\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    (folder / "shape.py").write_text(BEGUN)
    (folder / "kept.env").write_text("A=2\n")
    return folder


def says(text: str, finish: str = "stop") -> object:
    """A next edit as it comes: at once."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    body = {
        "id": "e1",
        "object": "edit.completion",
        "choices": [choice],
        "usage": {"prompt_tokens": 400, "completion_tokens": 60},
    }
    return status(200, json.dumps(body).encode(), ["content-type: application/json"])


def test_what_was_begun_is_gone_on_with(place: Path, start: Callable[..., Server]) -> None:
    server = start(says(f"```\n{DONE}\n```"))
    done = edit(place, server, "continue the rename", "shape.py", "--yes", engine="mercury")
    assert done.returncode == 0, done.stderr
    assert (place / "shape.py").read_text() == BEGUN.replace(FIRST, DONE)
    assert server.requests[0].startswith(b"POST /v1/edit/completions ")
    (body,) = server.bodies
    assert set(body) == {"model", "max_tokens", "messages"}
    assert body["model"] == "mercury-edit-2"
    (message,) = body["messages"]
    assert message["role"] == "user"
    assert message["content"] == (
        "<|recently_viewed_code_snippets|>\n<|/recently_viewed_code_snippets|>\n\n"
        "<|current_file_content|>\ncurrent_file_path: shape.py\n"
        f"<|code_to_edit|>\n<|cursor|>{FIRST}<|/code_to_edit|>\n{BEGUN.removeprefix(FIRST)}"
        "<|/current_file_content|>\n\n"
        "<|edit_diff_history|>\n--- shape.py\n+++ shape.py\n@@ -1,4 +1,4 @@\n-def area(w, h):\n-    return w * h\n"
        "+def area(width, h):\n+    return width * h\n \n \n<|/edit_diff_history|>\n"
    )


@pytest.mark.parametrize("text", ["None", f"```\n{FIRST}```", FIRST])
def test_no_further_change_is_nothing_to_do(text: str, place: Path, start: Callable[..., Server]) -> None:
    done = edit(place, start(says(text)), "continue", "shape.py", "--yes", engine="mercury")
    assert done.returncode == 0, done.stderr
    assert (place / "shape.py").read_text() == BEGUN


def test_an_answer_that_cannot_be_used_is_asked_for_as_chat_with_the_changes(
    place: Path, start: Callable[..., Server]
) -> None:
    server = start(says("```\ndef area(width, h:\n    return width * h\n```"), answers(fenced(DONE)))
    done = edit(place, server, "finish what I began", "shape.py", "--yes", engine="mercury")
    assert done.returncode == 0, done.stderr
    assert (place / "shape.py").read_text() == BEGUN.replace(FIRST, DONE)
    first, second = server.requests
    assert b"/edit/completions" in first
    assert b"/chat/completions" in second
    told = server.bodies[1]["messages"]
    assert "+def area(width, h):" in told[1]["content"]
    assert "cannot be used" in told[-1]["content"]


def test_a_cut_answer_is_none(place: Path, start: Callable[..., Server]) -> None:
    done = edit(
        place, start(says(f"```\n{DONE}\n```", "length")), "continue", "shape.py", "--yes", engine="mercury"
    )
    assert done.returncode == 3
    assert (place / "shape.py").read_text() == BEGUN


def test_another_server_is_told_the_changes_in_chat(place: Path, start: Callable[..., Server]) -> None:
    server = start(answers(fenced(DONE)))
    assert edit(place, server, "continue the rename", "shape.py", "--yes").returncode == 0
    said = server.bodies[0]["messages"][1]["content"]
    assert "+def area(width, h):" in said
    assert "What to do: continue the rename" in said
    assert "A=2" not in server.requests[0].decode()
    assert (place / "shape.py").read_text() == BEGUN.replace(FIRST, DONE)


def test_a_prompt_of_its_own_and_a_file_with_the_tags_go_as_chat(
    place: Path, start: Callable[..., Server]
) -> None:
    server = start(answers(fenced("def rim(w, h):\n    return w\n")))
    assert edit(place, server, "simplify `rim`", "shape.py", "--yes", engine="mercury").returncode == 0
    assert b"/chat/completions" in server.requests[0]
    assert "+def area(width, h):" not in server.bodies[0]["messages"][1]["content"]
    (place / "shape.py").write_text(BEGUN + 'TAG = "<|cursor|>"\n')
    server = start(answers(fenced(DONE)))
    edit(place, server, "continue", "shape.py:1-12", "--yes", engine="mercury")
    assert b"/chat/completions" in server.requests[0]


def test_a_dry_run_shows_it_and_sends_nothing(place: Path, start: Callable[..., Server]) -> None:
    server = start(says("None"))
    done = edit(place, server, "continue", "shape.py", "--dry-run", "-v", engine="mercury")
    assert [done.returncode, server.requests] == [0, []]
    assert f"POST {server.url}/edit/completions" in done.stderr
    assert "<|edit_diff_history|>" in done.stderr


@pytest.mark.parametrize(
    ("prompt", "goes_on"),
    [("continue", True), ("Continue.", True), ("please go on", True), ("finish what I began", True), ("continue the rename", True),
     ("complete this refactoring", True), ("finish the renaming I started", True), ("continue with my edits here", True),
     ("continue on errors in the loop", False), ("finish the parser", False), ("complete the docstring", False),
     ("carry on", True), ("use continue in the loop", False), ("proceed only if x", False)],
)  # fmt: skip
def test_only_a_prompt_that_asks_for_nothing_else_goes_on(prompt: str, goes_on: bool) -> None:
    assert continues(prompt) is goes_on
