"""A patch is written whole or not at all, and nothing about the files changes but their bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharpen.core.document import Document
from sharpen.core.errors import FileChanged, NotAFile, Refused
from sharpen.core.patch import Patch
from sharpen.core.region import Region
from sharpen.core.worktree.apply import apply, is_torn
from sharpen.core.worktree.journal import Journal
from tests.core.worktree.disturbed import everything

Edit = Callable[..., Patch]


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


@given(st.binary(max_size=12), st.binary(max_size=12), st.lists(st.integers(0, 12), max_size=3))
@settings(max_examples=500)
def test_whatever_killed_writes_in_place_leave_is_recognised(
    old: bytes, new: bytes, kills: list[int]
) -> None:
    data = old
    for number, done in enumerate(kills):  # there, back and there again, killed each time
        wanted = old if number % 2 else new
        at = min(done, len(wanted))
        data = wanted[:at] + data[at:]
    assert is_torn(data, old, new)
    assert is_torn(data, new, old)
    assert not is_torn(b"typed by somebody", old, new)


def test_an_undo_that_is_killed_in_the_middle_of_a_torn_file_is_finished_by_the_next(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    old, new = "old\n" * 5_000, "new\n" * 6_000
    (tmp_path / "a.py").write_text(old)
    (tmp_path / "other.py").hardlink_to("a.py")
    apply(edit("a.py", new), journal, "", "")
    (tmp_path / "a.py").write_text(old[:4_096] + new[4_096:12_288] + old[12_288:])
    assert journal.undo().merged == ()
    assert (tmp_path / "other.py").read_text() == old
    (tmp_path / "a.py").write_text(new[:4_096] + old[4_096:])
    journal.redo()
    assert (tmp_path / "other.py").read_text() == new


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
