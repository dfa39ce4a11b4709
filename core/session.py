"""The road of one edit: targets in, events out. Every front end runs it and has no logic of its own about edits.

Order: for each file one request, its frames, its candidates, a verdict on each; the first by score that holds wins.
What a repair uncovers (names behind a syntax error) is asked for in a further round, on the text as it then is. The
winners are joined into one patch, shown to `decide`, and applied whole or not at all. Every expected failure
becomes a `Failed` event, and `Finished` is always the last one. Nothing is written before `decide` has said yes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnose import diagnose
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.errors import BadInput, Interrupted, NothingHeld, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified, Where
from sharpen.core.patch import Patch
from sharpen.core.region import Region
from sharpen.core.request import CancelToken, Request, Settings
from sharpen.core.splice import splices
from sharpen.core.verify import judge_for, verify
from sharpen.core.worktree.journal import Journal

Decide = Callable[[Patch], Patch | None]
"""Shown the winning patch; returns what of it to apply, or None."""
Write = Callable[[Patch], Mapping[str, tuple[str, Where]]]
"""Writes the patch, whole or not at all; returns by path the checkpoint that undoes it, and what it went into."""
ROUNDS = 8
"""Requests for one target, at most."""


@dataclass(frozen=True, slots=True)
class Target:
    """One region of one file, and what is wrong in it."""

    document: Document
    region: Region
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One edit, over one file or several."""

    instruction: str
    targets: tuple[Target, ...]
    context: tuple[Document, ...] = ()
    settings: Settings = field(default_factory=Settings)
    check: str | None = None
    action: Literal["apply", "propose"] = "apply"
    again: tuple[str, ...] = ()
    """Kinds of findings (as `diagnose` has them) to look for in a repaired text once more, and to repair too."""


@dataclass(slots=True)
class _Tally:
    """What `Finished` tells."""

    changed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    steps: int = 0
    engine_seconds: float = 0.0
    patches: list[Patch] = field(default_factory=list)
    left: list[tuple[str, Diagnostic]] = field(default_factory=list)


def run(
    job: Job,
    engine: Engine,
    *,
    journal: Journal | None,
    decide: Decide | None = None,
    cancel: CancelToken | None = None,
    clock: Callable[[], float] = time.monotonic,
    write: Write | None = None,
) -> Iterator[Event]:
    """Events as they happen. With `journal` None nothing is written; `-` never is. The patch is in `Finished`.

    `decide` is asked once, with all winners joined; `write` takes the place of the working tree. Raises nothing
    that is a SharpenError.
    """
    began, cancel, tally = clock(), cancel or CancelToken(), _Tally()
    if write is None and journal is not None:
        write = _writer(journal, job.instruction, engine.name)

    def now() -> float:
        return clock() - began

    yield Started(now(), engine.name, engine.model, tuple(t.document.path for t in job.targets))
    for index, target in enumerate(job.targets):
        try:
            _go_on(cancel)
            _check_apart(target, job.targets[:index])
            yield from _one(job, target, engine, cancel, tally=tally, now=now)
        except SharpenError as error:
            tally.failed.append(target.document.path)
            yield Failed(now(), target.document.path, error)
            if isinstance(error, Interrupted):
                cancel.cancel()
                break
    joined = Patch.join(tally.patches) if tally.patches and not cancel.cancelled else None
    if joined is not None and not joined.empty and job.action == "apply":
        try:
            joined = decide(joined) if decide else joined
            _go_on(cancel)
            if joined is not None and write is not None:
                yield from _write(joined, write, now=now, tally=tally)
        except SharpenError as error:
            tally.failed.extend(p for p in (joined.paths if joined else ()) if p not in tally.failed)
            yield Failed(now(), "", error)
            joined = None
    done = {*tally.changed, *tally.failed}
    unchanged = tuple(t.document.path for t in job.targets if t.document.path not in done)
    ends = (tuple(tally.changed), unchanged, tuple(tally.failed))
    yield Finished(now(), *ends, tally.steps, tally.engine_seconds, joined, tuple(tally.left))


