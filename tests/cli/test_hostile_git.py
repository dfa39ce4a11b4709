"""Repairs in places where git is awkward: odd names, links, other repositories' variables, other owners, long histories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WHOLE = b"def f(x):\n    return x\n"
BROKEN = b"def f(x:\n    return x\n"
NAMES = (
    b"with space.py",
    b"new\nline.py",
    b"quo\"te'.py",
    b"-dash.py",
    b"odd\xff\xfe.py",
    "größe.py".encode(),
    b"A.py",
    b"a.py",
)


def make(sandbox: Any, *names: bytes, text: bytes = WHOLE) -> None:
    sandbox.git("init", "-q")
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(sandbox.folder), name))).write_bytes(text)  # noqa: PTH118


def holds(data: bytes) -> bool:
    try:
        compile(data, "x", "exec")
    except SyntaxError:
        return False
    return True


def index(sandbox: Any, name: bytes) -> bytes:
    return subprocess.run(
        [b"git", b"cat-file", b"blob", b":" + name],
        cwd=sandbox.folder,
        env=sandbox.env,
        capture_output=True,
        check=True,
    ).stdout


def test_names_of_every_kind_are_repaired_in_index_and_file(sandbox: Any) -> None:
    make(sandbox, *NAMES, text=BROKEN)
    sandbox.git("add", ".")
    done = sandbox.run("fix", "--staged", "--all")
    assert done.returncode == 1, done.stderr
    for name in NAMES:
        file = Path(os.fsdecode(os.path.join(os.fsencode(sandbox.folder), name)))  # noqa: PTH118
        assert holds(file.read_bytes()), name
        assert index(sandbox, name) == file.read_bytes()
    again = sandbox.run("fix", "--staged", "--all")
    assert again.returncode == 0, again.stderr


def test_names_of_every_kind_are_repaired_as_changed_files(sandbox: Any) -> None:
    make(sandbox, *NAMES, text=BROKEN)
    assert sandbox.run("fix").returncode == 1
    for name in NAMES:
        assert holds(Path(os.fsdecode(os.path.join(os.fsencode(sandbox.folder), name))).read_bytes()), name  # noqa: PTH118


@pytest.mark.parametrize("staged", [False, True])
def test_another_repositorys_variables_do_not_reach_this_one(
    sandbox: Any, tmp_path: Path, staged: bool
) -> None:
    """Somebody runs sharpen from a hook of another repository, whose variables git has set."""
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=other, env=sandbox.env, check=True)
    make(sandbox, b"app.py", text=BROKEN)
    sandbox.git("add", ".")
    theirs = other / ".git"
    sandbox.env |= {
        "GIT_DIR": str(theirs),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(theirs / "index"),
        "GIT_PREFIX": "",
    }
    done = sandbox.run("fix", *(["--staged"] if staged else []))
    assert done.returncode == 1, done.stderr
    assert holds((sandbox.folder / "app.py").read_bytes())
    assert not (theirs / "index").exists()


@pytest.fixture
def apart(sandbox: Any, tmp_path: Path) -> Any:
    """A work tree whose git folder lies elsewhere, as for files of a home folder; `apart(...)` is git for it."""
    (sandbox.folder / "sub").mkdir()
    home = tmp_path / "home.git"
    subprocess.run(["git", "init", "-q", "--bare", str(home)], env=sandbox.env, check=True)

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        where = [f"--git-dir={os.path.relpath(home, sandbox.folder)}", "--work-tree=."]
        who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        command = ["git", *who, *where, *arguments]
        return subprocess.run(
            command,
            cwd=sandbox.folder,
            env=sandbox.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    git.variables = {"GIT_DIR": str(home), "GIT_WORK_TREE": str(sandbox.folder)}  # type: ignore[attr-defined]
    return git


def test_a_hook_of_a_git_folder_elsewhere_works(sandbox: Any, apart: Any) -> None:
    plain = dict(sandbox.env)
    sandbox.env |= apart.variables
    assert sandbox.run("hook", "install").returncode == 0
    assert sandbox.run("hook", "status").returncode == 0
    sandbox.env = plain
    path = sandbox.write("sub/app.py", WHOLE)
    apart("add", ".")
    assert apart("commit", "-qm", "x").returncode == 0
    path.write_bytes(BROKEN)
    assert apart("commit", "-qam", "y").returncode == 1
    assert holds(path.read_bytes())
    apart("add", ".")
    path.write_bytes(BROKEN)
    apart("add", ".")
    done = apart("commit", "-qm", "y")
    assert done.returncode == 1, done.stderr
    assert holds(apart("show", ":sub/app.py").stdout.encode())


def test_the_variables_of_a_git_folder_elsewhere_are_followed(sandbox: Any, apart: Any) -> None:
    apart("commit", "-qm", "x", "--allow-empty")
    sandbox.env |= apart.variables
    path = sandbox.write("sub/app.py", BROKEN)
    assert sandbox.run("fix").returncode == 1
    assert holds(path.read_bytes())
    assert sandbox.run("undo").returncode == 0
    assert path.read_bytes() == BROKEN
    apart("add", ".")
    assert sandbox.run("fix", "--staged", "--check", "test -e sub/app.py").returncode == 1
    assert holds(apart("show", ":sub/app.py").stdout.encode())
    assert sandbox.run("undo").returncode == 0
    assert apart("show", ":sub/app.py").stdout.encode() == BROKEN
    assert apart("worktree", "list").stdout.count("\n") == 1


@pytest.mark.parametrize("arguments", [("fix",), ("fix", "--staged"), ("hook", "status")])
def test_a_repository_that_git_does_not_trust_is_named_as_such(
    sandbox: Any, arguments: tuple[str, ...]
) -> None:
    make(sandbox, b"app.py", text=BROKEN)
    sandbox.git("add", ".")
    sandbox.env |= {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_NOSYSTEM": "1"}
    done = sandbox.run(*arguments)
    assert done.returncode == 2
    assert b"git does not trust the repository" in done.stderr
    assert b"safe.directory" in done.stderr


def test_a_file_behind_a_linked_folder_is_repaired_and_the_link_stays(sandbox: Any) -> None:
    make(sandbox, b"top.py")
    (sandbox.folder / "real").mkdir()
    (sandbox.folder / "real" / "app.py").write_bytes(BROKEN)
    (sandbox.folder / "linked").symlink_to("real")
    assert sandbox.run("fix", "linked/app.py").returncode == 1
    assert (sandbox.folder / "linked").is_symlink()
    assert holds((sandbox.folder / "real" / "app.py").read_bytes())


def test_a_repair_keeps_owner_and_mode_whoever_runs_it(sandbox: Any) -> None:
    """A hook that runs as root in a user's checkout must not take the user's files."""
    make(sandbox, b"app.py", text=BROKEN)
    file = sandbox.folder / "app.py"
    file.chmod(0o750)
    root = os.geteuid() == 0
    owner = (12_345, 23_456) if root else (os.geteuid(), os.getegid())
    if root:
        os.chown(file, *owner)
    assert sandbox.run("fix", "app.py").returncode == 1
    found = file.stat()
    assert (found.st_uid, found.st_gid) == owner
    assert found.st_mode & 0o777 == 0o750
    assert holds(file.read_bytes())


def test_a_commit_of_a_long_history_never_walks_it(sandbox: Any, tmp_path: Path) -> None:
    make(sandbox, b"app.py")
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "first")
    (sandbox.folder / "app.py").write_bytes(BROKEN)
    sandbox.git("add", ".")
    trace = tmp_path / "trace"
    sandbox.env["GIT_TRACE"] = str(trace)
    assert sandbox.run("fix", "--staged").returncode == 1
    ran = trace.read_text(encoding="utf-8", errors="replace")
    assert "built-in: git" in ran
    for walking in (
        "git log",
        "git rev-list",
        "git blame",
        "git show ",
        "git describe",
        "git gc",
        "git maintenance",
    ):
        assert walking not in ran


@pytest.mark.parametrize("attribute", ["ident", "filter=swap"])
def test_a_file_that_git_rewrites_on_the_way_is_repaired_in_the_index_alone(
    sandbox: Any, attribute: str
) -> None:
    """Its text is another one there, so a repair has no known place in the file; it is not taken for a change."""
    make(sandbox, b"app.py")
    sandbox.git("config", "filter.swap.clean", "sed s/there/here/")
    sandbox.write(".gitattributes", f"*.py {attribute}\n")
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "first")
    text = b"X = '$Id: 0 $ there'\n\n\n" + BROKEN
    (sandbox.folder / "app.py").write_bytes(text)
    sandbox.git("add", ".")
    assert index(sandbox, b"app.py") != text
    done = sandbox.run("fix", "--staged")
    assert done.returncode == 1, done.stderr
    assert b"index alone" in done.stderr
    assert holds(index(sandbox, b"app.py"))
    assert (sandbox.folder / "app.py").read_bytes() == text
    assert sandbox.run("undo").returncode == 0
    assert not holds(index(sandbox, b"app.py"))


@pytest.mark.parametrize("options", [("--object-format=sha256",), ("split",)])
def test_other_kinds_of_repository_are_repaired_staged_and_undone(
    sandbox: Any, options: tuple[str, ...]
) -> None:
    sandbox.git("init", "-q", *(o for o in options if o.startswith("--")))
    for key in ("core.splitIndex", "core.untrackedCache") if options == ("split",) else ():
        sandbox.git("config", key, "true")
    (sandbox.folder / "app.py").write_bytes(WHOLE)
    sandbox.git("add", ".")
    sandbox.git("commit", "-qm", "first")
    broken = BROKEN.replace(b"return x", b"return x + 1")
    (sandbox.folder / "app.py").write_bytes(broken)
    sandbox.git("add", ".")
    assert sandbox.run("fix", "--staged").returncode == 1
    assert holds(index(sandbox, b"app.py"))
    assert index(sandbox, b"app.py") == (sandbox.folder / "app.py").read_bytes()
    assert sandbox.run("undo").returncode == 0
    assert index(sandbox, b"app.py") == (sandbox.folder / "app.py").read_bytes() == broken
    assert "error" not in sandbox.git("fsck")
    assert sandbox.git("status", "--porcelain") == "M  app.py\n"


def test_the_index_keeps_its_owner_when_root_repairs_what_is_staged(sandbox: Any) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can write what belongs to another user")
    make(sandbox, b"app.py", text=BROKEN)
    sandbox.git("add", ".")
    places = [sandbox.folder / "app.py", sandbox.folder / ".git" / "index"]
    for place in (sandbox.folder, sandbox.folder / ".git", *places):
        os.chown(place, 12_345, 23_456)
    config = sandbox.state.with_name("gitconfig")
    config.write_text(f"[safe]\n\tdirectory = {sandbox.folder}\n")
    sandbox.env["GIT_CONFIG_GLOBAL"] = str(config)
    done = sandbox.run("fix", "--staged")
    assert done.returncode == 1, done.stderr
    for place in places:
        assert (place.stat().st_uid, place.stat().st_gid) == (12_345, 23_456), place


@pytest.mark.parametrize("arguments", [["--staged"], ["--", "app.py"]])
def test_without_ruff_a_commit_goes_on_unless_that_is_strict(
    sandbox: Any, tmp_path: Path, arguments: list[str]
) -> None:
    make(sandbox, b"app.py", text=b"x = 1\n")
    sandbox.git("add", ".")
    # An interpreter beside which there is no ruff, and a PATH that has git alone.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "")
    (tools / "env").symlink_to(shutil.which("env") or "")
    code = (
        "import sys; sys.executable = '/nowhere/python'; sys.argv = ['sharpen', 'fix', *sys.argv[1:]]; "
        "from sharpen.cli.start import main; main()"
    )

    def run(*more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", code, *more, *arguments],
            cwd=sandbox.folder,
            env=sandbox.env | {"PATH": str(tools), "PRE_COMMIT": "1"},
            capture_output=True,
            check=False,
        )

    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"ruff is not installed" in done.stderr
    assert run("--strict").returncode == 3
    (sandbox.folder / "app.py").write_bytes(BROKEN + b"\nnope\n")
    sandbox.git("add", ".")
    done = run()
    assert done.returncode == 1, done.stderr
    assert b"so undefined names cannot be found; syntax errors are repaired all the same" in done.stderr
    assert (sandbox.folder / "app.py").read_bytes() == WHOLE + b"\nnope\n"
