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
from sharpen.core.repair.grammar import Chunk
from sharpen.core.repair.moves import moves
from sharpen.core.repair.plans import Plan, Reading
from sharpen.core.repair.prior import prior
from sharpen.core.repair.proposals import repeated, singles, together
from sharpen.core.repair.reader import Run, fill, read, second_opinion
from sharpen.core.repair.rules import rules
from sharpen.core.repair.scene import Scene
from sharpen.core.repair.splice import edits, rewrite
from sharpen.core.repair.swallow import swallows
from sharpen.core.repair.tokens import DEL, MASK, Codec, kind_id
from sharpen.core.repair.traits import Traits
from sharpen.core.repair.window import Window, cut

TRIES = 400
"""Plans judged in one round at most."""
ENOUGH = 8
"""Plans that hold before the judging stops."""
LEAD = 8.0
"""Nats by which the best plan that holds must lead the next plan for the judging to stop."""
MASKED = 8
"""Plans with masks that are denoised in one round, in one batch."""
VIEW = 96
"""Tokens around a mask that the denoising looks at: half a window, at half its price."""
SECOND = 0.5
"""Weight of the second opinion against the first."""
ROUNDS = 10
BRANCHES = 3
"""Texts kept of one round that held no repair."""
ONWARD = 3.0
"""What it is worth, in nats, that the first error moved on."""


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
    traits: Traits
    judge: Callable[[str], Verdict]
    """Takes the whole new text."""
    stopped: Callable[[], bool]
    allowed: Callable[[int, int], bool]
    """Whether [start_char, end_char) of the text may be changed."""
    deadline: float


def search(text: str, found: Diagnostic, tools: Tools, wanted: int) -> Iterator[Step | Found]:
    """Steps as they happen, then at most `wanted` repairs, best first.

    Best first over texts: a plan that moves the first error on makes a new text to go on from.
    """
    original, seen = text, {text}
    states = [(0.0, text, found)]
    for _ in range(ROUNDS):
        if not states or tools.stopped() or time.monotonic() > tools.deadline:
            return
        total, text, found = states.pop(0)
        window = cut(text, tools.codec, found.line, found.column)
        kind = kind_id(found.message)
        reading = read(tools.run, window.ids, window.flags, kind)
        yield Step("noise head", text, window, reading, None, tuple(window.ids))
        held: list[Found] = []
        onward: list[tuple[float, str, Diagnostic]] = []
        scene = Scene(text, window, reading, tools.codec, tools.traits)
        for item in _round(scene, found, kind, tools, seen, original):
            if isinstance(item, Step):
                yield item
                continue
            made, verdict = item
            if verdict.holds:
                held.append(replace(made, score=made.score + total))
            else:
                further = _further(made, verdict, found, text)
                onward += [further] if further is not None else []
        if held:
            yield from _first(_ranked(held, scene, kind, tools), wanted)
            return
        best = sorted(onward, key=lambda s: -s[0])[:BRANCHES]
        states = sorted(
            [*((total + gain, new, now) for gain, new, now in best), *states], key=lambda s: -s[0]
        )


def _further(
    made: Found, verdict: Verdict, found: Diagnostic, text: str
) -> tuple[float, str, Diagnostic] | None:
    """(gain, text, its first error) where the plan moved the first error on."""
    rest = [d for d in (*verdict.left, *verdict.new) if d.code == "syntax"]
    if not rest:
        return None
    now = min(rest, key=lambda d: d.line)
    if now.line <= found.line + made.text.count("\n") - text.count("\n"):
        return None
    return ONWARD + made.score + min(now.line - found.line, 20) * 0.1, made.text, now


def _plans(scene: Scene, message: str) -> list[Plan]:
    one = singles(scene)
    every = [*one, *together(one), *repeated(scene, one), *moves(scene), *rules(scene, message)]
    every = [replace(p, score=p.score + prior(scene, p)) for p in every]
    unique: dict[tuple[object, ...], Plan] = {}
    for plan in sorted(every, key=lambda p: -p.score):
        unique.setdefault((plan.changes, plan.beyond), plan)
    return list(unique.values())


