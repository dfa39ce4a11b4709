"""A patch is written whole or not at all, and nothing about the files changes but their bytes."""

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
from hypothesis import given, settings
from hypothesis import strategies as st

from sharpen.core.document import Document
from sharpen.core.errors import FileChanged, NotAFile, Refused, SharpenError, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.region import Region
from sharpen.core.worktree.apply import apply, is_torn
from sharpen.core.worktree.journal import Journal

Edit = Callable[..., Patch]


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below the folder with its bytes and mode, git's own left out."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def test_the_files_hold_the_patch_and_nothing_is_left_over(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    (tmp_path / "b.py").write_text("b = 1\n")
    patch = Patch.join([edit("a.py", "a = 2\n"), edit("b.py", "b = 2\n"), edit("new.py", "new\n")])
    checkpoint = apply(patch, journal, "make it two", "scripted")
    assert {name: data for name, (data, _mode) in everything(tmp_path).items()} == {
        "a.py": b"a = 2\n",
        "b.py": b"b = 2\n",
        "new.py": b"new\n",
    }
    assert checkpoint.paths == tuple(str(tmp_path / name) for name in ("a.py", "b.py", "new.py"))
    assert (checkpoint.instruction, checkpoint.engine, checkpoint.warnings) == ("make it two", "scripted", ())
    assert journal.list() == (checkpoint,)
    assert {path.suffix for path in journal.folder.iterdir()} == {".checkpoint", ""}


def test_other_changes_of_the_work_tree_and_the_index_stay(repo: Path, journal: Journal, edit: Edit) -> None:
    (repo / "b.py").write_text("b = 'dirty'\n")
    before = (repo / ".git/index").read_bytes(), sorted((repo / ".git").iterdir())
    apply(edit("a.py", "a = 2\n"), journal, "", "")
    assert (repo / "b.py").read_text() == "b = 'dirty'\n"
    assert ((repo / ".git/index").read_bytes(), sorted((repo / ".git").iterdir())) == before


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o4750, 0o666])
def test_permissions_and_attributes_stay(tmp_path: Path, journal: Journal, edit: Edit, mode: int) -> None:
    path = tmp_path / "a.py"
    path.write_text("a = 1\n")
    path.chmod(mode)
    with_attribute = hasattr(os, "setxattr")
    if with_attribute:
        os.setxattr(path, "user.note", b"kept")
    apply(edit("a.py", "a = 2\n"), journal, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    if with_attribute:
        assert os.getxattr(path, "user.note") == b"kept"


def test_a_new_file_gets_what_the_umask_leaves(tmp_path: Path, journal: Journal) -> None:
    old = os.umask(0o027)
    try:
        for name, mode in (("plain.py", 0o666), ("script.py", 0o777)):
            document = Document.new(name, mode)
            apply(Patch.of(document, document.whole(), "x\n"), journal, "", "")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "plain.py").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "script.py").stat().st_mode) == 0o750


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.py").write_text("a = 1\n")
    (tmp_path / "link.py").symlink_to("real/a.py")
    checkpoint = apply(edit("link.py", "a = 2\n"), journal, "", "")
    assert Path("link.py").readlink() == Path("real/a.py")
    assert (tmp_path / "real/a.py").read_text() == "a = 2\n"
    assert checkpoint.paths == (str(tmp_path / "real/a.py"),)
    journal.undo()
    assert Path("link.py").readlink() == Path("real/a.py")
    assert (tmp_path / "real/a.py").read_text() == "a = 1\n"


