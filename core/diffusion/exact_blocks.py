"""The official samplers of SDAR (`block_diffusion_generate`) and LLaDA2.0 and 2.1 (`generate`), step for step.

Made by `sample` in exact mode. Attention is causal over blocks that are counted from position 0, so the first block
may begin with the end of the prompt. SDAR keeps its settled blocks' keys and values, LLaDA2 reads everything from
position 0 in each step; both are followed, because sums in another order flip near ties.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion import draws, schedules
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.policy import LONG, Policy, Window


def block_mask(length: int, block: int, device: torch.device, known: int = 0, offset: int = 0) -> Tensor:
    """True where a query's block is not before the key's: (1, 1, length - known, length). `offset`: where the first
    whole block begins."""
    number = (torch.arange(length, device=device) - offset).div(block, rounding_mode="floor")
    return (number[None, :] <= number[known:, None])[None, None]


def surest(confidence: Tensor, count: int) -> Tensor:
    """The `count` highest (N) as flags. It may take positions that are -inf, as the official samplers do."""
    chosen = torch.zeros_like(confidence, dtype=torch.bool)
    chosen[torch.topk(confidence, count)[1]] = True
    return chosen


class Sdar(Policy):
    """`sequential`, `low_confidence_static` and `low_confidence_dynamic`."""

    def __init__(self, model: Transformer, options: Options, stops: tuple[int, ...]) -> None:
        self.model = model
        self.algorithm = options.algorithm
        self.block = options.block or 4
        self.steps = options.steps or self.block
        # Greedy is top_k 1: the official division by a temperature of 0 has no result.
        greedy = not options.temperature
        self.temperature = 1.0 if greedy else float(options.temperature or 1.0)
        self.top_k, self.top_p = (1, None) if greedy else (options.top_k, options.top_p)
        self.threshold = 0.85 if options.threshold is None else options.threshold
        self.stops = torch.tensor(stops, device=model.device)
        self.counts = schedules.even(self.block, self.steps)
        self.cache: Cache | None = None

    def windows(self, board: Board) -> Iterator[Window]:
        """Whole blocks from the one that holds the prompt's end; ends after a block with a stop token."""
        board.pad(-len(board) % self.block)
        board.stop = len(board)
        self.cache = Cache(self.model.shape, len(board), like=self.model.gain)
        first = board.start // self.block * self.block
        if first:
            seen = block_mask(first, self.block, self.model.device)
            self.model.hidden(board.ids[None, :first], mask=seen, cache=self.cache)
            self.cache.keep(first)
        for low in range(first, len(board), self.block):
            yield low, low + self.block
            if bool(torch.isin(board.ids[board.start :], self.stops).any()):
                return

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once nothing is masked. The official script fails where masks outlive the steps (the model drew the
        mask itself); here one more step ends it."""
        return turn > self.steps or not bool(board.masked()[slice(*window)].any())

    def leave(self, board: Board, window: Window) -> None:
        """Read the settled block once more, to keep its keys and values."""
        assert self.cache is not None
        self.model.hidden(board.ids[None, slice(*window)], cache=self.cache, at=window[0])
        self.cache.keep(window[1])

    def move(self, board: Board, window: Window, turn: int) -> None:
        """Draw for every position of the block, commit by the algorithm."""
        assert self.cache is not None
        hidden = self.model.hidden(board.ids[None, slice(*window)], cache=self.cache, at=window[0])
        logits = self.model.logits(hidden)[0]
        tokens, sure = draws.block_tokens(logits, self.temperature, self.top_k, self.top_p)
        masked = board.masked()[slice(*window)]
        count = self.counts[turn] if turn < self.steps else int(masked.sum())
        board.write(self.choose(masked, sure, count), tokens, sure, window[0])

    def choose(self, masked: Tensor, sure: Tensor, count: int) -> Tensor:
        """Which positions of the block to commit."""
        if self.algorithm == "sequential":
            chosen = torch.zeros_like(masked)
            first = int(masked.nonzero()[0])
            chosen[first : first + count] = True
            return chosen
        confidence = torch.where(masked, sure, -torch.inf)
        if self.algorithm == "low_confidence_dynamic":
            enough = confidence > self.threshold
            if int(enough.sum()) >= count:
                return enough
        return surest(confidence, count)


class Llada20(Policy):
    """LLaDA2.0: commit all above the threshold, at least the schedule's count."""

    by_logits = False
    """Greedy choice over probabilities (2.0) or over logits (2.1)."""

    def __init__(self, model: Transformer, options: Options, eos: int | None, length: int) -> None:
        self.model = model
        self.block = options.block or 32
        self.steps = min(options.steps or 32, length)
        self.temperature = options.temperature or 0.0
        self.top_k, self.top_p = options.top_k, options.top_p
        self.threshold = 0.95 if options.threshold is None else options.threshold
        self.early = bool(options.eos_early_stop)
        self.eos = -1 if eos is None else eos
        self.counts = schedules.even(self.block, self.steps)
        self.ended = -1
        """Where the text ended early."""

    def windows(self, board: Board) -> Iterator[Window]:
        """Whole blocks from the one that holds the prompt's end, until one has an end of text."""
        board.pad(-len(board) % self.block)
        first = board.start // self.block * self.block
        for low in range(first, len(board), self.block):
            yield low, low + self.block
            if self.ended >= 0 or self.over(board, low + self.block):
                return

    def over(self, board: Board, end: int) -> bool:
        """Whether the text ends before position `end`."""
        return bool((board.ids[board.start : end] == self.eos).any())

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once nothing is masked, the steps are used up, or the text ended early."""
        return self.ended >= 0 or turn >= self.steps or not bool(board.masked()[slice(*window)].any())

    def read(self, board: Board, window: Window) -> Tensor:
        """Logits (N, V) of the block; everything before it is read again."""
        low, high = window
        seen = block_mask(high, self.block, self.model.device)
        logits: Tensor = self.model.logits(self.model.hidden(board.ids[None, :high], mask=seen))
        return logits[0, low:high].float()

    def draw(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Token and probability of every row."""
        if self.temperature:
            return draws.block_tokens(logits, self.temperature, self.top_k, self.top_p)
        probabilities = F.softmax(logits, dim=-1)
        tokens = torch.argmax(logits if self.by_logits else probabilities, dim=-1)
        return tokens, torch.gather(probabilities, -1, tokens[:, None])[:, 0]

    def move(self, board: Board, window: Window, turn: int) -> None:
        """One pass; then look whether the text has ended."""
        tokens, sure = self.draw(self.read(board, window))
        masked = board.masked()[slice(*window)]
        chosen = self.commit(masked, sure, self.counts[turn])
        board.write(chosen, tokens, sure, window[0])
        if self.early and bool((tokens[chosen] == self.eos).any()):
            place = int((board.ids[: window[1]] == self.eos).nonzero()[0])
            if not bool(board.masked()[board.start : place].any()):
                self.ended = place

    def commit(self, masked: Tensor, sure: Tensor, count: int) -> Tensor:
        """All masks above the threshold, or the `count` surest."""
        confidence = torch.where(masked, sure, -torch.inf)
        enough = confidence > self.threshold
        if int(enough.sum()) >= count:
            return enough
        return surest(confidence, min(count, int(masked.sum())))

    def finish(self, board: Board) -> bool:
        """Cut after the first end of text."""
        before = board.stop
        if self.ended >= 0:
            board.stop = max(board.start, self.ended + 1)
        else:
            ends = (board.ids[board.start : board.stop] == self.eos).nonzero()
            if len(ends):
                board.stop = board.start + int(ends[0]) + 1
        return board.stop != before


