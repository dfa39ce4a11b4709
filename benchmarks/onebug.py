"""One wrong token in code that runs, and a test that fails: how often does `sharpen fix --check` find it? Prints a table.

    python -m benchmarks.onebug [--limit 6] [--json FILE]

Every case is a small module of its own with its assertions, written for this benchmark: the right text, and the token
that is replaced by a wrong one. The whole command runs, in a repository of its own. `passes` is a repair with which the
assertions hold; `identical` is the text before the bug; `tries` are the repairs that the command was run on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.onebug_cases import CASES, Bug

NOBODY = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    name: str
    kind: str
    passes: bool
    identical: bool
    tries: int
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the cases and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, default=len(CASES))
    parser.add_argument("--json", type=Path, help="write every outcome here too")
    options = parser.parse_args(argv)
    outcomes = []
    for bug in CASES[: options.limit]:
        outcomes.append(tried(bug))
        print(outcomes[-1], file=sys.stderr, flush=True)
    report(outcomes)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in outcomes], indent=1), encoding="utf-8")
    return 0


def tried(bug: Bug) -> Outcome:
    """Run the command on one case."""
    with tempfile.TemporaryDirectory(prefix="sharpen-onebug-") as name:
        folder = Path(name)
        module = folder / "subject.py"
        module.write_text(bug.wrong, encoding="utf-8")
        (folder / "check_subject.py").write_text(f"from subject import *\n{bug.check}", encoding="utf-8")
        for line in (("init", "-q"), ("add", "."), (*NOBODY, "commit", "-qm", "bug")):
            subprocess.run(("git", *line), cwd=folder, check=True)
        check = f"{sys.executable} check_subject.py"
        if passed(check, folder):
            raise ValueError(f"{bug.name}: the assertions do not see the bug")
        began = time.perf_counter()
        ran = subprocess.run(
            ["sharpen", "fix", "--json", "--check", check, "--check-timeout", "10", module.name],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        events = [json.loads(line) for line in ran.stdout.splitlines()]
        tries = sum(event["event"] == "verified" and "check" in event for event in events)
        text = module.read_text(encoding="utf-8")
        return Outcome(bug.name, bug.kind, passed(check, folder), text == bug.right, tries, seconds)


def passed(check: str, folder: Path) -> bool:
    """Whether the assertions hold; a bug may loop for ever."""
    try:
        return (
            subprocess.run(check.split(), cwd=folder, capture_output=True, check=False, timeout=10).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False


def report(outcomes: Sequence[Outcome]) -> None:
    """A row a kind, then all of them, then what was not repaired."""
    print("kind               cases  passes  identical  tries (median, most)  seconds (median, most)")
    kinds = list(dict.fromkeys(one.kind for one in outcomes))
    for kind in (*kinds, "all"):
        some = [one for one in outcomes if kind in {one.kind, "all"}]
        tries, seconds = [one.tries for one in some], [one.seconds for one in some]
        print(
            f"{kind:<18} {len(some):>5} {sum(o.passes for o in some):>7} {sum(o.identical for o in some):>10}"
            f" {statistics.median(tries):>14.0f} {max(tries):>6} {statistics.median(seconds):>15.1f} {max(seconds):>6.1f}"
        )
    for one in outcomes:
        if not one.passes:
            print(f"not repaired: {one.name} ({one.kind}), {one.tries} tries, {one.seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
