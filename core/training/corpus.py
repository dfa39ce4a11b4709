"""Build the training corpus: permissively licensed Python from the package registry and the standard library.

`python -m sharpen.core.training corpus` calls it. The manifest (`manifest.tsv`) names every package, its pinned
version and its licence; wheels are downloaded by pip into a git-ignored folder and read without being installed.
The corpus is cut into *units*: runs of whole top-level statements of at most `MAX_LINES` lines that compile on
their own, so that breaking one and asking the parser costs about a millisecond. Nothing here is ever committed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
import subprocess
import sys
import sysconfig
import textwrap
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

MANIFEST = Path(__file__).with_name("manifest.tsv")
MAX_LINES = 90
MAX_FILE_CHARS = 60_000
MIN_FILE_CHARS = 200
PACKAGE_CAP = 3_000_000
"""Characters taken from one package at most, so that no single house style fills the corpus."""

HELD_OUT = frozenset({"tabulate", "freezegun", "pexpect", "simpy", "asciimatics"})
"""Packages that only the benchmark on synthetic breaks reads."""

_ALLOWED = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software|ISC|Unlicense|[Pp]ublic [Dd]omain|Zope|ZPL|HPND|PIL|Biopython"
)
_REFUSED = re.compile(r"GPL|MPL|Mozilla|EPL|Eclipse")


def manifest() -> list[tuple[str, str, str]]:
    """(name, version, licence) of every package, in the manifest's order."""
    rows = [x.split("\t") for x in MANIFEST.read_text().split("\n") if x and not x.startswith("#")]
    return [(r[0], r[1], r[2]) for r in rows]


def download(wheels: Path, only: frozenset[str] | None = None) -> None:
    """Fetch the manifest's wheels into `wheels`, or those of the packages in `only` (lower case).

    A package that cannot be had raises CalledProcessError.
    """
    wheels.mkdir(parents=True, exist_ok=True)
    have = {w.name.split("-")[0].lower().replace("_", "-") for w in wheels.glob("*.whl")}
    for name, version, _ in manifest():
        if only is not None and name.lower() not in only:
            continue
        if name.lower().replace("_", "-").replace(".", "-") in {h.replace(".", "-") for h in have}:
            continue
        print(f"fetching {name} {version}", flush=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "-d", str(wheels), f"{name}=={version}"], check=True)


def licence_of(wheel: Path) -> tuple[str, str, str]:
    """(name, version, licence words) as the wheel's own metadata has them."""
    with zipfile.ZipFile(wheel) as archive:
        path = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        head = archive.read(path).decode("utf-8", "replace").split("\n\n")[0]
    field = dict(re.findall(r"^(Name|Version): (.*)$", head, re.MULTILINE))
    words = re.findall(
        r"^(?:License-Expression: |License: |Classifier: License :: (?:OSI Approved :: )?)(.*)$",
        head,
        re.MULTILINE,
    )
    licence = "; ".join(dict.fromkeys(w.strip()[:40] for w in words if w.strip()))
    return field["Name"].strip(), field["Version"].strip(), licence


def permissive(licence: str) -> bool:
    """Whether the licence's words name a permissive licence and no copyleft one."""
    return bool(_ALLOWED.search(licence)) and not _REFUSED.search(licence)


def write_manifest(wheels: Path) -> None:
    """Pin what lies in `wheels`: the maintainers' command after the list of packages changed."""
    rows = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version, licence = licence_of(wheel)
        if permissive(licence):
            rows.append(f"{name}\t{version}\t{licence}")
    text = "# name\tversion\tlicence\n" + "\n".join(sorted(rows, key=str.lower)) + "\n"
    MANIFEST.write_text(text)


def _wheel_files(wheel: Path, rng: random.Random) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = [i for i in archive.infolist() if i.filename.endswith(".py")]
        rng.shuffle(names)
        for info in names:
            if MIN_FILE_CHARS <= info.file_size <= 4 * MAX_FILE_CHARS:
                yield archive.read(info).decode("utf-8", "replace")


