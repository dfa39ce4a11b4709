"""Fast sampling for full-attention families: a block at a time, with the rest of the canvas kept as keys and values.

Made by `sample` in fast mode. `dual` reads the whole canvas once a block and then the block alone, `prefix` what
begins at the block, `none` everything in each pass. The first two are approximate, since what is kept grows stale as
tokens are committed; each block begins afresh. Masks far beyond the block may be left out of sight (`window`).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sharpen.core.diffusion import schedules
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.choice import Choice, ended
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import CacheKind
from sharpen.core.diffusion.policy import Policy, Window


class FastFull(Policy):
    """Commit within one block after another, reading as little as the cache allows. `steps`: of the whole canvas at
    most; what the model is sure of may come sooner."""

    def __init__(
        self,
        model: Transformer,
        choice: Choice,
        block: int,
        steps: int,
        *,
        cache: CacheKind = "dual",
        stops: tuple[int, ...] = (),
        shift: bool = False,
        window: int | None = None,
    ) -> None:
        self.model, self.choice, self.block, self.steps = model, choice, block, steps
        self.kind, self.window = cache, window
        self.stops = torch.tensor(stops, device=model.device)
        self.back = int(shift)
        """How far before a position the state lies that speaks of it."""
        self.counts: list[int] = []
        self.cache: Cache | None = None
        self.upto = 0
        """Positions in sight."""
        self.end = -1

    def windows(self, board: Board) -> Iterator[Window]:
        """Blocks of the canvas that have masks, until the text has ended."""
        if bool(board.frozen[board.start :].any()):
            # A hole in a text is not ended by an end of text, and models like to draw one there.
            self.choice.never += self.stops.tolist()
            self.stops = self.stops[:0]
        if self.kind != "none":
            self.cache = self.model.room(len(board))
        lows = range(board.start, board.stop, self.block)
        spans = [(low, min(low + self.block, board.stop)) for low in lows]
        masks = [int(board.masked()[low:high].sum()) for low, high in spans]
        for (low, high), left, share in zip(spans, masks, schedules.shared(self.steps, masks), strict=True):
            if not left:
                continue
            self.counts = schedules.even(left, share)
            self.upto = self.sight(board, high)
            yield low, high
            if self.end >= 0:
                return

    def sight(self, board: Board, high: int) -> int:
        """How many positions the model is shown: all, or up to the last known one and some masks."""
        if self.window is None:
            return len(board)
        known = (~board.masked()).nonzero()
        last = int(known[-1]) + 1 if len(known) else 0
        return min(len(board), max(last, high + self.window))

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once the block is known, or the text has ended."""
        return self.end >= 0 or not bool(board.masked()[slice(*window)].any())

    def reopen(self, board: Board) -> None:
        """The end of the text may lie elsewhere now."""
        self.end = -1

    def read(self, board: Board, window: Window, turn: int) -> tuple[Tensor, int]:
        """Hidden states (N, D) and the position of the first."""
        low, high = max(0, window[0] - self.back), window[1]
        if turn == 0 or self.cache is None:
            low, high = 0, self.upto
        elif self.kind == "prefix":
            high = self.upto
        if self.cache is not None:
            self.cache.keep(0 if turn == 0 else self.upto)
        return self.model.hidden(board.ids[None, low:high], cache=self.cache, at=low)[0], low

    def move(self, board: Board, window: Window, turn: int) -> None:
        """One pass; the head at the block's masks alone."""
        low, high = window
        places = board.masked()[low:high].nonzero()[:, 0] + low
        hidden, first = self.read(board, window, turn)
        drawn = self.choice.draw(self.model.logits(hidden[(places - self.back).clamp(min=0) - first]))
        chosen = self.choice.pick(drawn, self.counts[min(turn, len(self.counts) - 1)])
        where = torch.zeros_like(board.open)
        where[places[chosen]] = True
        tokens, sure = board.ids.clone(), torch.zeros(len(board), device=places.device)
        tokens[places], sure[places] = drawn.tokens, drawn.sure
        board.write(where, tokens, sure)
        found = ended(
            board.ids[board.start : board.stop], board.masked()[board.start : board.stop], self.stops
        )
        if found >= 0:
            self.end = board.start + found

    def finish(self, board: Board) -> bool:
        """Cut after the end of the text."""
        before = board.stop
        if self.end >= 0:
            board.stop = self.end + 1
        return board.stop != before
