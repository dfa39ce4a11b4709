"""Grammar in the loop: once a block is settled, tokens inside what no grammar takes are masked again.

`edits` hands `sample` a `Doubt`; `Mended` wraps whichever policy samples. It asks after each block, while the block's
keys and values are not kept yet, so that caches stay exact. A budget of tokens bounds it, and a block that comes out as
it was is left standing. What lies at the open end of the text is no fault: the rest of it is only not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.policy import Policy, Window
from sharpen.core.diffusion.spelling import Spelling

Faults = Callable[[str, bool], Sequence[tuple[int, int]]]
"""Takes the canvas's known text and whether it is all of it; returns the character ranges that no grammar takes."""


class Doubt:
    """Which tokens of a canvas the grammar objects to, and how many may be masked again in all."""

    def __init__(self, spelling: Spelling, faults: Faults, budget: int) -> None:
        self._spelling, self._faults = spelling, faults
        self.budget = budget

    def places(self, board: Board, window: Window) -> list[int]:
        """Positions of the window, the unsurest first, as many as the budget allows."""
        ids = board.ids[board.start : board.stop].tolist()
        known = (~board.masked()[board.start : board.stop]).tolist()
        upto = known.index(False) if False in known else len(known)
        parts = self._spelling.parts(ids[:upto], known[:upto])
        ranges = self._faults("".join(parts), upto == len(known))
        found, at = [], 0
        for place, part in enumerate(parts):
            start, at = at, at + len(part)
            position = board.start + place
            inside = window[0] <= position < window[1] and not bool(board.frozen[position])
            if inside and part and any(start < end and low < at for low, end in ranges):
                found.append(position)
        found.sort(key=lambda position: float(board.confidence[position]))
        return found[: self.budget]


class Mended(Policy):
    """Another policy's moves, and a second look at each block."""

    def __init__(self, inner: Policy, doubt: Doubt) -> None:
        self.inner, self.doubt = inner, doubt
        self.planned = None
        self.patience = inner.patience
        self._before: torch.Tensor | None = None
        self._doubted: list[int] = []

    def windows(self, board: Board) -> Iterator[Window]:
        """As the other has them."""
        yield from self.inner.windows(board)

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once the other says so and the grammar has no objection that a further look could mend."""
        if turn == 0:
            self._before = None
        if not self.inner.settled(board, window, turn):
            return False
        here = board.ids[slice(*window)]
        if self.doubt.budget <= 0 or (self._before is not None and torch.equal(self._before, here)):
            return True
        self._before = here.clone()
        self._doubted = self.doubt.places(board, window)
        return not self._doubted

    def move(self, board: Board, window: Window, turn: int) -> None:
        """As the other moves; masking again is a move of its own, which reads nothing and can be seen."""
        if not self._doubted:
            self.inner.move(board, window, turn)
            return
        self.doubt.budget -= len(self._doubted)
        where = torch.zeros_like(board.open)
        where[self._doubted] = True
        board.erase(where)
        self._doubted = []
        self.inner.reopen(board)

    def leave(self, board: Board, window: Window) -> None:
        """As the other leaves."""
        self.inner.leave(board, window)

    def finish(self, board: Board) -> bool:
        """As the other ends."""
        return self.inner.finish(board)
