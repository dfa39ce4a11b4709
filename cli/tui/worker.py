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
from typing import BinaryIO

from sharpen.cli.tui.defects import reported
from sharpen.cli.tui.edits import Edits
from sharpen.cli.tui.engines import Engines
from sharpen.cli.tui.questions import answer
from sharpen.cli.tui.wire import Ask, Decide, Ended, Look, Outlet, Ready, Send, Stop, Undo, receive
from sharpen.core.errors import SharpenError


class Worker:
    """One sitting's engine process."""

    def __init__(self, source: BinaryIO, outlet: Outlet) -> None:
        self._source, self._outlet = source, outlet
        self._asks: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[Look | Undo | None] = queue.SimpleQueue()
        self._engines = Engines()
        self._edits = Edits(outlet, self._engines)

    def serve(self) -> None:
        """Until the input ends."""
        threads = [threading.Thread(target=t, daemon=True) for t in (self._run_edits, self._answer_questions)]
        for thread in (threading.Thread(target=self._warm_up, daemon=True), *threads):
            thread.start()
        while (order := receive(self._source)) is not None:
            if isinstance(order, Ask):
                self._edits.expect(order.run)
                self._asks.put(order)
            elif isinstance(order, Stop):
                self._edits.stop(order.run)
            elif isinstance(order, Decide | Send):
                self._edits.take(order)
            elif isinstance(order, Look) and order.what == "models":
                # A server may be slow: nobody waits for it.
                threading.Thread(target=self._answer, args=(order,), daemon=True).start()
            elif isinstance(order, Look | Undo):
                self._questions.put(order)
        self._edits.end()
        self._asks.put(None)
        self._questions.put(None)
        for thread in threads:  # an apply or undo that has begun is let finish
            thread.join(10)

    def _warm_up(self) -> None:
        began = time.monotonic()
        self._engines.warm_up()
        with contextlib.suppress(OSError, ValueError):
            self._outlet.send(Ready(time.monotonic() - began))

    def _run_edits(self) -> None:
        while (ask := self._asks.get()) is not None:
            error: Exception | None = None
            try:
                self._edits.run(ask)
            except SharpenError as expected:
                error = expected
            except OSError:
                return  # the screen is gone
            except Exception as defect:  # noqa: BLE001 - told in the place of the answer; the process lives on
                error = reported(defect)
            self._outlet.send(Ended(ask.run, error))

    def _answer_questions(self) -> None:
        while (order := self._questions.get()) is not None:
            if not self._answer(order):
                return

    def _answer(self, order: Look | Undo) -> bool:
        """Answer a question; False where the screen is gone."""
        try:
            self._outlet.send(answer(order))
        except (OSError, ValueError):
            return False
        return True


def main() -> None:
    """Orders come on stdin; answers go to what was stdout, which nothing else may write to from now on."""
    outlet = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the pipe
    Worker(sys.stdin.buffer, Outlet(outlet)).serve()
    os._exit(0)  # threads that wait for an engine are not waited for


if __name__ == "__main__":
    main()
