"""What people's repairs look like, apart from what a model reads: a log-prior of a plan's shape.

People put back what is missing; they seldom comment a line out, join two lines, or take away a word or a call's
bracket to please the parser. Hand-made weights in nats, checked on real repairs (`benchmarks/repair.py`).
"""

from __future__ import annotations

from sharpen.core.repair.plans import Change, Plan
from sharpen.core.repair.scene import Scene

COMMENTED = -5.0
JOINED = -4.0
SPLIT = -3.0
CALL = -3.0
EARLY = -1.5
"""A bracket closed in the middle of an expression."""
WORD = -1.5
NEW_WORD = -0.5
SWAPPED = -1.0
"""A sign replaced by one of another sort: people put in or take away."""
BARE = 2.5
"""The bracket after `if`, `while` or `not` taken away: nobody needs it."""
MORE = -0.5
"""For each change beyond the first."""


def prior(scene: Scene, plan: Plan) -> float:
    """Nats, at most 0; runs of lines that move together count as one change."""
    moves = [c for c in plan.changes if _is_move(scene, c)]
    others = [c for c in plan.changes if c not in moves]
    total = sum(_change(scene, c) for c in others)
    return total + MORE * max(0, len(others) + bool(moves) - 1)


def _is_move(scene: Scene, change: Change) -> bool:
    new = "".join(scene.codec.bytes_of(t).decode("utf-8", "replace") for t in change.new)
    return not change.insert and scene.shown[change.at][:1] == "\n" and new[:1] == "\n" and not new.strip()


def _change(scene: Scene, change: Change) -> float:
    old = "" if change.insert else scene.shown[change.at]
    new = "".join(scene.codec.bytes_of(t).decode("utf-8", "replace") for t in change.new)
    total = 0.0
    if "#" in new and "#" not in old:
        total += COMMENTED
    if "\n" in old and "\n" not in new:
        total += JOINED
    if "\n" in new and "\n" not in old:
        total += SPLIT
    if old == "(" and new.strip() != "(":
        total += _bracket_gone(scene, change.at)
    elif change.insert and scene.word_before[change.at] and scene.shown[change.at : change.at + 1] == ["("]:
        total += CALL
    if change.insert and new in {")", "]", "}"} and _goes_on(scene, change.at):
        total += EARLY
    word = old.strip()
    if word and new.strip() and _sort(word) != _sort(new.strip()):
        total += SWAPPED
    if word[:1].isalnum() and new.strip() != word:
        total += WORD
    if new.strip()[:1].isalnum() and not word:
        total += NEW_WORD
    return total


_SORTS = {**dict.fromkeys("()[]{}", "bracket"), "'": "quote", '"': "quote", '"""': "quote", "'''": "quote"}


def _sort(word: str) -> str:
    return "word" if word[0].isalnum() or word[0] == "_" else _SORTS.get(word, "sign")


def _bracket_gone(scene: Scene, at: int) -> float:
    before = "".join(scene.shown[max(0, at - 3) : at]).split()
    if before and before[-1] in {"if", "elif", "while", "not", "return", "in", "and", "or"}:
        return BARE
    return CALL if at > 0 and scene.word_before[at] else 0.0


def _goes_on(scene: Scene, at: int) -> bool:
    after = scene.shown[at].strip() if at < len(scene.shown) else ""
    return bool(scene.word_after[at]) or after in {".", "(", "["}
