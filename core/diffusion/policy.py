"""The one denoising loop, and what a sampler must say to run in it.

A policy cuts the board into windows (the whole canvas, or one block after another), moves once in a window until it
is settled, and may do something on leaving it. Every official sampler and every fast one is such a policy; the loop
turns their moves into steps. `sample` makes the policy, nobody else calls this.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.options import Step

Window = tuple[int, int]
"""First position and the one after the last."""
LONG = 1024
"""Moves that change nothing before a sampler that draws lots is given up: its next lot may be another."""


class Policy:
    """A sampler. What it does not override does nothing."""

    planned: int | None = None
    """Moves in all, where they are known."""
    patience: int | None = None
    """How many moves in a row may change nothing before a window is given up. An official loop without a step
    count never ends where the model draws the mask itself; here its masks are left standing. None: no limit."""

    def windows(self, board: Board) -> Iterator[Window]:
        """The windows, one after another; asked for lazily, so that a sampler can stop early."""
        yield board.start, board.stop

    def settled(self, board: Board, window: Window, turn: int) -> bool:
        """Whether the window needs no further move; `turn` is how many it had."""
        raise NotImplementedError

    def move(self, board: Board, window: Window, turn: int) -> None:
        """Read the model once and change the board."""
        raise NotImplementedError

    def reopen(self, board: Board) -> None:
        """Positions of the present window were masked again: what was concluded from them no longer holds."""

    def leave(self, board: Board, window: Window) -> None:
        """The window is settled."""

    def finish(self, board: Board) -> bool:
        """After the last window; True where the canvas changed (was cut at the end of the text)."""
        return False


def denoise(board: Board, policy: Policy) -> Iterator[Step]:
    """Every state of the canvas, the first as it is given. Close the generator to stop."""
    index = 0
    yield board.step(index, policy.planned)
    for window in policy.windows(board):
        turn = idle = 0
        while not policy.settled(board, window, turn):
            before = board.ids.clone()
            policy.move(board, window, turn)
            turn += 1
            index += 1
            yield board.step(index, policy.planned)
            idle = idle + 1 if torch.equal(before, board.ids) else 0
            if policy.patience is not None and idle >= policy.patience:
                break
        policy.leave(board, window)
    board.alive = (0, 0)
    if policy.finish(board):
        yield board.step(index, policy.planned)
