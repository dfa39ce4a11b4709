"""Does anything that a user wrote ever get lost? Random histories by two processes at once, killed at random.

    python benchmarks/nolose.py [--rounds 500] [--seed 1]

Each round is a fresh repository in which two processes edit like people (in place or by rename), stage, and let sharpen
repair files, repair what is staged, undo and redo, all through the same code as the commands. They are killed at random
instants. Then every line that a user wrote and did not take out himself must be in its file, in the index, or come back
with `sharpen undo`; no file may hold a line that nobody wrote; no lock and no temporary file may stay. A person's own
write is never cut in half: that would be no fault of sharpen's. Prints a table; exits 1 where something was lost.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sharpen.core.document import Document
from sharpen.core.errors import SharpenError
from sharpen.core.patch import Patch
from sharpen.core.worktree import git
from sharpen.core.worktree.apply import apply
from sharpen.core.worktree.index import put
from sharpen.core.worktree.journal import Journal
from sharpen.core.worktree.staged import staged

NAMES = ("a.py", "b.py")
START = "".join(f"start_{number} = {number}\n" for number in range(8))
BROKEN = re.compile(r"(?m)^(\w+ = \(\d+)$")
STEPS = (15, 40)
LONGEST_SECONDS = 0.25


def main() -> int:
    """Run the rounds and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found, began = Counter[str](), time.monotonic()
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="nolose-") as base:
        template = made(Path(base))
        for number in range(options.rounds):
            folder = Path(base) / str(number)
            told = one_round(template, folder, options.seed * 1_000_003 + number, found)
            faults += [f"round {number}: {fault}" for fault in told]
            shutil.rmtree(folder)
    report(options.rounds, time.monotonic() - began, found, faults)
    return 1 if faults else 0


def report(rounds: int, seconds: float, found: Counter[str], faults: list[str]) -> None:
    """The table, then each fault."""
    rows = [
        ("rounds", rounds),
        ("seconds", round(seconds)),
        *sorted(found.items()),
        ("lost or broken", len(faults)),
    ]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {count:>7}" for name, count in rows))
    print("\n".join(faults))


def made(base: Path) -> Path:
    """A repository with one commit, to be copied."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": "Somebody", f"GIT_{role}_EMAIL": "somebody@example.org"}
    root = base / "template"
    root.mkdir()
    for name in NAMES:
        (root / name).write_text(START)
    for words in (["init", "-q", "--template="], ["add", "."], ["commit", "-qm", "start"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    git.has_work_tree(root)  # imports what the children need
    return root


class Place:
    """One round's repository, journal, and log of what its users did."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repo"
        self.journal = Journal(folder / "state", self.root)
        self._log = folder / "log"
        self._lock = folder / "users"

    @contextlib.contextmanager
    def users(self) -> Iterator[None]:
        """One person writes at a time, and nobody is killed meanwhile."""
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def log(self, what: str, name: str, lines: list[str]) -> None:
        """Note what a user has done."""
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, json.dumps([what, name, lines]).encode() + b"\n")
        os.close(handle)

    def logged(self) -> list[tuple[str, str, list[str]]]:
        """Everything that was noted, in order."""
        return (
            [tuple(json.loads(line)) for line in self._log.read_text().splitlines()]
            if self._log.exists()
            else []
        )


class Person:
    """One process: somebody who edits, stages and runs sharpen."""

    def __init__(self, place: Place, seed: int, number: int) -> None:
        self.place, self.random, self.number = place, random.Random(seed + number), number
        self._words = 0

    def live(self) -> None:
        """A few things in a row; what sharpen refuses is refused."""
        ways = [self.edit] * 4 + [self.stage] * 2 + [self.fix] * 4 + [self.fix_staged] * 2
        ways += [self.undo] * 3 + [self.undo_file, self.redo, self.take_out]
        for _ in range(self.random.randint(*STEPS)):
            with contextlib.suppress(SharpenError):
                self.random.choice(ways)()

    def _name(self) -> str:
        return self.random.choice(NAMES)

    def edit(self) -> None:
        """Type a line, sometimes a broken one, and save as editors do."""
        self._words += 1
        word = f"p{self.number}_{self._words} = ({self._words}{self.random.choice(['', ')'])}"
        with self.place.users():
            name = self._name()
            lines = self._lines(name)
            lines.insert(self.random.randint(0, len(lines)), word)
            self._save(name, lines)
            self.place.log("typed", name, [word])

    def take_out(self) -> None:
        """Remove a line again."""
        with self.place.users():
            name = self._name()
            lines = self._lines(name)
            if lines:
                gone = lines.pop(self.random.randrange(len(lines)))
                self.place.log("took out", name, [gone])
                self._save(name, lines)

    def _lines(self, name: str) -> list[str]:
        return (self.place.root / name).read_text().splitlines()

    def _save(self, name: str, lines: list[str]) -> None:
        path, text = self.place.root / name, "".join(f"{line}\n" for line in lines)
        if self.random.random() < 0.5:
            path.write_text(text)
        else:
            beside = path.with_name(f"{name}.{self.number}~")
            beside.write_text(text)
            beside.replace(path)

    def stage(self) -> None:
        """`git add`, with what was staged before noted as replaced."""
        with self.place.users():
            name = self._name()
            done = subprocess.run(["git", "add", name], cwd=self.place.root, capture_output=True, check=False)
            if done.returncode == 0:
                lines = indexed(self.place.root, name).splitlines()
                self.place.log("staged", name, lines)

    def fix(self) -> None:
        """What `sharpen fix` does once the engine has answered: all broken lines of one file or both."""
        names = NAMES if self.random.random() < 0.3 else (self._name(),)
        patches = []
        for name in names:
            document = Document.read(self.place.root / name)
            patches.append(Patch.of(document, document.whole(), BROKEN.sub(r"\1)", document.text)))
        patch = Patch.join(patches)
        if not patch.empty:
            apply(patch, self.place.journal, "fix what is broken", "nolose")

    def fix_staged(self) -> None:
        """The same of what is staged."""
        files, _ = staged(self.place.root, (".py",))
        patches = [
            Patch.of(f.document, f.document.whole(), BROKEN.sub(r"\1)", f.document.text)) for f in files
        ]
        patch = Patch.join(patches)
        if not patch.empty:
            put(self.place.root, files, patch, journal=self.place.journal, instruction="fix", engine="nolose")

    def undo(self) -> None:
        """The last checkpoint."""
        self.place.journal.undo()

    def undo_file(self) -> None:
        """The last checkpoint of one file."""
        self.place.journal.undo(paths=[str(self.place.root / self._name())])

    def redo(self) -> None:
        """What was undone last."""
        self.place.journal.redo()


