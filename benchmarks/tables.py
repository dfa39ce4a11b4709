"""From judged cases to figures, and from figures to tables: what `benchmarks.repair` prints and writes as JSON.

Every table is made of `figures`, so that what is printed and what a program reads cannot differ. Nothing is
measured here.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

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


@dataclass(frozen=True, slots=True)
class Figures:
    """One system on one set of cases; shares are 0..1, None where there was nothing to count."""

    label: str
    cases: int
    repaired: float | None
    identical: float | None
    same_tree: float | None
    beyond: float | None
    """Median of the lines changed beyond the human's, over the repaired cases."""
    lost: int
    """Cases that were made to pass by throwing code away; no repairs."""
    not_repaired: int
    seconds_median: float | None
    seconds_90: float | None


HEAD = (
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
)


def figures(label: str, rows: Sequence[Row]) -> Figures:
    """The figures of one system, or of one category."""
    found = [row.judgement for row in rows]
    outcomes = Counter(j.outcome for j in found)
    times = sorted(row.seconds for row in rows)
    return Figures(
        label=label,
        cases=len(rows),
        repaired=share(outcomes["repaired"], len(rows)),
        identical=share(sum(j.identical for j in found), len(rows)),
        same_tree=share(sum(j.same_tree for j in found), len(rows)),
        beyond=beyond(found),
        lost=outcomes["thrown away"] + outcomes["gutted"],
        not_repaired=outcomes["still broken"] + outcomes["untouched"],
        seconds_median=statistics.median(times) if times else None,
        seconds_90=times[int(len(times) * 0.9)] if times else None,
    )


def beyond(found: Sequence[Judgement]) -> float | None:
    """Median of the lines changed beyond the human's, over the repaired cases."""
    counts = [j.beyond for j in found if j.outcome == "repaired"]
    return float(statistics.median(counts)) if counts else None


def share(part: int, whole: int) -> float | None:
    """0..1, None where there was nothing to count."""
    return part / whole if whole else None


# ------------------------------------------------------------------ as text
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


def percent(value: float | None) -> str:
    """`12 %`, or a dash where there was nothing to count."""
    return "-" if value is None else f"{100 * value:.0f} %"


def _number(value: float | None, form: str = "g") -> str:
    return "-" if value is None else format(value, form)


def line_of(one: Figures) -> list[str]:
    """A row under HEAD."""
    return [
        one.label,
        str(one.cases),
        percent(one.repaired),
        percent(one.identical),
        percent(one.same_tree),
        _number(one.beyond),
        str(one.lost),
        str(one.not_repaired),
        _number(one.seconds_median, ".2f"),
        _number(one.seconds_90, ".2f"),
    ]


def print_set(name: str, rows: Sequence[Row]) -> dict[str, object]:
    """The systems side by side, then the first system by category; returns the same for JSON."""
    systems = list(dict.fromkeys(row.system for row in rows))
    side_by_side = [figures(s, [r for r in rows if r.system == s]) for s in systems]
    print(f"\n## {name}\n\n{table(HEAD, map(line_of, side_by_side))}")
    if rows[0].set == "undefined":
        for system in systems:
            found = [r.judgement for r in rows if r.system == system]
            gone, new = sum(j.names_gone for j in found), sum(j.names_new > 0 for j in found)
            print(
                f"{system}: undefined names gone {percent(share(gone, len(found)))}, files with a new one {new}"
            )
    first = [r for r in rows if r.system == systems[0]]
    categories = [
        figures(category, [r for r in first if r.category == category])
        for category, _ in Counter(r.category for r in first).most_common()
    ]
    if len(categories) > 1:
        print(f"\n{systems[0]}, by category:\n\n{table(HEAD, map(line_of, categories))}")
    against = [said for s in systems[1:] if (said := compared(systems[0], s, rows))]
    if against:
        print("\n" + "\n".join(against))
    return {
        "systems": [asdict(one) for one in side_by_side],
        "categories": [asdict(one) for one in categories],
        "compared": against,
    }


def compared(one: str, other: str, rows: Sequence[Row]) -> str:
    """Case by case: does the first system clearly beat the other? Two standard errors of the cases that differ."""
    repaired = {
        system: {r.id for r in rows if r.system == system and r.judgement.outcome == "repaired"}
        for system in (one, other)
    }
    won, lost = len(repaired[one] - repaired[other]), len(repaired[other] - repaired[one])
    if won - lost > 2 * math.sqrt(won + lost):
        end = "clearly better"
    elif lost - won > 2 * math.sqrt(won + lost):
        end = "clearly worse"
    else:
        end = "not clearly better"
    return f"{one} repaired {won} cases that {other} did not, {lost} the other way round: {end}"


Aim = tuple[str | None, str, str, Callable[[Judgement], bool]]
"""Set (None: all), aim, floor, and the test that a judgement passes."""

AIMS: dict[str, Aim] = {
    "syntax errors repaired": ("syntax", "95 %", "85 %", lambda j: j.outcome == "repaired"),
    "identical to the human's, all": (None, "60 %", "38 %", lambda j: j.identical),
    "undefined names gone": ("undefined", "85 %", "60 %", lambda j: j.names_gone and not j.names_new),
    "undefined names as the human did": ("undefined", "60 %", "35 %", lambda j: j.identical),
}


def print_aims(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Real files only: what was aimed at, the floor, and each system's figure; returns measure -> system -> figure."""
    systems = list(dict.fromkeys(row.system for row in rows))
    lines: list[list[str]] = []
    found: dict[str, dict[str, float | None]] = {}
    for measure, (name, aim, floor, holds) in AIMS.items():
        judged = {s: [r.judgement for r in rows if r.system == s and name in (None, r.set)] for s in systems}
        found[measure] = {s: share(sum(map(holds, all_of)), len(all_of)) for s, all_of in judged.items()}
        lines.append([measure, aim, floor, *map(percent, found[measure].values())])
    measure = "lines beyond the human's, median"
    found[measure] = {s: beyond([r.judgement for r in rows if r.system == s]) for s in systems}
    lines.append([measure, "0", "0", *map(_number, found[measure].values())])
    print(f"\n## real files: all\n\n{table(['', 'aim', 'floor', *systems], lines)}")
    return found
