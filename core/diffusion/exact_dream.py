"""The official samplers of Dream and its relatives (`diffusion_generate`), and of Open-dCoder, step for step.

Made by `sample` in exact mode. Logits speak of the next position. Tokens are drawn at the masks alone, in their order.
A step may commit nothing: `int(masks * (1 - s / t))` is 0 at first for some step counts, and that step is real.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sharpen.core.diffusion import draws, schedules
from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.options import Options
from sharpen.core.diffusion.policy import Policy, Window


def shifted(logits: Tensor) -> Tensor:
    """Logits (1, T, V) moved one position to the right, the first doubled."""
    return torch.cat([logits[:, :1], logits[:, :-1]], dim=1)


class Dream(Policy):
    """`origin`, `maskgit_plus`, `topk_margin` and `entropy`."""

    wide = False

    def __init__(self, model: Transformer, options: Options, pad: int | None = None) -> None:
        self.model = model
        self.algorithm = options.algorithm or "origin"
        self.temperature = options.temperature or 0.0
        self.top_p, self.top_k = options.top_p, options.top_k
        self.alg_temp = options.alg_temp or 0.0
        self.steps = options.steps or 1
        self.planned = self.steps
        self.times = schedules.times(self.steps)
        self.pad = pad
        self.seen: Tensor | None = None

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """After the last step, or once nothing is masked: no later step could change or draw anything."""
        if turn == 0:
            self.seen = self.attended(board)
        return turn >= self.steps or not bool(board.masked().any())

    def attended(self, board: Board) -> Tensor | None:
        """The mask of attention; none where every position sees every other."""
        if self.pad is None or not bool((board.ids == self.pad).any()):
            return None
        return (board.ids != self.pad)[None, None, None]

    def read(self, board: Board) -> Tensor:
        """Logits (1, T, V), each at the position that it speaks of."""
        return shifted(self.model.logits(self.model.hidden(board.ids[None], mask=self.seen)))

    def draw(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Confidence and token of each row."""
        return draws.dream_tokens(
            logits, self.algorithm, self.temperature, self.top_p, self.top_k, wide=self.wide
        )

    def move(self, board: Board, window: Window, turn: int) -> None:
        """One full forward pass."""
        masked = board.masked()[None]
        logits = self.read(board)
        share = 1 - self.times[turn + 1] / self.times[turn]
        last = turn == self.steps - 1
        if self.algorithm == "origin":
            self.scatter(board, masked, logits, 1.0 if last else float(share))
            return
        rows = logits[masked]
        confidence, tokens = self.draw(rows)
        full = torch.full(masked.shape, -torch.inf, dtype=logits.dtype, device=logits.device)
        full[masked] = confidence.to(rows.dtype)
        count = int(masked.sum()) if last else self.count(masked, share)
        if count > 0:
            drawn = self.otherwise(board)[None]
            drawn[masked] = tokens
            chosen = torch.zeros_like(masked)
            chosen[0, self.choose(full, count)[0]] = True
            board.write(chosen[0], drawn[0], self.shown(full[0]))

    def otherwise(self, board: Board) -> Tensor:
        """What a chosen position (T) becomes that was known: masked again, as in the official code, where confidences
        over a small `alg_temp` vanish and the lot falls on any position. What was given in the canvas stays."""
        kept = board.frozen.clone()
        kept[: board.start] = False
        return torch.where(kept, board.ids, torch.full_like(board.ids, board.mask))

    def scatter(self, board: Board, masked: Tensor, logits: Tensor, share: float) -> None:
        """`origin`: each mask is filled with the same chance, whatever the model thinks of it."""
        rows = logits[masked]
        taken = torch.rand(len(rows), device=rows.device) < share
        confidence, tokens = self.draw(rows[taken])
        chosen = torch.zeros_like(masked)
        chosen[masked] = taken
        drawn, sure = board.ids[None].clone(), torch.zeros(masked.shape, device=rows.device)
        drawn[chosen], sure[chosen] = tokens, confidence.float()
        board.write(chosen[0], drawn[0], sure[0])

    def count(self, masked: Tensor, share: Tensor) -> int:
        """How many to commit, cut to a whole number."""
        return int(masked.sum() / masked.shape[0] * share)

    def choose(self, full: Tensor, count: int) -> Tensor:
        """Positions (1, count): the surest, or drawn by confidence."""
        if not self.alg_temp:
            return torch.topk(full, count)[1]
        return torch.multinomial(F.softmax(full / self.alg_temp, dim=-1), num_samples=count)

    def shown(self, confidence: Tensor) -> Tensor:
        """Confidence on 0..1 for the eye; a negative entropy in nats becomes a probability-like number."""
        return confidence.exp() if self.algorithm == "entropy" else confidence


class OpenDcoder(Dream):
    """Open-dCoder's own: softmax in float32, Gumbel top-k, padding not attended to, and `p2`, which revises."""

    wide = True
    fixed: Tensor | None = None
    """What `p2` may not mask again: all that was given, but for mask tokens in it, which count as unknown."""

    def count(self, masked: Tensor, share: Tensor) -> int:
        """As Dream, multiplied in float32 for each row."""
        return int((masked.sum(dim=1).float() * share).long().max())

    def choose(self, full: Tensor, count: int) -> Tensor:
        """Positions (1, count): the surest, or by Gumbel noise."""
        if not self.alg_temp:
            return torch.topk(full, count, dim=1)[1]
        scaled = full / self.alg_temp
        uniform = torch.rand_like(scaled).clamp_(min=1e-20, max=1 - 1e-20)
        return torch.topk(scaled - torch.log(-torch.log(uniform)), count, dim=1)[1]

    def move(self, board: Board, window: Window, turn: int) -> None:
        """As Dream, but for `p2`."""
        if self.algorithm != "p2":
            super().move(board, window, turn)
            return
        board.alive = (board.start, board.stop) if turn < self.steps - 1 else (0, 0)
        masked = board.masked()
        fixed = self.fixed = board.frozen & ~masked if turn == 0 or self.fixed is None else self.fixed
        confidence, tokens = self.draw(self.read(board))
        sure = confidence.clone()
        sure[fixed[None]] = float("inf")
        sure = torch.where(torch.isfinite(sure), sure, torch.full_like(sure, float("inf")))
        free = (~fixed[None]).sum(dim=1)
        count = int((free.float() * (1.0 - (turn + 1) / self.steps)).floor().long().clamp_min(0).max())
        again = torch.zeros_like(masked)
        if count > 0:
            again[torch.argsort(sure, dim=1, descending=False)[0, :count]] = True
        board.erase(again)
        board.write(masked & ~again, tokens[0], confidence[0])
