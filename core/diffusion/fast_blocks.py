"""Fast sampling for block-causal families: what is settled is kept as keys and values and never read again.

Made by `sample` in fast mode. The cache is exact: with the same choices the tokens are those of a model that reads
everything anew. A settled block is read together with the first pass over its successor, so that keeping it costs no
pass of its own; the head runs at masked rows only; the text ends where its end is certain.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sharpen.core.diffusion import schedules
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.choice import Choice, ended
from sharpen.core.diffusion.exact_blocks import block_mask
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.policy import Policy, Window

MOST_EDITS = 16
"""Rounds of edits after a block's last mask is gone."""


class FastBlocks(Policy):
    """One block after another. `steps`: of one block at most; None: as many as it has tokens, and edits as they come.
    `editing`: overwrite known tokens of the block above this confidence (LLaDA2.1)."""

    def __init__(
        self,
        model: Transformer,
        choice: Choice,
        block: int,
        steps: int | None,
        *,
        stops: tuple[int, ...] = (),
        shift: bool = False,
        from_prompt: bool = False,
        editing: float | None = None,
    ) -> None:
        self.model, self.choice, self.block = model, choice, block
        self.steps = steps
        self.counts = [max(1, n) for n in schedules.even(block, min(block, steps or block))]
        self.stops = torch.tensor(stops, device=model.device)
        self.shift, self.from_prompt, self.editing = shift, from_prompt, editing
        self.offset = 0
        """Where the first whole block begins: at position 0, or so that the canvas begins a block."""
        self.cache: Cache | None = None
        self.waiting: int | None = None
        """Where the settled block begins whose keys and values are not kept yet."""
        self.end = -1
        self.rounds = 0
        self.done = False
        self.seeded = False
        """Whether a token was written that no step has shown yet."""

    def windows(self, board: Board) -> Iterator[Window]:
        """Blocks from the one that holds the prompt's end, until the text has ended."""
        self.offset = board.start % self.block if self.from_prompt else 0
        stop = board.stop
        if not self.from_prompt:
            board.pad(-len(board) % self.block)
            board.stop = stop
        self.cache = self.model.room(len(board))
        first = (board.start - self.offset) // self.block * self.block + self.offset
        if first:
            seen = block_mask(first, self.block, self.model.device, offset=self.offset)
            hidden = self.model.hidden(board.ids[None, :first], mask=seen, cache=self.cache)
            self.cache.keep(first)
            if self.shift and first == board.start:
                self.seed(board, hidden, first)
        for low in range(first, stop, self.block):
            yield low, min(low + self.block, len(board))
            if self.end >= 0:
                return

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once all that is shown of the block is known (and edited), or the text has ended."""
        if turn == 0:
            self.rounds, self.done = 0, False
        if self.end >= 0 or self.done:
            return True
        if bool(board.masked()[window[0] : min(window[1], board.stop)].any()):
            return False
        if self.steps is not None and turn >= self.steps:
            return True
        self.rounds += 1
        fixed = bool(board.frozen[window[0] : min(window[1], board.stop)].all())
        return self.editing is None or fixed or self.rounds > MOST_EDITS

    def reopen(self, board: Board) -> None:
        """The end of the text may lie elsewhere now."""
        self.end, self.done = -1, False

    def read(self, board: Board, window: Window) -> Tensor:
        """Hidden states (N, D) of the block, and with them the keys and values of the one before it."""
        assert self.cache is not None
        low, high = window
        if self.waiting is None:
            return self.model.hidden(board.ids[None, low:high], cache=self.cache, at=low)[0]
        since, self.waiting = self.waiting, None
        seen = block_mask(high, self.block, self.model.device, known=since, offset=self.offset)
        hidden = self.model.hidden(board.ids[None, since:high], mask=seen, cache=self.cache, at=since)
        self.cache.keep(low)
        return hidden[0, low - since :]

    def move(self, board: Board, window: Window, turn: int) -> None:
        """One pass over the block; the head at its masks, and at what may be edited."""
        low, high = window
        self.seeded = False
        board.alive = window if self.editing is not None else (0, 0)
        masked = board.masked()[low:high]
        asked = masked if self.editing is None else masked | ~board.frozen[low:high]
        rows = asked.nonzero()[:, 0]
        hidden = self.read(board, window)
        drawn = self.choice.draw(self.model.logits(hidden[(rows - 1).clamp(min=0) if self.shift else rows]))
        open_rows = masked[rows]
        chosen = torch.zeros_like(open_rows)
        if bool(open_rows.any()):
            rank = torch.where(open_rows, drawn.rank, -torch.inf)
            sure = torch.where(open_rows, drawn.sure, -torch.inf)
            entropy = torch.where(open_rows, drawn.entropy, torch.inf)
            count = min(self.counts[min(turn, len(self.counts) - 1)], int(open_rows.sum()))
            chosen = self.choice.pick(type(drawn)(drawn.tokens, sure, rank, entropy), count) & open_rows
        if self.editing is not None:
            edits = ~open_rows & (drawn.sure > self.editing) & (drawn.tokens != board.ids[low:high][rows])
            self.done = not bool(open_rows.any()) and not bool(edits.any())
            chosen = chosen | edits
        where = torch.zeros_like(masked)
        where[rows[chosen]] = True
        tokens, sure = board.ids[low:high].clone(), torch.zeros(high - low, device=masked.device)
        tokens[rows], sure[rows] = drawn.tokens, drawn.sure
        board.write(where, tokens, sure, low)
        if self.editing is None or self.done:
            self.look(board)

    def look(self, board: Board) -> None:
        """Whether the text has ended."""
        found = ended(
            board.ids[board.start : board.stop], board.masked()[board.start : board.stop], self.stops
        )
        if found >= 0:
            self.end = board.start + found

    def leave(self, board: Board, window: Window) -> None:
        """Remember the block for its successor's first pass; a shifted model needs its last state at once."""
        board.alive = (0, 0)
        self.look(board)
        if not self.shift or self.end >= 0:
            self.waiting = window[0]
            return
        assert self.cache is not None
        hidden = self.model.hidden(board.ids[None, slice(*window)], cache=self.cache, at=window[0])
        self.cache.keep(window[1])
        if window[1] < board.stop:
            self.seed(board, hidden, window[1])

    def seed(self, board: Board, hidden: Tensor, place: int) -> None:
        """A shifted model's first token of a block, which the block before speaks of, unless it is known."""
        if not bool(board.masked()[place]):
            return
        drawn = self.choice.draw(self.model.logits(hidden[0, -1:]))
        board.write(torch.ones_like(drawn.tokens, dtype=torch.bool), drawn.tokens, drawn.sure, place)
        self.seeded = True
        self.look(board)

    def finish(self, board: Board) -> bool:
        """Cut after the end of the text; the last block may have been a single token, which took no step."""
        before = board.stop
        if self.end >= 0:
            board.stop = self.end + 1
        return board.stop != before or self.seeded
