"""The process that has torch, as the local engine sees it: started when it is needed, asked, stopped, and mourned.

`local` has one for each engine. A crash in there, or the system's killing it for want of memory, is one sentence here.
Nothing waits without looking at the cancel token; closing the pipe ends the process. It knows nothing of tokens.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import IO

from sharpen.core.diffusion.order import Answer, Edit, Open, Order, Stop, line_of, message_of
from sharpen.core.errors import EngineUnavailable, Interrupted
from sharpen.core.request import CancelToken

_LOOK_SECONDS = 0.05
_END_SECONDS = 2.0
_SAID_LINES = 1


class Process:
    """One child. Not for two threads at once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
        self._child = subprocess.Popen(
            [sys.executable, "-m", "sharpen.core.diffusion.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C is for us: we tell it to stop
        )
        self._answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._child.poll() is None

    def tell(self, order: Order) -> None:
        """Send an order. Raises EngineUnavailable where the process is gone."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line_of(order))
            self._child.stdin.flush()
        except (BrokenPipeError, OSError, ValueError) as error:
            raise self._gone() from error

    def answers(self, run: int, cancel: CancelToken, until: float | None = None) -> Iterator[Answer]:
        """What it says, until the caller has enough. On a cancel the run `run` is told to stop, and left behind.

        until: `time.monotonic()` at which patience ends. Raises Interrupted, and EngineUnavailable where the process
        dies or is too slow.
        """
        while True:
            if cancel.cancelled:
                self.stop(run)
                raise Interrupted("stopped; nothing was written")
            if until is not None and time.monotonic() > until:
                self.stop(run)
                raise EngineUnavailable(
                    f"{self._name} took longer than it was given",
                    "more time, a smaller region (PATH::SYMBOL), fewer --steps",
                )
            try:
                answer = self._answers.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if answer is None:
                raise self._gone()
            yield answer

    def stop(self, run: int) -> None:
        """Tell a run to stop after its present step; what it still says is for nobody."""
        with contextlib.suppress(EngineUnavailable):
            self.tell(Stop(run))

    def close(self) -> None:
        """End it."""
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(_END_SECONDS)
        # While the interpreter ends, its threads stand still where they are: the pipe is then left to the system.
        ending = sys.is_finalizing() or self._reader.is_alive()
        if self._child.stdout is not None and not ending:
            self._child.stdout.close()
        self._said.close()

    def _read(self) -> None:
        assert self._child.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._child.stdout:
                message = message_of(line)
                if not isinstance(message, Open | Edit | Stop):
                    self._answers.put(message)
        self._answers.put(None)

    def _gone(self) -> EngineUnavailable:
        """Why it ended, as far as that can be told."""
        try:
            code = self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        if code == -signal.SIGKILL:
            return EngineUnavailable(
                f"{self._name} was killed, as the system does when memory runs out",
                f"{self._name}#int8, or a smaller region (PATH::SYMBOL)",
            )
        how = f"signal {-code}" if code < 0 else f"exit {code}"
        last = self._last_words()
        if "MemoryError" in last or "allocate" in last:
            return EngineUnavailable(
                f"out of memory: {self._name}'s process could not allocate what it needs",
                f"{self._name}#int8, or a smaller region (PATH::SYMBOL)",
            )
        said = f": {last}" if last else ""
        return EngineUnavailable(
            f"{self._name}'s process ended with {how}{said}", "sharpen doctor says what is installed"
        )

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            size = os.fstat(self._said.fileno()).st_size
            text = os.pread(self._said.fileno(), 4096, max(0, size - 4096)).decode("utf-8", "replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return " ".join(lines[-_SAID_LINES:])[:300]
        return ""
