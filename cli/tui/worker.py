"""The engine's process: runs the road for the screen and answers its questions, so that no model, parser, git or
checker ever holds a drawing up. `python -m sharpen.cli.tui.worker`, started by `client` alone.

Threads: this one reads orders, one runs edits one after the other, one answers questions, one loads the embedded
engine at the start and ends, one for each question that a server has to answer. It ends when its
input does, after a write that has begun. It draws nothing and keeps no state that the screen needs to live on.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sharpen.cli.tui.wire import (
    Answer,
    Ask,
    Decide,
    Ended,
    Look,
    Once,
    Outlet,
    Prepared,
    Ready,
    Review,
    Seen,
    Send,
    Sending,
    Stop,
    Told,
    Undo,
    Undone,
    receive,
)
from sharpen.core.engines.base import Engine
from sharpen.core.errors import Interrupted, SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded
from sharpen.core.request import CancelToken

if TYPE_CHECKING:
    from sharpen.core.engines.wire.hosted import Hosted
    from sharpen.core.session import Job

STOP_SECONDS = 0.1
"""How long a stop may go unseen while the user is asked."""


class Worker:
    """One sitting's engine process."""

    def __init__(self, source: BinaryIO, outlet: Outlet) -> None:
        self._source, self._outlet = source, outlet
        self._asks: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[Look | Undo | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Decide | Send] = queue.SimpleQueue()
        self._tokens: dict[int, CancelToken] = {}
        self._engines: dict[str | None, Engine] = {}
        self._warm = threading.Event()
        """Set once the embedded engine is loaded, or is known not to load."""
        self._served: dict[str, tuple[Hosted, Engine]] = {}
        self._hosts: set[str] = set()
        """Where the user has let something go to."""

    def serve(self) -> None:
        """Until the input ends."""
        threads = [threading.Thread(target=t, daemon=True) for t in (self._run_edits, self._answer_questions)]
        for thread in (threading.Thread(target=self._warm_up, daemon=True), *threads):
            thread.start()
        while (order := receive(self._source)) is not None:
            if isinstance(order, Ask):
                self._tokens[order.run] = CancelToken()
                self._asks.put(order)
            elif isinstance(order, Stop):
                self._token(order.run).cancel()
            elif isinstance(order, Decide | Send):
                self._answers.put(order)
            elif (
                isinstance(order, Look) and order.what == "models"
            ):  # a server may be slow: nobody waits for it
                threading.Thread(target=self._answer, args=(order,), daemon=True).start()
            elif isinstance(order, Look | Undo):
                self._questions.put(order)
        for token in list(self._tokens.values()):
            token.cancel()
        self._answers.put(Decide(0, None))
        self._asks.put(None)
        self._questions.put(None)
        for thread in threads:  # an apply or undo that has begun is let finish
            thread.join(10)

    def _token(self, run: int) -> CancelToken:
        return self._tokens.setdefault(run, CancelToken())

    def _warm_up(self) -> None:
        """Load the embedded engine. A first prompt to another one does not wait for it."""
        began = time.monotonic()
        try:
            if (engine := _loaded()) is not None:
                self._engines.update(dict.fromkeys((None, "", "embedded"), engine))
        finally:
            self._warm.set()
        with contextlib.suppress(OSError, ValueError):
            self._outlet.send(Ready(time.monotonic() - began))

    def _run_edits(self) -> None:
        while (ask := self._asks.get()) is not None:
            error: Exception | None = None
            try:
                self._run(ask)
            except SharpenError as expected:
                error = expected
            except OSError:
                return  # the screen is gone
            except Exception as defect:  # noqa: BLE001 - told in the place of the answer; the process lives on
                error = SharpenError(f"a defect of sharpen itself: {defect}", _reported(defect))
            self._tokens.pop(ask.run, None)
            self._outlet.send(Ended(ask.run, error))

    def _run(self, ask: Ask) -> None:
        if ask.reopened:
            self._decided_later(ask)
            return
        from sharpen.cli.commands.edit import again, targets_of
        from sharpen.cli.road import journal_for
        from sharpen.core.engines.choose import follows_prompts
        from sharpen.core.engines.wire.hosted import is_hosted
        from sharpen.core.session import Job, run

        token = self._token(ask.run)
        engine = self._engine(ask)
        free = follows_prompts(ask.engine)
        places, targets = targets_of(ask.prompt, ask.specs, free=free)
        if token.cancelled:
            raise Interrupted("stopped; nothing was written")
        self._outlet.send(Prepared(ask.run, targets, tuple(d.path for d, _region in places)))
        if not targets:
            return
        job = Job(
            ask.prompt, targets, (), ask.settings, ask.check, "apply", again(ask.prompt),
            check_seconds=ask.check_seconds,
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
            return self._decision(ask.run)

        for event in run(job, engine, journal=journal, decide=decide, cancel=token):
            if isinstance(event, Framed):
                frames.append(Recorded(event.path, event.frame))
                light = replace(event, document=once.new(event.document))
                self._outlet.send(Told(ask.run, light))
            else:
                self._outlet.send(Told(ask.run, _portable(event)))
        _keep(ask, frames)

    def _decision(self, run: int) -> Patch | None:
        while (answer := self._answers.get()).run not in {run, 0} or isinstance(answer, Send):
            pass  # an answer to a run that was over when it came
        return answer.patch

    def _let_go(self, run: int, job: Job, engine: Engine, token: CancelToken) -> None:
        """Say what leaves the machine; the first time that something goes to a host, wait until it may.

        Raises Interrupted.
        """
        from sharpen.cli.sending import parcel

        sent = parcel(job, engine)
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
        patch = self._decision(ask.run)
        if patch is None or patch.empty:
            return
        done = apply(patch, journal_for(patch.paths[0]), proposal.prompt, proposal.engine)
        seconds = time.monotonic() - began
        for path in patch.paths:
            self._outlet.send(Told(ask.run, Applied(seconds, path, done.id)))
        self._outlet.send(Told(ask.run, Finished(seconds, patch.paths, (), (), 0, 0.0, patch, ())))

    def _engine(self, ask: Ask) -> Engine:
        """The engine of the request; one that has its model in memory already is used again."""
        from sharpen.cli.access import access, engine
        from sharpen.core.engines.choose import is_local
        from sharpen.core.engines.wire.hosted import hosted, is_hosted

        spec = ask.engine
        chosen = engine(spec, ask.prompt)
        if spec in {None, "", "embedded"}:
            self._warm.wait()
        if spec is not None and is_hosted(spec):  # its connection is kept as long as key and address stay
            where = hosted(spec, access())
            _ = where.server  # without a key it is not to be had: say so before anything is asked
            if self._served.get(spec, (None,))[0] != where:
                self._served[spec] = where, chosen
            return self._served[spec][1]
        if spec is not None and spec.startswith("script:"):  # it may have been rewritten
            return chosen
        if is_local(spec) and spec not in self._engines:  # two checkpoints may be too much for the memory
            for other in [name for name in self._engines if is_local(name)]:
                del self._engines[other]
        return self._engines.setdefault(spec, chosen)

    def _answer_questions(self) -> None:
        while (order := self._questions.get()) is not None:
            if not self._answer(order):
                return

    def _answer(self, order: Look | Undo) -> bool:
        """Answer a question; False where the screen is gone."""
        answer = _undone(order) if isinstance(order, Undo) else _seen(order)
        try:
            self._outlet.send(answer)
        except (OSError, ValueError):
            return False
        return True


def _loaded() -> Engine | None:
    """The embedded engine with its model in memory; it works offline, so trying it costs nobody anything."""
    from sharpen.core.diagnose import diagnose
    from sharpen.core.document import Document
    from sharpen.core.engines.choose import choose
    from sharpen.core.request import Request

    document = Document.from_bytes(b"print((1)\n", "warm.py")
    try:
        engine = choose(None, "fix it")
        found = diagnose(document.text, document.path)
        next(iter(engine.refine(Request("fix it", document, document.whole(), found))), None)
    except SharpenError:
        return None  # said again where the engine is asked for
    return engine


def _seen(look: Look) -> Answer:
    tables: dict[str, Callable[[Look], Seen]] = {
        "files": _files,
        "checkpoints": _checkpoints,
        "engines": _engines,
        "models": _models,
        "symbols": _symbols,
    }
    try:
        return tables[look.what](look)
    except SharpenError as error:
        return Seen(look.what, look.path, error=error)
    except Exception as defect:  # noqa: BLE001 - whoever asked must not wait for ever
        said = SharpenError(f"a defect of sharpen itself: {defect}", _reported(defect))
        return Seen(look.what, look.path, error=said)


def _files(look: Look) -> Seen:
    from sharpen.core.worktree.listing import listed

    return Seen("files", look.path, files=listed(Path(look.path)))


def _checkpoints(look: Look) -> Seen:
    from sharpen.cli.road import journal_for

    return Seen("checkpoints", checkpoints=journal_for(look.path or None).list())


def _engines(_look: Look) -> Seen:
    from sharpen.core.engines.choose import known

    return Seen("engines", engines=known())


def _models(look: Look) -> Seen:
    from sharpen.cli.tui.catalogue import models

    return Seen("models", look.path, models=models(look.path))


def _symbols(look: Look) -> Seen:
    from sharpen.core.definitions import definitions
    from sharpen.core.document import Document

    names = tuple(d.name for d in definitions(Document.read(look.path)))
    return Seen("symbols", look.path, symbols=names)


def _undone(order: Undo) -> Answer:
    from sharpen.cli.road import journal_for

    try:
        journal = journal_for(order.path)
        restored = journal.redo(order.checkpoint) if order.redo else journal.undo(order.checkpoint)
        return Undone(restored, redo=order.redo)
    except SharpenError as error:
        return Undone(error=error, redo=order.redo)


def _keep(ask: Ask, frames: list[Recorded]) -> None:
    if frames and ask.record:
        from sharpen.cli.tui.store import keep

        keep(Path(ask.record), frames)


def _portable(event: Event) -> Event:
    """The event with an error that survives pickling, whatever class an engine raised."""
    if isinstance(event, Failed) and not isinstance(event.error, SharpenError):
        return replace(event, error=SharpenError(str(event.error)))
    return event


def _reported(defect: Exception) -> str:
    traceback.print_exception(defect)
    return "the engine's log has more"


def main() -> None:
    """Orders come on stdin; answers go to what was stdout, which nothing else may write to from now on."""
    outlet = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the pipe
    Worker(sys.stdin.buffer, Outlet(outlet)).serve()
    os._exit(0)  # threads that wait for an engine are not waited for


if __name__ == "__main__":
    main()
