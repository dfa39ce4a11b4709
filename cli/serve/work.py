"""One edit at a time on one engine, for many clients: a short queue, and the road in a thread of its own.

Invariant: when a client is gone its edit is cancelled, and its thread is done before the next one begins.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager

from sharpen.cli.serve.asked import Asked
from sharpen.core.engines.base import Engine
from sharpen.core.events import Event
from sharpen.core.request import CancelToken
from sharpen.core.session import Job, Target, run
from sharpen.core.skills import classify

DEPTH = 4
"""Edits that may wait."""
KINDS = ("syntax", "undefined")


class Full(Exception):
    """Too many wait already."""


class Desk:
    """The engine, and who waits for it."""

    def __init__(self, engine: Engine, depth: int = DEPTH) -> None:
        self.engine, self._depth = engine, depth
        self._turn = asyncio.Lock()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the engine. Raises Full."""
        if self.waiting > self._depth:
            raise Full
        self.waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self.waiting -= 1

    async def events(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """The road's events of one edit. Closing it cancels the edit and waits for its thread."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Event | None] = asyncio.Queue()
        cancel = CancelToken()

        def work() -> None:
            try:
                for item in _road(asked, self.engine, cancel):
                    loop.call_soon_threadsafe(told.put_nowait, item)
            finally:
                loop.call_soon_threadsafe(told.put_nowait, None)

        thread = threading.Thread(target=work, name="edit", daemon=True)
        thread.start()
        try:
            while (item := await told.get()) is not None:
                yield item
        finally:
            cancel.cancel()
            while (
                thread.is_alive()
            ):  # at most one step of the engine; a cancelled task may not be cancelled twice
                await asyncio.shield(asyncio.sleep(0.01))


def _road(asked: Asked, engine: Engine, cancel: CancelToken) -> Iterator[Event]:
    target = Target(asked.document, asked.region, asked.diagnostics)
    again = KINDS if asked.diagnostics else ()
    sound = not asked.diagnostics and classify(asked.instruction) is not None  # nothing to repair
    job = Job(asked.instruction, () if sound else (target,), (), asked.settings, None, "propose", again)
    return run(job, engine, journal=None, cancel=cancel)