def _stdlib_files(rng: random.Random) -> Iterator[str]:
    root = Path(sysconfig.get_path("stdlib"))
    paths = sorted(p for p in root.rglob("*.py") if "site-packages" not in p.parts)
    rng.shuffle(paths)
    for path in paths:
        yield path.read_bytes().decode("utf-8", "replace")


def compiles(text: str) -> bool:
    """Whether the running interpreter takes the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "x.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _pieces(body: list[ast.stmt], lines: list[str]) -> Iterator[tuple[int, int]]:
    """0-based half-open line ranges of runs of statements, each at most MAX_LINES long."""
    start, end = -1, -1
    for node in body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
        last = node.end_lineno or node.lineno
        while first > 0 and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        if start >= 0 and last - start > MAX_LINES:
            yield start, end
            start = -1
        if last - first > MAX_LINES:
            continue
        if start < 0:
            start = first
        end = last
    if start >= 0:
        yield start, end


def units_of(text: str) -> Iterator[str]:
    """Cut one file into units; a class that is too long gives its methods, under its own header line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(8) if "\r" in text else text
    if "\x00" in text or "\f" in text or not compiles(text):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    lines = text.split("\n")
    for a, b in _pieces(tree.body, lines):
        yield "\n".join(lines[a:b]) + "\n"
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno >= MAX_LINES:
            header = "\n".join(lines[node.lineno - 1 : max(node.body[0].lineno - 1, node.lineno)])
            for a, b in _pieces(node.body, lines):
                if a >= node.lineno:
                    yield header + "\n" + "\n".join(lines[a:b]) + "\n"


def trim_prose(unit: str, rng: random.Random) -> str:
    """Shorten most docstrings and comment blocks: prose teaches little about code, and tokens are time."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(unit)
    except SyntaxError:
        return unit
    lines = unit.split("\n")
    drop: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            first, last = node.lineno, node.end_lineno or node.lineno
            if last - first > 3 and rng.random() < 0.85:
                drop.update(range(first + 1, last - 1))
    run = 0
    for i, line in enumerate(lines):
        run = run + 1 if line.lstrip().startswith("#") else 0
        if run > 3 and rng.random() < 0.85:
            drop.add(i)
    return "\n".join(x for i, x in enumerate(lines) if i not in drop)


def build(wheels: Path, out: Path, seed: int = 0, held_out: bool = False) -> tuple[int, int]:
    """Write units as JSON lines {"package", "text"}, shuffled; returns (units, characters)."""
    rng = random.Random(seed)
    seen: set[bytes] = set()
    rows: list[tuple[str, str]] = []
    sources: list[tuple[str, Iterator[str]]] = []
    pinned = {(n.lower(), v) for n, v, _ in manifest()}
    for wheel in sorted(wheels.glob("*.whl")):
        name, version, _ = licence_of(wheel)
        if (name.lower(), version) in pinned and (name.lower() in HELD_OUT) == held_out:
            sources.append((name, _wheel_files(wheel, rng)))
    if not held_out:
        sources.append(("stdlib", _stdlib_files(rng)))
    for name, files in sources:
        taken = 0
        cap = PACKAGE_CAP * (4 if name == "stdlib" else 1)
        for text in files:
            if taken > cap:
                break
            if not MIN_FILE_CHARS <= len(text) <= MAX_FILE_CHARS:
                continue
            for whole in units_of(text):
                unit = trim_prose(textwrap.dedent(whole), rng)
                digest = hashlib.sha256(unit.encode()).digest()[:12]
                if (
                    len(unit) < 60
                    or digest in seen
                    or max(map(len, unit.split("\n"))) > 400
                    or not compiles(unit)
                ):
                    continue
                seen.add(digest)
                taken += len(unit)
                rows.append((name, unit))
    rng.shuffle(rows)
    with out.open("w", encoding="utf-8") as f:
        for name, unit in rows:
            f.write(json.dumps({"package": name, "text": unit}, ensure_ascii=True) + "\n")
    return len(rows), sum(len(u) for _, u in rows)