def _fill_masks(plans: list[Plan], window: Window, kind: int, tools: Tools) -> list[Plan]:
    """Denoise the plans that hold masks, all in one batch, each in the part of the window around it."""
    rows, flags, lows = [], [], []
    for plan in plans:
        change = plan.changes[0]
        row = planning.apply(window.ids, plan)
        flag = window.flags[min(change.at, len(window.flags) - 1)]
        extra = len(row) - len(window.ids)
        flagged = window.flags[: change.at] + [flag] * extra + window.flags[change.at :]
        low = max(0, min(change.at - VIEW // 2, len(row) - VIEW))
        rows.append(row[low : low + VIEW])
        flags.append(flagged[low : low + VIEW])
        lows.append(low)
    done = []
    for plan, before, (after, score) in zip(plans, rows, fill(tools.run, rows, flags, kind), strict=True):
        new = tuple(b for a, b in zip(before, after, strict=True) if a == MASK and b != DEL)
        masks = before.count(MASK)
        base = plan.score + (1.5 * (masks - 1) if plan.changes[0].insert else 5.0)
        change = replace(plan.changes[0], new=new)
        if new and (change.insert or new != (window.ids[change.at],)):
            done.append(Plan((change,), base + min(0.0, score)))
    return done


def _round(
    scene: Scene, found: Diagnostic, kind: int, tools: Tools, seen: set[str], original: str
) -> Iterator[Step | tuple[Found, Verdict]]:
    text, window, reading = scene.text, scene.window, scene.reading
    plans = _plans(scene, found.message)
    first = next((p for p in plans[:10] if p.masked), None)
    if first is not None:
        yield Step("masks in", text, window, reading, first, tuple(planning.apply(window.ids, first)))
    chunk = Chunk(text, window.spans[0][0], window.spans[-1][1])
    held, tried, lead = 0, 0, -1e9
    while plans:
        plan = plans.pop(0)
        if plan.masked:
            # only now: most errors are mended by a plan that needs no denoising
            open_ones = [plan, *(p for p in plans if p.masked)][:MASKED]
            filled = _fill_masks(open_ones, window, kind, tools)
            filled = [replace(p, score=p.score + prior(scene, p)) for p in filled]
            plans = sorted([*filled, *(p for p in plans if not p.masked)], key=lambda p: -p.score)
            continue
        if tools.stopped() or tried >= TRIES or time.monotonic() > tools.deadline:
            return
        if held >= ENOUGH or lead - plan.score > LEAD:
            return
        changes = edits(window, plan, tools.codec)
        if changes is None or not all(tools.allowed(a, b) for a, b, _ in changes):
            continue
        new = rewrite(text, changes)
        if new in seen:
            continue
        seen.add(new)
        if swallows(original, new):
            continue
        tried += 1
        if tried <= 12:
            yield Step(f"plan {tried}", text, window, reading, plan, tuple(planning.apply(window.ids, plan)))
        wrong = None if plan.beyond else chunk.check(new)
        verdict = Verdict(False, left=(wrong,)) if wrong is not None else tools.judge(new)
        yield Found(new, plan.score, tuple(changes), plan), verdict
        if verdict.holds:
            held, lead = held + 1, max(lead, plan.score)
            if plan.loose and len(plan.changes) > 1:
                # do fewer of its changes hold as well? then they are the repair, and worth at least as much
                parts = [
                    replace(plan, changes=tuple(c for c in plan.changes if c != d)) for d in plan.changes
                ]
                plans = [*parts, *plans]


def _first(items: Iterator[Step | Found], wanted: int) -> Iterator[Step | Found]:
    """All steps and at most `wanted` repairs."""
    for item in items:
        yield item
        wanted -= isinstance(item, Found)
        if wanted <= 0:
            return


def _part(less: Plan, more: Plan) -> bool:
    """Whether `more` does what `less` does, and then something that nobody needs."""
    return more.loose and not less.beyond and set(less.changes) < set(more.changes)


def _ranked(held: list[Found], scene: Scene, kind: int, tools: Tools) -> Iterator[Step | Found]:
    """By the plan's log-odds and a second opinion: its new tokens masked, all plans denoised in one batch."""
    held = [f for f in held if not any(_part(g.plan, f.plan) for g in held)]
    masked = [_hidden(scene, f.plan) for f in held]
    best = max(range(len(held)), key=lambda k: held[k].score)
    if masked[best][1]:
        cover = Plan(
            tuple(replace(c, new=(MASK,) * len(c.new)) for c in held[best].plan.changes), held[best].score
        )
        yield Step("denoise", scene.text, scene.window, scene.reading, cover, tuple(masked[best][0]))
    if len(held) > 1:
        rows = [row for row, _, _ in masked]
        flags = [flag for _, _, flag in masked]
        sums = second_opinion(tools.run, rows, flags, kind, [places for _, places, _ in masked])
        held = [
            replace(f, score=f.score + SECOND * (said - _first_opinion(scene, f.plan)))
            for f, said in zip(held, sums, strict=True)
        ]
    yield from sorted(held, key=lambda f: (-f.score, len(f.changes)))


def _hidden(scene: Scene, plan: Plan) -> tuple[list[int], list[tuple[int, int]], list[int]]:
    """The window with the plan's new tokens masked, their places and what they are, and the window's flags."""
    row: list[int] = []
    flags: list[int] = []
    places: list[tuple[int, int]] = []
    place = {(c.at, c.insert): c.new for c in plan.changes}
    ids, old = scene.window.ids, scene.window.flags
    for i in range(len(ids) + 1):
        flag = old[min(i, len(ids) - 1)]
        for insert in (True, False):
            for token in place.get((i, insert), ()):
                places.append((len(row), token))
                row.append(MASK)
                flags.append(flag)
        if i < len(ids) and (i, False) not in place:
            row.append(ids[i])
            flags.append(flag)
    return row, places, flags


def _first_opinion(scene: Scene, plan: Plan) -> float:
    """What the token head said of the plan's new tokens where they are one at a place; later ones count a nat and a half."""
    said = 0.0
    for change in plan.changes:
        for n, token in enumerate(change.new):
            said += float(scene.reading.logits[change.at, token]) if n == 0 else -1.5
    return said
