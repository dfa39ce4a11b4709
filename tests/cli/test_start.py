from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharpen.cli import main, start
from sharpen.cli.commands import tui


def test_the_first_look_knows_every_command() -> None:
    """A command that it does not know would open the app on a file of that name."""
    commands = {c.name or getattr(c.callback, "__name__", "") for c in main.app.registered_commands}
    groups = {str(group.name) for group in main.app.registered_groups}
    assert commands | groups == start.COMMANDS


def test_only_paths_that_are_there_open_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("")
    assert tui.wanted(["a.py"]) == (("a.py",), None)
    for words in (["-e", "mercury", "a.py"], ["a.py", "--engine", "mercury"], ["--engine=mercury", "a.py"]):
        assert tui.wanted(words) == (("a.py",), "mercury")
    assert tui.wanted(["a.py", "-e"]) is None
    assert tui.wanted(["-e", "mercury", "fix"]) is None
    assert tui.wanted(["a.py", "b.py"]) is None
    assert tui.wanted(["--version"]) is None
    assert tui.wanted([]) is None  # the tests' stdin is no terminal


def test_a_path_without_a_terminal_says_what_to_type_instead(sandbox: Any) -> None:
    sandbox.write("a.py", "x = (\n")
    done = sandbox.run("a.py")
    assert done.returncode == 2
    assert b"needs a terminal" in done.stderr
    assert b"sharpen fix a.py" in done.stderr


def test_a_word_that_is_neither_command_nor_file_is_wrong_usage(sandbox: Any) -> None:
    assert sandbox.run("fxi").returncode == 2
