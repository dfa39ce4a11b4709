"""Find the repair of a syntax error: read, plan, judge; go on from where the error moved to; rank what holds.

The loop of section 6 of the design: the noise head's plans are tried from the likeliest down, the judge (the parser)
says which hold, and those are read once more: a repaired window should look clean. Where no plan ends all errors but
one moves the first error on, the search continues from there. Called by `engines.embedded`, and by nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sharpen.core.candidate import Verdict
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.repair import plans as planning
from sharpen.core.repair.plans import Change, Plan, Reading
from sharpen.core.repair.reader import Run, cleanliness, fill, read
from sharpen.core.repair.splice import edits, rewrite
from sharpen.core.repair.tokens import DEL, MASK, Codec, kind_id
from sharpen.core.repair.window import Window, cut

TRIES = 90
"""Plans judged in one round at most."""
ENOUGH = 6
"""Plans that hold before the judging stops."""
LEAD = 5.0
"""Nats by which a plan that holds must lead the next plan for the judging to stop at once."""
CLEAN_WEIGHT = 0.5
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One state of the search, for the view: a window of `text` and the plan that is being looked at."""

    note: str
    text: str
    window: Window
    reading: Reading
    plan: Plan | None
    ids: tuple[int, ...]
    """The window's tokens with the plan in place, masks included."""


@dataclass(frozen=True, slots=True)
class Found:
    """A whole new text that the judge let through."""

    text: str
    score: float
    changes: tuple[tuple[int, int, str], ...]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Tools:
    """What the search works with."""

    run: Run
    codec: Codec
    judge: Callable[[str], Verdict]
    """Takes the whole new text."""
    stopped: Callable[[], bool]
    allowed: Callable[[int, int], bool]
    """Whether [start_char, end_char) of the text may be changed."""
    deadline: float


def search(text: str, found: Diagnostic, tools: Tools, wanted: int) -> Iterator[Step | Found]:
    """Steps as they happen, then at most `wanted` repairs, best first."""
    total = 0.0
    seen: set[str] = {text}
    for _ in range(ROUNDS):
        window = cut(text, tools.codec, found.line, found.column)
        kind = kind_id(found.message)
        reading = read(tools.run, window.ids, window.flags, kind)
        yield Step("noise head", text, window, reading, None, tuple(window.ids))
        held: list[Found] = []
        onward: tuple[float, str, Diagnostic] | None = None
        for item in _round(text, window, reading, kind, tools, seen):
            if isinstance(item, Step):
                yield item
                continue
            made, verdict = item
            if verdict.holds:
                held.append(replace(made, score=made.score + total))
            else:
                onward = _further(onward, made, verdict, found, text)
        if held:
            yield from _ranked(held, window, tools)[:wanted]
            return
        if onward is None or tools.stopped() or time.monotonic() > tools.deadline:
            return
        total += onward[0]
        text, found = onward[1], onward[2]
        seen.add(text)


def _further(
    best: tuple[float, str, Diagnostic] | None, made: Found, verdict: Verdict, found: Diagnostic, text: str
) -> tuple[float, str, Diagnostic] | None:
    """Keep the likeliest plan that moved the first error on."""
    rest = [d for d in (*verdict.left, *verdict.new) if d.code == "syntax"]
    if not rest:
        return best
    now = min(rest, key=lambda d: d.line)
    if now.line <= found.line + made.text.count("\n") - text.count("\n"):
        return best
    gain = made.score + min(now.line - found.line, 20) * 0.1
    return (gain, made.text, now) if best is None or gain > best[0] else best


