"""How well broken files are repaired, beside what needs no model. Prints tables.

    python -m benchmarks.repair --data FOLDER                     the embedded engine and the baselines
    python -m benchmarks.repair --data FOLDER --cmd 'sharpen fix {path}'   any command, a process a file
    python -m benchmarks.repair --held-out 200                    synthetic breaks, packages outside the corpus
    python -m benchmarks.repair --clean 300 --timing 15           clean files altered; whole-process time
    python -m benchmarks.repair --data FOLDER --json report.json  every figure and every case, for a program

FOLDER holds `syntax.jsonl` and `undefined.jsonl` (`benchmarks.cases`). The held-out packages are fetched once, by
pip. What counts is in `benchmarks.measures`. Beside the engine stand `identity`, tree-sitter's own error recovery and
`mutate`: every single-token edit near the error, likeliest first, until one parses.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import cases as sources
from benchmarks import measures, runners, timing
from benchmarks.cases import Case
from benchmarks.measures import Judgement
from benchmarks.tables import Row, print_aims, print_set, table


def measure(system: str, runner: runners.Runner, cases: Sequence[Case]) -> list[Row]:
    """Run every case through one system; a crash of the system counts as no change and is said on stderr."""
    rows = []
    for number, case in enumerate(cases, 1):
        began = time.perf_counter()
        try:
            result = runner(case)
        except Exception as error:  # noqa: BLE001  # any defect of the measured system is its own failure
            print(f"{system}: {case.id}: {type(error).__name__}: {error}", file=sys.stderr)
            result = case.before
        seconds = time.perf_counter() - began
        rows.append(Row(system, case.set, case.category, case.id, seconds, judged(case, result)))
        if sys.stderr.isatty():
            print(f"\r{system} {number}/{len(cases)}\033[K", end="", file=sys.stderr)
    return rows


def judged(case: Case, result: str) -> Judgement:
    """The set's own test, then what every set asks."""
    humans = list(case.humans)
    if case.set != "undefined":
        passes = measures.compiles(result)
        return measures.judge(case.before, humans, result, passes=passes, may_drop=case.may_drop)
    now, then = measures.undefined_names(result), measures.undefined_names(case.before)
    gone = now is not None and now.isdisjoint(case.undefined)
    new = len((now or frozenset()) - (then or frozenset()))
    found = measures.judge(case.before, humans, result, passes=gone and not new, may_drop=case.may_drop)
    return replace(found, names_gone=gone and found.compiles, names_new=new)


def measure_clean(systems: dict[str, runners.Runner], paths: Sequence[Path]) -> dict[str, list[str]]:
    """The names of the clean files that each system alters; prints how many (aim and floor: none)."""
    altered: dict[str, list[str]] = {}
    for system, runner in systems.items():
        altered[system] = []
        for path in paths:
            text = path.read_text(encoding="utf-8")
            if runner(Case(path.name, "clean", "clean", text, (text,))) != text:
                altered[system].append(path.name)
    rows = [[s, str(len(paths)), str(len(names))] for s, names in altered.items()]
    print(f"\n## clean files (standard library)\n\n{table(['', 'files', 'altered'], rows)}")
    return altered


# ------------------------------------------------------------------ the command
def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with syntax.jsonl and undefined.jsonl")
    parser.add_argument("--set", action="append", choices=sorted(sources.MAIN_KINDS), help="default: both")
    parser.add_argument(
        "--kind", action="append", default=[], help="other kinds than the set's main ones, or all"
    )
    parser.add_argument("--limit", type=int, help="the first N cases of each set")
    parser.add_argument(
        "--cmd", action="append", default=[], help="a command template with {path}; may be repeated"
    )
    parser.add_argument(
        "--weights", type=Path, help="measure the embedded engine on other weights than the shipped"
    )
    parser.add_argument(
        "--no-engine", action="store_true", help="without the embedded engine in this process"
    )
    parser.add_argument(
        "--baselines", default=",".join(runners.BASELINES), help="comma-separated; empty for none"
    )
    parser.add_argument(
        "--held-out", type=int, default=0, metavar="N", help="N breaks in the packages kept out of the corpus"
    )
    parser.add_argument("--synthetic", type=Path, help="break the files under this folder instead")
    parser.add_argument("--count", type=int, default=100, help="how many of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--clean", type=int, default=0, metavar="N", help="run on N clean standard library files"
    )
    parser.add_argument(
        "--timing", type=int, default=0, metavar="RUNS", help="time the whole process, RUNS times"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one command on one file")
    parser.add_argument("--json", type=Path, help="write every table and every case here too")
    return parser.parse_args(argv)


def chosen_systems(options: argparse.Namespace) -> dict[str, runners.Runner]:
    """Label -> runner, what is measured first, then the baselines."""
    systems: dict[str, runners.Runner] = {c: runners.command(c, options.timeout) for c in options.cmd}
    if not systems and not options.no_engine:
        systems["sharpen"] = runners.embedded(options.weights)
    systems.update({name: runners.BASELINES[name] for name in filter(None, options.baselines.split(","))})
    return systems


def chosen_cases(options: argparse.Namespace) -> dict[str, list[Case]]:
    """Heading -> cases."""
    groups: dict[str, list[Case]] = {}
    if options.data:
        for name in options.set or sorted(sources.MAIN_KINDS):
            groups[f"real files: {name}"] = sources.real(options.data, name, tuple(options.kind))[
                : options.limit
            ]
    if options.held_out:
        found = sources.synthetic(sources.held_out(), options.held_out, options.seed)
        groups["held-out synthetic breaks"] = found
    if options.synthetic:
        groups["synthetic breaks"] = sources.synthetic(options.synthetic, options.count, options.seed)
    return groups


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and perhaps write the JSON."""
    options = arguments(argv)
    systems = chosen_systems(options)
    tables: dict[str, object] = {}
    every: dict[str, list[Row]] = {}
    for heading, found in chosen_cases(options).items():
        every[heading] = [row for s, runner in systems.items() for row in measure(s, runner, found)]
        if every[heading]:
            tables[heading] = print_set(heading, every[heading])
    real_rows = [row for heading, rows in every.items() if heading.startswith("real") for row in rows]
    if real_rows:
        tables["real files: all"] = print_aims(real_rows)
    if options.clean:
        measured = {s: r for s, r in systems.items() if s not in runners.BASELINES}
        tables["clean files altered"] = measure_clean(measured, sources.clean(options.clean, options.seed))
    if options.timing:
        tables["whole process, seconds"] = timing.print_whole_process(options.timing)
    if options.json:
        cases = {heading: [asdict(row) for row in rows] for heading, rows in every.items()}
        report = {"machine": machine(), "tables": tables, "cases": cases}
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


def machine() -> dict[str, object]:
    """What the figures were taken on; a load above the count of cores says that times are too long."""
    return {
        "platform": platform.platform(terse=True),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    sys.exit(main())
