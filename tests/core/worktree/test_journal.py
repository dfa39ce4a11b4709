"""Undo and redo bring back bytes, levels deep, and never lose what somebody typed in between."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.errors import BadInput, FileChanged
from sharpen.core.patch import Patch
from sharpen.core.worktree.apply import apply
from sharpen.core.worktree.journal import Journal, Limits

Edit = Callable[..., Patch]
TEXT = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


@pytest.fixture
def change(tmp_path: Path, journal: Journal, edit: Edit) -> Callable[..., str]:
    """Apply an edit of `name` that replaces a word, and give the checkpoint's id."""

    def apply_change(old: str, new: str, name: str = "a.py") -> str:
        path = tmp_path / name
        if not path.exists():
            path.write_text(TEXT)
        return apply(
            edit(name, path.read_text().replace(old, new)), journal, f"{old} to {new}", "scripted"
        ).id

    return apply_change


def test_undo_goes_back_level_by_level_and_redo_forward_again(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    path = tmp_path / "a.py"
    ids = [change("one", "ONE"), change("two", "TWO"), change("three", "THREE")]
    states = [TEXT, TEXT.replace("one", "ONE")]
    states += [states[-1].replace("two", "TWO"), states[-1].replace("two", "TWO").replace("three", "THREE")]
    for level in (2, 1, 0):
        restored = journal.undo()
        assert restored.checkpoint.id == ids[level]
        assert (restored.paths, restored.merged, restored.already) == ((str(path),), (), ())
        assert path.read_text() == states[level]
    with pytest.raises(BadInput, match="nothing to undo"):
        journal.undo()
    for level in (0, 1, 2):
        assert journal.redo().checkpoint.id == ids[level]
        assert path.read_text() == states[level + 1]
    with pytest.raises(BadInput, match="nothing to redo"):
        journal.redo()


def test_an_edit_after_an_undo_ends_the_line_of_redos(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    first = change("one", "ONE")
    journal.undo()
    second = change("two", "TWO")
    assert second != first
    with pytest.raises(BadInput, match="nothing to redo"):
        journal.redo()
    assert journal.undo().checkpoint.id == second
    assert (tmp_path / "a.py").read_text() == TEXT
    with pytest.raises(BadInput, match="nothing to undo"):
        journal.undo()
    journal.redo(first)
    assert (tmp_path / "a.py").read_text() == TEXT.replace("one", "ONE")


def test_a_checkpoint_in_the_middle_is_undone_by_its_id(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    middle = change("four", "FOUR"), change("one", "ONE")
    restored = journal.undo(middle[0])
    assert restored.merged == (str(tmp_path / "a.py"),)
    assert (tmp_path / "a.py").read_text() == TEXT.replace("one", "ONE")
    with pytest.raises(BadInput, match="is undone already"):
        journal.undo(middle[0])
    with pytest.raises(BadInput, match="is not undone"):
        journal.redo(middle[1])
    assert [bool(c.undone) for c in journal.list()] == [True, False]


@pytest.mark.parametrize("name", ["7", "x", "", "../1", "-1"])
def test_an_unknown_id_is_refused(journal: Journal, change: Callable[..., str], name: str) -> None:
    change("one", "ONE")
    with pytest.raises(BadInput, match="there is no checkpoint"):
        journal.undo(name)


def test_undo_keeps_lines_typed_after_the_edit(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    path = tmp_path / "a.py"
    change("one", "ONE")
    path.write_text(path.read_text() + "typed\n")
    restored = journal.undo()
    assert restored.merged == restored.paths == (str(path),)
    assert path.read_text() == TEXT + "typed\n"
    journal.redo()
    assert path.read_text() == TEXT.replace("one", "ONE") + "typed\n"


def test_undo_refuses_where_somebody_typed_in_the_same_place(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(TEXT)
    new = TEXT.replace("one", "ONE")
    apply(Patch.join([edit("b.py", new), edit("a.py", new)]), journal, "", "")
    (tmp_path / "a.py").write_text(new.replace("ONE", "typed"))
    with pytest.raises(FileChanged, match="edited since in the same place; nothing was undone"):
        journal.undo()
    assert (tmp_path / "a.py").read_text() == new.replace("ONE", "typed")
    assert (tmp_path / "b.py").read_text() == new
    assert not journal.list()[0].undone
    (tmp_path / "a.py").write_text(new)
    journal.undo()
    assert (tmp_path / "b.py").read_text() == TEXT


def test_a_file_that_was_put_back_by_hand_is_left_alone(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    change("one", "ONE")
    (tmp_path / "a.py").write_text(TEXT)
    before = (tmp_path / "a.py").stat().st_mtime_ns
    restored = journal.undo()
    assert (restored.paths, restored.already) == ((), (str(tmp_path / "a.py"),))
    assert (tmp_path / "a.py").stat().st_mtime_ns == before


def test_a_new_file_is_removed_by_undo_and_made_again_by_redo(
    tmp_path: Path, journal: Journal, edit: Edit
) -> None:
    path = tmp_path / "new.py"
    apply(edit("new.py", "made\n"), journal, "", "")
    mode = path.stat().st_mode
    journal.undo()
    assert not path.exists()
    journal.redo()
    assert path.read_text() == "made\n"
    assert path.stat().st_mode == mode


def test_a_new_file_that_somebody_edited_is_not_removed(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    apply(edit("new.py", "made\n"), journal, "", "")
    (tmp_path / "new.py").write_text("made\nand typed\n")
    with pytest.raises(FileChanged, match="edited since sharpen made it"):
        journal.undo()
    assert (tmp_path / "new.py").read_text() == "made\nand typed\n"


@pytest.mark.parametrize("how", ["removed", "link", "folder"])
def test_a_file_that_is_gone_is_not_brought_back(
    tmp_path: Path, journal: Journal, change: Callable[..., str], how: str
) -> None:
    path = tmp_path / "a.py"
    change("one", "ONE")
    path.unlink()
    if how == "link":
        (tmp_path / "elsewhere").write_text(TEXT.replace("one", "ONE"))
        path.symlink_to("elsewhere")
    elif how == "folder":
        path.mkdir()
    with pytest.raises(FileChanged, match="removed since" if how == "removed" else "no longer that file"):
        journal.undo()
    assert not path.exists() or path.is_symlink() or path.is_dir()


def test_undo_keeps_the_permissions_that_the_file_has_now(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    change("one", "ONE")
    (tmp_path / "a.py").chmod(0o755)
    journal.undo()
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o755


def test_line_endings_and_odd_bytes_come_back(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    path = tmp_path / "a.py"
    data = b"# coding: latin-1\r\nx = '\xe9'\n\ty\r\x0c\nend"
    path.write_bytes(data)
    apply(edit("a.py", "# coding: latin-1\nx = 'ü'\n\ty\n\x0c\nend\n"), journal, "", "")
    assert path.read_bytes() != data
    journal.undo()
    assert path.read_bytes() == data


def test_the_list_tells_what_when_and_with_what(journal: Journal, change: Callable[..., str]) -> None:
    change("one", "ONE")
    (checkpoint,) = journal.list()
    assert (checkpoint.instruction, checkpoint.engine) == ("one to ONE", "scripted")
    assert abs(checkpoint.time - journal.folder.stat().st_mtime) < 60
    assert journal.get(checkpoint.id) == checkpoint


def test_a_journal_belongs_to_one_root(tmp_path: Path, journal: Journal, change: Callable[..., str]) -> None:
    change("one", "ONE")
    state = journal.folder.parent.parent
    assert Journal(state, tmp_path / "sub").list() == ()
    (tmp_path / "alias").symlink_to(tmp_path, target_is_directory=True)
    assert Journal(state, tmp_path / "alias").list() == journal.list()


def test_looking_at_a_journal_makes_nothing_on_disk(tmp_path: Path) -> None:
    assert Journal(tmp_path / "state", tmp_path).list() == ()
    assert not (tmp_path / "state").exists()


def test_the_journal_is_closed_to_other_users(journal: Journal, change: Callable[..., str]) -> None:
    change("one", "ONE")
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((journal.folder / "1.checkpoint").stat().st_mode) == 0o600


@pytest.mark.parametrize("limits", [Limits(0, 200, 3), Limits(90, 0, 3)], ids=["age", "size"])
def test_old_checkpoints_go_and_the_newest_stay_and_numbers_go_on(
    tmp_path: Path, journal: Journal, change: Callable[..., str], limits: Limits
) -> None:
    journal.limits = limits
    word = "one"
    for number in range(5):
        change(word, f"one{number}")
        word = f"one{number}"
    assert [checkpoint.id for checkpoint in journal.list()] == ["3", "4", "5"]
    for _ in range(3):
        journal.undo()
    assert (tmp_path / "a.py").read_text() == TEXT.replace("one", "one1")


@pytest.mark.parametrize("damage", ["head", "body", "cut"])
def test_a_damaged_checkpoint_is_never_written_back(
    tmp_path: Path, journal: Journal, change: Callable[..., str], damage: str
) -> None:
    change("one", "ONE")
    file = journal.folder / "1.checkpoint"
    data = file.read_bytes()
    file.write_bytes(
        {"head": b"{}\n" + data, "body": data.replace(b"seven", b"SEVEN"), "cut": data[:-9]}[damage]
    )
    with pytest.raises(BadInput, match="checkpoint 1 is damaged"):
        journal.undo()
    assert (tmp_path / "a.py").read_text() == TEXT.replace("one", "ONE")


def test_a_damaged_checkpoint_stops_no_edit_and_no_other_undo(
    tmp_path: Path, journal: Journal, change: Callable[..., str]
) -> None:
    for old, new in (("one", "ONE"), ("seven", "SEVEN")):
        change(old, new)
    (journal.folder / "2.checkpoint").write_bytes(b"garbage")
    assert ([c.id for c in journal.list()], journal.damaged()) == (["1"], ("2",))
    with pytest.raises(BadInput, match="checkpoint 2 is damaged") as refused:
        journal.undo()  # never an older one in place of the last
    assert "sharpen undo 1" in refused.value.hint
    change("three", "THREE")
    assert [c.id for c in journal.list()] == ["1", "3"]
    (journal.folder / "3.undone").write_bytes(b"garbage")
    journal.undo()
    journal.undo("1")
    assert (tmp_path / "a.py").read_text() == TEXT.replace("seven", "SEVEN")


def test_undo_works_in_a_repository_and_leaves_git_alone(repo: Path, tmp_path: Path, edit: Edit) -> None:
    journal = Journal(tmp_path / "state", repo)
    (repo / "a.py").write_text("a = 1\n\n\n\n")
    before = {path: path.read_bytes() for path in (repo / ".git").rglob("*") if path.is_file()}
    apply(edit("a.py", "a = 2\n\n\n\n"), journal, "", "")
    (repo / "a.py").write_text("a = 2\n\n\n\nb = 3\n")
    journal.undo()
    assert (repo / "a.py").read_text() == "a = 1\n\n\n\nb = 3\n"
    assert {path: path.read_bytes() for path in (repo / ".git").rglob("*") if path.is_file()} == before


def test_two_runs_at_once_do_not_mix(tmp_path: Path, journal: Journal, edit: Edit) -> None:
    names = [f"{number}.py" for number in range(12)]
    for name in names:
        (tmp_path / name).write_text("old\n")
    patches = {name: edit(name, "new\n") for name in names}

    def work(some: list[str]) -> None:
        own = Journal(journal.folder.parent.parent, tmp_path)
        for name in some:
            apply(patches[name], own, name, "")

    threads = [threading.Thread(target=work, args=(names[start::3],)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(checkpoint.id) for checkpoint in journal.list()) == list(range(1, 13))
    assert {checkpoint.instruction for checkpoint in journal.list()} == set(names)
    for _ in names:
        journal.undo()
    assert {(tmp_path / name).read_text() for name in names} == {"old\n"}
