"""How well broken files are repaired, beside what needs no model. Prints tables.

    python -m benchmarks.repair --data FOLDER                     the embedded engine and the baselines
    python -m benchmarks.repair --data FOLDER --cmd 'sharpen fix {path}'   any command, a process a file
    python -m benchmarks.repair --synthetic FOLDER --count 200    breaks of the training's kinds, files unseen
    python -m benchmarks.repair --clean 300 --timing 15           clean files altered; whole-process time

FOLDER holds `syntax.jsonl` and `undefined.jsonl` (`benchmarks.cases`). What counts is in `benchmarks.measures`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import cases as sources
from benchmarks import measures, runners, timing
from benchmarks.cases import Case
from benchmarks.measures import Judgement


@dataclass(frozen=True, slots=True)
class Row:
    """One case, one system."""

    system: str
    set: str
    category: str
    id: str
    seconds: float
    judgement: Judgement


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


# ------------------------------------------------------------------ tables
def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, columns padded so that it reads as plain text too."""
    cells = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def padded(row: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([padded(cells[0]), rule, *map(padded, cells[1:])])


def percent(part: int, whole: int) -> str:
    """`12 %`, or a dash where there was nothing to count."""
    return f"{100 * part / whole:.0f} %" if whole else "-"


def line_of(label: str, rows: Sequence[Row]) -> list[str]:
    """The figures of one system, or of one category."""
    found = [row.judgement for row in rows]
    outcomes = Counter(j.outcome for j in found)
    beyond = [j.beyond for j in found if j.outcome == "repaired"]
    times = sorted(row.seconds for row in rows)
    return [
        label,
        str(len(rows)),
        percent(outcomes["repaired"], len(rows)),
        percent(sum(j.identical for j in found), len(rows)),
        percent(sum(j.same_tree for j in found), len(rows)),
        f"{statistics.median(beyond):g}" if beyond else "-",
        str(outcomes["thrown away"] + outcomes["gutted"]),
        str(outcomes["still broken"] + outcomes["untouched"]),
        f"{statistics.median(times):.2f}" if times else "-",
        f"{times[int(len(times) * 0.9)]:.2f}" if times else "-",
    ]


HEAD = [
    "",
    "cases",
    "repaired",
    "identical",
    "same tree",
    "lines beyond",
    "code lost",
    "not",
    "s median",
    "s 90 %",
]


def print_set(name: str, rows: Sequence[Row]) -> None:
    """The systems side by side, then the first system by category."""
    systems = list(dict.fromkeys(row.system for row in rows))
    print(f"\n## {name}\n")
    print(table(HEAD, [line_of(s, [r for r in rows if r.system == s]) for s in systems]))
    if rows[0].set == "undefined":
        for system in systems:
            found = [r.judgement for r in rows if r.system == system]
            gone, new = sum(j.names_gone for j in found), sum(j.names_new > 0 for j in found)
            print(f"{system}: undefined names gone {percent(gone, len(found))}, files with a new one {new}")
    first = [r for r in rows if r.system == systems[0]]
    categories = Counter(r.category for r in first)
    if len(categories) > 1:
        print(f"\n{systems[0]}, by category:\n")
        lines = [line_of(c, [r for r in first if r.category == c]) for c, _ in categories.most_common()]
        print(table(HEAD, lines))


Aim = tuple[str | None, str, str, Callable[[Judgement], bool]]
"""Set (None: all), aim, floor, and the test that a judgement passes."""

AIMS: dict[str, Aim] = {
    "syntax errors repaired": ("syntax", "95 %", "85 %", lambda j: j.outcome == "repaired"),
    "identical to the human's, all": (None, "60 %", "38 %", lambda j: j.identical),
    "undefined names gone": ("undefined", "85 %", "60 %", lambda j: j.names_gone and not j.names_new),
    "undefined names as the human did": ("undefined", "60 %", "35 %", lambda j: j.identical),
}


def print_aims(rows: Sequence[Row]) -> None:
    """Real files only: what was aimed at, the floor, and each system's figure."""
    systems = list(dict.fromkeys(row.system for row in rows))
    lines = []
    for measure_name, (name, aim, floor, holds) in AIMS.items():
        found = [[r.judgement for r in rows if r.system == s and name in (None, r.set)] for s in systems]
        figures = [percent(sum(map(holds, judgements)), len(judgements)) for judgements in found]
        lines.append([measure_name, aim, floor, *figures])
    beyond = [
        [r.judgement.beyond for r in rows if r.system == s and r.judgement.outcome == "repaired"]
        for s in systems
    ]
    medians = [f"{statistics.median(counts):g}" if counts else "-" for counts in beyond]
    lines.append(["lines beyond the human's, median", "0", "0", *medians])
    print(f"\n## real files: all\n\n{table(['', 'aim', 'floor', *systems], lines)}")


def print_clean(systems: dict[str, runners.Runner], paths: Sequence[Path]) -> dict[str, list[str]]:
    """How many clean files each system alters; the names of those that it does."""
    altered: dict[str, list[str]] = {}
    for system, runner in systems.items():
        altered[system] = []
        for path in paths:
            text = path.read_text(encoding="utf-8")
            if runner(Case(path.name, "clean", "clean", text, (text,))) != text:
                altered[system].append(path.name)
    print(
        f"\n## clean files (standard library)\n\n{table(['', 'files', 'altered'], [[s, str(len(paths)), str(len(a))] for s, a in altered.items()])}"
    )
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
        "--synthetic", type=Path, help="break files under this folder, outside the training corpus"
    )
    parser.add_argument("--count", type=int, default=100, help="synthetic breaks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--clean", type=int, default=0, metavar="N", help="run on N clean standard library files"
    )
    parser.add_argument(
        "--timing", type=int, default=0, metavar="RUNS", help="time the whole process, RUNS times"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one command on one file")
    parser.add_argument("--json", type=Path, help="write every case's figures here too")
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
    if options.synthetic:
        groups["synthetic breaks"] = sources.synthetic(options.synthetic, options.count, options.seed)
    return groups


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and perhaps write the JSON."""
    options = arguments(argv)
    systems = chosen_systems(options)
    report: dict[str, object] = {}
    real_rows: list[Row] = []
    for heading, found in chosen_cases(options).items():
        rows = [row for system, runner in systems.items() for row in measure(system, runner, found)]
        if rows:
            print_set(heading, rows)
        report[heading] = [asdict(row) for row in rows]
        real_rows += rows if heading.startswith("real") else []
    if real_rows:
        print_aims(real_rows)
    if options.clean:
        measured = {s: r for s, r in systems.items() if s not in runners.BASELINES}
        report["clean"] = print_clean(measured, sources.clean(options.clean, options.seed))
    if options.timing:
        report["timing"] = timing.print_whole_process(options.timing)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
