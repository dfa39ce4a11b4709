"""Which repository a path belongs to, what changed in it, and what is not written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.errors import NotAFile, Refused, SharpenError, TooLarge
from sharpen.core.worktree import git as git_module
from sharpen.core.worktree.find import changed_files, check_writable_target, find_root, refusals

Git = Callable[..., str]


def refused(path: Path, root: Path | None, said: str, *, named: bool = True) -> SharpenError:
    with pytest.raises(SharpenError, match=said) as caught:
        check_writable_target(path, root, named)
    assert "\n" not in caught.value.message
    return caught.value


def test_the_root_is_the_nearest_work_tree_above(repo: Path) -> None:
    (repo / "deep/er").mkdir(parents=True)
    for path in (repo, repo / "a.py", repo / "deep/er", repo / "deep/er/new.py", Path("a.py"), Path("deep")):
        assert find_root(path) == repo
    assert find_root(repo.parent) is None


def test_the_root_of_a_linked_folder_is_where_the_folder_really_is(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(repo, target_is_directory=True)
    assert find_root(tmp_path / "alias/a.py") == repo


def test_a_git_folder_that_is_none_is_not_taken_for_a_root(tmp_path: Path) -> None:
    (tmp_path / "x/.git").mkdir(parents=True)
    (tmp_path / "y").mkdir()
    (tmp_path / "y/.git").write_text("nothing of git's")
    assert find_root(tmp_path / "x/a.py") is None
    assert find_root(tmp_path / "y/a.py") is None


def test_changed_files_are_those_that_differ_from_head_and_the_untracked(repo: Path, git: Git) -> None:
    (repo / ".gitignore").write_text("*.log\n")
    git("add", ".gitignore", cwd=repo)
    git("commit", "-q", "-m", "ignore", cwd=repo)
    assert changed_files(repo) == ()
    (repo / "a.py").write_text("a = 2\n")
    (repo / "sub").mkdir()
    (repo / "sub/new ü\n.py").write_text("new\n")
    (repo / "staged.py").write_text("staged\n")
    (repo / "link.py").symlink_to("a.py")
    (repo / "noise.log").write_text("ignored\n")
    git("add", "staged.py", cwd=repo)
    git("mv", "b.py", "moved.py", cwd=repo)
    names = ["a.py", "moved.py", "staged.py", "sub/new ü\n.py"]
    assert changed_files(repo) == tuple(repo / name for name in names)


def test_changed_files_include_all_when_there_is_no_commit_yet(tmp_path: Path, git: Git) -> None:
    git("init", "-q")
    (tmp_path / "new.py").write_text("x")
    (tmp_path / "staged.py").write_text("x")
    git("add", "staged.py")
    assert changed_files(tmp_path) == (tmp_path / "new.py", tmp_path / "staged.py")
    check_writable_target(tmp_path / "new.py", tmp_path, named=False)


def test_settings_that_hide_untracked_files_do_not_hide_them_from_us(repo: Path, git: Git) -> None:
    git("config", "status.showUntrackedFiles", "no", cwd=repo)
    git("config", "color.ui", "always", cwd=repo)
    git("config", "core.quotePath", "true", cwd=repo)
    (repo / "é.py").write_text("x")
    assert changed_files(repo) == (repo / "é.py",)


def test_asking_what_changed_leaves_the_index_alone(repo: Path) -> None:
    os.utime(repo / "a.py", (1, 1))
    before = (repo / ".git/index").read_bytes()
    changed_files(repo)
    assert (repo / ".git/index").read_bytes() == before
    assert list((repo / ".git").glob("*.lock")) == []


def test_outside_git_nothing_can_have_changed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a git repository"):
        changed_files(tmp_path)


def test_a_bare_repository_says_that_it_holds_no_files(tmp_path: Path, git: Git) -> None:
    git("init", "-q", "--bare", ".bare")
    (tmp_path / ".git").write_text("gitdir: ./.bare\n")
    assert find_root(tmp_path / "x.py") == tmp_path
    with pytest.raises(Refused, match="bare repository") as caught:
        changed_files(tmp_path)
    assert "worktrees" in caught.value.hint
    (tmp_path / "x.py").write_text("x")
    check_writable_target(tmp_path / "x.py", tmp_path, named=True)
    refused(tmp_path / ".bare/config", tmp_path, "lies in a git folder")


def test_a_linked_worktree_is_a_repository_of_its_own(repo: Path, git: Git, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    git("worktree", "add", "-q", str(tree), cwd=repo)
    (tree / "a.py").write_text("a = 3\n")
    assert find_root(tree / "a.py") == tree
    assert changed_files(tree) == (tree / "a.py",)
    assert changed_files(repo) == ()
    check_writable_target(tree / "a.py", tree, named=False)


def test_a_sparse_checkout_reports_no_file_that_it_left_out(repo: Path, git: Git) -> None:
    (repo / "out").mkdir()
    (repo / "out/x.py").write_text("x")
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "out", cwd=repo)
    git("sparse-checkout", "set", "--no-cone", "/*.py", cwd=repo)
    assert not (repo / "out/x.py").exists()
    assert changed_files(repo) == ()
    check_writable_target(repo / "a.py", repo, named=False)


def test_a_repository_of_another_user_is_named_with_the_remedy(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    error = refused(repo / "a.py", repo, "does not trust the repository")
    assert error.hint == f"git config --global --add safe.directory {repo}"
    with pytest.raises(Refused, match="does not trust"):
        changed_files(repo)


def test_without_git_installed_the_sentence_says_so(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git_module.run(repo, "version")  # GitPython is imported while git is still to be found
    monkeypatch.setenv("PATH", str(repo))
    refused(repo / "a.py", repo, "git is needed here and is not installed")


def test_ordinary_files_may_be_written_in_and_out_of_git(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x")
    for named in (True, False):
        check_writable_target(repo / "a.py", repo, named)
        check_writable_target(repo / "not there yet.py", repo, named)
        check_writable_target(tmp_path / "plain.py", None, named)
        check_writable_target(tmp_path / "plain.py", repo, named)


def test_the_git_folder_is_never_written(repo: Path, git: Git, tmp_path: Path) -> None:
    refused(
        repo / ".git/hooks/x.py",
        repo,
        "cannot be created" if not (repo / ".git/hooks").is_dir() else "git folder",
    )
    refused(repo / ".git/config", repo, "lies in a git folder")
    refused(repo / ".git/config", None, "lies in a git folder")
    git("init", "-q", "--bare", "bare.git")
    refused(tmp_path / "bare.git/config", None, "lies in a git folder")
    (repo / "link.py").symlink_to(".git/config")
    refused(repo / "link.py", repo, "lies in a git folder")


def test_links_may_not_leave_the_repository(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text("x")
    (repo / "inside.py").symlink_to("a.py")
    (repo / "leaves.py").symlink_to(outside / "x.py")
    (repo / "folder").symlink_to(outside, target_is_directory=True)
    check_writable_target(repo / "inside.py", repo, named=False)
    for root in (repo, None):
        refused(repo / "leaves.py", root, "outside the repository")
        refused(repo / "folder/x.py", root, "outside the repository")


def test_a_link_outside_git_is_followed_only_where_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("x")
    (tmp_path / "link.py").symlink_to("real.py")
    check_writable_target(tmp_path / "link.py", None, named=True)
    refused(tmp_path / "link.py", None, "is a link to", named=False)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.py").write_bytes(b"x" * 1_048_577)
    cases = {
        "loop": "cannot be reached",
        "gone": "link to nothing",
        "pipe": "not a regular file",
        ".": "directory",
    }
    for name, said in cases.items():
        assert isinstance(refused(tmp_path / name, None, said), NotAFile)
    assert isinstance(refused(tmp_path / "no/x.py", None, "its folder does not exist"), NotAFile)
    assert isinstance(refused(tmp_path / "large.py", None, r"has 1\.0 MB, the limit is 1 MB"), TooLarge)


def test_a_submodule_is_edited_only_from_inside(
    repo: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "-q", "other")
    (tmp_path / "other/s.py").write_text("s = 1\n")
    git("add", ".", cwd=tmp_path / "other")
    git("commit", "-q", "-m", "s", cwd=tmp_path / "other")
    git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(tmp_path / "other"),
        "sub",
        cwd=repo,
    )
    for root in (repo, repo / "sub"):
        error = refused(repo / "sub/s.py", root, "belongs to the repository inside this one")
        assert "in that folder" in error.hint
    monkeypatch.chdir(repo / "sub")
    check_writable_target(Path("s.py"), find_root(Path("s.py")), named=True)


def test_a_repository_inside_the_repository_is_edited_only_from_inside(
    repo: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "-q", "vendored", cwd=repo)
    (repo / "vendored/v.py").write_text("v")
    refused(repo / "vendored/v.py", repo, "belongs to the repository inside this one")
    monkeypatch.chdir(repo / "vendored")
    check_writable_target(Path("v.py"), repo / "vendored", named=True)


def test_an_unmerged_file_is_refused_even_when_named(repo: Path, git: Git) -> None:
    git("checkout", "-q", "-b", "side", cwd=repo)
    (repo / "a.py").write_text("a = 'side'\n")
    git("commit", "-qam", "side", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    (repo / "a.py").write_text("a = 'main'\n")
    git("commit", "-qam", "main", cwd=repo)
    git("merge", "side", cwd=repo, good=False)
    assert isinstance(refused(Path("a.py"), repo, r"^a\.py has an unresolved merge conflict"), Refused)
    check_writable_target(repo / "b.py", repo, named=False)
    assert repo / "a.py" in changed_files(repo)


MARKS = {
    "gen.py": "linguist-generated",
    "true.py": "linguist-generated=true",
    "big.py": "filter=lfs",
    "bin.py": "binary",
}


def test_ignored_and_marked_files_are_written_only_when_named(repo: Path) -> None:
    (repo / ".gitignore").write_text("ignored.py\n")
    marks = [f"{name} {mark}" for name, mark in MARKS.items()]
    (repo / ".gitattributes").write_text("\n".join([*marks, "not.py -linguist-generated filter=other", ""]))
    for name in (*MARKS, "ignored.py", "not.py"):
        (repo / name).write_text("x = 1\n")
        check_writable_target(repo / name, repo, named=True)
    check_writable_target(repo / "not.py", repo, named=False)
    refused(Path("ignored.py"), repo, r"^git ignores ignored\.py$", named=False)
    for name in ("gen.py", "true.py"):
        refused(repo / name, repo, "is marked linguist-generated", named=False)
    refused(repo / "big.py", repo, "is marked filter=lfs", named=False)
    refused(repo / "bin.py", repo, "is marked binary", named=False)


def test_a_tracked_file_is_not_ignored_whatever_the_rules_say(repo: Path) -> None:
    (repo / ".gitignore").write_text("*.py\n")
    check_writable_target(repo / "a.py", repo, named=False)


def test_many_files_are_judged_together(repo: Path) -> None:
    (repo / ".gitignore").write_text("*no*.py\n")
    paths = []
    for number in range(450):
        paths.append(
            repo / f"{':(top)' * (number % 2)}{'no' if number % 3 == 0 else 'ok'} [x] * é {number}.py"
        )
        paths[-1].write_text("x")
    found = refusals([*paths, repo / "missing/x.py"], repo, named=False)
    assert set(found) == {path for path in paths if "no" in path.name} | {repo / "missing/x.py"}
