"""The engine's process: runs the road for the screen and answers its questions, so that no model, parser, git or
checker ever holds a drawing up. `python -m sharpen.cli.tui.worker`, started by `client` alone.

Three threads: this one reads orders, one runs edits one after the other, one answers questions. It ends when its
input does, after a write that has begun. It draws nothing and keeps no state that the screen needs to live on.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

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
    Stop,
    Told,
    Undo,
    Undone,
    receive,
)
from sharpen.core.engines.base import Engine
from sharpen.core.errors import Interrupted, SharpenError
from sharpen.core.events import Event, Failed, Framed
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded
from sharpen.core.request import CancelToken


class Worker:
    """One sitting's engine process."""

    def __init__(self, source: BinaryIO, outlet: Outlet) -> None:
        self._source, self._outlet = source, outlet
        self._asks: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[Look | Undo | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Decide] = queue.SimpleQueue()
        self._tokens: dict[int, CancelToken] = {}
        self._engines: dict[str | None, Engine] = {}

    def serve(self) -> None:
        """Until the input ends."""
        threads = [threading.Thread(target=t, daemon=True) for t in (self._run_edits, self._answer_questions)]
        for thread in threads:
            thread.start()
        while (order := receive(self._source)) is not None:
            if isinstance(order, Ask):
                self._tokens[order.run] = CancelToken()
                self._asks.put(order)
            elif isinstance(order, Stop):
                self._token(order.run).cancel()
            elif isinstance(order, Decide):
                self._answers.put(order)
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

    def _run_edits(self) -> None:
        began = time.monotonic()
        if (engine := _loaded()) is not None:
            self._engines = dict.fromkeys((None, "", "embedded"), engine)
        self._outlet.send(Ready(time.monotonic() - began))
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
        job = Job(ask.prompt, targets, (), ask.settings, ask.check, "apply", again(ask.prompt))
        if free:
            from sharpen.cli.sending import prepared

            job = prepared(job, leaves=is_hosted(ask.engine))
        journal = journal_for(targets[0].document.path)

        def decide(patch: Patch) -> Patch | None:
            self._outlet.send(Review(ask.run, patch))
            while (answer := self._answers.get()).run not in {ask.run, 0}:
                pass  # an answer to a run that was over when it came
            return answer.patch

        once, frames = Once(), list[Recorded]()
        for event in run(job, engine, journal=journal, decide=decide, cancel=token):
            if isinstance(event, Framed):
                frames.append(Recorded(event.path, event.frame))
                light = replace(event, document=once.new(event.document))
                self._outlet.send(Told(ask.run, light))
            else:
                self._outlet.send(Told(ask.run, _portable(event)))
        if frames and ask.record:
            from sharpen.cli.tui.store import keep

            keep(Path(ask.record), frames)

    def _engine(self, ask: Ask) -> Engine:
        """The engine of the request; one that has its model in memory already is used again."""
        from sharpen.cli.access import engine

        chosen = engine(ask.engine, ask.prompt)
        if (ask.engine or "").startswith("script:"):  # a script may have been rewritten
            return chosen
        return self._engines.setdefault(ask.engine, chosen)

    def _answer_questions(self) -> None:
        while (order := self._questions.get()) is not None:
            answer = _undone(order) if isinstance(order, Undo) else _seen(order)
            try:
                self._outlet.send(answer)
            except OSError:
                return


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
        "symbols": _symbols,
    }
    try:
        return tables[look.what](look)
    except SharpenError as error:
        return Seen(look.what, look.path, error=error)


def _files(look: Look) -> Seen:
    from sharpen.core.worktree.listing import listed

    return Seen("files", look.path, files=listed(Path(look.path)))


def _checkpoints(look: Look) -> Seen:
    from sharpen.cli.road import journal_for

    return Seen("checkpoints", checkpoints=journal_for(look.path or None).list())


def _engines(_look: Look) -> Seen:
    from sharpen.core.engines.choose import known

    return Seen("engines", engines=known())


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
