"""A defect of sharpen itself as an error like any other: a sentence on the screen, the trace in the engine's log."""

from __future__ import annotations

import traceback

from sharpen.core.errors import SharpenError


def reported(defect: Exception) -> SharpenError:
    """Put the trace into the log; the error says what it was."""
    traceback.print_exception(defect)
    return SharpenError(f"a defect of sharpen itself: {defect}", "the engine's log has more")
