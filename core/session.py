"""The road of one edit: targets in, events out. Every front end runs it and has no logic of its own about edits.

Order: for each file one request, its frames, its candidates, a verdict on each; the first by score that holds wins;
the winners are joined into one patch, shown to `decide`, and applied whole or not at all. Every expected failure
becomes a `Failed` event, and `Finished` is always the last one. Nothing is written before `decide` has said yes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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
from sharpen.core.verify import judge_for
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
    unchanged: list[str] = field(default_factory=list)
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
    """Events as they happen. `journal` None, or a target of `-`: nothing is written, the patch is in `Finished`."""
    began, cancel, tally = clock(), cancel or CancelToken(), _Tally()
    yield Started(0.0, engine.name, engine.model, tuple(t.document.path for t in job.targets))
    for target in job.targets:
        path = target.document.path
        try:
            yield from _one(job, target, engine, cancel, tally=tally, now=lambda: clock() - began)
        except SharpenError as error:
            tally.failed.append(path)
            yield Failed(clock() - began, path, error)
            if isinstance(error, Interrupted):
                break
    joined = Patch.join(tally.patches) if tally.patches else None
    stopped = cancel.cancelled
    if (
        joined is not None
        and not joined.empty
        and job.action == "apply"
        and journal is not None
        and not stopped
    ):
        try:
            chosen = decide(joined) if decide else joined
            if chosen is not None and not chosen.empty:
                from sharpen.core.worktree.apply import apply

                checkpoint = apply(chosen, journal, job.instruction, engine.name)
                for path in chosen.paths:
                    tally.changed.append(path)
                    yield Applied(clock() - began, path, checkpoint.id)
            joined = chosen
        except SharpenError as error:
            tally.failed.extend(joined.paths if joined else ())
            yield Failed(clock() - began, "", error)
    done = {*tally.changed, *tally.failed}
    tally.unchanged = [t.document.path for t in job.targets if t.document.path not in done]
    yield Finished(
        clock() - began,
        tuple(tally.changed),
        tuple(tally.unchanged),
        tuple(tally.failed),
        tally.steps,
        tally.engine_seconds,
        None if stopped else joined,
    )


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
    steps, since = 0, now()
    source = engine.refine(request)
    try:
        for item in source:
            if isinstance(item, Frame):
                steps = max(steps, item.step)
                yield Framed(now(), document.path, item)
                continue
            steps = max(steps, item.steps)
            candidates.append(item)
            patch = Patch.of(document, region, item.text, item.spans)
            yield Proposed(now(), document.path, len(candidates) - 1, item, patch)
    finally:
        tally.steps += steps
        tally.engine_seconds += now() - since
        close = getattr(source, "close", None)
        if close is not None:
            close()
    winner: Candidate | None = None
    for index, candidate in sorted(enumerate(candidates), key=lambda c: -c[1].score):
        verdict = judge(candidate.text)
        yield Verified(now(), document.path, index, candidate, verdict)
        if verdict.holds and winner is None:
            winner = candidate
    if winner is None:
        count = len(candidates)
        raise NothingHeld(
            f"no repair of {document.path} held ({count} tried to the end); nothing was written",
            "name a smaller region, or try another engine",
        )
    tally.patches.append(Patch.of(document, region, winner.text, winner.spans))
