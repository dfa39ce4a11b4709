"""The official sampler of Fast-dLLM-v2 (`generate`), step for step.

Made by `sample` in exact mode. Blocks are counted from position 0; the first token of a block is drawn left to right
from the block before, the rest is denoised in sub-blocks. The text is cut after its stop token. A prompt of exactly
one block is not read as a prefix by the official code (`>` where `>=` was meant), and so not here. Nor does a block of
another length than 32 see all of itself while it is denoised: the official code leaves its length out there.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sharpen.core.diffusion import draws
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.exact_blocks import block_mask
from sharpen.core.diffusion.exact_dream import shifted
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.policy import LONG, Policy, Window

SUB_BLOCK = 8
SIGHT = 32
"""Tokens in a block of the mask of attention while a block is denoised, whatever its own length."""


class FastDllm(Policy):
    """Sub-blocks of 8 by confidence; everything above the threshold and at least the surest."""

    def __init__(self, model: Transformer, options: Options, stop: int | None, length: int) -> None:
        self.model = model
        self.block = options.block or 32
        self.sub = min(SUB_BLOCK, self.block)
        self.blocks = length // self.block
        self.temperature = options.temperature or 0.0
        self.patience = LONG if self.temperature else 1
        self.top_p = 0.95 if options.top_p is None else options.top_p
        self.threshold = 1.0 if options.threshold is None else options.threshold
        self.stop = -1 if stop is None else stop
        self.cache: Cache | None = None
        self.base = 0
        """Positions before the first that the model is shown."""
        self.length = 0
        """Tokens known or being denoised; beyond it lies only filling."""
        self.searched = 0
        """From where a stop token ends the block."""

    def windows(self, board: Board) -> Iterator[Window]:
        """As many blocks as the length holds, from the one with the prompt's end."""
        before = board.start // self.block * self.block
        total = before + self.blocks * self.block
        board.replace(total, [*board.ids[: board.start].tolist(), *[board.mask] * (total + 1 - board.start)])
        board.open[board.start :] = True
        self.cache = Cache(self.model.shape, total, like=self.model.gain)
        self.length = board.start
        if board.start > self.block:
            seen = block_mask(before, self.block, self.model.device)
            hidden = self.model.hidden(board.ids[None, :before], mask=seen, cache=self.cache)
            self.cache.keep(before)
            if before == board.start:
                self.seed(board, hidden)
        else:
            self.base = before
        for _ in range(self.blocks):
            if self.length % self.block == 0 and self.length > board.start:
                return  # a block was given up: nothing follows from it
            if self.stop in board.ids[board.start : self.length].tolist():
                return
            self.searched = self.length
            self.length = self.length // self.block * self.block + self.block
            yield self.length - self.block, self.length

    def seed(self, board: Board, hidden: Tensor) -> None:
        """The next token left to right, from the last hidden state."""
        logits = self.model.logits(hidden[:, -1:])
        token = logits.argmax(dim=-1)[0]
        sure = torch.softmax(logits, dim=-1).amax(dim=-1)[0]
        board.write(torch.ones(1, dtype=torch.bool, device=token.device), token, sure, self.length)
        self.length += 1

    def ended(self, board: Board) -> bool:
        """Whether a stop token stands with no mask before it, in what this block brought."""
        new = board.ids[self.searched : self.length]
        places = (new == self.stop).nonzero()
        return bool(len(places)) and not bool((new[: int(places[0])] == board.mask).any())

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once nothing is masked, or the text has ended."""
        return self.ended(board) or not bool(board.masked()[slice(*window)].any())

    def sight(self, low: int, high: int) -> Tensor | None:
        """What the block's positions see while it is denoised; None: everything."""
        if SIGHT % self.block == 0:
            return None
        return block_mask(high - self.base, SIGHT, self.model.device, known=low - self.base)

    def move(self, board: Board, window: Window, turn: int) -> None:
        """Read the block, decide in its first sub-block that has masks."""
        low, high = window
        masked = board.masked()[low:high]
        first = int(masked.nonzero()[0]) // self.sub * self.sub
        span = slice(first, min(first + self.sub, self.block))
        hidden = self.model.hidden(
            board.ids[None, low:high], mask=self.sight(low, high), cache=self.cache, at=low - self.base
        )
        logits = shifted(self.model.logits(hidden))[0, span]
        tokens, sure = draws.renormalised_tokens(logits, self.temperature, self.top_p)
        confidence = torch.where(masked[span], sure, -torch.inf)
        chosen = confidence > self.threshold
        chosen[confidence.argmax()] = True
        board.write(chosen & masked[span], tokens, sure, low + first)

    def leave(self, board: Board, window: Window) -> None:
        """Keep the block's keys and values and draw the next block's first token."""
        if self.ended(board) or bool(board.masked()[slice(*window)].any()):
            return
        assert self.cache is not None
        low, high = window
        hidden = self.model.hidden(board.ids[None, low:high], cache=self.cache, at=low - self.base)
        self.cache.keep(high - self.base)
        self.seed(board, hidden)

    def finish(self, board: Board) -> bool:
        """Cut after the stop token; else the last block's successor has its first token."""
        before = board.stop
        found = (board.ids[board.start : self.length] == self.stop).nonzero()
        board.stop = board.start + int(found[0]) + 1 if len(found) else self.length
        return board.stop != before
