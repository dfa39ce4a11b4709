"""What happens to index, file and commit when a hook runs, by pre-commit and by `sharpen hook`, with real git."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WHOLE = "def f(x):\n    return x\n"
BROKEN = "def f(x:\n    return x\n"
KINDS = ("pre-commit", "sharpen hook")


class Repository:
    """A repository of many files, with the hook of one kind."""

    def __init__(self, sandbox: Any, kind: str) -> None:
        self.sandbox, self.kind, self.folder = sandbox, kind, sandbox.folder
        sandbox.env |= {
            "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@localhost", "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@localhost", "PRE_COMMIT_HOME": str(sandbox.state / "pre-commit"),
        }  # fmt: skip
        sandbox.env.pop("CI", None)
        self.git("init", "-q", "-b", "main")
        for number in range(60):
            sandbox.write(f"clean{number}.py", f"def clean{number}():\n    return {number}\n")
        sandbox.write("app.py", WHOLE)
        if kind == "pre-commit":
            sandbox.write(".pre-commit-config.yaml", _config())
        self.git("add", ".")
        assert self.git("commit", "-qm", "first").returncode == 0
        if kind == "pre-commit":
            assert self.run([sys.executable, "-m", "pre_commit", "install"]).returncode == 0
        else:
            assert sandbox.run("hook", "install").returncode == 0

    def run(
        self, command: list[str], cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.sandbox.env | env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def git(self, *arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run(["git", *arguments], cwd, **env)

    def commit(self, *arguments: str, cwd: Path | None = None, **env: str) -> int:
        return self.git("commit", "-qm", "second", *arguments, cwd=cwd, **env).returncode

    def staged(self, name: str = "app.py") -> str:
        return self.git("show", f":{name}").stdout

    def file(self, name: str = "app.py") -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def head(self, name: str = "app.py") -> str:
        return self.git("show", f"HEAD:{name}").stdout


def _config() -> str:
    """The hooks of this repository as they are, with its own interpreter in place of an installed copy."""
    import yaml

    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    fix = next(hook for hook in hooks if hook["id"] == "sharpen-fix")
    fix |= {"language": "system", "entry": f"{sys.executable} -P -m sharpen.cli fix"}
    return yaml.safe_dump({"repos": [{"repo": "local", "hooks": [fix]}]})


@pytest.fixture(params=KINDS)
def repo(request: pytest.FixtureRequest, sandbox: Any) -> Repository:
    return Repository(sandbox, request.param)


def repaired(text: str) -> bool:
    try:
        compile(text, "app.py", "exec")
    except SyntaxError:
        return False
    return True


def test_a_clean_commit_goes_through(repo: Repository) -> None:
    repo.sandbox.write("app.py", WHOLE + "\n\ny = 1\n")
    assert repo.commit("-a") == 0
    assert repo.head() == repo.file() == WHOLE + "\n\ny = 1\n"


def test_a_broken_file_is_repaired_the_commit_stops_and_the_next_one_goes_through(repo: Repository) -> None:
    repo.sandbox.write("app.py", BROKEN)
    repo.git("add", "app.py")
    assert repo.commit() == 1
    assert repaired(repo.file())
    assert repo.head() == WHOLE
    if repo.kind == "pre-commit":  # it never stages what its hooks write
        assert repo.staged() == BROKEN
        repo.git("add", "app.py")
    assert repaired(repo.staged())
    again = repo.staged()
    repo.commit("--allow-empty")
    assert repo.head() == repo.file() == again


def test_what_is_left_unstaged_stays_unstaged(repo: Repository) -> None:
    repo.sandbox.write("app.py", BROKEN)
    repo.git("add", "app.py")
    mine = "\n\n\n\n\n\nz = 3  # not to be committed\n"
    repo.sandbox.write("app.py", BROKEN + mine)
    assert repo.commit() == 1
    assert repo.file().endswith(mine)
    assert "not to be committed" not in repo.staged()
    if repo.kind == "sharpen hook":
        assert repaired(repo.staged())
        assert repo.file() == BROKEN + mine
        repo.commit("--allow-empty")
        assert repaired(repo.head())
        assert repo.file() == BROKEN + mine


def test_commit_a_sees_the_files_that_it_takes_along(repo: Repository) -> None:
    repo.sandbox.write("app.py", BROKEN)
    assert repo.commit("-a") == 1
    assert repo.head() == WHOLE
    assert repaired(repo.file())
    assert repo.commit("-a", "--allow-empty") == 0
    assert repaired(repo.head())


def test_a_commit_of_named_paths_leaves_the_others_alone(repo: Repository) -> None:
    repo.sandbox.write("app.py", WHOLE + "\n\ny = 1\n")
    repo.sandbox.write("clean1.py", BROKEN)
    assert repo.commit("--", "app.py") == 0
    assert repo.head() == WHOLE + "\n\ny = 1\n"
    assert repo.file("clean1.py") == BROKEN
    assert repo.commit("--", "clean1.py") == 1
    assert repo.head("clean1.py") != BROKEN
    assert repaired(repo.file("clean1.py"))


def test_a_merge_is_committed(repo: Repository) -> None:
    repo.git("switch", "-qc", "side")
    repo.sandbox.write("app.py", WHOLE.replace("return x", "return x + 1"))
    assert repo.commit("-a") == 0
    repo.git("switch", "-q", "main")
    repo.sandbox.write("app.py", WHOLE.replace("return x", "return x + 2"))
    assert repo.commit("-a") == 0
    assert repo.git("merge", "-q", "side").returncode != 0
    repo.sandbox.write("app.py", WHOLE.replace("return x", "return x + 3"))
    repo.git("add", "app.py")
    assert repo.commit() == 0
    assert repo.git("rev-list", "--merges", "--count", "HEAD").stdout.strip() == "1"


def test_a_linked_worktree_has_the_hook_too(repo: Repository, tmp_path: Path) -> None:
    other = tmp_path / "other"
    repo.git("worktree", "add", "-q", str(other), "-b", "elsewhere")
    (other / "app.py").write_text(BROKEN)
    repo.git("add", "app.py", cwd=other)
    assert repo.commit(cwd=other) == 1
    assert repaired((other / "app.py").read_text())
    assert repo.file() == WHOLE


def test_colour_for_everything_changes_nothing(repo: Repository) -> None:
    repo.git("config", "color.ui", "always")
    repo.sandbox.write("app.py", BROKEN)
    repo.git("add", "app.py")
    assert repo.commit(PRE_COMMIT_COLOR="always", CLICOLOR_FORCE="1", FORCE_COLOR="1") == 1
    assert repaired(repo.file())


def test_what_head_has_broken_already_does_not_stop_a_commit(repo: Repository) -> None:
    repo.sandbox.write("old.py", "def f():\n    return missing_name\n")
    repo.git("add", "old.py")
    assert repo.commit("--no-verify") == 0
    repo.sandbox.write("old.py", "# about f\ndef f():\n    return missing_name\n")
    assert repo.commit("-a") == 0
    assert "missing_name" in repo.head("old.py")
    repo.sandbox.write("old.py", "def f():\n    return missing_name\n\n\n" + BROKEN)
    assert repo.commit("-a") == 1
    assert repaired(repo.file("old.py"))
    assert "missing_name" in repo.file("old.py")


def test_a_file_that_was_broken_already_can_be_moved(repo: Repository) -> None:
    lines = "".join(f"value{number} = {number}\n" for number in range(20))
    repo.sandbox.write("old.py", lines + "def f():\n    return missing_name\n")
    repo.sandbox.write("torn.py", lines + BROKEN)
    repo.git("add", ".")
    assert repo.commit("--no-verify") == 0
    (repo.folder / "deep").mkdir()
    repo.git("mv", "old.py", "deep/new.py")
    repo.git("mv", "torn.py", "deep/torn.py")
    assert repo.commit() == 0
    assert "missing_name" in repo.head("deep/new.py")
    repo.git("mv", "deep/new.py", "again.py")
    repo.sandbox.write("again.py", lines + "def f():\n    return missing_name\n\n\nother_name\n")
    repo.git("add", "again.py")
    assert repo.commit() == 1
    assert "return missing_name" in repo.file("again.py")
    assert "other_name" not in repo.file("again.py")


def test_an_engine_that_is_not_to_be_had_stops_no_commit(repo: Repository) -> None:
    repo.sandbox.write("app.py", BROKEN)
    repo.git("add", "app.py")
    assert repo.commit(SHARPEN_ENGINE="local:not-there") == 0
    assert repo.head() == BROKEN


def test_skip_leaves_a_hook_of_pre_commit_out(sandbox: Any) -> None:
    repo = Repository(sandbox, "pre-commit")
    sandbox.write("app.py", BROKEN)
    assert repo.commit("-a", SKIP="sharpen-fix") == 0
    assert repo.head() == BROKEN


# sharpen hook


def test_a_hook_that_was_there_runs_first_and_comes_back(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    hook = sandbox.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    mine = "#!/bin/sh\necho mine >> ran\n[ ! -e stop ]\n"
    hook.write_text(mine)
    hook.chmod(0o755)
    assert sandbox.run("hook", "install").returncode == 0
    assert sandbox.run("hook", "install").returncode == 0  # twice is once
    sandbox.write("a.py", WHOLE)
    sandbox.git("add", "a.py")
    sandbox.write("stop", "")
    sandbox.git("commit", "-qm", "x")
    assert (sandbox.folder / "ran").read_text() == "mine\n"
    assert sandbox.git("log", "--oneline", "--all") == ""
    (sandbox.folder / "stop").unlink()
    sandbox.git("commit", "-qm", "x")
    assert sandbox.git("log", "--oneline", "--all") != ""
    assert sandbox.run("hook", "uninstall").returncode == 0
    assert hook.read_text() == mine
    assert os.access(hook, os.X_OK)
    refused = sandbox.run("hook", "uninstall")
    assert refused.returncode == 2
    assert hook.read_text() == mine


def test_the_hooks_folder_of_the_configuration_is_honoured(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.git("config", "core.hooksPath", "tools/hooks")
    assert sandbox.run("hook", "status").returncode == 1
    assert sandbox.run("hook", "install").returncode == 0
    assert (sandbox.folder / "tools" / "hooks" / "pre-commit").exists()
    assert not (sandbox.folder / ".git" / "hooks" / "pre-commit").exists()
    assert sandbox.run("hook", "status").returncode == 0
    sandbox.write("app.py", BROKEN)
    sandbox.git("add", "app.py")
    sandbox.git("commit", "-qm", "x")
    assert repaired(sandbox.git("show", ":app.py"))


def test_an_interpreter_that_is_gone_stops_no_commit(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.run("hook", "install")
    hook = sandbox.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(hook.read_text().replace(sys.executable, "/nowhere/python"))
    sandbox.write("app.py", BROKEN)
    sandbox.git("add", "app.py")
    sandbox.git("commit", "-qm", "x")
    assert sandbox.git("show", "HEAD:app.py") == BROKEN


def test_a_sharpen_that_is_gone_stops_no_commit(sandbox: Any, tmp_path: Path) -> None:
    """`pip uninstall` leaves the interpreter."""
    from sharpen.core.worktree import hooks

    sandbox.git("init", "-q")
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    hooks.install(sandbox.folder, str(python))
    sandbox.write("app.py", BROKEN)
    sandbox.git("add", "app.py")
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "x"],
        cwd=sandbox.folder,
        env=sandbox.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == f"sharpen is not installed for {python}; the commit goes on\n"
    assert sandbox.git("show", "HEAD:app.py") == BROKEN


@pytest.mark.parametrize("where", ["end", "middle"])
def test_lines_that_somebody_added_to_the_hook_are_not_lost(sandbox: Any, where: str) -> None:
    sandbox.git("init", "-q")
    sandbox.run("hook", "install")
    hook = sandbox.folder / ".git" / "hooks" / "pre-commit"
    text = hook.read_text()
    mine = text + "echo mine\n" if where == "end" else text.replace("\npython=", "\necho mine\npython=", 1)
    hook.write_text(mine)
    for action in ("install", "uninstall"):
        done = sandbox.run("hook", action)
        assert done.returncode == 2
        assert b"has lines that sharpen did not write" in done.stderr
        assert hook.read_text() == mine
    assert b"lines that sharpen did not write" in sandbox.run("hook", "status").stdout
    hook.write_text(text)
    assert sandbox.run("hook", "install").returncode == 0
    assert hook.read_text() == text
    assert sandbox.run("hook", "uninstall").returncode == 0
    assert not hook.exists()


@pytest.mark.parametrize("action", ["install", "uninstall", "status"])
def test_outside_git_there_is_no_hook(sandbox: Any, action: str) -> None:
    done = sandbox.run("hook", action)
    assert done.returncode == 2
    assert b"not a git repository" in done.stderr
    assert b"fix" not in done.stderr


def test_another_word_is_wrong_usage(sandbox: Any) -> None:
    assert sandbox.run("hook", "remove").returncode == 2


def test_a_name_with_a_leading_dash_passes_through_the_hook(sandbox: Any) -> None:
    repo = Repository(sandbox, "pre-commit")
    sandbox.write("-x.py", BROKEN)
    repo.git("add", "--", "-x.py")
    assert repo.commit() == 1
    assert repaired(repo.file("-x.py"))


def test_a_run_that_takes_too_long_writes_nothing_and_a_commit_goes_on(sandbox: Any) -> None:
    sandbox.script(WHOLE, pause=30)
    sandbox.write("app.py", BROKEN)
    done = sandbox.run("fix", "app.py", "--timeout", "0.5")
    assert done.returncode == 3
    assert b"longer than 0.5 s" in done.stderr
    sandbox.env["PRE_COMMIT"] = "1"
    assert sandbox.run("fix", "app.py", "--timeout", "0.5").returncode == 0
    assert sandbox.run("fix", "app.py", "--timeout", "0.5", "--strict").returncode == 3
    assert (sandbox.folder / "app.py").read_text() == BROKEN


def test_so_many_files_are_repaired_at_most(sandbox: Any) -> None:
    for name in ("a.py", "b.py", "c.py"):
        sandbox.write(name, BROKEN)
    done = sandbox.run("fix", "a.py", "b.py", "c.py", "--max-files", "2")
    assert done.returncode == 1
    assert b"3 files are broken; 2 of them" in done.stderr
    assert [repaired((sandbox.folder / n).read_text()) for n in ("a.py", "b.py", "c.py")] == [
        True,
        True,
        False,
    ]
