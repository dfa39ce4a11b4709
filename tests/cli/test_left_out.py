"""Files that `fix` cannot read or does not write: no reason to stop where nobody asked for them, else all are named."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.cli.test_hook import BROKEN, WHOLE, Repository, repaired

UNREADABLE = {
    "large.py": b"x = 1\n" * 200_000,
    "latin.py": "name = 'caf\xe9'\n".encode("latin-1"),
    "wide.py": "x = 1\n".encode("utf-16"),
    "binary.py": b"x = '\0'\n",
}


@pytest.fixture(params=("pre-commit", "sharpen hook"))
def repo(request: pytest.FixtureRequest, sandbox: Any) -> Repository:
    return Repository(sandbox, request.param)


def test_files_that_cannot_be_read_stop_no_commit(repo: Repository) -> None:
    for name, data in UNREADABLE.items():
        repo.sandbox.write(name, data)
    repo.git("add", ".")
    assert repo.commit() == 0
    assert repo.git("cat-file", "-e", "HEAD:latin.py").returncode == 0


def test_beside_them_a_broken_file_is_repaired_all_the_same(repo: Repository) -> None:
    repo.sandbox.write("large.py", UNREADABLE["large.py"])
    repo.sandbox.write("app.py", BROKEN)
    repo.git("add", ".")
    done = repo.git("commit", "-m", "second")
    assert done.returncode == 1
    assert "large.py has 1.1 MB" in done.stdout + done.stderr
    assert repaired(repo.file())


@pytest.mark.parametrize("mark", ["linguist-generated", "binary", "filter=lfs"])
def test_a_marked_file_that_is_broken_stops_no_commit(repo: Repository, mark: str) -> None:
    repo.sandbox.write(".gitattributes", f"made.py {mark}\n")
    repo.git("config", "filter.lfs.clean", "cat")
    repo.sandbox.write("made.py", BROKEN)
    repo.git("add", ".")
    assert repo.commit() == 0
    assert repo.head("made.py") == BROKEN


def test_without_a_path_they_are_skipped_with_a_line_each(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.write(".gitattributes", "made.py linguist-generated\n")
    sandbox.write("made.py", BROKEN)
    for name, data in UNREADABLE.items():
        sandbox.write(name, data)
    done = sandbox.run("fix")
    assert done.returncode == 0
    said = done.stderr.decode()
    assert all(name in said for name in (*UNREADABLE, "made.py"))
    assert said.count("; skipped\n") == 5
    assert sandbox.run("fix", "--staged").returncode == 0


def test_an_edit_of_what_changed_leaves_them_out_too(sandbox: Any) -> None:
    sandbox.git("init", "-q")
    sandbox.script(WHOLE)
    sandbox.write("latin.py", UNREADABLE["latin.py"])
    path = sandbox.write("zap.py", BROKEN)
    assert sandbox.run("edit", "fix the syntax error", "-y").returncode == 0
    assert path.read_text() == WHOLE
    assert sandbox.run("edit", "fix the syntax error", "-y", "latin.py").returncode == 2


def test_each_file_that_a_person_names_is_told(sandbox: Any) -> None:
    for name, data in UNREADABLE.items():
        sandbox.write(name, data)
    done = sandbox.run("fix", *UNREADABLE, "missing.py")
    assert done.returncode == 2
    assert all(name in done.stderr.decode() for name in (*UNREADABLE, "missing.py"))
    assert b"skipped" not in done.stderr


def events(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_as_json_each_is_a_failure_and_the_end_has_the_exit_code(sandbox: Any) -> None:
    sandbox.write("large.py", UNREADABLE["large.py"])
    done = sandbox.run("fix", "--json", "large.py", "missing.py")
    found = events(done)
    assert [e["event"] for e in found] == ["failed", "failed", "finished"]
    assert "large.py" in found[0]["message"]
    assert "missing.py" in found[1]["message"]
    assert found[0]["code"] == found[-1]["exit"] == done.returncode == 2


def test_as_json_beside_a_repair_too(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    sandbox.write("app.py", BROKEN)
    done = sandbox.run("fix", "--json", "missing.py", "app.py")
    found = events(done)
    assert found[0]["event"] == "failed"
    assert found[-1]["exit"] == done.returncode == 2
    assert found[-1]["changed"] == ["app.py"]


def test_as_json_a_run_that_takes_too_long_ends_with_its_exit_code(sandbox: Any) -> None:
    sandbox.script(WHOLE, pause=30)
    sandbox.write("app.py", BROKEN)
    done = sandbox.run("fix", "--json", "app.py", "--timeout", "0.5")
    assert events(done)[-1]["exit"] == done.returncode == 3


def test_standard_input_that_is_repaired_is_among_what_changed(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    found = events(sandbox.run("fix", "-", "--json", stdin=BROKEN.encode()))
    assert (found[-1]["changed"], found[-1]["unchanged"]) == (["-"], [])
    found = events(sandbox.run("fix", "-", "--json", "--dry-run", stdin=BROKEN.encode()))
    assert (found[-1]["changed"], found[-1]["unchanged"]) == ([], ["-"])


def test_check_only_prints_the_diff_of_standard_input(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    done = sandbox.run("fix", "-", "--check-only", stdin=BROKEN.encode())
    assert b"\n-def f(x:\n+def f(x):\n" in done.stdout
    assert sandbox.run("fix", "-", "--check-only", stdin=WHOLE.encode()).stdout == b""


def test_an_empty_path_is_not_the_whole_folder(sandbox: Any) -> None:
    path = sandbox.write("app.py", BROKEN)
    assert sandbox.run("fix", "").returncode == 2
    assert path.read_text() == BROKEN


def test_an_empty_check_command_is_none_by_mistake(sandbox: Any) -> None:
    path = sandbox.write("app.py", BROKEN)
    assert sandbox.run("fix", "app.py", "--check", "").returncode == 2
    assert path.read_text() == BROKEN


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("demo", "--picture", "x.png"), b"SVG"),
        (("replay", "r.jsonl", "--export", "x.txt"), b"x.txt is of no kind"),
    ],
)
def test_a_picture_of_an_unknown_kind_is_refused(sandbox: Any, words: tuple[str, ...], why: bytes) -> None:
    sandbox.script(WHOLE, frames=[WHOLE])
    sandbox.write("app.py", BROKEN)
    sandbox.run("fix", "app.py", "--record", "r.jsonl")
    done = sandbox.run(*words)
    assert done.returncode == 2
    assert why in done.stderr
    assert not (sandbox.folder / words[-1]).exists()


@pytest.mark.parametrize("staged", [False, True])
def test_two_names_of_one_file_are_repaired_once(sandbox: Any, staged: bool) -> None:
    sandbox.git("init", "-q")
    path = sandbox.write("app.py", BROKEN)
    os.link(path, sandbox.folder / "zap.py")
    if staged:
        sandbox.git("add", ".")
    sandbox.script(WHOLE)
    done = sandbox.run("fix", *(["--staged"] if staged else []))
    assert done.returncode == 1, done.stderr
    assert path.read_text() == (sandbox.folder / "zap.py").read_text() == WHOLE
    if staged:
        assert sandbox.git("show", ":app.py") == sandbox.git("show", ":zap.py") == WHOLE
    assert sandbox.run("undo").returncode == 0
    assert path.read_text() == (sandbox.folder / "zap.py").read_text() == BROKEN


def test_a_record_that_cannot_be_written_is_known_before_the_file_is(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    path = sandbox.write("app.py", BROKEN)
    done = sandbox.run("fix", "app.py", "--record", "nowhere/r.rec")
    assert done.returncode == 2
    assert b"the record nowhere/r.rec cannot be written" in done.stderr
    assert path.read_text() == BROKEN


def test_no_name_reaches_the_terminal_as_a_command_to_it(sandbox: Any) -> None:
    sandbox.script(WHOLE)
    name = "esc\x1b[31m.py"
    sandbox.write(name, BROKEN)
    found = [sandbox.run("fix", name), sandbox.run("undo"), sandbox.run("fix", name + "x")]
    found.append(sandbox.run("fix", name, "--check", "false", "-v"))
    sandbox.write(name, UNREADABLE["large.py"])
    found.append(sandbox.run("fix", name))
    said = b"".join(done.stderr for done in found)
    assert b"repaired" in said
    assert b"put back" in said
    assert b"limit" in said
    assert b"\x1b" not in said
