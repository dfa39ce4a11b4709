"""DreamOn's official infilling loop, step for step: a canvas that grows and shrinks while it is filled.

Made by `sample` in exact mode. One token is committed a step. An expand token becomes two masks; an end-of-text
token among the masks takes all masks after it along, and is deleted. The model sees only the window, never the
filling beyond it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion import draws
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.exact_dream import shifted
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.policy import Policy, Window

LONGEST = 2048
"""Tokens of prompt and canvas together."""


class DreamOn(Policy):
    """Commit one, then expand and delete."""

    def __init__(self, model: Transformer, options: Options, eos: int, expand: int) -> None:
        self.model = model
        self.algorithm = options.algorithm or "entropy"
        self.temperature = options.temperature or 0.0
        self.top_p, self.top_k, self.alg_temp = options.top_p, options.top_k, options.alg_temp or 0.0
        self.steps = options.steps or 512
        self.eos, self.expand = eos, expand
        self.most = options.max_length or 64
        self.budget = self.most
        self.limit = 0
        self.size = 0
        """Tokens up to the canvas's end as the official loop counts them. Expand tokens that were given can push it
        beyond the limit, where what stands furthest right is lost and nothing holds expansion back any more."""

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Once no mask is in the window, or the steps are used up."""
        if turn == 0:
            self.size = board.stop
            wanted = int((board.masked() & ~board.frozen).sum())
            self.limit = min(LONGEST, len(board) + self.most - wanted)
            board.pad(self.limit - len(board))
        return turn >= self.steps or not bool(board.masked()[: board.stop].any())

    def move(self, board: Board, window: Window, turn: int) -> None:
        """Read the window, commit one token, then let the canvas breathe."""
        size = board.stop
        masked = board.masked()[:size]
        logits = shifted(self.model.logits(self.model.hidden(board.ids[None, :size])))[0, masked]
        if self.size == self.limit or self.budget == 0:
            logits[:, self.expand] -= 1e9
        confidence, tokens = draws.dream_tokens(
            logits, self.algorithm, self.temperature, self.top_p, self.top_k
        )
        if self.alg_temp:
            best = torch.multinomial(F.softmax(confidence / self.alg_temp, dim=-1), num_samples=1)
        else:
            best = torch.topk(confidence, 1)[1]
        place = masked.nonzero()[best, 0]
        chosen = torch.zeros_like(masked)
        chosen[place] = True
        drawn = board.ids[:size].clone()
        drawn[place] = tokens[best]
        sure = torch.zeros(size, device=drawn.device)
        sure[place] = (confidence.exp() if self.algorithm == "entropy" else confidence)[best].float()
        board.write(chosen, drawn, sure)
        self.breathe(board, masked)

    def breathe(self, board: Board, masked: Tensor) -> None:
        """Spread ends of text, expand, delete; `masked` (W) is what was unknown when the step began."""
        cells = [*zip(board.ids.tolist(), board.frozen.tolist(), board.confidence.tolist(), strict=True)]
        was = [*masked.tolist(), *[False] * (len(cells) - len(masked))]
        ends = [i for i, cell in enumerate(cells) if cell[0] == self.eos]
        if ends:
            cells = [
                (self.eos, *cell[1:]) if i >= ends[0] and was[i] else cell for i, cell in enumerate(cells)
            ]
        blank = (board.mask, False, 0.0)
        for place in [i for i, cell in enumerate(cells) if cell[0] == self.expand][::-1]:
            cells[place : place + 1] = [blank, blank]
            self.size += 1
            self.budget -= 1
            del cells[self.limit :]
        for place in [i for i, cell in enumerate(cells) if cell[0] == self.eos and i < len(was) and was[i]][
            ::-1
        ]:
            del cells[place]
            cells.append(blank)
            self.size -= 1
        board.replace(min(self.size, len(cells)), [cell[0] for cell in cells])
        device = board.ids.device
        board.frozen = torch.tensor([cell[1] for cell in cells], dtype=torch.bool, device=device)
        board.confidence = torch.tensor([cell[2] for cell in cells], device=device)
        board.open = board.ids == board.mask
