"""`fix --check CMD` where nothing is broken: the command itself says whether something is wrong, and roughly where.

Only a command that was given on the line is asked: one that is configured judges repairs and starts no search. The
logic is `core.hunt`'s; this says what it does, because a test suite may take its time.
"""

from __future__ import annotations

import signal
from dataclasses import replace
from types import FrameType

from sharpen.cli.fatal import say, shown
from sharpen.cli.options import Options
from sharpen.cli.selection import Selection
from sharpen.core.hunt import hunt
from sharpen.core.request import CancelToken


def hunted(chosen: Selection, options: Options) -> Selection:
    """The files as targets if the command fails. Raises what `hunt` raises."""
    if not options.check or not chosen.documents:
        return chosen
    loud = not options.quiet and not options.json
    if loud:
        say(f"nothing is broken; running {shown(options.check)}")
    cancel = CancelToken()

    def stop(_number: int, _frame: FrameType | None) -> None:
        cancel.cancel()

    before = signal.signal(signal.SIGINT, stop)
    try:
        found = hunt(chosen.documents, options.check, cancel, options.check_timeout)
    finally:
        signal.signal(signal.SIGINT, before)
    if loud:
        ends = (
            "passes" if not found.targets else f"ends with {found.result.exit}: trying single-token repairs"
        )
        say(f"{shown(options.check)} {ends}")
    return replace(chosen, targets=found.targets, seconds=found.seconds)
