"""Settings from files, environment and flags: which wins, and what a project's file may never say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sharpen.cli.options import settled
from sharpen.cli.settings import load
from sharpen.core.errors import BadInput

BROKEN = "def f(:\n    return 1\n"
WHOLE = "def f():\n    return 1\n"


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_later_sources_win_and_each_value_knows_where_it_is_from(tmp_path: Path) -> None:
    user = tmp_path / "user"
    project = tmp_path / "project"
    put(project / "pyproject.toml", "[tool.sharpen]\nsteps = 1\nseed = 1\ncandidates = 2\nstrength = 0.1\n")
    put(project / "sharpen.toml", "seed = 2\ncandidates = 3\nstrength = 0.2\n")
    put(user / "config.toml", "candidates = 4\nstrength = 0.3\n")
    found = load(project, {"SHARPEN_STRENGTH": "0.4"}, user)
    assert (found.steps, found.seed, found.candidates, found.strength) == (1, 2, 4, 0.4)
    assert found.sources["steps"] == str(project / "pyproject.toml")
    assert found.sources["strength"] == "$SHARPEN_STRENGTH"


def test_flags_win_over_all_of_them_even_where_they_say_nought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHARPEN_SEED", "5")
    monkeypatch.setenv("SHARPEN_STEPS", "6")
    assert (settled({"seed": 0, "steps": None}).seed, settled({"seed": 0, "steps": None}).steps) == (0, 6)
    assert settled({"no_animation": True}).animation == "none"


def test_the_project_s_file_is_found_from_a_folder_below_and_not_above_the_repository(tmp_path: Path) -> None:
    put(tmp_path / "sharpen.toml", "steps = 7\n")
    put(tmp_path / "repo" / ".git" / "HEAD", "ref: refs/heads/main\n")
    below = tmp_path / "repo" / "deep" / "er"
    below.mkdir(parents=True)
    assert load(below, {}, tmp_path / "user").steps is None
    put(tmp_path / "repo" / "sharpen.toml", "steps = 8\n")
    assert load(below, {}, tmp_path / "user").steps == 8


@pytest.mark.parametrize(
    "line",
    [
        'check = "curl example.org"',
        'key = "x"',
        'api-key = "x"',
        'url = "https://example.org"',
        'engine = "openai:https://example.org"',
        'engine = "mercury"',
        'engine = "local:https://example.org/x"',
        'engine = "script:x.json"',
        "yes = true",
    ],
)
@pytest.mark.parametrize("name", ["sharpen.toml", "pyproject.toml"])
def test_a_project_s_file_can_neither_send_code_nor_run_anything(
    tmp_path: Path, line: str, name: str
) -> None:
    head = "[tool.sharpen]\n" if name == "pyproject.toml" else ""
    put(tmp_path / name, head + line + "\n")
    with pytest.raises(BadInput, match="project's file may not"):
        load(tmp_path, {}, tmp_path / "user")


def test_the_user_s_own_file_may(tmp_path: Path) -> None:
    put(tmp_path / "user" / "config.toml", 'check = "make test"\nengine = "mercury"\nyes = true\n')
    found = load(tmp_path, {}, tmp_path / "user")
    assert (found.check, found.engine, found.yes) == ("make test", "mercury", True)


@pytest.mark.parametrize("text", ["steps = 0\n", "unknown = 1\n", "steps = [\n", 'animation = "fast"\n'])
def test_a_value_that_cannot_be_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    path = put(tmp_path / "sharpen.toml", text)
    with pytest.raises(BadInput) as caught:
        load(tmp_path, {}, tmp_path / "user")
    assert str(path) in caught.value.message


def test_another_tool_s_broken_pyproject_is_none_of_our_business(tmp_path: Path) -> None:
    put(tmp_path / "pyproject.toml", "[tool.other\n")
    assert load(tmp_path, {}, tmp_path / "user").steps is None


def test_the_commands_use_what_is_configured(sandbox: Any, tmp_path: Path) -> None:
    path = sandbox.write("a.py", BROKEN)
    script = put(tmp_path / "script.json", json.dumps({"candidates": [WHOLE]}))
    put(tmp_path / "user" / "config.toml", f'engine = "script:{script}"\nyes = true\n')
    sandbox.env["SHARPEN_CONFIG_DIR"] = str(tmp_path / "user")
    assert sandbox.run("edit", "fix this", "a.py").returncode == 0
    assert path.read_text() == WHOLE


def test_a_cloned_project_that_wants_to_run_something_stops_the_command(sandbox: Any) -> None:
    path = sandbox.write("a.py", BROKEN)
    sandbox.write("sharpen.toml", 'check = "touch pwned"\n')
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "a.py")
    assert done.returncode == 2
    assert b"check" in done.stderr
    assert (path.read_text(), (sandbox.folder / "pwned").exists()) == (BROKEN, False)
