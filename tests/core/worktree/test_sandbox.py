"""Check commands in throw-away copies: what they see, that several run at once, and that nothing of them is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharpen.core.errors import Interrupted, Refused
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken
from sharpen.core.worktree import copies
from sharpen.core.worktree.copies import root_of
from sharpen.core.worktree.sandbox import TIMED_OUT, Checks, several

Edit = Callable[..., Patch]
Git = Callable[..., str]


@pytest.fixture
def checks() -> Iterator[Callable[..., Checks]]:
    made: list[Checks] = []

    def make(root: Path, command: str, limit: float | None = None, at_once: int | None = None) -> Checks:
        made.append(Checks(root, command, limit, at_once))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_copy_is_the_project_as_it_is_on_disk_with_the_patch(
    repo: Path, git: Git, edit: Edit, checks: Callable[..., Checks]
) -> None:
    (repo / "a.py").write_text("a = 2\n")
    (repo / "new.py").write_text("new = 1\n")
    (repo / "b.py").unlink()
    patch = edit("a.py", "a = 3\n")
    check = checks(repo, "cat a.py new.py; ls; git status --short")
    said = check.run(patch, CancelToken()).output
    assert said == "a = 3\nnew = 1\na.py\nnew.py\n M a.py\n D b.py\n?? new.py\n"
    assert check.run(None, CancelToken()).output.startswith("a = 2\n")
    check.close()
    assert git("worktree", "list", cwd=repo).count("\n") == 1
    assert sorted(path.name for path in repo.iterdir()) == [".git", "a.py", "new.py"]


def unborn(repo: Path, git: Git) -> None:
    git("update-ref", "-d", "HEAD", cwd=repo)


def outside(repo: Path, git: Git) -> None:
    subprocess.run(["mv", str(repo / ".git"), str(repo.parent / "moved")], check=True)


@pytest.mark.parametrize("state", [unborn, outside])
def test_where_git_can_make_no_worktree_a_plain_copy_is_made(
    repo: Path, git: Git, edit: Edit, checks: Callable[..., Checks], state: Callable[[Path, Git], None]
) -> None:
    (repo / "sub").mkdir()
    (repo / "sub/c.py").write_text("c = 1\n")
    state(repo, git)
    patch = edit("a.py", "a = 3\n")
    assert root_of(patch.paths) == repo
    check = checks(repo, "cat a.py sub/c.py && echo dirt > b.py")
    assert check.run(patch, CancelToken()).output == "a = 3\nc = 1\n"
    assert (repo / "b.py").read_text() == "b = 1\n"
    assert (repo / "a.py").read_text() == "a = 1\n"


def test_a_copy_of_too_many_files_is_refused(
    tmp_path: Path, checks: Callable[..., Checks], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.py").touch()
    with pytest.raises(Refused, match="more than 3 files"):
        checks(tmp_path, "true").run(None, CancelToken())


def test_two_versions_within_a_second_are_both_run(
    repo: Path, edit: Edit, checks: Callable[..., Checks]
) -> None:
    """Python's compiled caches know versions by size and second, and a command may have turned them on."""
    (repo / "test.py").write_text("import a; print(a.a)\n")
    check = checks(repo, f"PYTHONDONTWRITEBYTECODE= {sys.executable} -c 'import a; print(a.a)'", None, 1)
    said = [check.run(edit("a.py", f"a = {n}\n"), CancelToken()).output for n in range(2, 6)]
    assert said == ["2\n", "3\n", "4\n", "5\n"]


def test_python_finds_the_copy_before_an_installed_original(
    repo: Path, edit: Edit, checks: Callable[..., Checks], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repo))
    check = checks(repo, f"cd /; {sys.executable} -c 'import a; print(a.a)'")
    assert check.run(edit("a.py", "a = 7\n"), CancelToken()).output == "7\n"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(pid: int) -> bool:
    until = time.monotonic() + 60
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_a_run_past_its_limit_ends_with_all_that_it_started(
    repo: Path, checks: Callable[..., Checks]
) -> None:
    result = checks(repo, "sleep 600 & echo $!; wait", 1.0).run(None, CancelToken())
    assert result.exit == TIMED_OUT
    assert ends(int(result.output))


def test_what_a_command_leaves_in_the_background_ends_with_it(
    repo: Path, checks: Callable[..., Checks]
) -> None:
    result = checks(repo, "sleep 600 >/dev/null 2>&1 & echo $!").run(None, CancelToken())
    assert result.exit == 0
    assert ends(int(result.output))


def test_a_command_that_loops_for_ever_ends_with_whoever_ran_it(repo: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    code = (
        "from pathlib import Path\n"
        "from sharpen.core.request import CancelToken\n"
        "from sharpen.core.worktree.sandbox import Checks\n"
        f"loop = 'sleep 600 & echo $! >{said}.draft; mv {said}.draft {said}; while :; do sleep 1; done'\n"
        f"Checks(Path({str(repo)!r}), loop).run(None, CancelToken())\n"
    )
    runner = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 60
    while not said.exists() and time.monotonic() < until:
        time.sleep(0.02)
    runner.kill()
    runner.wait()
    assert ends(int(said.read_text()))


def test_a_command_has_nothing_to_read_and_its_own_exit(repo: Path, checks: Callable[..., Checks]) -> None:
    result = checks(repo, "cat; ls /proc/self/fd 2>/dev/null | grep -c '^3$'; exit 7").run(
        None, CancelToken()
    )
    assert result.exit == 7
    assert result.output in {"1\n", "0\n"}  # 3 is the folder that ls reads, and no pipe of ours


def test_a_stop_ends_the_run(repo: Path, checks: Callable[..., Checks], tmp_path: Path) -> None:
    cancel, started = CancelToken(), tmp_path / "started"

    def stop() -> None:
        while not started.exists():
            time.sleep(0.02)
        cancel.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Interrupted):
        checks(repo, f"touch {started}; sleep 600").run(None, cancel)
    thread.join()


def test_several_run_at_once_and_the_first_good_one_ends_it() -> None:
    together = threading.Barrier(2, timeout=30)
    begun: list[int] = []

    def job(number: int) -> Callable[[CancelToken], int]:
        def work(_stop: CancelToken) -> int:
            begun.append(number)
            if number < 2:
                together.wait()
            return number

        return work

    answers = list(several([job(n) for n in range(9)], 2, CancelToken(), good=lambda n: n >= 3))
    assert [at for at, _ in sorted(answers)] == [0, 1, 2, 3]
    assert set(begun) <= {0, 1, 2, 3, 4}


def test_a_good_answer_waits_for_those_before_it() -> None:
    second_is_done = threading.Event()

    def slow(_stop: CancelToken) -> bool:
        assert second_is_done.wait(60)
        return True

    def quick(_stop: CancelToken) -> bool:
        second_is_done.set()
        return True

    answers = list(several([slow, quick], 2, CancelToken(), good=bool))
    assert (0, True) in answers


def test_those_after_a_good_answer_are_stopped() -> None:
    running = threading.Event()

    def good(_stop: CancelToken) -> bool:
        assert running.wait(60)
        return True

    def endless(stop: CancelToken) -> bool:
        running.set()
        while not stop.cancelled:
            time.sleep(0.01)
        raise Interrupted("stopped")

    assert list(several([good, endless], 2, CancelToken(), good=bool)) == [(0, True)]
