"""Textual's driver for a terminal, with an input thread that sleeps until there is input and ends with its terminal.

`app` uses it on POSIX. Textual's own thread wakes ten times a second for nothing, and spins for ever once the terminal
is gone without a signal (a session that was not the terminal's own). Everything else is Textual's.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

HUNG_UP = 128 + 1
"""The exit code of a program that its terminal has left, as a shell tells it."""
ESCAPE_SECONDS = 0.1
"""How often a lone Escape is looked at: it may be a key, or the beginning of one."""


class SleepingDriver(LinuxDriver):
    """Sleeps while nobody types; ends with the terminal."""

    _waker: socket.socket | None = None

    def disable_input(self) -> None:
        """Wake the thread up, so that it sees that it is to end."""
        if self._waker is not None:
            with contextlib.suppress(OSError):  # the thread has just ended by itself
                self._waker.send(b"x")
        super().disable_input()

    def run_input_thread(self) -> None:
        """Read keys until input is disabled; the process ends with the terminal."""
        self._waker, woken = socket.socketpair()
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                pending = parser._timeout_time is not None
                ready = {key.fd for key, _mask in selector.select(ESCAPE_SECONDS if pending else None)}
                if self.fileno in ready:
                    for event in parser.feed(decode(self._read())):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
        self._waker.close()
        woken.close()
        self._waker = None

    def _read(self) -> bytes:
        """What was typed. Where the terminal is gone, no picture can be drawn and nobody can answer: the end."""
        try:
            data = os.read(self.fileno, 4096)
        except OSError:
            data = b""
        if not data:
            # As the kernel would have it: the engine's process sees its input end, finishes its write, and follows.
            os._exit(HUNG_UP)
        return data
