"""How an edit becomes canvases: what the model reads first, which positions are unknown, which may never change.

Called by `edits`. Three ways: an answer to a question, begun with the opening fence; a hole in the file's own text, with
what follows it frozen; the old code with some of it noised (`--strength`). How long the new text will be nobody knows,
so rows of a batch differ in length, and the surest that holds wins; a free end is for models that end a text by
themselves. Rows beyond those draw lots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from sharpen.core.diffusion.likely import noised
from sharpen.core.diffusion.load import Loaded
from sharpen.core.diffusion.order import Edit
from sharpen.core.errors import BadInput, EngineUnavailable

FILLERS = ("dreamon", "opendcoder")
"""Samplers of models that fill holes and answer no question."""
NEW = 96
"""Tokens of a canvas where there is no old text to go by."""
STRETCH = (1.0, 1.3, 0.8, 1.7)
"""Lengths of a row's canvas, times the old text's."""
HOLES = (12, 24, 6, 48)
"""Tokens of a hole where nothing was."""
WARMTH = (0.0, 0.3, 0.5, 0.7, 0.9)
"""Temperatures, once the lengths are through."""
AFTER = 192
"""Tokens of the text after a hole that the model is shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One canvas."""

    canvas: tuple[int | None, ...]
    frozen: tuple[bool, ...]
    tail: int
    """Positions at the end that are not the region's."""
    temperature: float
    label: str


@dataclass(frozen=True, slots=True)
class Layout:
    """All that the sampler is given."""

    prompt: tuple[int, ...]
    rows: tuple[Row, ...]
    width: int
    """Characters that a masked position is expected to take."""
    fills: bool


def fills(loaded: Loaded) -> bool:
    """Whether the model completes holes and knows no instructions: trained so, or a base model by its name."""
    name = loaded.folder.resolve().name.lower()
    base = "base" in name and "instruct" not in name and "infill" in loaded.family.can
    return loaded.family.sampler in FILLERS or base


def laid_out(loaded: Loaded, order: Edit) -> Layout:
    """The canvases of an order. Raises BadInput where they do not fit the model, EngineUnavailable without a tokenizer."""
    tokenizer = loaded.tokenizer
    if tokenizer is None:
        raise EngineUnavailable(
            f"{loaded.folder.name} has no tokenizer.json",
            "pull the model again: sharpen models pull OWNER/NAME",
        )
    context = loaded.model.shape.context
    if order.length is not None and order.length >= context:
        raise BadInput(
            f"a canvas of {order.length:,} tokens does not fit: {loaded.folder.name} reads {context:,} in all",
            "a shorter --length",
        )
    old = tokenizer.encode(order.old)
    infills = "infill" in loaded.family.can
    hole = fills(loaded) or (infills and bool(order.opening) and not order.old.strip())
    after: list[int] = []
    if hole:
        bos = [loaded.special.bos] if loaded.special.bos is not None and loaded.family.body == "llada" else []
        prompt = [*bos, *tokenizer.encode(order.before)]
        after = tokenizer.encode(order.after)[:AFTER]
    else:
        prompt = tokenizer.chat(order.user, order.system or None) + tokenizer.encode(order.opening)
        after = tokenizer.encode(order.closing) if infills and order.closing else []
    prompt, after = _known(loaded, prompt), _known(loaded, after)
    rows = _rows(loaded, order, prompt, old, after, hole=hole)
    longest = max(len(row.canvas) for row in rows)
    room = context - longest
    if hole and 0 < room < len(prompt):
        prompt = prompt[-room:]
    if len(prompt) > room:
        raise BadInput(
            f"the region, the file around it and the answer take {len(prompt) + longest:,} tokens, and "
            f"{loaded.folder.name} reads {context:,}",
            "name a part of it: PATH::SYMBOL" if order.old or order.length is None else "a shorter --length",
        )
    width = round(len(order.old) / len(old)) if old else 4
    return Layout(tuple(prompt), rows, max(1, width), hole)


def _known(loaded: Loaded, ids: list[int]) -> list[int]:
    """Ids that the model has. A tokenizer may know more words than the weights."""
    beyond = next((t for t in ids if t >= loaded.model.shape.vocabulary), None)
    if beyond is not None:
        raise EngineUnavailable(
            f"the tokenizer of {loaded.folder.name} gives the id {beyond}, and its weights end at "
            f"{loaded.model.shape.vocabulary}",
            "pull the model again",
        )
    return ids


def _rows(
    loaded: Loaded,
    order: Edit,
    prompt: list[int],
    old: list[int],
    after: list[int],
    *,
    hole: bool,
) -> tuple[Row, ...]:
    strength = 1.0 if order.strength is None else order.strength
    if strength < 1 and old and order.length is None and loaded.family.sampler != "dreamon":
        start = noised(loaded, prompt, old, strength)
        closing = after or _closing(loaded, order)
        return tuple(_started(start, closing, n, fixed=bool(after)) for n in range(order.rows))
    found = []
    for n in range(order.rows):
        warm = WARMTH[min(n // 2, len(WARMTH) - 1)]
        if loaded.family.sampler == "dreamon":
            length = loaded.family.defaults.length or 4
            found.append(_closed(length, after, "grows by itself", WARMTH[min(n, len(WARMTH) - 1)]))
        elif hole:
            length = max(1, ceil(len(old) * STRETCH[n % 4])) if old else HOLES[n % 4]
            found.append(_closed(length, after, f"{length} tokens", WARMTH[min(n // 4, len(WARMTH) - 1)]))
        elif after and n % 2 and old and order.length is None:
            length = max(1, ceil(len(old) * STRETCH[n // 2 % 4]))
            found.append(_closed(length, after, f"{length} tokens", warm))
        else:
            wanted = ceil(1.25 * len(old)) + 48 if old else NEW
            length = order.length or ceil(wanted / 32) * 32
            found.append(_free(length, warm if after else WARMTH[min(n, len(WARMTH) - 1)]))
    return tuple(found)


def _closing(loaded: Loaded, order: Edit) -> list[int]:
    return loaded.tokenizer.encode(order.closing) if loaded.tokenizer is not None else []


def _free(length: int, warm: float) -> Row:
    """Unknown to its end, which the model sets."""
    return Row((None,) * length, (False,) * length, 0, warm, f"up to {length} tokens")


def _closed(length: int, after: Sequence[int], label: str, warm: float) -> Row:
    """A hole with what follows it frozen."""
    return Row((*[None] * length, *after), (*[False] * length, *[True] * len(after)), len(after), warm, label)


def _started(start: Sequence[int | None], closing: Sequence[int], number: int, *, fixed: bool) -> Row:
    """The old text with its holes, which each row makes longer or shorter. Not fixed: all of it may still change."""
    stretch = STRETCH[number % len(STRETCH)]
    cells: list[int | None] = []
    for unknown, group in groupby(start, key=lambda token: token is None):
        run = list(group)
        cells += [None] * max(1, round(len(run) * stretch)) if unknown else run
    frozen = [fixed and cell is not None for cell in cells]
    warm = WARMTH[min(number // 2, len(WARMTH) - 1)]
    masks = cells.count(None)
    label = f"{masks} of {len(cells)} tokens noised"
    return Row((*cells, *closing), (*frozen, *[fixed] * len(closing)), len(closing), warm, label)
