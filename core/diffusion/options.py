"""What a caller asks of a sampler, and what it gets back: one step of one canvas.

Made by `core.engines`, the model commands and the tests; read by `sample` and the policies. Holds no tensor, so
that a step can be sent to another process or drawn by a front end that has no torch. Checks nothing against a
checkpoint: `sample` does, which knows the family.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mark = Literal["frozen", "masked", "provisional", "committed", "revised"]
"""`frozen`: given, may not change. `masked`: unknown. `provisional`: known, may still change. `committed`: known and
final in this run. `revised`: changed in this step, although it was known before."""

CacheKind = Literal["none", "prefix", "dual"]
"""Which keys and values of a full-attention model are kept over a block's steps (approximate, except `none`)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to denoise. None means: the family's own default."""

    algorithm: str | None = None
    """A name of the specification: `low_confidence`, `random`, `origin`, `maskgit_plus`, `topk_margin`, `entropy`,
    `p2`, `sequential`, `low_confidence_static`, `low_confidence_dynamic`; fast mode adds `threshold` and
    `entropy_bounded`."""
    steps: int | None = None
    """As the family's own sampler counts them: for the whole canvas, or for a block where it works in blocks."""
    block: int | None = None
    """Tokens in a block."""
    length: int | None = None
    """Tokens to generate; not read where a canvas is given."""
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    alg_temp: float | None = None
    """Randomness in the choice of positions (Dream and its relatives)."""
    threshold: float | None = None
    """Commit whatever is surer than this, 0..1."""
    editing_threshold: float | None = None
    """Overwrite a known token where another is surer than this, 0..1 (LLaDA2.1)."""
    eos_early_stop: bool | None = None
    """Stop once the end of the text is certain. Fast mode does by default, exact mode as its family."""
    seed: int | None = None
    """Seeds torch once, right before the first step. None: the generator's present state."""
    exact: bool = True
    """Token for token what the family's official sampler gives; else fast."""
    cache: CacheKind | None = None
    """Fast mode, full attention only; block-causal families always keep their exact cache."""
    entropy_bound: float | None = None
    """Fast `entropy_bounded`: the entropy in nats that one step's commits may add up to."""
    window: int | None = None
    """Fast mode, full attention: how many masks after a block the model is shown; None shows all."""
    max_length: int | None = None
    """DreamOn: the longest that the canvas may grow to, in tokens."""


@dataclass(frozen=True, slots=True)
class Step:
    """The canvas after one step, or as it began (index 0)."""

    index: int
    """Decisions so far, each after a forward pass, but for those that mask again; 0 is the canvas before the first."""
    planned: int | None
    """How many there are at most; None where it depends on the model."""
    ids: tuple[int, ...]
    """The canvas alone, the prompt left out. Masked positions hold the mask's id."""
    confidence: tuple[float, ...]
    """0..1 for each position; 1 where frozen, 0 where masked."""
    marks: tuple[Mark, ...]
    """One for each position."""
    row: int = 0
    """Which canvas of a batch."""

    @property
    def masked(self) -> int:
        """How many positions are unknown."""
        return self.marks.count("masked")
