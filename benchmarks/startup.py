"""What sharpen costs where there is nothing to repair. Prints a table.

    python -m benchmarks.startup [--runs 9] [--files 300] [--json FILE]

`--help` and `--version` against a bare interpreter, and `sharpen fix` on clean files against `ruff check` on
the same files, run in turn: as pre-commit calls it (the files named) and as git's own hook does (`--staged`), in a
repository in which all of them are staged. The bound is 0.25 s over ruff: what a hook may add unnoticed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import cases, timing

BOUND_SECONDS = 0.25


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 where the bound is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--json", type=Path, help="write the seconds here too")
    options = parser.parse_args(argv)
    paths = cases.clean(options.files, seed=0)

    def over_files(*command: str) -> timing.Command:
        def prepared(folder: Path) -> list[str]:
            copies = [folder / f"f{number:03}_{path.name}" for number, path in enumerate(paths)]
            for path, copy in zip(paths, copies, strict=True):
                shutil.copyfile(path, copy)
            for line in (("init", "-q"), ("add", ".")):
                subprocess.run(("git", *line), cwd=folder, check=True)
            return [*command, *([] if "--staged" in command else [copy.name for copy in copies])]

        return prepared

    checked = ("ruff check", "sharpen fix", "sharpen fix --staged")
    found = timing.side_by_side(
        {
            "python -c pass": lambda _: [sys.executable, "-c", "pass"],
            "sharpen --version": lambda _: ["sharpen", "--version"],
            "sharpen --help": lambda _: ["sharpen", "--help"],
            checked[0]: over_files("ruff", "check", "--isolated", "--no-cache", "--select", "F821"),
            checked[1]: over_files("sharpen", "fix", "--"),
            checked[2]: over_files("sharpen", "fix", "--staged"),
        },
        options.runs,
    )
    for label, seconds in found.items():
        files = f", {len(paths)} clean files" if label in checked else ""
        print(f"{seconds:7.3f} s  {label}{files}")
    over = {label: found[label] - found[checked[0]] for label in checked[1:]}
    for label, seconds in over.items():
        print(f"{seconds:7.3f} s  {label} over ruff (bound {BOUND_SECONDS} s)")
    if options.json:
        options.json.write_text(json.dumps({"seconds": found, "over ruff": over}), encoding="utf-8")
    return 0 if max(over.values()) <= BOUND_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
