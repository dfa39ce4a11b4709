"""dLLM's block diffusion sampler (`BD3LMSampler`), step for step.

Made by `sample` in exact mode. The prompt is padded on the left to whole blocks, so that generated blocks begin at a
block's beginning; padding is neither query nor key, and positions count what is left. A padding token that the
model itself writes is treated as padding in later blocks, as there.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion import draws, schedules
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.policy import Policy, Window


class Bd3lm(Policy):
    """One block after another, each read against a prefix that is read anew for it."""

    def __init__(self, model: Transformer, options: Options, pad: int, eos: int | None, length: int) -> None:
        self.model = model
        self.block = options.block or 32
        self.blocks = ceil(length / self.block)
        self.steps = ceil((options.steps or length) / self.blocks)
        self.temperature = options.temperature or 0.0
        self.random = options.algorithm == "random"
        self.pad = pad
        self.eos = -1 if eos is None else eos
        self.left = 0
        """Padding before the prompt."""
        self.counts: list[int] = []
        self.cache: Cache | None = None
        self.seen: Tensor | None = None
        self.places: Tensor | None = None
        self.reached = 0

    def padded(self, board: Board, end: int) -> Tensor:
        """Tokens (left + end) up to the board's position `end`, padding first."""
        before = torch.full((self.left,), self.pad, dtype=torch.long, device=self.model.device)
        return torch.cat([before, board.ids[:end]])

    def look(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Attention (1, 1, T, T) and positions (1, T) of tokens (T)."""
        valid = ids != self.pad
        block = torch.arange(len(ids), device=ids.device) // self.block
        block = torch.where(valid, block, -1)
        seen = (block[None, :] <= block[:, None]) & valid[None, :] & valid[:, None]
        places = torch.where(valid, valid.long().cumsum(0) - 1, 0)
        return seen[None, None], places[None]

    def windows(self, board: Board) -> Iterator[Window]:
        """Blocks of the canvas, until one holds an end of text."""
        self.left = -board.start % self.block
        for low in range(board.start, board.stop, self.block):
            high = min(low + self.block, board.stop)
            self.enter(board, low, high)
            yield low, high
            self.reached = high
            if bool((board.ids[low:high] == self.eos).any()):
                return

    def enter(self, board: Board, low: int, high: int) -> None:
        """Read all before the block, and fix what the block may see while it is denoised."""
        self.counts = schedules.linear(int(board.masked()[low:high].sum()), self.steps)
        prefix = self.padded(board, low)
        self.cache = Cache(self.model.shape, len(prefix) + high - low, like=self.model.gain)
        if len(prefix):
            seen, places = self.look(prefix)
            self.model.hidden(prefix[None], positions=places, mask=seen, cache=self.cache)
            self.cache.keep(len(prefix))
        seen, places = self.look(self.padded(board, high))
        self.seen, self.places = seen[:, :, len(prefix) :], places[:, len(prefix) :]

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """After the schedule, or once nothing is masked."""
        return turn >= len(self.counts) or not bool(board.masked()[slice(*window)].any())

    def move(self, board: Board, window: Window, turn: int) -> None:
        """Read the block against the prefix, commit the surest."""
        low, high = window
        hidden = self.model.hidden(
            board.ids[None, low:high],
            positions=self.places,
            mask=self.seen,
            cache=self.cache,
            at=self.left + low,
        )
        logits = self.model.logits(hidden)
        tokens = torch.argmax(draws.gumbel(logits, self.temperature), dim=-1)[0]
        sure = (
            torch.rand((1, high - low), device=tokens.device)[0]
            if self.random
            else torch.gather(F.softmax(logits, dim=-1)[0], -1, tokens[:, None])[:, 0]
        )
        confidence = torch.where(board.masked()[low:high], sure, -torch.inf)
        count = min(self.counts[turn], int((confidence > -torch.inf).sum()))
        chosen = torch.zeros_like(confidence, dtype=torch.bool)
        chosen[torch.topk(confidence, count)[1]] = True
        board.write(chosen, tokens, sure, low)

    def finish(self, board: Board) -> bool:
        """Leave out the blocks that were never begun."""
        before, board.stop = board.stop, self.reached
        return board.stop != before
