"""The one handler at the door: errors become a sentence on stderr and an exit code, Ctrl-C 130, a defect 70."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable

from sharpen.cli.exits import Exit, code_of
from sharpen.core.errors import SharpenError


def say(error: SharpenError) -> None:
    """The error's sentence and hint on stderr."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")


def _report(error: BaseException) -> None:
    from sharpen.cli.terminal import state_folder

    where = ""
    with contextlib.suppress(OSError):
        folder = state_folder() / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        where = f"; the report is {path}"
    sys.stderr.write(f"error: this is a defect of sharpen ({type(error).__name__}){where}\n")


def guarded(body: Callable[[], object]) -> int:
    """Run `body`; returns the exit code of whatever came of it."""
    try:
        body()
        sys.stdout.flush()
    except SystemExit as e:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        return e.code if isinstance(e.code, int) else int(e.code is not None)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was written\n")
        return int(Exit.INTERRUPTED)
    except SharpenError as e:
        say(e)
        return int(code_of(e))
    except BrokenPipeError:
        # whoever read stdout has gone: send the rest nowhere, so that the interpreter's own flush is quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.DONE)
    except Exception as e:  # noqa: BLE001  # the door is where unexpected errors become a report
        _report(e)
        return int(Exit.DEFECT)
    return int(Exit.DONE)
