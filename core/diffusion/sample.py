"""Sampling: from a loaded model, a prompt and options to the steps of a canvas. The other door of the local engine.

Called by the torch process, the model commands, the benchmarks and the tests. Fills in the family's defaults, seeds
once, makes the family's policy and runs the loop. `exact` gives what the official sampler gives; fast is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from math import ceil

import torch

from sharpen.core.diffusion.board import Board
from sharpen.core.diffusion.choice import PARALLEL, Choice
from sharpen.core.diffusion.exact_bd3lm import Bd3lm
from sharpen.core.diffusion.exact_blocks import Llada20, Llada21, Sdar
from sharpen.core.diffusion.exact_dream import Dream, OpenDcoder
from sharpen.core.diffusion.exact_dreamon import DreamOn
from sharpen.core.diffusion.exact_fastdllm import FastDllm
from sharpen.core.diffusion.exact_llada import llada, mdlm
from sharpen.core.diffusion.families import Family
from sharpen.core.diffusion.fast_blocks import FastBlocks
from sharpen.core.diffusion.fast_full import FastFull
from sharpen.core.diffusion.load import Loaded
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.lockstep import Lockstep
from sharpen.core.diffusion.mend import Doubt, Mended
from sharpen.core.diffusion.options import Mark, Options, Step
from sharpen.core.diffusion.policy import Policy, denoise
from sharpen.core.errors import BadInput, EngineUnavailable

__all__ = ["Mark", "Options", "Step", "resolve", "sample", "sample_batch"]

FAST = Options(
    algorithm="threshold",
    length=128,
    temperature=0.0,
    threshold=0.9,
    editing_threshold=0.5,
    eos_early_stop=True,
    cache="dual",
    max_length=64,
)
"""What fast mode does where nothing is asked, for every family."""
FAST_BLOCK = 32
"""Tokens in a block of fast mode where the family has none."""
UNPLANNED = ("low_confidence_dynamic", "origin", "p2")
"""Algorithms of the families that commit by confidence or by lot, however many steps there are."""


def resolve(loaded: Loaded, options: Options, canvas: Sequence[int | None] | None = None) -> Options:
    """The options with defaults in place of None. Raises BadInput for what the family cannot do."""
    family = loaded.family
    own = replace(family.defaults, block=loaded.block)
    if not options.exact:
        own = replace(FAST, block=loaded.block if family.blocks else FAST_BLOCK, exact=False)
        if family.sampler == "dreamon":
            own = replace(own, algorithm="entropy", length=family.defaults.length)
        if options.steps is not None and options.threshold is None:
            own = replace(own, algorithm=planned(family))
    filled = {
        f.name: getattr(own, f.name) if getattr(options, f.name) is None else getattr(options, f.name)
        for f in fields(Options)
    }
    merged = Options(**filled)
    length = len(canvas) if canvas is not None else merged.length
    if not length or length < 1:
        raise BadInput("there is nothing to generate: the length is 0", "--length 128")
    for name, value in (("steps", merged.steps), ("block", merged.block)):
        if value is not None and value < 1:
            raise BadInput(f"{name} must be at least 1, not {value}", f"--{name} 8")
    if options.block is None and not family.blocks:
        merged = replace(merged, block=min(merged.block or length, length))
    if not options.exact and not family.blocks and options.steps is not None:
        merged = replace(merged, block=_wide(options, merged.block or length, length))
    if options.steps is None and family.sampler == "llada":
        merged = replace(merged, steps=length)
    known = family.algorithms if options.exact else (*PARALLEL, *family.algorithms, "sequential")
    if merged.algorithm is not None and merged.algorithm not in known:
        raise BadInput(f"{family.name} has no algorithm {merged.algorithm}", f"one of: {', '.join(known)}")
    return replace(merged, length=length)


def planned(family: Family) -> str:
    """The family's first algorithm that commits a planned number: what steps mean where they alone are given."""
    return next(a for a in family.algorithms if a not in UNPLANNED)


def _wide(options: Options, block: int, length: int) -> int:
    """A block's length with which so few steps are enough: each block takes one at least. Raises BadInput."""
    steps = options.steps or length
    if ceil(length / block) <= steps:
        return block
    if options.block is not None:
        raise BadInput(
            f"{length} tokens in blocks of {block} take {ceil(length / block)} steps at least, not {steps}",
            f"--steps {ceil(length / block)}, or a longer --block",
        )
    return ceil(length / steps)


