"""The screen's end of the engine's process: starts it, sends it orders, hands what it says to a function.

`app` makes one; its thread reads, so that the screen's loop never waits for a pipe. `hear` is called on that thread.
Where the process dies, `Died` is heard and the next order starts another one.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import IO

from sharpen.cli.tui.wire import Answer, Ask, Decide, Died, Look, Order, Outlet, Send, Stop, Undo, receive

Hear = Callable[[Answer], None]


class Client:
    """One process, while it lives."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._process: subprocess.Popen[bytes] | None = None
        self._outlet: Outlet | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    def start(self) -> None:
        """Start the process if none is there; returns at once."""
        if self._process is not None and self._process.poll() is None:
            return
        log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            # -P: the folder being edited must not lend its modules; a queue.py there would be imported as ours.
            [sys.executable, "-P", "-m", "sharpen.cli.tui.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is for the screen to understand
        )
        assert self._process.stdin is not None
        self._outlet = Outlet(self._process.stdin)  # type: ignore[arg-type]
        self._thread = threading.Thread(
            target=self._listen, args=(self._process, log), daemon=True, name="engine pipe"
        )
        self._thread.start()

    def send(self, order: Order) -> None:
        """Send it, starting the process where none is there."""
        self.start()
        assert self._outlet is not None
        with contextlib.suppress(OSError, ValueError):  # the listening thread says that it died
            self._outlet.send(order)

    def close(self) -> None:
        """End the process; what it is writing it finishes."""
        self._closing = True
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(12)
        if process.poll() is None:
            process.kill()
        if self._thread is not None:
            self._thread.join(5)

    def _listen(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            while True:
                try:
                    message = receive(stream)  # type: ignore[arg-type]
                except (OSError, ValueError):
                    message = None
                if message is None:
                    break
                if self._closing:
                    continue  # what it says of its own end is no decision of the user's
                if not isinstance(message, Ask | Stop | Decide | Send | Look | Undo):
                    self._hear(message)
        process.wait()
        if process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()
        said = _last_words(log)
        if not self._closing:
            self._hear(Died(said))


def _last_words(log: IO[bytes]) -> str:
    """The last line of what the process had to complain about."""
    with log:
        log.seek(0)
        lines = log.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
