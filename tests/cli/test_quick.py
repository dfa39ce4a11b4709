"""A hook's command line, read without the full parser: the same words mean the same, and all else is left to it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from typer.main import get_command

from sharpen.cli import main, quick


def test_each_flag_is_one_of_the_command_and_takes_no_value() -> None:
    options = {
        name: (p.name, getattr(p, "is_flag", False))
        for p in get_command(main.app).commands["fix"].params  # type: ignore[attr-defined]
        for name in p.opts
    }
    assert quick.FLAGS.keys() <= options.keys()
    assert all(options[word] == (name, True) for word, name in quick.FLAGS.items())
    assert set(quick.FLAGS.values()) <= set(inspect.signature(main.fix).parameters)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["--", "a.py", "-x.py"], (("a.py", "-x.py"), {})),
        (["--staged", "-q"], ((), {"staged": True, "quiet": True})),
        (["a.py", "--check-only", "-"], (("a.py", "-"), {"check_only": True})),
        (["--check-only", "--", "--staged"], (("--staged",), {"check_only": True})),
    ],
)
def test_what_a_hook_says_is_understood(arguments: list[str], meant: Any) -> None:
    assert quick.read(arguments) == meant


@pytest.mark.parametrize(
    "word", ["--help", "-h", "--timeout", "--json=cells", "-qy", "--nothing", "--check=x"]
)
def test_everything_else_is_left_to_the_full_parser(word: str) -> None:
    assert quick.read(["a.py", word]) is None


def test_both_ways_say_the_same_and_end_alike(sandbox: Any) -> None:
    """`--max-files` goes the long way; the rest is equal."""
    sandbox.write("a.py", "x = 1\n")
    sandbox.write("b.py", "def f(x:\n    return x\n")
    for paths in (["a.py"], ["a.py", "b.py", "missing.py"], ["--all"], ["--staged"]):
        short = sandbox.run("fix", "--dry-run", *paths)
        long = sandbox.run("fix", "--dry-run", "--max-files", "9", *paths)
        assert (short.returncode, short.stdout, short.stderr) == (long.returncode, long.stdout, long.stderr)
