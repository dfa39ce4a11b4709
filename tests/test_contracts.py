"""The sentences of docs/architecture.md that a machine can check by reading the source.

The import contracts stand in pyproject.toml (`tool.importlinter`), one sentence a contract; the rest, what
import statements cannot show, is read from the syntax trees here. Each allowed exception is named with its
reason, and one that is no longer needed fails, so the lists can only shrink.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = [c["name"] for c in PROJECT["tool"]["importlinter"]["contracts"]]

# Who may open a file for writing, rename or delete, and what it writes.
WRITERS = {
    "core/worktree/apply.py": "the one writer of users' files",
    "core/worktree/store.py": "sharpen's own journal in the state folder",
    "core/worktree/entries.py": "git's own index, under git's own lock",
    "core/worktree/hooks.py": "git's pre-commit hook, on request",
    "core/worktree/pending.py": "temporary files of a killed run, removed",
    "core/record.py": "a recording that the user asked for by name",
    "core/worktree/copies.py": "the throw-away copies that check commands run in",
    "core/diffusion/hub.py": "a checkpoint that was asked for, in the models folder",
    "core/training/": "corpus, checkpoints and weights, in the folder given to the training command",
    "cli/fatal.py": "the report of an internal error, in the state folder",
    "cli/commands/config.py": "the user's own settings file, on request",
    "cli/keyfile.py": "the user's own keys, mode 0600, on request",
    "cli/commands/serve.py": "the unix socket that it made itself, removed",
    "cli/tui/store.py": "prompts, outcomes and frames of a sitting, in the state folder",
    "cli/tui/proposals.py": "a proposal that is not decided on yet, in the state folder",
    "cli/commands/demo.py": "the demo's temporary repository",
    "cli/export.py": "the picture of a recording that was asked for, at the path given",
    "cli/picture.py": "the picture that was asked for, at the path given",
}
WRITING_CALLS = {
    "write_text", "write_bytes", "unlink", "rename", "rmdir", "touch", "symlink_to", "hardlink_to", "rmtree",
    "copyfile", "copy2", "copytree", "mkstemp", "ftruncate",
}  # fmt: skip


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted(p for p in (ROOT / folder).rglob("*.py") if "demo" not in p.parts):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("cli/demo/"):  # broken on purpose
                yield name, ast.parse(path.read_text(encoding="utf-8"), filename=name)


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Each call with what it is called on (dotted, as far as it is plain names) and its last name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner, _, last = ast.unparse(node.func).rpartition(".")
            yield node, owner, last


def opens_for_writing(call: ast.Call, owner: str, name: str) -> bool:
    """`open(…, "w")`, `path.open("wb")`, `os.open(…, O_WRONLY…)` and their like."""
    if name != "open":
        return False
    words = [a.value for a in [*call.args, *(k.value for k in call.keywords)] if isinstance(a, ast.Constant)]
    if owner == "os":
        return any(flag in ast.unparse(call) for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
    return any(isinstance(w, str) and set(w) <= set("rwxabt+") and set(w) & set("wxa+") for w in words)


def writes(call: ast.Call, owner: str, name: str) -> bool:
    if opens_for_writing(call, owner, name) or name in WRITING_CALLS:
        return True
    if owner == "shutil" and name == "move":
        return True
    return owner == "os" and name in {"replace", "remove", "write", "link", "symlink", "truncate"}


def lint(folder: Path) -> str:
    """What import-linter says of all contracts, of the packages that are found from `folder`."""
    command = "from importlinter.cli import lint_imports_command as run; run(['--no-cache', '--no-logo'])"
    wide = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=folder, env=wide, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def linted() -> str:
    """One run, because building the graph is the slow part."""
    return lint(ROOT)


@pytest.mark.parametrize("sentence", CONTRACTS)
def test_the_import_contract_holds(sentence: str, linted: str) -> None:
    assert f"{sentence} KEPT" in linted, linted


BREACHES = {
    "core/document.py": "import sharpen.core.session",
    "core/region.py": "import sharpen.cli.exits",
    "core/request.py": "import sharpen.core.engines.base",
    "core/engines/base.py": "import git",
    "core/session.py": "import git, httpx, onnxruntime, rich, torch",
}


def test_every_import_contract_can_fail(tmp_path: Path) -> None:
    """On a copy of the packages with a forbidden import for each: a contract that holds whatever we do says nothing."""
    for name in ("cli", "core", "prompts"):
        shutil.copytree(
            ROOT / name, tmp_path / "sharpen" / name, ignore=shutil.ignore_patterns("*.onnx", "demo")
        )
    for name, line in BREACHES.items():
        path = tmp_path / "sharpen" / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    said = lint(tmp_path)
    assert [name for name in CONTRACTS if f"{name} BROKEN" not in said] == []


def test_core_never_prints() -> None:
    said = []
    for name, tree in modules("core", "prompts"):
        if name.startswith("core/training/"):  # a program of its own, hours long, that says how far it is
            continue
        for call, owner, last in calls(tree):
            if (owner == "" and last in {"print", "input"}) or owner in {
                "sys.stdout",
                "sys.stderr",
                "logging",
            }:
                said.append(f"{name}:{call.lineno} {owner}{last}")
    assert said == []


def test_nothing_but_the_named_writers_writes_a_file() -> None:
    found: dict[str, list[str]] = {}
    used = set()
    for name, tree in modules("cli", "core", "prompts"):
        places = [f"{name}:{c.lineno} {o}.{n}" for c, o, n in calls(tree) if writes(c, o, n)]
        allowed = next((w for w in WRITERS if name == w or (w.endswith("/") and name.startswith(w))), None)
        if places and allowed is None:
            found[name] = places
        elif places:
            used.add(allowed)
    assert found == {}
    assert used == {w for w in WRITERS if (ROOT / w).exists()}, (
        "a writer that writes no more loses its place in the list"
    )


def test_git_runs_only_in_core_worktree_git() -> None:
    """GitPython is fenced by an import contract; this looks for a `git` started as a process."""
    starting = {"run", "Popen", "call", "check_call", "check_output", "execvp", "create_subprocess_exec"}
    started = []
    for name, tree in modules("cli", "core", "prompts"):
        if name == "core/worktree/git.py":
            continue
        argvs: list[ast.List | ast.Tuple] = [node for node in ast.walk(tree) if isinstance(node, ast.List)]
        for call, _, last in calls(tree):
            argvs += [a for a in call.args[:1] if last in starting and isinstance(a, ast.Tuple)]
        for argv in argvs:
            first = argv.elts[0] if argv.elts else None
            if isinstance(first, ast.Constant) and first.value == "git":
                started.append(f"{name}:{argv.lineno}")
    assert started == []


def test_core_reads_no_setting_from_the_environment() -> None:
    """Front ends read it and pass values in; only processes that core starts get a copy, cleaned."""
    allowed = {"core/worktree/git.py", "core/worktree/sandbox.py", "core/training/__main__.py"}
    allowed.add("core/diffusion/host.py")  # a process of its own, that tells torch's threads how to wait
    read = []
    for name, tree in modules("core", "prompts"):
        for node in ast.walk(tree):
            text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Call) else ""
            if (
                text in {"os.environ", "Path.home()"}
                or text.startswith(("os.getenv(", "os.path.expanduser("))
            ) and (name not in allowed):
                read.append(f"{name}: {text}")
    assert read == []


def test_the_package_list_is_the_folders_with_an_init() -> None:
    """A folder that setuptools is not told of works in an editable install and is missing from a wheel."""
    mapping = PROJECT["tool"]["setuptools"]["package-dir"]
    found = {
        ".".join([package, *init.parent.relative_to(ROOT / folder).parts])
        for package, folder in mapping.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found