def _go_on(cancel: CancelToken) -> None:
    if cancel.cancelled:
        raise Interrupted("stopped; nothing was written")


def _check_apart(target: Target, before: tuple[Target, ...]) -> None:
    """Two edits of the same lines would be written one over the other. Raises BadInput."""
    region = target.region
    for other in before:
        same = other.document.path == target.document.path
        if same and other.region.start_char < region.end_char and region.start_char < other.region.end_char:
            raise BadInput(f"two targets in {target.document.path} overlap", "name the lines once")


def _writer(journal: Journal, instruction: str, engine: str) -> Write:
    """The usual one: into the working tree."""
    from sharpen.core.worktree.apply import apply

    return lambda patch: dict.fromkeys(patch.paths, (apply(patch, journal, instruction, engine).id, "file"))


def _write(patch: Patch, write: Write, *, now: Callable[[], float], tally: _Tally) -> Iterator[Event]:
    """Apply what has a file. Raises what `worktree.apply` raises; then no file was written."""
    files = Patch.join(
        Patch(tuple(e for e in patch.edits if e.path == d.path), (d,))
        for d in patch.documents
        if d.path != "-"
    )
    if files.empty:
        return
    placed = write(files)
    for path in files.paths:
        tally.changed.append(path)
        yield Applied(now(), path, *placed[path])


@dataclass(slots=True)
class _Work:
    """One target on its way: the text as the rounds have left it."""

    target: Target
    base: Document
    """The file as it would be with the last winner applied."""
    region: Region
    winner: Candidate | None = None
    checked: bool = True
    """Whether the check command has seen the winner."""
    candidates: int = 0
    """Proposed so far, which numbers the next one."""
    tried: set[tuple[str, str]] = field(default_factory=set)
    """Keys of the findings that a round was about."""

    def take(self, winner: Candidate, checked: bool) -> None:
        """Go on from this candidate; the confidences of earlier rounds stay with their text."""
        earlier = self.winner.spans if self.winner is not None else ()
        spans = (*_carried(earlier, self.base, self.region, winner.text), *winner.spans)
        self.winner, self.checked = replace(winner, spans=tuple(sorted(spans))), checked
        original = self.target.document
        patch = Patch.of(original, self.target.region, winner.text)
        self.base = Document.from_bytes(patch.result(original.path), original.path, original.mode)
        start = self.target.region.start_char
        self.region = replace(self.target.region, end_char=start + len(winner.text))

    def findings(self, text: str, kinds: tuple[str, ...]) -> tuple[Diagnostic, ...]:
        """What is wrong in the region, were it to read so."""
        document, region = self.target.document, self.target.region
        whole = document.text[: region.start_char] + text + document.text[region.end_char :]
        end = region.start_char + len(text)
        found = diagnose(whole, document.path, kinds) if kinds else ()
        return tuple(d for d in found if region.start_char <= d.start_char <= end)


def _one(
    job: Job, target: Target, engine: Engine, cancel: CancelToken, *, tally: _Tally, now: Callable[[], float]
) -> Iterator[Event]:
    """Refine one target, in rounds; its patch goes to the tally. Raises what the engine raises, and NothingHeld."""
    document = target.document
    work = _Work(target, document, target.region)
    groups = [target.diagnostics]
    for _ in range(ROUNDS):
        group = groups.pop(0)
        work.tried |= {d.key for d in group}
        try:
            yield from _round(job, work, group, engine, cancel, tally=tally, now=now)
        except NothingHeld:
            # What cannot be repaired together may be repaired one by one.
            groups += _apart(group)
            if not groups and work.winner is None:
                raise
        else:
            groups = _next(
                work.findings(work.winner.text if work.winner else "", job.again), groups, work.tried
            )
        if not groups:
            break
    winner = work.winner
    if winner is None:
        raise _nothing_held(document.path, "")
    if not work.checked:
        judge = judge_for(document, target.region, target.diagnostics)
        verdict = verify(document, target.region, winner, judge, command=job.check, cancel=cancel)
        yield Verified(now(), document.path, work.candidates - 1, winner, verdict)
        if not verdict.holds:
            raise _nothing_held(document.path, verdict.reason)
    tally.left += [(document.path, d) for d in work.findings(winner.text, job.again)]
    tally.patches.append(Patch.of(document, target.region, winner.text, winner.spans))


