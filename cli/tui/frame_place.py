"""Which of a run's frames is looked at: the latest as it comes, or one that was gone back to. Pure.

`stage` holds one and draws what it says. `Place.at` None is the latest frame, whichever that is.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharpen.cli.tui.frames import FrameLog, Shot

PLAYED_MOST = 0.5
"""Seconds that a frame stands while playing, at most: nobody waits for an engine that has thought already."""


@dataclass(slots=True)
class Place:
    """A place in the frames of one run."""

    log: FrameLog
    at: int | None = None
    """The frame that is looked at; None: the latest, as it comes."""

    @property
    def index(self) -> int:
        """Of the frame in view; -1 where there is none."""
        return len(self.log) - 1 if self.at is None else self.at

    @property
    def shot(self) -> Shot | None:
        """The frame in view."""
        return self.log.shots[self.index] if len(self.log) else None

    @property
    def at_end(self) -> bool:
        """Whether no frame follows."""
        return self.index >= len(self.log) - 1

    def target(self, by: int = 0, to_last: bool | None = None) -> int:
        """The index of the frame that is `by` frames on, or of the first or last one; may be beyond the ends."""
        if to_last is not None:
            return len(self.log) - 1 if to_last else 0
        return self.index + by

    def stands(self, least: float) -> float:
        """How many seconds the frame in view stands while playing, at least `least`."""
        shots, index = self.log.shots, self.index
        return max(least, min(PLAYED_MOST, shots[index + 1].frame.seconds - shots[index].frame.seconds))
