"""The edits of one sitting: what waits, what runs, and what each came to, as the engine's process tells it.

`desk` asks it for work and hands it what is heard. Invariant: one run is under way at a time, a run that failed leaves
its prompt to be sent again, and a later message about a run that is over changes nothing. No widget is known here;
`overhear` may be called from any thread, everything else from the screen's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sharpen.cli.tui.frames import FrameLog
from sharpen.cli.tui.wire import (
    Answer,
    Ask,
    Decide,
    Died,
    Doubted,
    Ended,
    Order,
    Prepared,
    Review,
    Send,
    Sending,
    Stop,
    Told,
)
from sharpen.core.errors import EngineUnavailable, Interrupted
from sharpen.core.events import Applied, Failed, Finished, Framed, Proposed, Started, Verified

if TYPE_CHECKING:
    from sharpen.cli.tui.proposals import Proposal
    from sharpen.core.candidate import Verdict
    from sharpen.core.patch import Patch
    from sharpen.core.session import Target

State = Literal["waiting", "running", "review", "applied", "rejected", "nothing", "failed", "stopped"]
OVER = frozenset(("applied", "rejected", "nothing", "failed", "stopped"))
KEPT = 20
"""Runs whose frames stay in memory; older ones are on disk."""


@dataclass(slots=True)
class Run:
    """One edit, from the prompt to its end."""

    ask: Ask
    typed: str
    """The prompt as it was typed, mentions and all."""
    state: State = "waiting"
    targets: tuple[Target, ...] = ()
    log: FrameLog = field(default_factory=FrameLog)
    engine: str = ""
    model: str = ""
    candidates: list[Proposed] = field(default_factory=list)
    verdicts: dict[tuple[str, int], Verdict] = field(default_factory=dict)
    patch: Patch | None = None
    """What the road proposes, once it asks."""
    doubted: Patch | None = None
    """What was decided on it and would not hold."""
    kept: Proposal | None = None
    """The proposal of an earlier sitting that this run decides on; None for a run of its own."""
    sending: Sending | None = None
    """What leaves the machine for it."""
    checkpoint: str = ""
    changed: tuple[str, ...] = ()
    errors: list[Exception] = field(default_factory=list)
    finished: Finished | None = None
    looked_at: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in OVER

    @property
    def asks_to_send(self) -> bool:
        """Whether it waits for a yes before anything leaves the machine."""
        return self.state == "running" and self.sending is not None and self.sending.asks

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it is about."""
        own = tuple(target.document.path for target in self.targets)
        return own or self.looked_at or (self.patch.paths if self.patch else ())

    @property
    def candidate_of(self) -> dict[str, Proposed]:
        """Each path's candidate that the proposal is made of: the one that held in the last round."""
        found: dict[str, Proposed] = {}
        for one in self.candidates:
            verdict = self.verdicts.get((one.path, one.index))
            if verdict is not None and verdict.holds and self.patch is not None:
                own = [(e.start_byte, e.new) for e in self.patch.edits if e.path == one.path]
                if own == [(e.start_byte, e.new) for e in one.patch.edits]:
                    found[one.path] = one
        return found


