"""Ignore patterns mean what git means by them; git itself is the judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sharpen.core.ignore import Rules, never

PATHS = (
    "a.py",
    "b/a.py",
    "b/c/a.py",
    "build/x.o",
    "src/build/x.o",
    "a b.txt",
    "#note",
    "!odd",
    "deep/er/x.log",
    "x.log",
)


@pytest.mark.parametrize(
    "lines",
    [["*.py"], ["/a.py"], ["b/"], ["b/a.py"], ["**/a.py"], ["b/**"], ["b/**/a.py"], ["build/"], ["/build/"], ["*.log", "!x.log"],
     ["b/", "!b/a.py"], ["\\#note"], ["\\!odd"], ["# a comment", ""], ["?.py"], ["[ab].py"], ["[!b].py"], ["a b.txt  "],
     ["deep/*/x.log"], ["*"], ["c/a.py"], ["a.*"]],
)  # fmt: skip
def test_a_pattern_ignores_what_git_ignores(lines: list[str], tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("\n".join(lines) + "\n")
    asked = "\0".join(f"./{path}" for path in PATHS).encode() + b"\0"
    said = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin"], cwd=tmp_path, input=asked, capture_output=True, check=False
    )
    theirs = {name.decode().removeprefix("./") for name in said.stdout.split(b"\0") if name}
    assert {path for path in PATHS if Rules(lines).match(path)} == theirs


@pytest.mark.parametrize(("path", "held"), [(".env", True), ("a/.env.local", True), (".env.example", False),
                                            ("x/server.PEM", True), ("keys.py", False), ("secrets.toml", True)])  # fmt: skip
def test_files_that_hold_secrets_are_known_by_name(path: str, held: bool) -> None:
    assert never(path) is held
