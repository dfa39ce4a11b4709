"""An interrupt while the program is still being imported: its exit code, one line, no traceback. The first import.

`cli.main` imports it before anything else, so it imports next to nothing itself. `fatal.guarded` takes over.
"""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 130  # `exits.Exit`, which takes too long to import


def _end(_number: int, _frame: object) -> None:
    sys.stderr.write("sharpen: interrupted\n")
    sys.stderr.flush()
    os._exit(_INTERRUPTED)


# A program that imports sharpen keeps its own ways, and an interrupt that is ignored on purpose stays ignored.
if (
    sys.argv[0].endswith(("sharpen", "sharpen.exe", "cli/__main__.py"))
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, _end)
