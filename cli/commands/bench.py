"""`sharpen bench`: how fast the engine at hand is on this machine, on edits that ship with sharpen.

An engine that repairs is given the demo's broken files, one that follows prompts a small function. Every figure is of
real runs of `Engine.refine`; nothing is written. An engine that is served elsewhere is asked only where it is named.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from sharpen.cli.access import engine as chosen
from sharpen.cli.commands.fix import INSTRUCTION
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say
from sharpen.cli.jsonl import line
from sharpen.cli.options import Options
from sharpen.cli.road import interruptible
from sharpen.core.candidate import Candidate
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.engines.choose import follows_prompts
from sharpen.core.errors import NothingHeld
from sharpen.core.request import CancelToken, Request, Settings
from sharpen.core.verify import judge_for

DEMO = Path(__file__).resolve().parent.parent / "demo"
PROMPT = "return the mean of the values, and 0.0 where there are none"
FUNCTION = '''def mean(values):
    """The mean of the values."""
    total = 0
    for value in values:
        total = total + value
    return total / len(values)
'''


@dataclass(frozen=True, slots=True)
class Run:
    """One edit."""

    first: float
    """Seconds to the first frame that has something alive; NaN where there was none."""
    seconds: float
    frames: int
    steps: int
    tokens: int
    held: bool


def run(runs: int, options: Options) -> int:
    """Measure and print; returns the exit code."""
    free = follows_prompts(options.engine)
    engine = chosen(options.engine, PROMPT if free else INSTRUCTION)
    cancel = CancelToken()
    requests = _free(options, cancel) if free else _broken(options, cancel)
    with interruptible(cancel):
        began = time.perf_counter()
        first = one(engine, requests[0])  # loads the model
        cold = time.perf_counter() - began
        rows = {request.document.path: [one(engine, request) for _ in range(runs)] for request in requests}
    _told(engine, cold, first, rows, options, seconds=time.perf_counter() - began)
    return Exit.DONE


def one(engine: Engine, request: Request) -> Run:
    """One edit, timed. Raises what the engine raises, but for NothingHeld."""
    began = time.perf_counter()
    first, frames, steps, tokens, held = float("nan"), 0, 0, 0, False
    try:
        for item in engine.refine(request):
            if isinstance(item, Candidate):
                held = held or request.judge(item.text).holds
                steps = max(steps, item.steps)
                continue
            frames += 1
            alive = item.canvas.count("masked", "draft", "settled", "revised")
            if alive and first != first:  # noqa: PLR0124 - NaN: there was none yet
                first = time.perf_counter() - began
            steps = max(steps, item.step)
            tokens = max(tokens, item.canvas.count("draft", "settled", "revised"))
    except NothingHeld:
        pass
    return Run(first, time.perf_counter() - began, frames, steps, tokens, held)


def _broken(options: Options, cancel: CancelToken) -> list[Request]:
    found = []
    for path in sorted(DEMO.glob("*.py")):
        document = Document.from_bytes(path.read_bytes(), path.name)
        faults = diagnose(document.text, path.name)
        if faults:
            judge = judge_for(document, document.whole(), faults)
            settings = Settings(options.steps, seed=options.seed)
            found.append(
                Request(INSTRUCTION, document, document.whole(), faults, (), settings, judge, cancel)
            )
    return found


def _free(options: Options, cancel: CancelToken) -> list[Request]:
    document = Document.from_bytes(FUNCTION.encode(), "mean.py")
    judge = judge_for(document, document.whole(), ())
    settings = Settings(options.steps, options.candidates, options.strength, options.seed)
    return [Request(PROMPT, document, document.whole(), (), (), settings, judge, cancel)]


def _told(
    engine: Engine, cold: float, first: Run, rows: dict[str, list[Run]], options: Options, *, seconds: float
) -> None:
    facts = {
        "engine": engine.name,
        "model": engine.model,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "first_edit_seconds": round(cold, 3),
        "loading_seconds": round(
            max(0.0, cold - statistics.median(r.seconds for r in next(iter(rows.values())))), 3
        ),
    }
    table = [_row(path, runs) for path, runs in rows.items()]
    if options.json:
        line({"event": "finished", "seconds": round(seconds, 4), **facts, "edits": table})
        return
    for name, value in facts.items():
        out(f"{name.replace('_', ' '):<20}{value}\n")
    out(f"\n{'median of the runs':<24}{'seconds':>9}{'first frame':>13}{'steps':>7}{'tokens/s':>10}  holds\n")
    for row in table:
        shown = "-" if row["first_frame_seconds"] is None else f"{row['first_frame_seconds']:.3f}"
        out(
            f"{row['edit']:<24}{row['seconds']:>9.3f}{shown:>13}{row['steps']:>7}{row['tokens_per_second']:>10.1f}"
            f"  {'yes' if row['holds'] else 'no'}\n"
        )
    if not first.held and follows_prompts(options.engine):
        say("the checkpoint's text did not hold: its speed is measured all the same")


def _row(path: str, runs: list[Run]) -> dict[str, object]:
    seconds = statistics.median(r.seconds for r in runs)
    firsts = [r.first for r in runs if r.first == r.first]
    tokens = statistics.median(r.tokens for r in runs)
    return {
        "edit": path,
        "runs": len(runs),
        "seconds": round(seconds, 4),
        "first_frame_seconds": round(statistics.median(firsts), 4) if firsts else None,
        "steps": int(statistics.median(r.steps for r in runs)),
        "tokens_per_second": round(tokens / max(seconds, 1e-9), 2),
        "holds": all(r.held for r in runs),
    }
