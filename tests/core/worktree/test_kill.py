"""A process killed while it writes leaves every file wholly old or wholly new, and undo brings all of them back.

The child is a fork that is killed with SIGKILL: at each point that `put` names, and at random instants. The patch
has plain files, a link, a script, a new file, and one file with two names, which is written in place: that one
may be found half-written, in a form that undo knows.
"""

from __future__ import annotations

import os
import random
import signal
import stat
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.worktree.apply import Step, apply, is_torn
from sharpen.core.worktree.journal import Journal

OLD = {
    "a.py": b"a = 1\r\n" * 3_000,
    "pkg/b.py": b"def b():\n    return (1\n",
    "pkg/real.py": b"x = 1\n" * 200,
    "run.sh": b"#!/bin/sh\necho\n",
    "two.py": b"first\n" + b"line\n" * 4_000 + b"last\n",
}
LINKED = "two.py"
RANDOM_KILLS = 120


def new_text(name: str) -> str:
    return "new " + OLD[name].decode().replace("\r\n", "\n").replace("1", "22") + "added\n"


class Tree:
    """The files of the patch, before and after."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tree"
        self.journal = Journal(folder / "state", self.folder)
        (self.folder / "pkg").mkdir(parents=True)
        self.reset()
        (self.folder / "link.py").symlink_to("pkg/real.py")
        (self.folder / "second name.py").hardlink_to(self.folder / LINKED)
        patches = [self._edit(name) for name in ("a.py", "pkg/b.py", "link.py", "run.sh", LINKED)]
        created = Document.new(self.folder / "pkg/created.py")
        self.patch = Patch.join([*patches, Patch.of(created, created.whole(), "created\n")])
        self.new = {name: self.patch.result(self._label(name)) for name in OLD}

    def _label(self, name: str) -> str:
        return str(self.folder / ("link.py" if name == "pkg/real.py" else name))

    def _edit(self, name: str) -> Patch:
        document = Document.read(self.folder / name)
        return Patch.of(document, document.whole(), new_text("pkg/real.py" if name == "link.py" else name))

    def reset(self) -> None:
        for name, data in OLD.items():
            (self.folder / name).write_bytes(data)
        (self.folder / "run.sh").chmod(0o755)
        (self.folder / "pkg/created.py").unlink(missing_ok=True)
        for checkpoint in self.journal.list():
            self.journal.forget(checkpoint.id)

    def states(self) -> dict[str, str]:
        """Each file as `old`, `new`, `torn` (the one that is written in place) or `lost`."""
        found = {}
        for name, old in OLD.items():
            data = (self.folder / name).read_bytes()
            found[name] = "old" if data == old else "new" if data == self.new[name] else "lost"
            if name == LINKED and found[name] == "lost" and is_torn(data, old, self.new[name]):
                found[name] = "torn"
        created = self.folder / "pkg/created.py"
        if created.exists():
            found["pkg/created.py"] = "new" if created.read_bytes() == b"created\n" else "lost"
        else:
            found["pkg/created.py"] = "old"
        return found

    def check_sound(self) -> None:
        """What must hold at any instant."""
        assert "lost" not in self.states().values(), self.states()
        assert stat.S_IMODE((self.folder / "run.sh").stat().st_mode) == 0o755
        assert (self.folder / "link.py").readlink() == Path("pkg/real.py")
        assert (self.folder / "second name.py").samefile(self.folder / LINKED)

    def check_like(self, state: str) -> None:
        """All files old (or new), and nothing else in the folders."""
        assert set(self.states().values()) == {state}
        self.check_sound()
        left = {path.name for path in self.folder.rglob("*") if path.is_file()}
        made = {"created.py"} if state == "new" else set()
        assert left == {Path(name).name for name in OLD} | {"link.py", "second name.py"} | made
        assert not list(self.journal.folder.glob("*.pending"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


Work = Callable[[Step | None], object]


def killed_at(work: Work, step: int) -> bool:
    """Run `work` in a child that kills itself at the n-th named point; False where it has none so late."""
    child = os.fork()
    if child == 0:
        left = step

        def on_step(_name: str) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        try:
            work(on_step)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def killed_after(work: Work, seconds: float) -> bool:
    """Run `work` in a child and kill it that long after its start."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, b"!")
            work(None)
        finally:
            os._exit(0)
    os.read(read_end, 1)
    os.close(read_end)
    os.close(write_end)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def bring_back(tree: Tree) -> None:
    """What a user does after a crash: undo, if the journal knows of anything."""
    if any(not checkpoint.undone for checkpoint in tree.journal.list()):
        tree.journal.undo()
    else:
        with tree.journal.lock():  # any next use of the journal clears temporary files away
            pass


def test_killed_at_each_named_point_of_apply_undo_brings_everything_back(tree: Tree) -> None:
    def work(on_step: Step | None) -> object:
        return apply(tree.patch, tree.journal, "prompt", "engine", on_step=on_step)

    mixed = step = 0
    while killed_at(work, step):
        tree.check_sound()
        mixed += len(set(tree.states().values())) > 1
        bring_back(tree)
        tree.check_like("old")
        tree.reset()
        step += 1
    assert step >= 16  # noted, six files, checked, recorded, six placed, done
    assert mixed >= 5
    tree.check_like("new")


def test_killed_at_each_named_point_of_undo_and_redo_running_it_again_finishes(tree: Tree) -> None:
    apply(tree.patch, tree.journal, "prompt", "engine")
    checkpoint = tree.journal.list()[0]
    points = 0
    for again, state in ((tree.journal.undo, "old"), (tree.journal.redo, "new")):
        step = 0
        # Killed at a later point each time, from wherever the last kill left the files.
        while killed_at(lambda on_step, again=again: again(checkpoint.id, on_step=on_step), step):
            tree.check_sound()
            step += 1
        tree.check_like(state)
        points += step
    assert points >= 12


def test_killed_at_random_instants_nothing_is_lost_and_everything_comes_back(tree: Tree) -> None:
    def run_apply(_on_step: Step | None) -> object:
        return apply(tree.patch, tree.journal, "prompt", "engine")

    def run_undo(_on_step: Step | None) -> object:
        return tree.journal.undo()

    # How long to let it live: follows the machine, so that about half of the runs are cut off, at any load.
    half = {"apply": 0.02, "undo": 0.02}
    seen: Counter[str] = Counter()
    choose = random.Random(20)
    for number in range(RANDOM_KILLS):
        tree.reset()
        name, work = ("undo", run_undo) if number % 4 == 0 else ("apply", run_apply)
        if name == "undo":
            run_apply(None)
        finished = not killed_after(work, choose.uniform(0, 2 * half[name]))
        half[name] *= 0.9 if finished else 1.1
        tree.check_sound()
        known = tree.journal.list()
        kind = "finished" if finished else "nothing recorded" if not known else "recorded"
        seen[f"{name}: {kind}"] += 1
        bring_back(tree)
        tree.check_like("old")
    assert sum(seen.values()) == RANDOM_KILLS
    # The instants reached both sides of the record, or the test would have looked at one half only.
    assert all(seen[f"apply: {kind}"] for kind in ("nothing recorded", "recorded", "finished")), seen
    assert 0 < seen["undo: finished"] < RANDOM_KILLS // 4, seen