class Llada21(Llada20):
    """LLaDA2.1: known tokens of the block are overwritten too, where the model is sure of another."""

    by_logits = True
    most_rounds = 16
    """Rounds of edits after the last mask is gone."""

    def __init__(self, model: Transformer, options: Options, eos: int | None, length: int) -> None:
        super().__init__(model, options, eos, length)
        self.patience = LONG if self.temperature else 1
        self.editing = 0.9 if options.editing_threshold is None else options.editing_threshold
        self.rounds = 0
        self.done = False

    def over(self, board: Board, end: int) -> bool:
        """Only where an early stop is asked for, and nothing is masked."""
        if not self.early or bool(board.masked()[board.start : end].any()):
            return False
        return super().over(board, end)

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once a round without masks changed nothing, or such rounds are used up. Steps do not count."""
        if turn == 0:
            self.rounds, self.done = 0, False
        if self.done:
            return True
        if not bool(board.masked()[slice(*window)].any()):
            self.rounds += 1
        return self.rounds > self.most_rounds

    def move(self, board: Board, window: Window, turn: int) -> None:
        """One pass: fill masks, and overwrite what is known by now to be wrong."""
        board.alive = window
        tokens, sure = self.draw(self.read(board, window))
        span = slice(*window)
        masked, known = board.masked()[span], board.ids[span]
        chosen = self.commit(masked, sure, 1) if bool(masked.any()) else torch.zeros_like(masked)
        edited = ~masked & ~board.frozen[span] & (sure > self.editing) & (tokens != known)
        self.done = not bool(masked.any()) and not bool(edited.any())
        board.write(chosen | edited, tokens, sure, window[0])

    def leave(self, board: Board, window: Window) -> None:
        """The block is final."""
        board.alive = (0, 0)
