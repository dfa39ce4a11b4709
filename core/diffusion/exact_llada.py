"""The official samplers of LLaDA (`generate`) and of dLLM's masked diffusion (`MDLMSampler`), step for step.

Made by `sample` in exact mode. Both read the whole canvas and choose among all its positions; they differ in the
schedule. Nothing is skipped: the random draw covers the full canvas and vocabulary, as the official one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion import draws, schedules
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.policy import Policy, Window
from sharpen.core.errors import BadInput


class Confident(Policy):
    """Commit the k surest (or randomly chosen) masks of each block in each step."""

    def __init__(
        self, model: Transformer, options: Options, schedule: Callable[[int, int], list[int]], steps: int
    ):
        self.model = model
        self.schedule = schedule
        self.steps = steps
        """For each block."""
        self.block = options.block or 1
        self.temperature = options.temperature or 0.0
        self.random = options.algorithm == "random"
        self.counts: list[int] = []
        self.infills = False
        """Whether a canvas with holes has a sampler of its own, which chooses inside the block alone."""
        self.least = 0
        """The first position that may be chosen."""

    def windows(self, board: Board) -> Iterator[Window]:
        """The canvas in blocks, each with its schedule by the masks that it has when it is reached."""
        for low in range(board.start, board.stop, self.block):
            high = min(low + self.block, board.stop)
            self.counts = self.schedule(int(board.masked()[low:high].sum()), self.steps)
            if self.infills and bool(board.frozen[board.start :].any()):
                self.least = low
            yield low, high

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """After the schedule's last step; the official samplers never stop early."""
        return turn >= len(self.counts)

    def move(self, board: Board, window: Window, turn: int) -> None:
        """One full forward pass; the choice is a top-k over the whole canvas."""
        masked = board.masked()
        logits = self.model.logits(self.model.hidden(board.ids[None]))
        tokens = torch.argmax(draws.gumbel(logits, self.temperature), dim=-1)
        sure = self.score(logits, tokens)[0]
        sure[: self.least] = sure[window[1] :] = -torch.inf
        confidence = torch.where(masked, sure, -torch.inf)
        chosen = torch.zeros_like(masked)
        chosen[torch.topk(confidence, k=self.counts[turn])[1]] = True
        board.write(chosen, torch.where(masked, tokens[0], board.ids), sure)

    def score(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """How sure each position (1, T) is: the token's probability without noise, or chance."""
        if self.random:
            return torch.rand(tokens.shape, device=tokens.device)
        return torch.gather(F.softmax(logits, dim=-1), -1, tokens[..., None])[..., 0]


def llada(model: Transformer, options: Options, length: int) -> Confident:
    """LLaDA's `generate`. Raises BadInput where blocks do not divide the length, or steps the blocks."""
    block, steps = options.block or length, options.steps or length
    if length % block:
        raise BadInput(
            f"a length of {length} is not a whole number of blocks of {block}", f"--block {length}"
        )
    if steps % (length // block):
        raise BadInput(f"{steps} steps do not divide among {length // block} blocks", f"--steps {length}")
    policy = Confident(model, options, schedules.even, steps // (length // block))
    policy.planned = steps
    return policy


def mdlm(model: Transformer, options: Options, length: int) -> Confident:
    """dLLM's `MDLMSampler`: any block and step count, steps that would commit nothing are left out.

    Its `infill` cuts the whole sequence into blocks, ours the canvas: they are the same where the prompt is empty.
    """
    blocks = ceil(length / (options.block or length))
    policy = Confident(model, options, schedules.linear, ceil((options.steps or length) / blocks))
    policy.infills = True
    return policy
