"""Real files damaged at random, repaired by the real command and taken back: what became of them. Prints a table.

    python -m benchmarks.damage [--calls 25] [--seed 1] [--folder FOLDER]

Each call of `sharpen fix` gets ten files of the folder (default: the standard library's), each with one to three bytes,
spans or lines lost or put in, some with CRLF line ends or a byte-order mark. `sharpen undo` follows. Exit 1 where a
file became worse, was not put back to the byte, or the command failed as it should not: the promises, not the rate
of repairs, which says little, because random damage is not what people do.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

FILES = 10
"""In a call."""
SIZES = range(200, 60_000)
PUT_IN = b"()[]{}:,'\"=+-*. \n\t#\\@"
PROMISED = {0, 1, 2}
"""Exit codes of a run that did its work, or was given what is no text."""


def compiles(data: bytes) -> bool:
    """Whether Python takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, "damaged", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with something wrong in it."""
    form = chance.randrange(6)
    if form == 0:
        data = data.replace(b"\n", b"\r\n")
    elif form == 1 and not data.startswith(b"\xef\xbb\xbf"):
        data = b"\xef\xbb\xbf" + data
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(max(1, len(data)))
        kind = chance.randrange(4)
        if kind == 0:
            data = data[:at] + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + bytes([chance.choice(PUT_IN)]) + data[at:]
        elif kind == 2:
            data = data[:at] + data[at + chance.randrange(1, 30) :]
        else:
            end = data.find(b"\n", at) + 1
            data = data[:at] + data[end:] if end else data[:at]
    return data


def one(folder: Path, contents: dict[str, bytes], environment: dict[str, str]) -> Counter[str]:
    """One call and its undo; what is counted as `broken promise:` must not be there."""

    def sharpen(*words: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "sharpen.cli", *words]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)

    found: Counter[str] = Counter()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    done = sharpen("fix", *contents)
    if done.returncode not in PROMISED or b"Traceback" in done.stderr or b"defect" in done.stderr:
        found[f"broken promise: exit {done.returncode}"] += 1
        print(done.stderr.decode("utf-8", "replace"), file=sys.stderr)
    after = {name: (folder / name).read_bytes() for name in contents}
    for name, data in contents.items():
        before, now = compiles(data), compiles(after[name])
        found["files"] += 1
        found["broken"] += not before
        found["repaired"] += now and not before
        found["changed"] += after[name] != data
        found["broken promise: worse"] += before and not now
    if after != contents:
        sharpen("undo")
    found["broken promise: not put back"] += sum(
        (folder / name).read_bytes() != data for name, data in contents.items()
    )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the calls and print what became of the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(sysconfig.get_path("stdlib")))
    options = parser.parse_args(argv)
    chance = random.Random(options.seed)
    sources = [p for p in sorted(options.folder.rglob("*.py")) if p.stat().st_size in SIZES]
    total: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "work"
        folder.mkdir()
        environment = {**os.environ, "SHARPEN_STATE_DIR": str(Path(base) / "state"), "CI": "1"}
        for _ in range(options.calls):
            chosen = chance.sample(sources, min(FILES, len(sources)))
            contents = {f"f{n}.py": damaged(p.read_bytes(), chance) for n, p in enumerate(chosen)}
            total += one(folder, contents, environment)
    for name in ("files", "broken", "repaired", "changed"):
        print(f"{name:24}{total[name]:6}")
    print(f"{'seconds a call':24}{(time.monotonic() - began) / max(1, options.calls):6.1f}")
    broken = {name: count for name, count in total.items() if name.startswith("broken promise")}
    for name, count in broken.items():
        print(f"{name}: {count}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