def sample(
    loaded: Loaded,
    prompt_ids: Sequence[int],
    options: Options = Options(),  # noqa: B008 - frozen
    canvas: Sequence[int | None] | None = None,
    frozen: Sequence[bool] | None = None,
    *,
    doubt: Doubt | None = None,
) -> Iterator[Step]:
    """Denoise a canvas after a prompt, step by step; the first step is the canvas as given.

    canvas: a token or None (unknown) for each position; None altogether: `options.length` unknown ones. frozen: which
    positions may never change; by default those that are given. doubt: what to mask again once a block is settled, in
    fast mode. Raises BadInput for options or ids that do not fit,
    EngineUnavailable where torch fails (out of memory). Close the generator to stop.
    """
    settings = resolve(loaded, options, canvas)
    cells: Sequence[int | None] = [None] * (settings.length or 0) if canvas is None else canvas
    vocabulary = loaded.model.shape.vocabulary
    beyond = [t for t in (*prompt_ids, *cells) if t is not None and not 0 <= t < vocabulary]
    if beyond:
        raise BadInput(f"the token id {beyond[0]} is beyond the vocabulary of {vocabulary}")
    held = [c is not None for c in cells] if frozen is None else frozen
    unknown = cells.index(None) if None in cells else len(cells)
    if any(held[unknown:]) and "infill" not in loaded.family.can:
        raise BadInput(
            f"{loaded.family.name} cannot fill a hole: it sees nothing to the right of a block",
            "leave the canvas empty from the hole on, and put the text into the prompt",
        )
    device = loaded.model.device
    board = Board(prompt_ids, cells, loaded.special.mask, by_id=settings.exact, frozen=frozen, device=device)
    if settings.exact:
        return _run(board, exact_policy(loaded, settings, len(cells)), settings.seed)
    policy = fast_policy(loaded, settings, len(cells))
    if isinstance(policy, FastFull):
        policy.planned = options.steps
    if doubt is not None and isinstance(policy, FastFull | FastBlocks):
        policy = Mended(policy, doubt)
    return _run(board, policy, settings.seed)


def sample_batch(
    loaded: Loaded,
    prompt_ids: Sequence[int],
    options: Options,
    canvases: Sequence[Sequence[int | None]],
    frozen: Sequence[Sequence[bool]] | None = None,
    *,
    each: Sequence[Options] | None = None,
    doubts: Sequence[Doubt] | None = None,
) -> Iterator[Step]:
    """Several canvases after one prompt, in one batch; `Step.row` says which. Rows are seeded one apart.

    each: options of each row in place of `options`, whose seed counts. Raises as `sample`. Each row is a run of its
    own that shares its passes through the model: rows need not have the same length, and end when they end.
    """

    def row(number: int) -> Callable[[Transformer], Iterator[Step]]:
        held = None if frozen is None else frozen[number]
        own = replace(options if each is None else each[number], seed=None)
        doubt = None if doubts is None else doubts[number]
        return lambda model: sample(
            replace(loaded, model=model), prompt_ids, own, canvases[number], held, doubt=doubt
        )

    together = not options.exact and len(canvases) > 1
    rows = [row(number) for number in range(len(canvases))]
    batch = Lockstep(loaded.model, rows, options.seed or 0, together=together)
    try:
        for number, step in batch.steps():
            yield replace(step, row=number)
    except (MemoryError, RuntimeError) as error:
        raise _too_large(error, sum(map(len, canvases)) + len(prompt_ids)) from error


def _run(board: Board, policy: Policy, seed: int | None) -> Iterator[Step]:
    if seed is not None:
        torch.manual_seed(seed)
    try:
        yield from denoise(board, policy)
    except (MemoryError, RuntimeError) as error:
        raise _too_large(error, len(board)) from error


def _too_large(error: MemoryError | RuntimeError, positions: int) -> Exception:
    """Torch says with a RuntimeError too that memory ended; anything else is a defect and goes on."""
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "alloc" not in str(error):
        raise error
    return EngineUnavailable(
        f"out of memory with {positions} positions: {str(error).splitlines()[0]}",
        "a shorter canvas, or int8: #int8 behind the model's name",
    )


def exact_policy(loaded: Loaded, options: Options, length: int) -> Policy:
    """The official sampler of the family."""
    model, special, kind = loaded.model, loaded.special, loaded.family.sampler
    match kind:
        case "llada":
            return llada(model, options, length)
        case "mdlm":
            return mdlm(model, options, length)
        case "dream":
            return Dream(model, options)
        case "opendcoder":
            return OpenDcoder(model, options, special.pad)
        case "dreamon":
            return DreamOn(model, options, -1 if special.eos is None else special.eos, special.expand or 0)
        case "sdar":
            return Sdar(model, options, special.stops)
        case "llada2.0":
            return Llada20(model, options, special.eos, length)
        case "llada2.1":
            return Llada21(model, options, special.eos, length)
        case "fastdllm":
            block = options.block or 32
            if length < block:  # as there: what is left of the last block is not generated
                raise BadInput(f"a length of {length} is less than one block of {block}", f"--length {block}")
            return FastDllm(model, options, special.eos, length)
        case "bd3lm":
            return Bd3lm(model, options, -1 if special.pad is None else special.pad, special.eos, length)


def fast_policy(loaded: Loaded, options: Options, length: int) -> Policy:
    """Ours: caches, parallel commits, an early end."""
    family, special = loaded.family, loaded.special
    if family.sampler == "dreamon" or options.algorithm == "p2":
        steps = options.steps or (512 if family.sampler == "dreamon" else length)
        return exact_policy(loaded, replace(options, steps=steps), length)
    choice, block = Choice(options, special.mask), options.block or FAST_BLOCK
    stops = special.stops if options.eos_early_stop else ()
    if not family.blocks:
        return FastFull(
            loaded.model,
            choice,
            block,
            options.steps or length,
            cache=options.cache or "dual",
            stops=stops,
            shift=family.shift,
            window=options.window,
        )
    whole = family.sampler == "bd3lm"  # it counts steps for the canvas, the others for a block
    each = options.steps
    if whole and each is not None:
        each = max(1, each // ceil(length / block))
    return FastBlocks(
        loaded.model,
        choice,
        block,
        each,
        stops=stops,
        shift=family.shift,
        from_prompt=whole,
        editing=options.editing_threshold if family.sampler == "llada2.1" else None,
    )