def _plans(window: Window, reading: Reading, codec: Codec) -> list[Plan]:
    one = planning.singles(reading)
    lines = [i for i, t in enumerate(reading.ids) if codec.bytes_of(t)[:1] == b"\n"]
    starts = [
        i for i in lines if i + 1 < len(reading.ids) and codec.bytes_of(reading.ids[i + 1])[:1] != b"\n"
    ]

    def depth(token: int) -> int:
        return len(codec.bytes_of(token).decode("utf-8", "replace")[1:].expandtabs(8))

    tabs = any(b"\t" in codec.bytes_of(t) for t in reading.ids)

    def token(columns: int) -> int | None:
        if columns < 0:
            return None
        pad = "\t" * (columns // 8) if tabs and columns % 8 == 0 else " " * columns
        return codec.id_of("\n" + pad)

    near = [i for i in starts if window.flags[i]]
    centre = starts.index(near[0]) if near else len(starts) // 2
    moved = planning.indents(reading, starts[max(0, centre - 4) : centre + 40], depth, token)
    every = one + planning.together(one) + moved
    unique: dict[tuple[Change, ...], Plan] = {}
    for plan in sorted(every, key=lambda p: -p.score):
        unique.setdefault(plan.changes, plan)
    return list(unique.values())


def _fill_masks(plans: list[Plan], window: Window, kind: int, tools: Tools) -> list[Plan]:
    """Denoise the plans that hold masks, all in one batch; the others pass through."""
    open_ones = [p for p in plans if p.masked][:8]
    if not open_ones:
        return plans
    rows = [planning.apply(window.ids, p) for p in open_ones]
    flags = []
    for plan, row in zip(open_ones, rows, strict=True):
        at = plan.changes[0].at
        extra = len(row) - len(window.ids)
        flag = window.flags[min(at, len(window.flags) - 1)]
        flags.append(window.flags[:at] + [flag] * extra + window.flags[at:])
    done = []
    for plan, before, (after, score) in zip(open_ones, rows, fill(tools.run, rows, flags, kind), strict=True):
        new = tuple(b for a, b in zip(before, after, strict=True) if a == MASK and b != DEL)
        masks = before.count(MASK)
        base = plan.score + (1.5 * (masks - 1) if plan.changes[0].insert else 5.0)
        change = replace(plan.changes[0], new=new)
        if new and (change.insert or new != (window.ids[change.at],)):
            done.append(Plan((change,), base + min(0.0, score)))
    closed = [p for p in plans if not p.masked]
    return sorted(closed + done, key=lambda p: -p.score)


def _round(
    text: str, window: Window, reading: Reading, kind: int, tools: Tools, seen: set[str]
) -> Iterator[Step | tuple[Found, Verdict]]:
    plans = _plans(window, reading, tools.codec)
    first = next((p for p in plans[:10] if p.masked), None)
    if first is not None:
        yield Step("masks in", text, window, reading, first, tuple(planning.apply(window.ids, first)))
    plans = _fill_masks(plans, window, kind, tools)
    held, tried = 0, 0
    for k, plan in enumerate(plans):
        if tools.stopped() or tried >= TRIES or held >= ENOUGH or time.monotonic() > tools.deadline:
            return
        changes = edits(window, plan, tools.codec)
        if changes is None or not all(tools.allowed(a, b) for a, b, _ in changes):
            continue
        new = rewrite(text, changes)
        if new in seen:
            continue
        seen.add(new)
        tried += 1
        if tried <= 12:
            yield Step(f"plan {tried}", text, window, reading, plan, tuple(planning.apply(window.ids, plan)))
        verdict = tools.judge(new)
        yield Found(new, plan.score, tuple(changes), plan), verdict
        held += verdict.holds
        if verdict.holds and k + 1 < len(plans) and plan.score - plans[k + 1].score > LEAD:
            return


def _ranked(held: list[Found], window: Window, tools: Tools) -> list[Found]:
    """By the plan's log-odds plus how clean the repaired window reads; fewer changes win a tie."""
    if len(held) == 1:
        return held
    rows = [planning.apply(window.ids, f.plan) for f in held]
    clean = cleanliness(tools.run, rows)
    scored = [replace(f, score=f.score + CLEAN_WEIGHT * c) for f, c in zip(held, clean, strict=True)]
    return sorted(scored, key=lambda f: (-f.score, len(f.changes)))
