"""The process that has torch: `python -m sharpen.core.diffusion.host`, started by `core.engines.local_process` alone.

Orders come as lines on standard input, answers go as lines to standard output (`order`); whatever else would print goes
to standard error. One model is loaded at a time and one edit runs at a time; a stop is heard between two steps. It ends
when its input does, at once: whoever started it is gone.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sharpen.core.diffusion.order import (
    Answer,
    Done,
    Edit,
    Ended,
    Open,
    Opened,
    Order,
    Shown,
    Stop,
    Wrong,
    line_of,
    message_of,
)
from sharpen.core.errors import BadInput, EngineUnavailable, SharpenError

GB = 1e9


class Host:
    """Reads orders until the input ends."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._loaded: object | None = None

    def serve(self) -> None:
        """Carry orders out, one after the other."""
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            order = self._orders.get()
            run = order.run if isinstance(order, Edit) else 0
            try:
                for answer in self._answers(order):
                    self._tell(answer)
            except BadInput as error:
                self._tell(Wrong(run, "BadInput", error.message, error.hint))
            except SharpenError as error:
                self._tell(Wrong(run, "EngineUnavailable", error.message, error.hint))
            except MemoryError:
                self._tell(_too_large(run, ""))
            except Exception as error:  # noqa: BLE001 - told as one sentence; the process lives on
                traceback.print_exc()
                self._tell(_too_large(run, str(error)) if _of_memory(error) else _defect(run, error))

    def _read(self) -> None:
        """Stops are heard while an edit runs; the rest waits its turn."""
        for line in self._source:
            message = message_of(line)
            if isinstance(message, Stop):
                self._stopped.add(message.run)
            elif isinstance(message, Open | Edit):
                self._orders.put(message)
        os._exit(0)

    def _tell(self, answer: Answer) -> None:
        self._sink.write(line_of(answer))
        self._sink.flush()

    def _answers(self, order: Order) -> Iterator[Answer]:
        if isinstance(order, Open):
            yield self._open(order)
        elif isinstance(order, Edit):
            yield from self._edit(order)

    def _open(self, order: Open) -> Opened:
        began = time.monotonic()
        self._loaded = None
        try:
            from sharpen.core.diffusion.layout import fills
            from sharpen.core.diffusion.load import describe, load
            from sharpen.core.diffusion.machine import device_of, fitting
        except ImportError as missing:
            raise EngineUnavailable(
                f"local models need {missing.name or 'torch'}, which is not installed",
                "pip install 'sharpen[local]'",
            ) from missing
        folder = Path(order.folder)
        found = describe(folder, order.family)
        device = device_of(order.device)
        precision = fitting(found, device, order.precision, folder.name)
        loaded = load(folder, order.family, device, precision, compiled=order.compiled)
        self._loaded = loaded
        return Opened(
            loaded.family.name, loaded.family.title, tuple(sorted(loaded.family.can)), loaded.model.shape.context,
            fills(loaded), device, precision, found.parameters, peak(), time.monotonic() - began,
        )  # fmt: skip

    def _edit(self, order: Edit) -> Iterator[Shown | Ended | Done]:
        from sharpen.core.diffusion.edits import run
        from sharpen.core.diffusion.load import Loaded

        loaded = self._loaded
        if not isinstance(loaded, Loaded):
            raise EngineUnavailable("no model is loaded")
        for answer in run(loaded, order, lambda: order.run in self._stopped):
            yield Done(answer.run, peak(), loaded.model.way) if isinstance(answer, Done) else answer


def peak() -> int:
    """Bytes of memory that this process took at most; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows has no such thing
        return 0

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _of_memory(error: Exception) -> bool:
    said = str(error).lower()
    # A thread's stack and a library's pages are memory too.
    words = ("alloc", "out of memory", "can't start new thread", "failed to map segment")
    return isinstance(error, RuntimeError | ImportError | OSError) and any(word in said for word in words)


def _too_large(run: int, said: str) -> Wrong:
    detail = f": {said.splitlines()[0]}" if said else ""
    return Wrong(
        run,
        "EngineUnavailable",
        f"out of memory{detail}; the process had taken {peak() / GB:.1f} GB",
        "local:NAME#int8, or a smaller region (PATH::SYMBOL)",
    )


def _defect(run: int, error: Exception) -> Wrong:
    return Wrong(run, "defect", f"{type(error).__name__}: {error}")


def main() -> None:
    """Serve on this process's own streams."""
    # Before torch is loaded: threads that spin while they wait take several times as long next to other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print is no answer
    Host(sys.stdin.buffer, sink).serve()


if __name__ == "__main__":
    main()
