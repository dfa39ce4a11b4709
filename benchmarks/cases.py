"""The cases that repairs are measured on: real files with a human's fix, synthetic breaks, clean files.

`benchmarks.repair` asks for them. A file of real cases holds one JSON object a line: `id`, `kind`, `before`,
`after`, and perhaps `category`, `after_min` (the fix without the commit's unrelated edits) and `undefined`.
Everything random comes from a seed given by the caller. Only the held-out packages are written, to a git-ignored
folder.
"""

from __future__ import annotations

import json
import random
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measures import compiles, undefined_names

CACHE = Path(__file__).resolve().parent / ".cache"
MAIN_KINDS = {"syntax": ("syntax",), "undefined": ()}
"""The kinds that a set's headline counts; empty: all. The others are reported when asked for by name."""


@dataclass(frozen=True, slots=True)
class Case:
    """One broken file."""

    id: str
    set: str
    """`syntax` or `undefined`: which test the repair must pass."""
    category: str
    before: str
    humans: tuple[str, ...]
    """The texts that count as identical; the first is the human's own."""
    undefined: tuple[str, ...] = ()
    may_drop: bool = False
    """The human's own repair was a deletion."""


def real(folder: Path, name: str, kinds: tuple[str, ...] = ()) -> list[Case]:
    """The cases of `folder`/`name`.jsonl, of these kinds (by default the set's main ones; `all` for every one)."""
    wanted = kinds or MAIN_KINDS[name]
    cases = []
    for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if wanted and "all" not in wanted and row["kind"] not in wanted:
            continue
        humans = [row["after"], *([row["after_min"]] if row.get("after_min") else [])]
        cases.append(
            Case(
                id=row["id"],
                set=name,
                category=row.get("category") or row["kind"],
                before=row["before"],
                humans=tuple(humans),
                undefined=tuple(row.get("undefined", ())),
                may_drop=row["kind"] in ("delete", "deleted use"),
            )
        )
    return cases


def python_files(folder: Path, seed: int) -> Iterator[tuple[Path, str]]:
    """Readable Python files of 500 to 60,000 characters that compile, in an order that `seed` fixes."""
    skipped = {"test", "tests", "site-packages", "lib2to3"}
    paths = sorted(p for p in folder.rglob("*.py") if not skipped & set(p.relative_to(folder).parts))
    random.Random(seed).shuffle(paths)
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if 500 <= len(text) <= 60_000 and compiles(text):
            yield path, text


def held_out() -> Path:
    """A folder with the sources of the packages that the training corpus leaves out, fetched once by pip.

    Raises CalledProcessError where pip cannot have them.
    """
    from sharpen.core.training.corpus import HELD_OUT, download

    wheels, sources = CACHE / "held-out" / "wheels", CACHE / "held-out" / "sources"
    download(wheels, HELD_OUT)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(sources)
    return sources


def synthetic(folder: Path, count: int, seed: int) -> list[Case]:
    """`count` breaks in the files under `folder`, as the training makes them, spread evenly over the files.

    Give files that are outside the training corpus, or the figure says nothing. Fewer where nothing can be broken.
    """
    from sharpen.core.training.corrupt import break_text

    rng = random.Random(seed)
    files = list(python_files(folder, seed))
    cases: list[Case] = []
    while files:
        before = len(cases)
        for path, text in files:
            if len(cases) == count:
                return cases
            broken = break_text(text, rng)
            if broken is not None and not compiles(broken.before):
                name = path.relative_to(folder).as_posix()
                case_id = f"{name}#{len(cases)}"
                cases.append(Case(case_id, "syntax", str(broken.kind), broken.before, (broken.after,)))
        if len(cases) == before:
            break
    return cases


def clean(count: int, seed: int) -> list[Path]:
    """Files of the standard library with no syntax error and no undefined name."""
    found: list[Path] = []
    for path, text in python_files(Path(sysconfig.get_path("stdlib")), seed):
        if len(found) == count:
            break
        if undefined_names(text) == frozenset():
            found.append(path)
    return found
