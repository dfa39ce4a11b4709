"""How fast an engine makes tokens, from its frames alone: the figure under every canvas.

`live` and the app's `frames` carry one from frame to frame. The clock starts with the first frame in which something is
alive: loading a model, waiting for a server and reading the prompt make no tokens and say nothing of the speed. What
that frame shows was made before it, so it does not count either. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharpen.core.canvas import Frame

_KNOWN = frozenset(("draft", "settled", "revised"))


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed so far of one file's run."""

    since: float | None = None
    """The engine's seconds at the first frame with something alive; None while there was none."""
    tokens: int = 0
    """Made since then."""
    seconds: float = 0.0
    """Gone by since then."""

    def after(self, frame: Frame, fresh: range) -> Pace:
        """With one more frame, which changed the cells `fresh`."""
        cells = frame.canvas.cells
        if self.since is None:
            alive = any(cell.state != "context" for cell in cells)
            return Pace(frame.seconds) if alive else self
        made = sum(cell.state in _KNOWN for cell in cells[fresh.start : fresh.stop])
        return Pace(self.since, self.tokens + made, frame.seconds - self.since)

    def __str__(self) -> str:
        """Tokens a second; empty where nothing can be said yet."""
        if not self.tokens or self.seconds <= 0:
            return ""
        rate = self.tokens / self.seconds
        return f"{rate:.0f} tokens/s" if rate >= 10 else f"{rate:.1f} tokens/s"


def masks_left(count: int) -> str:
    """`1 mask left`, `3 masks left`."""
    return f"{count} mask{'' if count == 1 else 's'} left"


def figures(frame: Frame, masks: int, pace: Pace) -> list[str]:
    """Step, masks left and speed; nothing before the first step, when there is nothing to count."""
    if frame.step < 1:
        return []
    step = f"step {frame.step}/{frame.steps}" if frame.steps else f"step {frame.step}"
    return [part for part in (step, masks_left(masks), str(pace)) if part]
