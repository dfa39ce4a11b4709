"""A write that fails half-way, or is interrupted, leaves everything as it was, and says why in a sentence."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharpen.core.errors import FileChanged, SharpenError, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree.apply import apply
from sharpen.core.worktree.journal import Journal
from tests.core.worktree.disturbed import everything, interfering

Edit = Callable[..., Patch]


def test_a_change_while_temporary_files_are_written_is_seen(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    (tmp_path / "a.py").write_text("a\n")
    (tmp_path / "b.py").write_text("b\n")
    patch = Patch.join([edit("a.py", "A\n"), edit("b.py", "B\n")])
    hook = interfering("temporary b.py", lambda: (tmp_path / "a.py").write_text("typed\n"))
    with pytest.raises(FileChanged, match=r"a\.py changed while"):
        apply(patch, journal, "", "", on_step=hook)
    assert {name: data for name, (data, _) in everything(tmp_path).items()} == {
        "a.py": b"typed\n",
        "b.py": b"b\n",
    }
    assert journal.list() == ()


def test_when_one_swap_fails_the_others_are_put_back(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("old\n")
    (tmp_path / "hard.py").hardlink_to("b.py")
    (tmp_path / "a.py").chmod(0o750)

    def replace_by_folder() -> None:
        (tmp_path / "c.py").unlink()
        (tmp_path / "c.py").mkdir()

    patch = Patch.join([edit("new.py", "n\n"), *(edit(name, "new\n") for name in ("a.py", "b.py", "c.py"))])
    with pytest.raises(FileChanged, match=r"c\.py changed while the edit was being made"):
        apply(patch, journal, "", "", on_step=interfering("placed b.py", replace_by_folder))
    assert {name: data for name, (data, _mode) in everything(tmp_path).items()} == dict.fromkeys(
        ("a.py", "b.py", "hard.py"), b"old\n"
    )
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o750
    assert (tmp_path / "hard.py").samefile("b.py")
    assert journal.list() == ()


def test_an_interruption_between_renames_puts_everything_back(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("old\n")
    before = everything(tmp_path)

    def interrupt() -> None:
        raise KeyboardInterrupt

    patch = Patch.join([edit("a.py", "new\n"), edit("b.py", "new\n")])
    for step in ("noted", "temporary a.py", "checked", "recorded", "placed a.py", "placed b.py", "done"):
        with pytest.raises(KeyboardInterrupt):
            apply(patch, journal, "", "", on_step=interfering(step, interrupt))
        assert everything(tmp_path) == before
        assert journal.list() == ()


def test_a_file_made_by_somebody_else_meanwhile_is_not_put_back_over(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    (tmp_path / "a.py").write_text("old\n")
    patch = Patch.join([edit("a.py", "new\n"), edit("b.py", "new\n")])
    hook = interfering("recorded", lambda: (tmp_path / "b.py").write_text("theirs\n"))
    with pytest.raises(WriteFailed, match="another program made a file there"):
        apply(patch, journal, "", "", on_step=hook)
    assert (tmp_path / "a.py").read_text() == "old\n"
    assert (tmp_path / "b.py").read_text() == "theirs\n"


def in_child(work: Callable[[], None]) -> str:
    """Run `work` in a forked process, where limits and privileges may be given away; what it raised, in words."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        said = "no error"
        try:
            work()
        except SharpenError as error:
            said = f"{type(error).__name__}: {error.message}"
        except BaseException as error:  # noqa: BLE001 - it must reach the parent
            said = f"defect: {error!r}"
        os.write(write_end, said.encode())
        os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as pipe:  # noqa: PTH123 - a descriptor
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("limit", [0, 100, 2_000, 10_000, 20_500])
def test_with_no_room_for_the_files_or_the_journal_everything_stays(
    tmp_path: Path, journal: Journal, edit: Edit, limit: int
) -> None:
    """A limit on file sizes stands in for a full disk: the system's own write calls fail half-way."""
    (tmp_path / "a.py").write_text("a\n")
    (tmp_path / "big.py").write_text("x = 1\n" * 1_700)
    patch = Patch.join([edit("a.py", "b\n"), edit("big.py", "x = 2\n" * 1_700)])
    before = everything(tmp_path)

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        apply(patch, journal, "", "")

    assert in_child(work).startswith("WriteFailed: ")
    assert everything(tmp_path) == before
    assert journal.list() == ()
    apply(patch, journal, "", "")
    assert (tmp_path / "a.py").read_text() == "b\n"


