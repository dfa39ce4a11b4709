"""A save in the very instant of a write stands, and what a killed run left is cleared away without losing work."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.errors import FileChanged, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree import apply as applying
from sharpen.core.worktree import entries
from sharpen.core.worktree.apply import apply
from sharpen.core.worktree.exchange import exchange
from sharpen.core.worktree.journal import Journal
from sharpen.core.worktree.pending import Note, digest
from sharpen.core.worktree.store import Indexed

Edit = Callable[..., Patch]
Git = Callable[..., str]


@pytest.fixture(params=["swap", "rename"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, and as on a file system that cannot swap two names."""
    if request.param == "rename":
        monkeypatch.setattr(applying, "exchange", lambda _one, _two: False)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("by", ["rename", "writing", "link"])
def test_a_save_after_the_last_check_stands(tmp_path: Path, journal: Journal, edit: Edit, by: str) -> None:
    path = tmp_path / "a.py"
    path.write_text("old\n")

    def save(step: str) -> None:
        if step == "recorded" and by == "writing":
            path.write_text("typed\n")
        elif step == "recorded":
            (tmp_path / "beside").write_text("typed\n")
            if by == "rename":
                (tmp_path / "beside").replace(path)
            else:
                path.unlink()
                path.symlink_to("beside")

    with pytest.raises(FileChanged):
        apply(edit("a.py", "new\n"), journal, "", "", on_step=save)
    assert path.read_text() == "typed\n"
    assert path.is_symlink() == (by == "link")
    assert journal.list() == ()
    assert not list(tmp_path.glob(".sharpen-*"))


def test_a_save_while_undo_removes_a_new_file_stands(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    path = tmp_path / "new.py"
    apply(edit("new.py", "made\n"), journal, "", "")

    def save(step: str) -> None:
        if step == "recorded":
            path.write_text("typed\n")

    with pytest.raises(FileChanged):
        journal.undo(on_step=save)
    assert path.read_text() == "typed\n"


def killed_holding(journal: Journal, notes: list[Note], work: Callable[[], None]) -> None:
    """A child that notes temporaries, works and dies."""
    child = os.fork()
    if child == 0:
        with journal.lock(), journal.temporaries(notes):
            work()
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(
    ("swapped_out", "left"), [("old\n", "new\n"), ("typed\n", "typed\n"), ("ne", "new\n")]
)
def test_what_a_killed_swap_took_out_comes_back_if_it_is_nobodys_version(
    tmp_path: Path, journal: Journal, swapped_out: str, left: str
) -> None:
    real, temporary = tmp_path / "a.py", tmp_path / ".sharpen-1.tmp"
    note = Note(str(temporary), str(real), digest(b"old\n"), digest(b"new\n"))

    def swap() -> None:
        real.write_text(swapped_out)
        temporary.write_text("new\n")
        assert exchange(temporary, real)

    killed_holding(journal, [note], swap)
    with journal.lock():
        assert real.read_text() == left
    assert not temporary.exists()


def test_a_lock_of_the_index_that_a_kill_left_is_removed_and_a_foreign_one_is_not(
    repo: Path, tmp_path: Path, git: Git
) -> None:
    journal = Journal(tmp_path / "state", repo)
    lock, beside = repo / ".git/index.lock", repo / ".git/.sharpen-1.tmp"

    def take() -> None:
        beside.write_bytes(b"index")
        os.link(beside, lock)

    killed_holding(journal, [Note(str(beside), str(lock))], take)
    with journal.lock():
        assert not lock.exists()
        assert not beside.exists()
    lock.touch()
    killed_holding(journal, [Note(str(beside), str(lock))], beside.touch)
    with journal.lock():
        assert lock.exists()


def test_entries_change_together_or_not_at_all(
    repo: Path, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "PATIENCE_SECONDS", 0.0)
    journal = Journal(tmp_path / "state", repo)
    now = entries.read(repo, ["a.py", "b.py"])
    blob = entries.add_blob(repo, b"staged\n")
    changes = [Indexed(name, entry.mode, entry.blob, blob) for name, entry in now.items()]
    with journal.lock():
        wrong = [changes[0], Indexed("b.py", "100644", blob, blob)]
        with pytest.raises(FileChanged, match=r"staged of b\.py changed"):
            entries.replace(repo, wrong, journal)
        assert entries.read(repo, ["a.py", "b.py"]) == now
        (repo / ".git/index.lock").touch()
        with pytest.raises(WriteFailed, match="another git process"):
            entries.replace(repo, changes, journal)
        (repo / ".git/index.lock").unlink()
        entries.replace(repo, changes, journal)
    assert git("show", ":a.py", cwd=repo) == git("show", ":b.py", cwd=repo) == "staged\n"
    assert not list((repo / ".git").glob(".sharpen-*"))
    assert git("fsck", cwd=repo) is not None


def test_a_new_entry_is_added_and_an_entry_taken_out(repo: Path, tmp_path: Path, git: Git) -> None:
    journal = Journal(tmp_path / "state", repo)
    blob = entries.add_blob(repo, b"new\n")
    with journal.lock():
        entries.replace(repo, [Indexed("odd \n name", "100644", "", blob)], journal)
        assert git("show", ":odd \n name", cwd=repo) == "new\n"
        entries.replace(repo, [Indexed("odd \n name", "100644", blob, "")], journal)
    assert entries.read(repo, ["odd \n name"]) == {}
