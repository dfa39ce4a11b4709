"""How likely a model finds tokens that are already there, and which of them to noise first.

Called by the local engine to start from existing code: a small edit then costs a few steps. A model that sees a token
has little to say about it, so each token is judged while it is masked, in a few passes that mask every n-th one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sharpen.core.diffusion.exact_blocks import block_mask
from sharpen.core.diffusion.load import Loaded
from sharpen.core.errors import BadInput

FOLDS = 4
"""Passes; every token is masked in one of them, with a quarter of the others."""


@torch.no_grad()
def probabilities(loaded: Loaded, prompt_ids: Sequence[int], tokens: Sequence[int]) -> list[float]:
    """The probability (0..1) of each token where it stands after the prompt, judged while masked."""
    model, back = loaded.model, int(loaded.family.shift)
    start = len(prompt_ids)
    whole = torch.tensor([*prompt_ids, *tokens], dtype=torch.long, device=model.device)
    seen = block_mask(len(whole), loaded.block, model.device) if loaded.family.blocks else None
    found = torch.ones(len(tokens), device=model.device)
    for fold in range(min(FOLDS, len(tokens))):
        places = torch.arange(start + fold, len(whole), FOLDS, device=model.device)
        ids = whole.clone()
        ids[places] = loaded.special.mask
        hidden = model.hidden(ids[None], mask=seen)[0]
        chance = torch.softmax(model.logits(hidden[(places - back).clamp(min=0)]).float(), dim=-1)
        found[places - start] = torch.gather(chance, 1, whole[places, None])[:, 0]
    return [float(p) for p in found]


def noised(
    loaded: Loaded, prompt_ids: Sequence[int], tokens: Sequence[int], strength: float
) -> list[int | None]:
    """The tokens as a canvas with `strength` (0..1) of them unknown, the least likely first.

    1 is pure noise and reads no model; anything above 0 noises at least one. Raises BadInput outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise BadInput(f"the strength must lie between 0 and 1, not {strength}", "--strength 0.5")
    if strength == 1:
        return [None] * len(tokens)
    count = min(len(tokens), max(round(strength * len(tokens)), int(strength > 0)))
    if not count:
        return list(tokens)
    sure = probabilities(loaded, prompt_ids, tokens)
    doubtful = set(sorted(range(len(tokens)), key=sure.__getitem__)[:count])
    return [None if i in doubtful else t for i, t in enumerate(tokens)]
