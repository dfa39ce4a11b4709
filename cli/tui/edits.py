"""The road of each edit, in the engine's process: what is proposed goes to the screen, what it decides is applied.

`worker` calls `run` for one edit after the other and hands over answers and stops as they come, from its own thread.
Invariant: nothing leaves the machine before the user has let it go to that host, and nothing is written before they
have decided.
"""

from __future__ import annotations

import contextlib
import queue
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.cli.tui.engines import Engines
from sharpen.cli.tui.moved import respelled
from sharpen.cli.tui.wire import (
    Ask,
    Decide,
    Doubted,
    Once,
    Outlet,
    Prepared,
    Review,
    Send,
    Sending,
    Told,
)
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.errors import Interrupted, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded
from sharpen.core.request import CancelToken

if TYPE_CHECKING:
    from sharpen.core.session import Job

STOP_SECONDS = 0.1
"""How long a stop may go unseen while the user is asked."""


class Edits:
    """The edits of one sitting."""

    def __init__(self, outlet: Outlet, engines: Engines) -> None:
        self._outlet, self._engines = outlet, engines
        self._answers: queue.SimpleQueue[Decide | Send] = queue.SimpleQueue()
        self._tokens: dict[int, CancelToken] = {}
        self._hosts: set[str] = set()
        """Where the user has let something go to."""

    def expect(self, run: int) -> None:
        """That run is to come: it can be stopped from now on."""
        self._tokens[run] = CancelToken()

    def stop(self, run: int) -> None:
        """Stop it at its next step."""
        self._token(run).cancel()

    def take(self, answer: Decide | Send) -> None:
        """What the user has decided."""
        self._answers.put(answer)

    def end(self) -> None:
        """Stop everything; nobody decides any more."""
        for token in list(self._tokens.values()):
            token.cancel()
        self._answers.put(Decide(0, None))

    def run(self, ask: Ask) -> None:
        """One edit to its end. Raises SharpenError, and OSError where the screen is gone."""
        try:
            self._run(ask)
        finally:
            self._tokens.pop(ask.run, None)

    def _token(self, run: int) -> CancelToken:
        return self._tokens.setdefault(run, CancelToken())

    def _run(self, ask: Ask) -> None:
        if ask.reopened:
            self._decided_later(ask)
            return
        from sharpen.cli import checked
        from sharpen.cli.commands.edit import again, targets_of
        from sharpen.cli.road import journal_for
        from sharpen.core.engines.choose import follows_prompts
        from sharpen.core.engines.wire.hosted import is_hosted
        from sharpen.core.session import Job, run

        token = self._token(ask.run)
        engine = self._engines.engine(ask.engine, ask.prompt)
        free = follows_prompts(ask.engine)
        places, targets = targets_of(ask.prompt, _specs(ask), free=free)
        if token.cancelled:
            raise Interrupted("stopped; nothing was written")
        self._outlet.send(Prepared(ask.run, targets, tuple(d.path for d, _region in places)))
        if not targets:
            return
        many = checked.enough(ask.check, ask.engine, counted=ask.counted)
        settings = replace(ask.settings, candidates=checked.CANDIDATES) if many else ask.settings
        job = Job(
            ask.prompt, targets, (), settings, ask.check, "apply", again(ask.prompt),
            check_seconds=ask.check_seconds, enough=many,
        )  # fmt: skip
        if free:
            from sharpen.cli.sending import prepared

            job = prepared(job, leaves=is_hosted(ask.engine))
            self._let_go(ask.run, job, engine, token)
        journal = journal_for(targets[0].document.path)
        once, frames = Once(), list[Recorded]()

        def decide(patch: Patch) -> Patch | None:
            _keep(ask, frames)  # now: the decision may take a night
            self._outlet.send(Review(ask.run, patch))
            return self._decision(ask, patch, token)

        for event in run(job, engine, journal=journal, decide=decide, cancel=token):
            if isinstance(event, Framed):
                frames.append(Recorded(event.path, event.frame))
                light = replace(event, document=once.new(event.document))
                self._outlet.send(Told(ask.run, light))
            else:
                self._outlet.send(Told(ask.run, _portable(event)))
        _keep(ask, frames)

    def _decision(self, ask: Ask, proposed: Patch, token: CancelToken) -> Patch | None:
        """What of it to apply; where that would not hold, only once the user knows. Raises Interrupted, Refused."""
        from sharpen.cli.tui.doubts import doubt

        while True:
            answer = self._answers.get()
            if answer.run not in {ask.run, 0} or isinstance(answer, Send):
                continue  # an answer to a run that was over when it came
            if answer.patch is None or answer.patch.empty or answer.sure:
                return answer.patch
            reason = doubt(answer.patch, proposed, token, ask.check, ask.check_seconds)
            if not reason:
                return answer.patch
            self._outlet.send(Doubted(ask.run, reason))

    def _let_go(self, run: int, job: Job, engine: Engine, token: CancelToken) -> None:
        """Say what leaves the machine; the first time that something goes to a host, wait until it may.

        Raises Interrupted.
        """
        from sharpen.cli.sending import parcel

        sent = parcel(job, engine, token)
        if sent is None or sent.previews[0].loopback:
            return
        host = sent.previews[0].host
        asks = host not in self._hosts
        self._outlet.send(Sending(run, sent.size, sent.files, host, asks))
        while asks and not token.cancelled:
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=STOP_SECONDS)
                asks = not (isinstance(answer, Send) and answer.run == run)
        if token.cancelled:
            raise Interrupted("stopped; nothing was sent")
        self._hosts.add(host)

    def _decided_later(self, ask: Ask) -> None:
        """Put a kept proposal before the user once more, carried over to what its files hold now."""
        from sharpen.cli.road import journal_for
        from sharpen.cli.tui.proposals import carried, load
        from sharpen.core.worktree.apply import apply
        from sharpen.core.worktree.rebase import rebase

        began = time.monotonic()
        proposal, merged = carried(load(Path(ask.reopened)), rebase)
        self._outlet.send(Review(ask.run, proposal.patch, proposal, merged))
        patch = self._decision(ask, proposal.patch, self._token(ask.run))
        if patch is None or patch.empty:
            return
        done = apply(patch, journal_for(patch.paths[0]), proposal.prompt, proposal.engine)
        seconds = time.monotonic() - began
        for path in patch.paths:
            self._outlet.send(Told(ask.run, Applied(seconds, path, done.id)))
        self._outlet.send(Told(ask.run, Finished(seconds, patch.paths, (), (), 0, 0.0, patch, ())))


def _specs(ask: Ask) -> tuple[str, ...]:
    """The targets as they are now: edits before this one in the queue may have moved what was selected."""
    if not ask.seen:
        return ask.specs
    path = ask.specs[0].rpartition(":")[0]
    now = Document.read(path).text
    return tuple(respelled(spec, ask.seen, now) for spec in ask.specs)


def _keep(ask: Ask, frames: list[Recorded]) -> None:
    if frames and ask.record:
        from sharpen.cli.tui.store import keep

        keep(Path(ask.record), frames)


def _portable(event: Event) -> Event:
    """The event with an error that survives pickling, whatever class an engine raised."""
    if isinstance(event, Failed) and not isinstance(event.error, SharpenError):
        return replace(event, error=SharpenError(str(event.error)))
    return event
