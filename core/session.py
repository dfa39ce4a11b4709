"""The road of one edit: targets in, events out. Every front end runs it and has no logic of its own about edits.

Order: for each file one request, its frames, its candidates, a verdict on each; the first by score that holds wins;
the winners are joined into one patch, shown to `decide`, and applied whole or not at all. Every expected failure
becomes a `Failed` event, and `Finished` is always the last one. Nothing is written before `decide` has said yes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.errors import Interrupted, NothingHeld, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified
from sharpen.core.patch import Patch
from sharpen.core.region import Region
from sharpen.core.request import CancelToken, Request, Settings
from sharpen.core.verify import judge_for, verify
from sharpen.core.worktree.journal import Journal

Decide = Callable[[Patch], Patch | None]
"""Shown the winning patch; returns what of it to apply, or None."""


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


@dataclass(slots=True)
class _Tally:
    """What `Finished` tells."""

    changed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    steps: int = 0
    engine_seconds: float = 0.0
    patches: list[Patch] = field(default_factory=list)


def run(
    job: Job,
    engine: Engine,
    *,
    journal: Journal | None,
    decide: Decide | None = None,
    cancel: CancelToken | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """Events as they happen. With `journal` None nothing is written; `-` never is. The patch is in `Finished`.

    `decide` is asked once, with all winners joined. Raises nothing that is a SharpenError.
    """
    began, cancel, tally = clock(), cancel or CancelToken(), _Tally()

    def now() -> float:
        return clock() - began

    yield Started(now(), engine.name, engine.model, tuple(t.document.path for t in job.targets))
    for target in job.targets:
        try:
            _go_on(cancel)
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
            if joined is not None and journal is not None:
                yield from _write(joined, journal, job.instruction, engine.name, now=now, tally=tally)
        except SharpenError as error:
            tally.failed.extend(p for p in (joined.paths if joined else ()) if p not in tally.failed)
            yield Failed(now(), "", error)
            joined = None
    done = {*tally.changed, *tally.failed}
    unchanged = tuple(t.document.path for t in job.targets if t.document.path not in done)
    yield Finished(
        now(), tuple(tally.changed), unchanged, tuple(tally.failed), tally.steps, tally.engine_seconds, joined
    )


def _go_on(cancel: CancelToken) -> None:
    if cancel.cancelled:
        raise Interrupted("stopped; nothing was written")


def _write(
    patch: Patch, journal: Journal, instruction: str, engine: str, *, now: Callable[[], float], tally: _Tally
) -> Iterator[Event]:
    """Apply what has a file. Raises what `worktree.apply` raises; then no file was written."""
    files = Patch.join(
        Patch(tuple(e for e in patch.edits if e.path == d.path), (d,))
        for d in patch.documents
        if d.path != "-"
    )
    if files.empty:
        return
    from sharpen.core.worktree.apply import apply

    checkpoint = apply(files, journal, instruction, engine)
    for path in files.paths:
        tally.changed.append(path)
        yield Applied(now(), path, checkpoint.id)


def _one(
    job: Job, target: Target, engine: Engine, cancel: CancelToken, *, tally: _Tally, now: Callable[[], float]
) -> Iterator[Event]:
    """Refine one target; its winning patch goes to the tally. Raises what the engine raises, and NothingHeld."""
    document, region = target.document, target.region
    judge = judge_for(document, region, target.diagnostics)
    request = Request(
        job.instruction, document, region, target.diagnostics, job.context, job.settings, judge, cancel
    )
    candidates: list[Candidate] = []
    steps, since, source = 0, now(), engine.refine(request)
    try:
        for item in source:
            steps = max(steps, item.step if isinstance(item, Frame) else item.steps)
            if isinstance(item, Frame):
                yield Framed(now(), document.path, item)
                continue
            patch = Patch.of(document, region, item.text, item.spans)
            yield Proposed(now(), document.path, len(candidates), item, patch)
            candidates.append(item)
    except KeyboardInterrupt as stop:
        raise Interrupted("stopped; nothing was written") from stop
    finally:
        tally.steps += steps
        tally.engine_seconds += now() - since
        if isinstance(source, Generator):
            source.close()
    winner: Candidate | None = None
    why = ""
    for index, candidate in sorted(enumerate(candidates), key=lambda c: -c[1].score):
        _go_on(cancel)
        verdict = verify(document, region, candidate, judge, command=job.check, cancel=cancel)
        yield Verified(now(), document.path, index, candidate, verdict)
        if verdict.holds and winner is None:
            winner = candidate
        why = why or verdict.reason
    _go_on(cancel)
    if winner is None:
        said = f"{why}; nothing was written" if why else "the engine found none; nothing was written"
        raise NothingHeld(
            f"no edit of {document.path} held: {said}", "name a smaller region, or try another engine"
        )
    tally.patches.append(Patch.of(document, region, winner.text, winner.spans))
