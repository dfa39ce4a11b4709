"""One edit at a time on one engine, for many clients: a short queue, and the road in a thread of its own.

Invariants: when a client is gone its edit is cancelled, and its thread is done before the next one begins; who has no
place in the queue is turned away before anything of theirs is read, so that memory is bounded by the places.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager

from sharpen.cli.serve.asked import Asked
from sharpen.cli.serve.warm import Able
from sharpen.core.engines.base import Engine
from sharpen.core.events import Event
from sharpen.core.request import CancelToken
from sharpen.core.session import Job, Target, run
from sharpen.core.skills import classify

DEPTH = 4
"""Edits that may wait."""
MOST_WAIT_SECONDS = 30
KINDS = ("syntax", "undefined")


class Full(Exception):
    """Too many wait already."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many edits wait already")
        self.seconds = seconds
        """After which it may be worth to ask again."""


class Desk:
    """The engine, and who waits for it."""

    def __init__(self, engine: Engine, able: Able, depth: int = DEPTH) -> None:
        self.engine, self.able, self._depth = engine, able, depth
        self._turn = asyncio.Lock()
        self.waiting = 0
        """Clients that have a place, the one whose edit runs among them."""
        self._usual = 1.0
        """Seconds of an edit, as they were lately."""

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place in the queue. Raises Full."""
        if self.waiting > self._depth:
            raise Full(max(1, min(MOST_WAIT_SECONDS, math.ceil(self._usual))))
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def events(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """The road's events of one edit, once it is its turn. Closing it cancels the edit and waits for its thread.

        The engine is free for the next one when the edit is over, however slowly this client reads. Raises what is
        a defect.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        cancel = CancelToken()

        def work() -> None:
            began = time.monotonic()
            try:
                for item in _road(asked, self.engine, cancel):
                    loop.call_soon_threadsafe(told.put_nowait, item)
            except Exception as defect:  # noqa: BLE001 - raised again where it can be told
                loop.call_soon_threadsafe(told.put_nowait, defect)
            finally:
                loop.call_soon_threadsafe(told.put_nowait, None)
                loop.call_soon_threadsafe(self._over, time.monotonic() - began)

        await self._turn.acquire()
        thread = threading.Thread(target=work, name="edit", daemon=True)
        thread.start()
        try:
            while (item := await told.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            cancel.cancel()
            while thread.is_alive():  # noqa: ASYNC110 - at most one step of the engine; its end is no event
                await asyncio.sleep(0.01)

    def _over(self, seconds: float) -> None:
        self._usual += 0.3 * (seconds - self._usual)
        self._turn.release()


def _road(asked: Asked, engine: Engine, cancel: CancelToken) -> Iterator[Event]:
    target = Target(asked.document, asked.region, asked.diagnostics)
    again = KINDS if asked.diagnostics else ()
    sound = not asked.diagnostics and classify(asked.instruction) is not None  # nothing to repair
    targets = () if sound else (target,)
    job = Job(
        asked.instruction,
        targets,
        asked.context,
        asked.settings,
        None,
        "propose",
        again,
        outline=asked.outline,
        begun=asked.begun,
    )
    return run(job, engine, journal=None, cancel=cancel)
