"""The road of one edit: targets in, events out. Every front end runs it and has no logic of its own about edits.

Order: for each file one request, its frames, its candidates, a verdict on each; the first by score that holds wins.
What a repair uncovers (names behind a syntax error) is asked for in a further round, on the text as it then is. The
winners are joined into one patch, shown to `decide`, and applied whole or not at all. Every expected failure
becomes a `Failed` event, and `Finished` is always the last one. Nothing is written before `decide` has said yes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.errors import BadInput, Interrupted, NothingHeld, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified, Where
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken, Judge, Request, Settings
from sharpen.core.verify import judge_for, verdicts, verify
from sharpen.core.work import Target, Work, apart, following, fresh
from sharpen.core.worktree.copies import root_of
from sharpen.core.worktree.journal import Journal
from sharpen.core.worktree.sandbox import Checks

__all__ = ["ROUNDS", "Decide", "Job", "Target", "Write", "run"]

Decide = Callable[[Patch], Patch | None]
"""Shown the winning patch; returns what of it to apply, or None."""
Write = Callable[[Patch], Mapping[str, tuple[str, Where]]]
"""Writes the patch, whole or not at all; returns by path the checkpoint that undoes it, and what it went into."""
ROUNDS = 8
"""Requests for one target, at most."""


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
    check_seconds: float | None = None
    """How long one run of the check command may take."""
    outline: str = ""
    """Symbols of the repository that may matter to an engine that follows free prompts."""
    begun: str = ""
    """What the user has changed so far, where the instruction asks to go on with it."""
    whole: bool = False
    """Whether all targets must have come to something for any of them to be applied."""
    enough: bool = False
    """Whether no further candidate is tried with the check command once one holds."""

    @property
    def hunts(self) -> bool:
        """Whether nothing is known to be wrong but that the check command fails: then one repair of one file will do."""
        found = [d for target in self.targets for d in target.diagnostics]
        return self.check is not None and bool(found) and all(d.code == "check" for d in found)


@dataclass(slots=True)
class _Tally:
    """What `Finished` tells."""

    changed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    steps: int = 0
    engine_seconds: float = 0.0
    patches: list[Patch] = field(default_factory=list)
    left: list[tuple[str, Diagnostic]] = field(default_factory=list)
    missed: list[tuple[str, NothingHeld]] = field(default_factory=list)
    """Files of a hunt in which nothing was found, as long as it may lie in another."""
    checks: Checks | None = None

    def checking(self, job: Job, patch: Patch) -> Checks | None:
        """Where the job's command is tried, made with the first candidate."""
        if job.check is not None and self.checks is None:
            self.checks = Checks(root_of(patch.paths), job.check, job.check_seconds)
        return self.checks

    def close(self) -> None:
        if self.checks is not None:
            self.checks.close()


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
    try:
        yield from _all(job, engine, cancel, tally=tally, now=now)
    finally:
        tally.close()
    halved = cancel.cancelled or (job.whole and tally.failed)
    joined = Patch.join(tally.patches) if tally.patches and not halved else None
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


def _all(
    job: Job, engine: Engine, cancel: CancelToken, *, tally: _Tally, now: Callable[[], float]
) -> Iterator[Event]:
    """Refine the targets one by one; a hunt ends with the first repair."""
    for index, target in enumerate(job.targets):
        path = target.document.path
        try:
            _go_on(cancel)
            _check_apart(target, job.targets[:index])
            yield from _one(job, target, engine, cancel, tally=tally, now=now)
            if job.hunts:
                return
        except SharpenError as error:
            if job.hunts and isinstance(error, NothingHeld):
                tally.missed.append((path, error))
                continue
            tally.failed.append(path)
            yield Failed(now(), path, error)
            if isinstance(error, Interrupted):
                cancel.cancel()
                return
    for path, missed in tally.missed:
        tally.failed.append(path)
        yield Failed(now(), path, missed)


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


