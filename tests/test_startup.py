"""What the cheap commands may not load, read from `sys.modules` of fresh interpreters.

The import contracts say where a heavy package may be imported at all; only this can tell a deferred import
from one at the top. Measured on two cores: torch takes about 4 s to import, onnxruntime 0.3 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "textual", "httpx", "onnxruntime", "numpy", "git", "tokenizers", "tree_sitter")
RUN_MAIN = """
import sys
sys.argv = ["sharpen", *{arguments!r}]
from sharpen.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded(code: str, **environment: str) -> set[str]:
    """Top-level names in `sys.modules` of a fresh interpreter that has run `code`."""
    ending = (
        "\nimport sys; sys.stderr.write('\\nLOADED ' + ' '.join({n.partition('.')[0] for n in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + ending],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("LOADED ")[2].split())


def test_the_probe_sees_a_heavy_import() -> None:
    assert "numpy" in loaded("import numpy")


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded("import sharpen.cli.main").isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fix", "--help"], ["edit", "--help"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(RUN_MAIN.format(arguments=arguments)).isdisjoint(HEAVY)


def as_a_hook(*arguments: str) -> set[str]:
    """What the program itself has loaded at its end, started as a hook starts it."""
    return loaded(RUN_MAIN.replace("cli.main", "cli.start").format(arguments=list(arguments)), PRE_COMMIT="1")


# pydantic alone would cost 0.12 s, the full parser 0.08 s, the road 0.1 s.
NOT_FOR_A_CLEAN_COMMIT = {*HEAVY, "pydantic", "typer", "rich", "concurrent"}


def test_fixing_a_clean_file_loads_nothing_heavy(tmp_path: Path) -> None:
    """What pre-commit's way pays on every commit: arguments, the files, one ruff process."""
    clean = tmp_path / "clean.py"
    clean.write_text("x = 1\n")
    assert as_a_hook("fix", "--", str(clean)).isdisjoint(NOT_FOR_A_CLEAN_COMMIT)


def test_fixing_a_clean_index_loads_nothing_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git's own hook: two questions to git besides."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clean.py").write_text("x = 1\n")
    for command in (["init", "-q"], ["add", "clean.py"]):
        subprocess.run(["git", *command], check=True)
    assert as_a_hook("fix", "--staged").isdisjoint(NOT_FOR_A_CLEAN_COMMIT)


def test_a_long_command_line_of_a_clean_file_loads_no_engine(tmp_path: Path) -> None:
    clean = tmp_path / "clean.py"
    clean.write_text("x = 1\n")
    modules = loaded(RUN_MAIN.format(arguments=["fix", "--timeout", "20", str(clean)]))
    assert modules.isdisjoint({*HEAVY, "pydantic"})


def test_shell_completion_loads_nothing_heavy() -> None:
    modules = loaded(
        RUN_MAIN.format(arguments=[]),
        _SHARPEN_COMPLETE="complete_bash",
        COMP_WORDS="sharpen f",
        COMP_CWORD="1",
    )
    assert modules.isdisjoint(HEAVY)


def test_importing_the_road_loads_no_engine() -> None:
    """`core.session` is what every front end imports; an engine is loaded when it is chosen."""
    assert loaded("import sharpen.core.session").isdisjoint({"torch", "onnxruntime", "httpx", "textual"})