def test_a_full_disk_at_any_sync_leaves_everything_as_it_was(
    tmp_path: Path, journal: Journal, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where blocks are allocated late, a full disk shows at fsync: each of them fails once here."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("old\n")
    patch = Patch.join([edit("a.py", "new\n"), edit("b.py", "new\n")])
    before, sync = everything(tmp_path), os.fsync
    failing, sentences = 0, list[str]()
    while True:
        calls = 0

        def full(handle: int, failing: int = failing) -> None:
            nonlocal calls
            calls += 1
            if calls == failing + 1 and stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.ENOSPC, "No space left on device")
            sync(handle)

        monkeypatch.setattr(os, "fsync", full)
        try:
            apply(patch, journal, "", "")
        except WriteFailed as error:
            sentences.append(error.message)
            assert everything(tmp_path) == before
            assert journal.list() == ()
        else:
            assert everything(tmp_path) != before
            if calls <= failing:
                break
            journal.undo()
            journal.forget(journal.list()[-1].id)
            assert everything(tmp_path) == before
        failing += 1
    assert len(sentences) >= 4
    assert all("disk is full" in said or "No space left" in said for said in sentences)


def test_a_read_only_file_is_not_written(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    path = tmp_path / "a.py"
    path.write_text("a\n")
    path.chmod(0o444)
    with pytest.raises(WriteFailed, match=r"a\.py is read-only; nothing was written") as caught:
        apply(edit("a.py", "b\n"), journal, "", "")
    assert caught.value.hint == "chmod u+w a.py"
    assert path.read_text() == "a\n"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("closed", ["work", "state"])
def test_without_permission_for_the_folder_nothing_is_written(
    open_folder: Path, edit: Edit, closed: str
) -> None:
    for name in ("work", "state"):
        (open_folder / name).mkdir()
        (open_folder / name).chmod(0o777)
    path = open_folder / "work/a.py"
    path.write_text("a\n")
    path.chmod(0o666)
    (open_folder / closed).chmod(0o555)
    patch = edit(path, "b\n")

    def work() -> None:
        if os.geteuid() == 0:  # root is refused nothing: go on as a user with no rights
            os.setgid(65534)
            os.setuid(65534)
        apply(patch, Journal(open_folder / "state", open_folder / "work"), "", "")

    said = in_child(work)
    (open_folder / closed).chmod(0o777)
    assert said.startswith("WriteFailed: ")
    assert "ermission denied" in said
    assert path.read_text() == "a\n"
    assert list((open_folder / "work").iterdir()) == [path]


def test_a_state_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, edit: Edit) -> None:
    (tmp_path / "state").write_text("a file")
    (tmp_path / "a.py").write_text("a\n")
    with pytest.raises(
        WriteFailed, match=r"undo journal in .* cannot be used: Not a directory; nothing was written"
    ):
        apply(edit("a.py", "b\n"), Journal(tmp_path / "state", tmp_path), "", "")
    assert (tmp_path / "a.py").read_text() == "a\n"


def test_a_folder_that_vanishes_is_a_failed_write(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.py").write_text("a\n")
    patch = edit("sub/a.py", "b\n")

    def replace_by_file() -> None:
        (tmp_path / "sub").rename(tmp_path / "moved")
        (tmp_path / "sub").write_text("now a file")

    with pytest.raises(WriteFailed, match="Not a directory"):
        apply(patch, journal, "", "", on_step=interfering("noted", replace_by_file))
    assert (tmp_path / "moved/a.py").read_text() == "a\n"
