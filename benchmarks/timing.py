"""Wall time of whole processes, side by side: run in turn, compared by median, so that load hits both alike.

`benchmarks.repair` and `benchmarks.startup` use it. It measures; what is too slow is said by the caller.
"""

from __future__ import annotations

import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.cases import python_files
from benchmarks.measures import compiles
from benchmarks.runners import call

Command = Callable[[Path], list[str]]
"""From a fresh folder to what is to be run in it; what it puts there first is not timed."""


def side_by_side(commands: Mapping[str, Command], runs: int) -> dict[str, float]:
    """Label -> median seconds of `runs` runs, one of each in turn, after one untimed round."""
    seconds: dict[str, list[float]] = {label: [] for label in commands}
    for turn in range(runs + 1):
        for label, command in commands.items():
            with tempfile.TemporaryDirectory(prefix="sharpen-bench-") as folder:
                argv = command(Path(folder))
                began = time.perf_counter()
                if call(argv, Path(folder), timeout=120) is None:
                    raise TimeoutError(f"{label}: over 120 s")
                if turn:
                    seconds[label].append(time.perf_counter() - began)
    return {label: statistics.median(times) for label, times in seconds.items()}


def broken_file(lines: int = 200) -> str:
    """A standard library module of about `lines` lines that has lost the colon of a `def` near its middle."""
    for _, text in python_files(Path(sysconfig.get_path("stdlib")), seed=1):
        rows = text.split("\n")
        if abs(len(rows) - lines) > lines // 20:
            continue
        middle = len(rows) // 2
        for at in sorted(range(len(rows)), key=lambda i: abs(i - middle)):
            if rows[at].lstrip().startswith("def ") and rows[at].endswith(":"):
                broken = "\n".join([*rows[:at], rows[at][:-1], *rows[at + 1 :]])
                if not compiles(broken):
                    return broken
    raise LookupError(f"the standard library has no module of about {lines} lines")


def print_whole_process(runs: int) -> dict[str, float]:
    """`sharpen fix` on a broken 200-line file against `python -c "import onnxruntime"`."""
    text = broken_file()

    def fix(folder: Path) -> list[str]:
        path = folder / "case.py"
        path.write_text(text, encoding="utf-8")
        return ["sharpen", "fix", str(path)]

    found = side_by_side(
        {
            "sharpen fix, one broken 200-line file": fix,
            'python -c "import onnxruntime"': lambda _: [sys.executable, "-c", "import onnxruntime"],
        },
        runs,
    )
    fixing, importing = found.values()
    print(f"\n## whole process, median of {runs} runs each, in turn\n")
    for label, seconds in found.items():
        print(f"{seconds:7.3f} s  {label}")
    print(f"{fixing / importing:7.2f} x  (aim 3 x, floor 5 x)")
    return found