def indexed(root: Path, name: str) -> str:
    """What is staged of the file."""
    return subprocess.run(
        ["git", "show", f":{name}"], cwd=root, capture_output=True, text=True, check=False
    ).stdout


def one_round(template: Path, folder: Path, seed: int, found: Counter[str]) -> list[str]:
    """Let two people live and die; what was found of their lines is counted, what is wrong is returned."""
    folder.mkdir()
    shutil.copytree(template, folder / "repo")
    os.chdir(folder / "repo")
    place, chance = Place(folder), random.Random(seed)
    children = [_forked(place, seed, number) for number in (1, 2)]
    for child, wait in sorted(
        ((c, chance.uniform(0.01, LONGEST_SECONDS)) for c in children), key=lambda x: x[1]
    ):
        mortal = chance.random() < 0.8
        until = time.monotonic() + (wait if mortal else 60)
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                with place.users():
                    os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                found["processes killed"] += 1
                break
            time.sleep(0.005)
    return checked(place, found)


def _forked(place: Place, seed: int, number: int) -> int:
    child = os.fork()
    if child:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(child, child)
        return child
    try:
        os.setpgid(0, 0)
        Person(place, seed, number).live()
    except BaseException as error:  # noqa: BLE001 - a defect is a finding
        place.log("defect", "", [f"{type(error).__name__}: {error}"])
    finally:
        os._exit(0)


def checked(place: Place, found: Counter[str]) -> list[str]:
    """Count where each line is, then what is wrong."""
    with place.journal.lock():
        pass  # the next run clears away what a killed one left
    faults = [f"defect: {lines[0]}" for what, _, lines in place.logged() if what == "defect"]
    junk = [p for where in (place.root, place.root / ".git") for p in where.glob(".sharpen-*")]
    faults += [f"left behind: {path.name}" for path in (*junk, *place.root.glob(".git/*.lock"))]
    known = places(place)
    wanted, written = expected(place)
    for name in NAMES:
        for line in known[name][0]:
            if line not in written and line.removesuffix(")") not in written:
                faults.append(f"{name} holds a line that nobody wrote: {line!r}")
        for line in sorted(wanted[name]):
            kinds = ("in the file", "in the index", "by undo", "by undo --print")
            kind = next((k for k, lines in zip(kinds, known[name], strict=True) if line in lines), "")
            if kind:
                found[f"lines {kind}"] += 1
            else:
                faults.append(f"{name} lost {line!r}")
    return faults


def expected(place: Place) -> tuple[dict[str, set[str]], set[str]]:
    """Lines that must be somewhere, by file; and all that anybody ever wrote."""
    wanted = {name: set(START.splitlines()) for name in NAMES}
    index: dict[str, list[str]] = {name: [] for name in NAMES}
    written = set(START.splitlines())
    for what, name, lines in place.logged():
        if what == "typed":
            wanted[name] |= {*lines}
            written |= {*lines}
        elif what == "took out":
            wanted[name] -= {*lines, *(line.removesuffix(")") for line in lines)}
        elif what == "staged":
            index[name] = lines
    for name in NAMES:
        wanted[name] |= {*index[name]} & written
    return wanted, written


def places(place: Place) -> dict[str, tuple[set[str], ...]]:
    """By file: its lines, those in the index, those that undo brings back, those that `undo --print` shows."""
    now = {
        n: (set((place.root / n).read_text().splitlines()), set(indexed(place.root, n).splitlines()))
        for n in NAMES
    }
    shown: dict[str, set[str]] = {name: set() for name in NAMES}
    for one in place.journal.list():
        for path in one.paths:
            shown[Path(path).name] |= {*place.journal.before(one.id, path).decode().splitlines()}
    back: dict[str, set[str]] = {name: set() for name in NAMES}
    for one in reversed(place.journal.list()):
        for path in one.standing:
            with contextlib.suppress(SharpenError):
                place.journal.undo(one.id, paths=[path])
        for name in NAMES:
            text = (place.root / name).read_text() + indexed(place.root, name)
            back[name] |= {*text.splitlines()}
    return {name: (*now[name], back[name], shown[name]) for name in NAMES}


if __name__ == "__main__":
    sys.exit(main())
