"""The tokens being denoised, with the prompt before them: what every policy reads and changes.

Made by `sample`, changed by the policies, read by the readers; each change is one step that a front end can draw.
Exact mode takes a position for masked when it holds the mask's id, as the official samplers do; fast mode keeps a
flag of its own, so that a mask token that the model or the user wrote is a token like another.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sharpen.core.diffusion.options import Mark, Step


class Board:
    """T positions: a prompt of `start`, then the canvas up to `stop`, then perhaps filling that nobody sees."""

    def __init__(
        self,
        prompt: Sequence[int],
        canvas: Sequence[int | None],
        mask: int,
        *,
        by_id: bool,
        frozen: Sequence[bool] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        filled = [mask if token is None else token for token in canvas]
        held = [token is not None for token in canvas] if frozen is None else list(frozen)
        self.mask = mask
        self.by_id = by_id
        self.start = len(prompt)
        self.stop = len(prompt) + len(canvas)
        self.ids = torch.tensor([*prompt, *filled], dtype=torch.long, device=device)
        self.open = torch.tensor(
            [False] * self.start + [t is None for t in canvas], dtype=torch.bool, device=device
        )
        self.frozen = torch.tensor([True] * self.start + held, dtype=torch.bool, device=device)
        self.confidence = self.frozen.float()
        self.revised = torch.zeros_like(self.open)
        self.alive = (0, 0)
        """Where known tokens that are not frozen may still change; the rest is final."""
        self.row = 0

    def __len__(self) -> int:
        return len(self.ids)

    def masked(self) -> Tensor:
        """Which positions (T) are unknown."""
        return self.ids == self.mask if self.by_id else self.open

    def pad(self, count: int) -> None:
        """Append masked filling after the canvas, for samplers that work in whole blocks."""
        if count > 0:
            more = torch.full((count,), self.mask, dtype=torch.long, device=self.ids.device)
            self.replace(self.stop, [*self.ids.tolist(), *more.tolist()])

    def replace(self, stop: int, ids: Sequence[int]) -> None:
        """Other tokens altogether (an expanding canvas, filling); flags of positions that stay are kept."""
        before = len(self.ids)
        self.ids = torch.tensor(list(ids), dtype=torch.long, device=self.ids.device)
        grown = max(0, len(self.ids) - before)
        flags = torch.zeros(grown, dtype=torch.bool, device=self.ids.device)
        self.frozen = torch.cat([self.frozen, flags])[: len(self.ids)]
        self.open = torch.cat([self.open, ~flags])[: len(self.ids)]
        self.revised = torch.cat([self.revised, flags])[: len(self.ids)]
        self.confidence = torch.cat([self.confidence, flags.float()])[: len(self.ids)]
        self.stop = stop

    def write(self, where: Tensor, tokens: Tensor, confidence: Tensor, lo: int = 0) -> None:
        """Put tokens at the positions of `where` (N, bool), which begins at position `lo`."""
        span = slice(lo, lo + len(where))
        known = ~self.masked()[span]
        self.revised[span] |= where & known & (tokens != self.ids[span])
        self.ids[span] = torch.where(where, tokens, self.ids[span])
        self.open[span] &= ~where
        sure = confidence.float().clamp(0.0, 1.0).nan_to_num(0.0)
        self.confidence[span] = torch.where(where, sure, self.confidence[span])

    def erase(self, where: Tensor) -> None:
        """Mask the positions of `where` (T, bool) again."""
        self.revised |= where & ~self.masked()
        self.ids = torch.where(where, torch.full_like(self.ids, self.mask), self.ids)
        self.open |= where

    def step(self, index: int, planned: int | None) -> Step:
        """The canvas as it is now; what counts as changed begins anew."""
        span = slice(self.start, self.stop)
        masked, frozen = self.masked()[span].tolist(), self.frozen[span].tolist()
        revised, sure = self.revised[span].tolist(), self.confidence[span].tolist()
        low, high = self.alive[0] - self.start, self.alive[1] - self.start
        marks: list[Mark] = []
        for place in range(self.stop - self.start):
            known: Mark = "provisional" if low <= place < high else "committed"
            mark: Mark = "frozen" if frozen[place] else "revised" if revised[place] else known
            marks.append("masked" if masked[place] and not frozen[place] else mark)
        shown = [
            1.0 if m == "frozen" else 0.0 if m == "masked" else c for m, c in zip(marks, sure, strict=True)
        ]
        self.revised = torch.zeros_like(self.revised)
        return Step(index, planned, tuple(self.ids[span].tolist()), tuple(shown), tuple(marks), self.row)