def _one(
    job: Job, target: Target, engine: Engine, cancel: CancelToken, *, tally: _Tally, now: Callable[[], float]
) -> Iterator[Event]:
    """Refine one target, in rounds; its patch goes to the tally. Raises what the engine raises, and NothingHeld."""
    document = target.document
    work = Work(target, document, target.region)
    groups = [target.diagnostics]
    for _ in range(ROUNDS):
        group = groups.pop(0)
        work.tried |= {d.key for d in group}
        try:
            yield from _round(job, work, group, engine, cancel, tally=tally, now=now)
        except NothingHeld:
            # What cannot be repaired together may be repaired one by one.
            groups += apart(group)
            if not groups and work.winner is None:
                raise
        else:
            groups = following(
                work.findings(work.winner.text if work.winner else "", job.again), groups, work.tried
            )
        if not groups:
            break
    winner = work.winner
    if winner is None:
        raise _nothing_held(document.path, "")
    if not work.checked:
        judge = judge_for(document, target.region, target.diagnostics)
        checks = tally.checking(job, Patch.of(document, target.region, winner.text))
        verdict = verify(document, target.region, winner, judge, checks=checks, cancel=cancel)
        yield Verified(now(), document.path, work.candidates - 1, winner, verdict)
        if not verdict.holds:
            raise _nothing_held(document.path, verdict.reason)
    tally.left += [(document.path, d) for d in work.findings(winner.text, job.again)]
    tally.patches.append(Patch.of(document, target.region, winner.text, winner.spans))


def _round(
    job: Job,
    work: Work,
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
    request = _request(job, work, group, judge, cancel)
    found: list[tuple[int, Candidate]] = []
    steps, since, source = 0, now(), engine.refine(request)
    try:
        for item in source:
            steps = max(steps, item.step if isinstance(item, Frame) else item.steps)
            if isinstance(item, Frame):
                yield Framed(now(), path, item, work.base)
                continue
            yield Proposed(now(), path, work.candidates, item, _patch(target, item))
            found.append((work.candidates, item))
            work.candidates += 1
    except KeyboardInterrupt as stop:
        raise Interrupted("stopped; nothing was written") from stop
    finally:
        tally.steps += steps
        tally.engine_seconds += now() - since
        if isinstance(source, Generator):
            source.close()
    winner: tuple[int, Candidate, bool] | None = None
    why = ""
    ranked = sorted(found, key=lambda c: -c[1].score)
    for late in (False, True):
        # The command may only hold once everything is repaired: then it waits for the last round.
        some = [c for c in ranked if _waits(job, work, c[1]) == late]
        if not some:
            continue
        checks = None if late else tally.checking(job, _patch(target, some[0][1]))
        answers = verdicts(
            target.document, target.region, [c for _, c in some], judge,
            checks=checks, cancel=cancel, first=job.hunts or job.enough,
        )  # fmt: skip
        for place, verdict in answers:
            _go_on(cancel)
            index, candidate = some[place]
            yield Verified(now(), path, index, candidate, verdict)
            rank = ranked.index(some[place])
            if verdict.holds and (winner is None or rank < winner[0]):
                winner = (rank, candidate, not late)
            why = why or verdict.reason
    _go_on(cancel)
    if winner is None:
        raise _nothing_held(path, why)
    work.take(*winner[1:])


def _request(
    job: Job, work: Work, group: tuple[Diagnostic, ...], judge: Judge, cancel: CancelToken
) -> Request:
    """What the engine is asked for, on the text as it now is."""
    what = (job.instruction, work.base, work.region, group, job.context, job.settings, judge, cancel)
    return Request(*what, outline=job.outline, begun=job.begun)


def _waits(job: Job, work: Work, candidate: Candidate) -> bool:
    """Whether the check command cannot be asked yet, because more has come to light that is to be repaired first."""
    return bool(job.check) and bool(fresh(work.findings(candidate.text, job.again), work.tried))


def _patch(target: Target, candidate: Candidate) -> Patch:
    return Patch.of(target.document, target.region, candidate.text, candidate.spans)


def _nothing_held(path: str, why: str) -> NothingHeld:
    said = why or "the engine found none"
    return NothingHeld(
        f"no edit of {path} held: {said}; nothing was written", "name a smaller region, or try another engine"
    )
