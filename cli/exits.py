"""Error class -> exit code: the only place that knows the numbers, which are a contract (`docs/cli.md`)."""

from __future__ import annotations

from enum import IntEnum

from sharpen.core import errors


class Exit(IntEnum):
    """What the shell is told."""

    DONE = 0
    """Done, or nothing to do."""
    CHANGED = 1
    """`fix` changed a file or left one broken."""
    BAD_INPUT = 2
    """Wrong usage or bad input."""
    NO_ENGINE = 3
    """The engine is not to be had."""
    FILE_CHANGED = 4
    """The file changed under the edit; nothing was written."""
    NOTHING_HELD = 5
    """No candidate held; nothing was written."""
    DEFECT = 70
    """A defect of sharpen itself."""
    INTERRUPTED = 130
    """Stopped by the user; nothing was written."""


_TABLE: tuple[tuple[type[Exception], Exit], ...] = (
    (errors.EngineUnavailable, Exit.NO_ENGINE),
    (errors.FileChanged, Exit.FILE_CHANGED),
    (errors.NothingHeld, Exit.NOTHING_HELD),
    (errors.Interrupted, Exit.INTERRUPTED),
    (errors.SharpenError, Exit.BAD_INPUT),
)


def code_of(error: Exception) -> Exit:
    """The exit code of an error; anything unexpected is a defect."""
    return next((code for kind, code in _TABLE if isinstance(error, kind)), Exit.DEFECT)
