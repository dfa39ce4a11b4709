"""A program in a pseudo-terminal: keys go in, what it draws is kept with the time at which it came.

`benchmarks.tui` measures the app through it and the app's end-to-end test drives it. It interprets no escape sequence:
waiting is for words, which a program that draws runs of one style writes in one piece.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Terminal:
    """One program in a terminal of `columns` by `lines`."""

    def __init__(
        self, argv: Sequence[str], folder: Path, env: Mapping[str, str], columns: int = 120, lines: int = 40
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            argv, cwd=folder, env=dict(env), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._data = bytearray()
        self._arrived: list[tuple[float, int]] = []
        self._lock = threading.Condition()
        self._closing = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._closing:
            if not select.select([self._master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return
            with self._lock:
                self._data += data
                self._arrived.append((time.perf_counter(), len(self._data)))
                self._lock.notify_all()

    @property
    def written(self) -> int:
        """Bytes drawn so far."""
        with self._lock:
            return len(self._data)

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def wait(self, words: str, since: int = 0, timeout: float = 60) -> float:
        """Wait until the words are drawn after the first `since` bytes; returns when, in seconds of perf_counter.

        Raises TimeoutError with the end of what was drawn.
        """
        wanted, end = words.encode(), time.perf_counter() + timeout
        with self._lock:
            while (at := self._data.find(wanted, since)) < 0:
                left = end - time.perf_counter()
                if left <= 0:
                    raise TimeoutError(f"{words!r} was not drawn; the end was {bytes(self._data[-600:])!r}")
                self._lock.wait(left)
            return next(when for when, size in self._arrived if size >= at + len(wanted))

    def settle(self, seconds: float = 0.5, timeout: float = 60) -> None:
        """Wait until nothing has been drawn for so long."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            before = self.written
            time.sleep(seconds)
            if self.written == before:
                return
        raise TimeoutError("it never stopped drawing")

    def vanish(self) -> None:
        """Take the terminal away, as a connection that breaks does."""
        self._closing = True
        self._reader.join(2)
        os.close(self._master)

    def close(self) -> int:
        """End the program and return its exit code."""
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        if not self._closing:
            self._closing = True
            self._reader.join(2)
            os.close(self._master)
        return code

    def switches(self) -> dict[str, int]:
        """Thread name -> how often it has been woken so far (Linux)."""
        found: dict[str, int] = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            status = dict(
                line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line
            )
            name = f"{status['Name'].strip()}-{task.name}"
            found[name] = int(status["voluntary_ctxt_switches"])
        return found


def memory(pid: int | str) -> float:
    """Megabytes that the process holds (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0
