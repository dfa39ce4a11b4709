"""Proposals that move lines: a run of lines in or out, a block snapped to its levels, tabs and spaces made one.

A block that goes on after the window moves as a whole: the rest travels as plain edits of characters. Scores are the
noise head's and the token head's opinion of the newline tokens; lines that move together are one decision, so that
the followers count for little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharpen.core.repair.plans import Change, Plan
from sharpen.core.repair.scene import Scene
from sharpen.core.repair.window import line_starts

UNIT = 4
MOST = 40
"""Moves of whole blocks, and of parts of blocks, at most."""
FOLLOWER, FOLLOWERS = 0.15, -3.0
"""What the lines after the first count for, and all of them together at least."""
MIXED = -2.0
"""Score of making tabs and spaces one where they are mixed: nothing in the reading speaks of it."""


def moves(scene: Scene) -> list[Plan]:
    """All of them, likeliest first."""
    runs = sorted(_runs(scene), key=lambda r: -r[0].score)
    whole = [plan for plan, all_of_it in runs if all_of_it][:MOST]
    parts = [plan for plan, all_of_it in runs if not all_of_it][:MOST]
    return [*_untabbed(scene), *_snapped(scene), *whole, *parts]


def _depth(scene: Scene, at: int) -> int:
    token = scene.window.ids[at]
    known = scene.traits.lines.get(token)
    return known if known is not None else len(scene.shown[at][1:].expandtabs(8))


def _own(scene: Scene, at: int, new: int) -> float:
    return float(scene.reading.noise[at] + scene.reading.logits[at, new])


def _runs(scene: Scene) -> Iterator[tuple[Plan, bool]]:
    """A line and what follows it, down to the first line that is less deep (True), or a part of it."""
    starts = scene.starts
    depths = {s: _depth(scene, s) for s in starts}
    here = next((n for n, s in enumerate(starts) if s >= scene.named[0]), len(starts) - 1)
    levels = set(depths.values()) | {d + UNIT for d in depths.values()}
    for n in range(max(0, here - 5), min(len(starts), here + 8)):
        base = depths[starts[n]]
        run = [starts[n]]
        for s in starts[n + 1 :]:
            if depths[s] < base:
                break
            run.append(s)
        to_the_end = run[-1] == starts[-1]
        steps = {level - base for level in levels} | {-4, -3, -2, -1, 1, 2, 3, 4}
        for by in sorted(steps - {0}):
            yield from _moved(scene, run, by, base, to_the_end)


def _moved(scene: Scene, run: list[int], by: int, base: int, to_the_end: bool) -> Iterator[tuple[Plan, bool]]:
    changes, total, rest = [], 0.0, 0.0
    for k, at in enumerate(run):
        new = scene.traits.at_column.get(_depth(scene, at) + by)
        if new is None:
            return
        changes.append(Change(at, False, (new,)))
        own = _own(scene, at, new)
        total += own if k == 0 else 0.0
        rest = max(rest + own * FOLLOWER, FOLLOWERS) if k else 0.0
        last = k == len(run) - 1
        if last or k < 6:
            beyond = tuple(_rest(scene, by, base)) if last and to_the_end else ()
            yield Plan(tuple(changes), total + rest, beyond), last
            if beyond:
                yield Plan(tuple(changes), total + rest - 1.0), False


def _rest(scene: Scene, by: int, base: int) -> Iterator[tuple[int, int, str]]:
    """The lines after the window that belong to the same block, moved as well."""
    starts = line_starts(scene.text)
    for at in starts[scene.window.last :]:
        line = scene.text[
            at : scene.text.find("\n", at) if scene.text.find("\n", at) >= 0 else len(scene.text)
        ]
        body = line.lstrip(" \t")
        if not body:
            continue
        head = line[: len(line) - len(body)]
        unit = 4 if scene.window.tabs else 8
        if len(head.expandtabs(unit)) < base:
            return
        columns = max(0, len(head.expandtabs(unit)) + by)
        new = "\t" * (columns // 4) + " " * (columns % 4) if scene.window.tabs else " " * columns
        yield at, at + len(head), new


_STRINGS = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|#.*")


def _snapped(scene: Scene) -> Iterator[Plan]:
    """Every line of the window at a multiple of `UNIT` that keeps the order of the levels."""
    for upward in (True, False):
        plan = _snap(scene, upward)
        if plan is not None:
            yield plan


def _snap(scene: Scene, upward: bool) -> Plan | None:
    stack: list[tuple[int, int]] = []
    changes, total, rest, opens, brackets = [], 0.0, 0.0, False, 0
    for n, at in enumerate(scene.starts):
        old = _depth(scene, at)
        end = scene.starts[n + 1] if n + 1 < len(scene.starts) else len(scene.shown)
        line = _STRINGS.sub("''", "".join(scene.shown[at + 1 : end]))
        if brackets <= 0:
            new = _level(stack, old, opens, upward)
            stack.append((old, new))
            token = scene.traits.at_column.get(new)
            if new != old and token is not None:
                changes.append(Change(at, False, (token,)))
                own = max(_own(scene, at, token), -8.0)
                total, rest = (
                    (own, rest) if len(changes) == 1 else (total, max(rest + 2 * FOLLOWER * own, FOLLOWERS))
                )
            opens = line.rstrip().endswith(":")
        brackets = max(0, brackets + sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}"))
    return Plan(tuple(changes), total + rest) if len(changes) > 1 else None


def _level(stack: list[tuple[int, int]], old: int, opens: bool, upward: bool) -> int:
    """Where a line of depth `old` goes; pops what it closes."""
    if not stack:
        return old if old % UNIT == 0 else round(old / UNIT) * UNIT
    closed: tuple[int, int] | None = None
    while stack and stack[-1][0] > old:
        closed = stack.pop()
    if stack and stack[-1][0] == old:
        return stack.pop()[1] if not opens else stack[-1][1] + UNIT
    if closed is None:
        return stack[-1][1] + (UNIT if opens else 0)
    if upward or not stack:
        return closed[1]
    return stack[-1][1]


def _untabbed(scene: Scene) -> Iterator[Plan]:
    """Where some lines begin with tabs and some with spaces: all of them as most are, or the other way round."""
    lines = scene.text.split("\n")
    starts = line_starts(scene.text)
    low, high = max(0, scene.window.first - 40), min(len(lines), scene.window.last + 40)
    tabs = [i for i in range(low, high) if lines[i][:1] == "\t"]
    spaces = [i for i in range(low, high) if lines[i][:1] == " " and lines[i].strip()]
    if not tabs or not spaces:
        return
    for to_tabs in (len(tabs) >= len(spaces), len(tabs) < len(spaces)):
        for width in (4, 8):
            found = []
            for i in spaces if to_tabs else tabs:
                head = lines[i][: len(lines[i]) - len(lines[i].lstrip(" \t"))]
                columns = len(head.expandtabs(width))
                new = "\t" * (columns // width) + " " * (columns % width) if to_tabs else " " * columns
                if new != head:
                    found.append((starts[i], starts[i] + len(head), new))
            if found:
                yield Plan(
                    (), MIXED - 0.5 * (width == 8) - (to_tabs != (len(tabs) >= len(spaces))), tuple(found)
                )
