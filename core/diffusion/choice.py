"""Fast mode's choice: a token for each masked row, and which of them to commit in this step.

Called by `fast_blocks` and `fast_full`. Draws only at the rows that are asked about, which is where fast mode saves the
head and leaves the official random sequence. At least one row is committed in every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sharpen.core.diffusion import draws
from sharpen.core.diffusion.options import Options

PARALLEL = ("threshold", "entropy_bounded")
"""Algorithms that commit as many as the model is sure of, and of a plan no less; the others commit a planned number."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One token a row (N)."""

    tokens: Tensor
    sure: Tensor
    """The token's probability."""
    rank: Tensor
    """What the algorithm orders by; more is surer."""
    entropy: Tensor
    """In nats."""


class Choice:
    """The settings of a run, resolved."""

    def __init__(self, options: Options, mask: int) -> None:
        self.never = [mask]
        """Tokens that are not drawn: the mask says nothing, and no text ends inside a hole."""
        self.algorithm = options.algorithm or "threshold"
        self.temperature = options.temperature or 0.0
        self.top_k, self.top_p = options.top_k, options.top_p
        self.threshold = 0.9 if options.threshold is None else options.threshold
        self.bound = 0.5 if options.entropy_bound is None else options.entropy_bound

    def draw(self, logits: Tensor) -> Drawn:
        """Tokens of rows (N, V)."""
        logits = logits.float()
        logits[:, self.never] = float("-inf")
        probabilities = torch.softmax(logits, dim=-1)
        if self.temperature:
            # How sure the model is does not depend on how the lots are drawn: rows of a batch stay comparable.
            tokens = torch.multinomial(self.lots(logits), num_samples=1)[:, 0]
            sure = torch.gather(probabilities, -1, tokens[:, None])[:, 0]
        else:
            sure, tokens = probabilities.max(dim=-1)
        return Drawn(tokens, sure, *self.order(probabilities, sure))

    def lots(self, logits: Tensor) -> Tensor:
        """The probabilities (N, V) that tokens are drawn with."""
        logits = logits / self.temperature
        if self.top_k:
            logits = draws.keep_top_k(logits, self.top_k, float("-inf"))
        if self.top_p is not None and self.top_p < 1.0:
            logits = draws.keep_top_p(logits, self.top_p, float("-inf"))
        return torch.softmax(logits, dim=-1)

    def order(self, probabilities: Tensor, sure: Tensor) -> tuple[Tensor, Tensor]:
        """Rank and entropy; the entropy is worked out only where it is needed."""
        if self.algorithm in {"entropy", "entropy_bounded"}:
            entropy = -(probabilities * probabilities.clamp(min=1e-10).log()).sum(dim=-1)
            return -entropy, entropy
        if self.algorithm == "topk_margin":
            best = probabilities.topk(2, dim=-1)[0]
            return best[:, 0] - best[:, 1], sure
        if self.algorithm in {"random", "origin"}:
            return torch.rand_like(sure), sure
        if self.algorithm == "sequential":
            return -torch.arange(len(sure), device=sure.device).float(), sure
        return sure, sure

    def pick(self, drawn: Drawn, count: int) -> Tensor:
        """Which rows (N) to commit; `count` is the plan's share, or the least."""
        if self.algorithm == "entropy_bounded":
            ordered, places = torch.sort(drawn.entropy)
            within = torch.cumsum(ordered, dim=0) - ordered <= self.bound
            chosen = torch.zeros_like(within)
            chosen[places] = within
            chosen[places[:count]] = True
            return chosen
        surest = torch.zeros_like(drawn.sure, dtype=torch.bool)
        surest[torch.topk(drawn.rank, min(max(1, count), len(surest)))[1]] = True
        if self.algorithm in {"threshold", "low_confidence_dynamic"}:
            enough = drawn.sure > self.threshold
            return enough if int(enough.sum()) >= max(1, count) else surest
        return surest


def ended(ids: Tensor, masked: Tensor, stops: Tensor) -> int:
    """Where the first end of text stands with nothing unknown before it; -1 where there is none."""
    if not len(stops):
        return -1
    places = torch.isin(ids, stops) & ~masked
    if not bool(places.any()):
        return -1
    first = int(places.nonzero()[0])
    return -1 if bool(masked[:first].any()) else first