def test_a_link_out_of_the_repository_is_not_followed(
    repo: Path, tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    (tmp_path / "outside.py").write_text("secret\n")
    (repo / "link.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(Refused, match="outside the repository"):
        apply(edit("link.py", "changed\n"), Journal(journal.folder.parent, repo), "", "")
    assert (tmp_path / "outside.py").read_text() == "secret\n"


@pytest.mark.parametrize("new", ["a = 22\nb\n", "a\n", "", "a = 1\nlonger by far\n" * 9])
def test_hard_links_stay_linked_and_the_user_is_told(
    tmp_path: Path, journal: Journal, edit: Edit, new: str
) -> None:
    (tmp_path / "a.py").write_text("a = 1\nb\n")
    (tmp_path / "other.py").hardlink_to("a.py")
    checkpoint = apply(edit("a.py", new), journal, "", "")
    assert (tmp_path / "other.py").read_text() == new
    assert (tmp_path / "a.py").samefile("other.py")
    assert "several names (hard links)" in checkpoint.warnings[0]
    assert journal.list()[0].warnings == checkpoint.warnings
    journal.undo()
    assert (tmp_path / "other.py").read_text() == "a = 1\nb\n"
    assert (tmp_path / "a.py").samefile("other.py")


@given(st.binary(max_size=12), st.binary(max_size=12), st.integers(0, 12))
@settings(max_examples=300)
def test_whatever_a_killed_write_in_place_leaves_is_recognised(old: bytes, new: bytes, done: int) -> None:
    done = min(done, len(new))
    assert is_torn(new[:done] + old[done:], old, new)
    assert not is_torn(b"typed by somebody", old, new)


def test_two_names_of_one_file_are_refused(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    (tmp_path / "a.py").write_text("a\n")
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "hard.py").hardlink_to("a.py")
    for other in ("link.py", "hard.py", "./a.py"):
        with pytest.raises(Refused, match="are the same file"):
            apply(Patch.join([edit("a.py", "b\n"), edit(other, "c\n")]), journal, "", "")
    assert (tmp_path / "a.py").read_text() == "a\n"


TEXT = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def test_a_file_that_changed_elsewhere_keeps_both_changes(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    path = tmp_path / "a.py"
    path.write_text(TEXT)
    patch = edit("a.py", TEXT.replace("six", "SIX"))
    path.write_text(TEXT.replace("one", "typed"))
    apply(patch, journal, "", "")
    assert path.read_text() == TEXT.replace("one", "typed").replace("six", "SIX")
    journal.undo()
    assert path.read_text() == TEXT.replace("one", "typed")


@pytest.mark.parametrize("change", ["same place", "removed", "folder", "binary", "already there"])
def test_a_file_that_changed_in_the_same_place_is_refused(
    tmp_path: Path, journal: Journal, edit: Edit, change: str
) -> None:
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    path.write_text(TEXT)
    other.write_text("b\n")
    patch = edit("a.py", TEXT.replace("six", "SIX"))
    if change != "already there":
        patch = Patch.join([edit("b.py", "B\n"), patch])
    path.unlink()
    if change == "folder":
        path.mkdir()
    elif change != "removed":
        new = {"same place": ("six", "6"), "binary": ("one", "\0"), "already there": ("six", "SIX")}[change]
        path.write_text(TEXT.replace(*new))
    before = everything(tmp_path)
    with pytest.raises((FileChanged, NotAFile)) as caught:
        apply(patch, journal, "", "")
    assert isinstance(caught.value, NotAFile if change == "folder" else FileChanged)
    assert everything(tmp_path) == before
    assert journal.list() == ()


def test_a_file_that_appeared_is_not_replaced_by_a_new_one(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    patch = edit("a.py", "made by sharpen\n")
    (tmp_path / "a.py").write_text("made by hand\n")
    with pytest.raises(FileChanged):
        apply(patch, journal, "", "")
    assert (tmp_path / "a.py").read_text() == "made by hand\n"


def interfering(step: str, act: Callable[[], object]) -> Callable[[str], None]:
    def on_step(name: str) -> None:
        if name == step:
            act()

    return on_step


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


def test_what_cannot_be_written_to_a_file_is_an_error_of_the_caller(journal: Journal) -> None:
    document = Document.from_bytes(b"a\n")
    for patch in (Patch(), Patch.of(document, Region(0, 1), "b")):
        with pytest.raises(ValueError, match="nothing in this patch"):
            apply(patch, journal, "", "")


@pytest.mark.parametrize("name", ["ignored.py", ".git/config"])
def test_refused_places_are_refused_before_anything_is_written(
    repo: Path, journal: Journal, edit: Edit, name: str
) -> None:
    (repo / ".gitignore").write_text("ignored.py\n")
    (repo / "ignored.py").write_text("x\n")
    patch = Patch.join([edit("a.py", "a = 2\n"), edit(name, "y\n")])
    with pytest.raises(Refused):
        apply(patch, journal, "", "", named=False)
    assert (repo / "a.py").read_text() == "a = 1\n"
    assert journal.list() == ()