def _round(
    job: Job,
    work: _Work,
    group: tuple[Diagnostic, ...],
    engine: Engine,
    cancel: CancelToken,
    *,
    tally: _Tally,
    now: Callable[[], float],
) -> Iterator[Event]:
    """One request about some findings; its winner goes to `work`. Raises NothingHeld where there is none."""
    target, path = work.target, work.target.document.path
    judge = judge_for(work.base, work.region, group)
    request = Request(
        job.instruction, work.base, work.region, group, job.context, job.settings, judge, cancel
    )
    found: list[tuple[int, Candidate]] = []
    steps, since, source = 0, now(), engine.refine(request)
    try:
        for item in source:
            steps = max(steps, item.step if isinstance(item, Frame) else item.steps)
            if isinstance(item, Frame):
                yield Framed(now(), path, item, work.base)
                continue
            patch = Patch.of(target.document, target.region, item.text, item.spans)
            yield Proposed(now(), path, work.candidates, item, patch)
            found.append((work.candidates, item))
            work.candidates += 1
    except KeyboardInterrupt as stop:
        raise Interrupted("stopped; nothing was written") from stop
    finally:
        tally.steps += steps
        tally.engine_seconds += now() - since
        if isinstance(source, Generator):
            source.close()
    winner: tuple[Candidate, bool] | None = None
    why = ""
    for index, candidate in sorted(found, key=lambda c: -c[1].score):
        _go_on(cancel)
        # The command may only hold once everything is repaired: it waits for the last round.
        early = bool(job.check) and bool(_fresh(work.findings(candidate.text, job.again), work.tried))
        command = None if early else job.check
        verdict = verify(target.document, target.region, candidate, judge, command=command, cancel=cancel)
        yield Verified(now(), path, index, candidate, verdict)
        if verdict.holds and winner is None:
            winner = (candidate, not early)
        why = why or verdict.reason
    _go_on(cancel)
    if winner is None:
        raise _nothing_held(path, why)
    work.take(*winner)


def _nothing_held(path: str, why: str) -> NothingHeld:
    said = why or "the engine found none"
    return NothingHeld(
        f"no edit of {path} held: {said}; nothing was written", "name a smaller region, or try another engine"
    )


def _apart(group: tuple[Diagnostic, ...]) -> list[tuple[Diagnostic, ...]]:
    """Findings of several kinds as a group a kind; nothing where it is one kind already."""
    keys = list(dict.fromkeys(d.key for d in group))
    return [tuple(d for d in group if d.key == key) for key in keys] if len(keys) > 1 else []


def _fresh(found: tuple[Diagnostic, ...], tried: set[tuple[str, str]]) -> tuple[Diagnostic, ...]:
    return tuple(d for d in found if d.key not in tried)


def _next(
    found: tuple[Diagnostic, ...], groups: list[tuple[Diagnostic, ...]], tried: set[tuple[str, str]]
) -> list[tuple[Diagnostic, ...]]:
    """The groups still to do, at the places where their findings now are, then what has come to light."""
    todo = [tuple(d for d in found if d.key == group[0].key) for group in groups]
    return [group for group in (*todo, _fresh(found, tried)) if group]


def _carried(
    spans: tuple[tuple[int, int, float], ...], document: Document, region: Region, new: str
) -> list[tuple[int, int, float]]:
    """Spans of the region's text where they stand once it reads `new`; those that the edit touches are left out."""
    if not spans:
        return []
    changes = [
        (document.char_of(first) - region.start_char, document.char_of(last) - region.start_char, start, end)
        for first, last, _bytes, start, end in splices(document, region, new)
    ]
    kept = []
    for a, b, confidence in spans:
        if all(last <= a or first >= b for first, last, _start, _end in changes):
            moved = sum((end - start) - (last - first) for first, last, start, end in changes if last <= a)
            kept.append((a + moved, b + moved, confidence))
    return kept