class Sitting:
    """The queue and its runs."""

    def __init__(self, send: Callable[[Order], None]) -> None:
        self._send = send
        self.runs: dict[int, Run] = {}
        self.waiting: list[Run] = []
        self.current: Run | None = None

    def ask(self, ask: Ask, typed: str) -> Run:
        """Put an edit into the queue; it begins at once where nothing else does."""
        run = Run(ask, typed)
        self.runs[ask.run] = run
        self.waiting.append(run)
        self._forget()
        self.go_on()
        return run

    def next_number(self) -> int:
        """For the next `Ask`."""
        return max(self.runs, default=0) + 1

    def go_on(self) -> None:
        """Begin what waits, if nothing is under way."""
        if self.waiting and (self.current is None or self.current.over):
            self.current = self.waiting.pop(0)
            self.current.state = "running"
            self._send(self.current.ask)

    def stop(self) -> bool:
        """Ask what is running to stop; whether anything is."""
        run = self.current
        if run is None or run.state != "running":
            return False
        self._send(Stop(run.ask.run))
        return True

    def drop_waiting(self) -> Run | None:
        """Take the last one off the queue."""
        if not self.waiting:
            return None
        run = self.waiting.pop()
        run.state = "stopped"
        return run

    def decide(self, patch: Patch | None, *, at_once: bool = False) -> None:
        """Answer the road. `at_once`: with the key that applies; said twice, what does not hold is applied too."""
        run = self.current
        if run is not None and run.state == "review":
            sure = at_once and patch is not None and run.doubted is not None
            sure = sure and patch.edits == run.doubted.edits  # type: ignore[union-attr]
            run.state, run.doubted = "running", patch
            self._send(Decide(run.ask.run, patch, sure))

    def let_go(self) -> bool:
        """Yes, it may be sent; whether anything waits for that."""
        run = self.current
        if run is None or not run.asks_to_send or run.sending is None:
            return False
        run.sending = replace(run.sending, asks=False)
        self._send(Send(run.ask.run))
        return True

    def overhear(self, answer: Answer) -> bool:
        """Keep what a frame says; whether the answer was all about frames. From any thread."""
        if isinstance(answer, Prepared):
            run = self.runs.get(answer.run)
            for target in answer.targets if run else ():
                run.log.know(target.document)  # type: ignore[union-attr]
        if isinstance(answer, Told) and isinstance(answer.event, Framed):
            run = self.runs.get(answer.run)
            if run is not None:
                event = answer.event
                run.log.add(event.path, event.frame, event.document)
            return True
        return False

    def hear(self, answer: Answer) -> Run | None:
        """Take in what was said; the run that it was about."""
        if isinstance(answer, Died):
            return self._died(answer)
        number = getattr(answer, "run", None)
        run = self.runs.get(number) if number is not None else None
        if run is None or run.over:
            return run
        if isinstance(answer, Prepared):
            run.targets, run.looked_at = answer.targets, answer.looked_at
        elif isinstance(answer, Review):
            run.patch, run.state, run.kept = answer.patch, "review", answer.kept
            run.looked_at = run.looked_at or answer.patch.paths
        elif isinstance(answer, Doubted):
            run.state = "review"
        elif isinstance(answer, Sending):
            run.sending = answer
        elif isinstance(answer, Told):
            self._event(run, answer)
        elif isinstance(answer, Ended):
            if answer.error is not None:
                run.errors.append(answer.error)
            run.state = _end(run)
        return run

    @staticmethod
    def _event(run: Run, told: Told) -> None:
        event = told.event
        if isinstance(event, Started):
            run.engine, run.model = event.engine, event.model
        elif isinstance(event, Proposed):
            run.candidates.append(event)
        elif isinstance(event, Verified):
            run.verdicts[event.path, event.index] = event.verdict
        elif isinstance(event, Applied):
            run.checkpoint = event.checkpoint
        elif isinstance(event, Failed):
            run.errors.append(event.error)
        elif isinstance(event, Finished):
            run.finished, run.changed = event, event.changed

    def _died(self, died: Died) -> Run | None:
        run = self.current
        if run is None or run.over:
            return None
        said = f"the engine's process ended{': ' + died.said if died.said else ''}"
        run.errors.append(EngineUnavailable(said, "send the prompt again; a new one is started"))
        run.state = "failed"
        return run

    def _forget(self) -> None:
        for run in [run for run in self.runs.values() if run.over][:-KEPT]:
            run.log, run.targets, run.candidates, run.patch = FrameLog(), (), [], None


def _end(run: Run) -> State:
    if run.changed:
        return "applied"
    if any(isinstance(error, Interrupted) for error in run.errors):
        return "stopped"
    if run.errors:
        return "failed"
    return "rejected" if run.patch else "nothing"
