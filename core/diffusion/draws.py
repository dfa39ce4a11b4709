"""Drawing tokens from logits, one function for each way in which the families do it.

Called by the policies. Exactness lives here: the type that a softmax is taken in, what a filter fills with, the order
of filters, and the shape of every random draw are the official samplers' own, so that the same seed gives the same
tokens. Rows N, vocabulary V.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical


def keep_top_p(logits: Tensor, p: float, fill: float) -> Tensor:
    """Fill all but the likeliest tokens that add up to `p`; the first beyond it is kept."""
    ordered, places = torch.sort(logits, descending=True)
    beyond = torch.cumsum(F.softmax(ordered, dim=-1), dim=-1) > p
    beyond[..., 1:] = beyond[..., :-1].clone()
    beyond[..., 0] = False
    unwanted = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, places, beyond)
    return logits.masked_fill(unwanted, fill)


def keep_top_k(logits: Tensor, k: int, fill: float) -> Tensor:
    """Fill all that is less likely than the k-th; ties with it are kept."""
    least = torch.topk(logits, min(k, logits.shape[-1]))[0][..., -1, None]
    return logits.masked_fill(logits < least, fill)


def gumbel(logits: Tensor, temperature: float) -> Tensor:
    """Logits with noise in float64 of the full shape, to be compared only; at temperature 0 the logits themselves."""
    if temperature == 0:
        return logits
    wide = logits.to(torch.float64)
    noise = torch.rand_like(wide, dtype=torch.float64)
    return wide.exp() / (-torch.log(noise)) ** temperature


def dream_tokens(
    logits: Tensor,
    algorithm: str,
    temperature: float,
    top_p: float | None,
    top_k: int | None,
    *,
    wide: bool = False,
) -> tuple[Tensor, Tensor]:
    """Confidence and token of logits (…, V), as Dream draws them; `wide`: as Open-dCoder, softmax in float32.

    Confidence is by the algorithm: the token's probability, the margin to the second, or the negative entropy.
    """
    lowest = torch.finfo(logits.dtype).min
    if temperature > 0:
        logits = logits / temperature
    if top_p is not None and top_p < 1:
        logits = keep_top_p(logits, top_p, lowest)
    if top_k:
        logits = keep_top_k(logits, top_k, lowest)
    probabilities = torch.softmax(logits.float() if wide else logits, dim=-1)
    if not probabilities.numel():
        nothing = probabilities.new_zeros(probabilities.shape[:-1])
        return nothing, nothing.long()
    if temperature > 0:
        tokens = Categorical(probs=probabilities).sample()  # type: ignore[no-untyped-call]
        confidence = torch.gather(probabilities, -1, tokens[..., None])[..., 0]
    else:
        confidence, tokens = probabilities.max(dim=-1)
    if algorithm == "topk_margin":
        ordered = torch.sort(probabilities, dim=-1, descending=True)[0]
        confidence = ordered[..., 0] - ordered[..., 1]
    elif algorithm == "entropy":
        logs = torch.log(probabilities.clamp(min=1e-10)) if wide else torch.log(probabilities + 1e-10)
        confidence = torch.sum(probabilities * logs, dim=-1)
    return confidence, tokens


def block_tokens(
    logits: Tensor, temperature: float, top_k: int | None, top_p: float | None
) -> tuple[Tensor, Tensor]:
    """Token and probability for every row of a block (N, V), drawn even where nothing is asked (SDAR, LLaDA2)."""
    if temperature != 1.0:
        logits = logits / temperature
    if top_k:
        logits = keep_top_k(logits, top_k, float("-inf"))
    if top_p is not None and top_p < 1.0:
        logits = keep_top_p(logits, top_p, float("-inf"))
    probabilities = F.softmax(logits, dim=-1)
    tokens = torch.multinomial(probabilities, num_samples=1)
    return tokens[:, 0], torch.gather(probabilities, -1, tokens)[:, 0]


def renormalised_tokens(logits: Tensor, temperature: float, top_p: float) -> tuple[Tensor, Tensor]:
    """Token and probability of rows (N, V) as Fast-dLLM-v2 draws them: probabilities cut, then made to add up to 1."""
    if temperature <= 0:
        probabilities = torch.softmax(logits, dim=-1)
        tokens = probabilities.argmax(dim=-1)
    else:
        probabilities = F.softmax(logits / temperature, dim=-1)
        ordered, places = torch.sort(probabilities, descending=True)
        beyond = torch.cumsum(ordered, dim=-1) > top_p
        beyond[..., 1:] = beyond[..., :-1].clone()
        beyond[..., 0] = False
        unwanted = torch.zeros_like(beyond).scatter(-1, places, beyond)
        probabilities = probabilities.masked_fill(unwanted, 0)
        probabilities = probabilities / probabilities.sum(dim=-1, keepdim=True)
        tokens = torch.multinomial(probabilities, num_samples=1)[:, 0]
    return tokens, torch.gather(probabilities, -1, tokens[:, None])[:, 0]
