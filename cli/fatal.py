"""The last line of defence: whatever ends a command becomes an exit code and at most a sentence or two.

`cli.main` calls `guarded`. Invariant: no traceback reaches the user; a defect's goes to a report file. Writing to a
reader that has gone away (`| head`) is no failure.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sharpen.cli.exits import Exit, code_of
from sharpen.core.errors import SharpenError

_T = TypeVar("_T")


def say(text: str) -> None:
    """One line on stderr, whatever state stderr is in."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream = sys.stderr
        stream.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")
        stream.flush()


def out(data: str | bytes) -> None:
    """Results on stdout, byte for byte. A reader that has gone away is no failure."""
    if sys.stdout is None:
        return
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _drop_stdout()


def _drop_stdout() -> None:
    """What is still buffered goes nowhere, so that the interpreter's own flush at exit stays quiet."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def shown(text: str) -> str:
    """A file's name, or a sentence that holds one, without anything that a terminal would obey: one line."""
    if text.isprintable():
        return text
    from sharpen.cli.paint import harmless

    return harmless(text.replace("\n", "\u240a"))


def say_error(error: SharpenError) -> None:
    """An expected failure: its sentence, and what to do below it."""
    say(f"sharpen: {shown(error.message)}")
    if error.hint:
        say(f"  {shown(error.hint)}")


def report_error(error: SharpenError) -> Exit:
    """Say an expected failure; returns its code."""
    say_error(error)
    return code_of(error)


def told(json: bool, work: Callable[[], _T]) -> _T:
    """What `work` comes to. Where events are asked for as JSON lines, its failure is two of them; it is raised again."""
    try:
        return work()
    except SharpenError as error:
        if json:
            from sharpen.cli.jsonl import failed

            failed(error)
        raise


def guarded(command: Callable[[], object]) -> int:
    """Run the command; returns the exit code."""
    try:
        _hear_interrupts()
        command()
    except SystemExit as end:
        return _flushed(end.code if isinstance(end.code, int) else Exit.BAD_INPUT if end.code else Exit.DONE)
    except KeyboardInterrupt:
        say("sharpen: interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return Exit.DONE
    except SharpenError as error:
        return report_error(error)
    except Exception as error:  # noqa: BLE001 - a defect: the user gets one line, the report has the rest
        if _was_interrupted(error):
            say("sharpen: interrupted")
            return Exit.INTERRUPTED
        return report_defect(error)
    return _flushed(Exit.DONE)


def _was_interrupted(error: BaseException | None) -> bool:
    """Python wraps an interrupt that lands while a class is being made, as an import does, into a RuntimeError."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _hear_interrupts() -> None:
    """As an exception from here on, so that what is open is closed."""
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _flushed(code: int) -> int:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
    return code


def report_defect(error: Exception) -> Exit:
    """Say that something is a defect, in one line; the rest goes into a file."""
    kept = ""
    try:
        import traceback

        from sharpen.cli.terminal import state_folder

        folder = state_folder() / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        path = Path(folder) / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        kept = f"; the report is in {path}"
    except OSError:
        kept = f" ({error})"
    say(f"sharpen: this is a defect of sharpen itself ({type(error).__name__}){kept}")
    return Exit.DEFECT
