"""The official samplers written once more from their numbered steps, plainly and without a cache.

Each takes `read(ids, …) -> logits` and gives the canvas. They share no code with the engine, and draw from torch's
generator in the order of the official scripts. Used by the tests of exactness only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Read = Callable[[list[int]], Tensor]
"""Tokens -> logits (T, V) with full attention."""
INF = math.inf


class EndlessError(Exception):
    """The official loop does not end: the model draws the mask itself, again and again."""


def split(total: int, steps: int) -> list[int]:
    return [total // steps + (1 if i < total % steps else 0) for i in range(steps)]


def rounded(total: int, steps: int) -> list[int]:
    """dLLM's schedule: a share of about 1/t of what is left, rounded half to even, zeros dropped. Its noise levels
    are float32, which decides where the share is near a half."""
    one, out = np.float32(1), []
    for t in range(steps, 0, -1):
        noise, less = np.float32(t / steps), np.float32((t - 1) / steps)
        share = 1 - float((one - (one - less)) / (one - (one - noise)))
        n = min(total, round(total * share))
        total -= n
        out += [n] if n else []
    return out


def llada(read: Read, prompt: list[int], mask: int, length: int, block: int, counts: Callable[[int], list[int]],
          temperature: float, random: bool) -> list[int]:  # fmt: skip
    x = [*prompt, *[mask] * length]
    return confident(read, x, mask, len(prompt), block, counts, temperature, random, False)[len(prompt) :]


def confident(read: Read, given: list[int], mask: int, start: int, block: int, counts: Callable[[int], list[int]],
              temperature: float, random: bool, inside: bool) -> list[int]:  # fmt: skip
    """Blocks from `start` on; `inside`: masks that earlier blocks still have are no longer chosen (dLLM's `infill`)."""
    x = list(given)
    for low in range(start, len(x), block):
        high = min(low + block, len(x))
        least = low if inside else 0
        for k in counts(x[low:high].count(mask)):
            logits = read(x)
            noisy = logits
            if temperature:
                u = torch.rand((1, *logits.shape), dtype=torch.float64)[0]
                noisy = logits.double().exp() / (-u.log()) ** temperature
            best = noisy.argmax(-1)
            p = torch.rand(1, len(x))[0] if random else logits.softmax(-1).gather(1, best[:, None])[:, 0]
            open_ = [x[i] == mask and least <= i < high for i in range(len(x))]
            conf = torch.tensor([float(p[i]) if open_[i] else -INF for i in range(len(x))])
            for i in conf.topk(k).indices.tolist():
                x[i] = int(best[i]) if x[i] == mask else x[i]
    return x


def filtered(logits: Tensor, top_p: float | None, top_k: int | None, fill: float) -> Tensor:
    """Top-p, then top-k, row by row."""
    out = logits.clone()
    for row in out:
        if top_p is not None and top_p < 1:
            total = 0.0
            order = row.sort(descending=True)
            p = order.values.softmax(-1).cumsum(-1)
            for n, place in enumerate(order.indices.tolist()):
                total = float(p[n - 1]) if n else 0.0
                if n and total > top_p:
                    row[place] = fill
        if top_k:
            row[row < row.topk(top_k).values[-1]] = fill
    return out


def dream_draw(rows: Tensor, alg: str, temperature: float, top_p: float | None, top_k: int | None, wide: bool
               ) -> tuple[Tensor, Tensor]:  # fmt: skip
    if temperature:
        rows = rows / temperature
    p = filtered(rows, top_p, top_k, torch.finfo(torch.float32).min).softmax(-1)
    if not len(p):
        return p.new_zeros(0), torch.zeros(0, dtype=torch.long)
    token = torch.multinomial(p / p.sum(-1, keepdim=True), 1, True)[:, 0] if temperature else p.argmax(-1)
    conf = p.gather(1, token[:, None])[:, 0]
    if alg == "topk_margin":
        top = p.sort(descending=True).values
        conf = top[:, 0] - top[:, 1]
    if alg == "entropy":
        conf = (p * (p.clamp(min=1e-10) if wide else p + 1e-10).log()).sum(-1)
    return conf, token


def dream(read: Read, prompt: list[int], mask: int, length: int, steps: int, alg: str, temperature: float,
          top_p: float | None, top_k: int | None, alg_temp: float, wide: bool) -> list[int]:  # fmt: skip
    """Dream's `diffusion_generate`, and Open-dCoder's where `wide`."""
    x = torch.tensor([*prompt, *[mask] * length])
    fixed = x != mask
    ts = torch.linspace(1, 1e-3, steps + 1)
    for i in range(steps):
        m = x == mask
        if not m.any():
            break
        raw = read(x.tolist())
        logits = torch.cat([raw[:1], raw[:-1]])
        share = 1 - ts[i + 1] / ts[i]
        last = i == steps - 1
        if alg == "p2":
            conf, token = dream_draw(logits, alg, temperature, top_p, top_k, wide)
            conf[fixed] = INF
            n = math.floor(float((~fixed).sum().float() * (1.0 - (i + 1) / steps)))
            again = torch.zeros_like(m)
            again[conf[None].argsort(dim=1)[0, :n]] = True
            x = torch.where(again, mask, torch.where(m & ~again, token, x))
            continue
        places = m.nonzero()[:, 0]
        if alg == "origin":
            go = torch.rand(len(places)) < (1 if last else share)
            _, token = dream_draw(logits[places][go], alg, temperature, top_p, top_k, wide)
            x[places[go]] = token
            continue
        conf, token = dream_draw(logits[places], alg, temperature, top_p, top_k, wide)
        n = len(places) if last else int(torch.tensor(float(len(places))) * share)
        if not n:
            continue
        full = torch.full((1, len(x)), -INF)
        full[0, places] = conf
        if not alg_temp:
            chosen = full.topk(n).indices[0]
        elif wide:
            u = torch.rand_like(full).clamp(1e-20, 1 - 1e-20)
            chosen = (full / alg_temp - (-u.log()).log()).topk(n).indices[0]
        else:
            chosen = torch.multinomial((full / alg_temp).softmax(-1), n)[0]
        drawn = torch.full_like(x, mask)
        drawn[places] = token
        x[chosen] = drawn[chosen]
    return x[len(prompt) :].tolist()


def block_draw(
    rows: Tensor, temperature: float, top_k: int | None, top_p: float | None
) -> tuple[Tensor, Tensor]:
    """Top-k, then top-p; a draw for every row."""
    rows = rows / temperature
    rows = filtered(filtered(rows, None, top_k, -INF), top_p, None, -INF)
    p = rows.softmax(-1)
    token = torch.multinomial(p, 1)
    return token[:, 0], p.gather(1, token)[:, 0]


def sdar(read: Read, prompt: list[int], mask: int, length: int, block: int, steps: int, alg: str, temperature: float,
         top_k: int | None, top_p: float | None, threshold: float, stops: tuple[int, ...]) -> list[int]:  # fmt: skip
    """`read` is block-causal here. Where masks outlive the steps, one more step commits them all."""
    total = math.ceil((len(prompt) + length) / block) * block
    x = [*prompt, *[mask] * (total - len(prompt))]
    counts = split(block, steps)
    for low in range(len(prompt) // block * block, total, block):
        for step in range(steps + 1):
            now = x[low : low + block]
            if mask not in now:
                break
            token, p = block_draw(read(x[: low + block])[low:], temperature, top_k, top_p)
            k = counts[step] if step < steps else now.count(mask)
            conf = torch.tensor([float(p[i]) if t == mask else -INF for i, t in enumerate(now)])
            sure = [i for i in range(block) if float(conf[i]) > threshold]
            if alg == "sequential":
                first = now.index(mask)
                chosen = list(range(first, min(block, first + k)))
            elif alg == "low_confidence_dynamic" and len(sure) >= k:
                chosen = sure
            else:
                chosen = conf.topk(k).indices.tolist()
            for i in chosen:
                x[low + i] = int(token[i])
        if any(t in stops for t in x[len(prompt) :]):
            break
    return x[len(prompt) :]


def two_draw(rows: Tensor, temperature: float, by_logits: bool) -> tuple[Tensor, Tensor]:
    if temperature:
        return block_draw(rows, temperature, None, None)
    q = rows.softmax(-1)
    token = (rows if by_logits else q).argmax(-1)
    return token, q.gather(1, token[:, None])[:, 0]


def fill(p: Tensor, masks: list[int], threshold: float, k: int) -> list[int]:
    """Masks above the threshold, or the k surest."""
    conf = torch.tensor([float(p[i]) if i in masks else -INF for i in range(len(p))])
    chosen = [i for i in masks if float(conf[i]) > threshold]
    return chosen if len(chosen) >= k or not masks else conf.topk(min(k, len(masks))).indices.tolist()


def answer(x: list[int], start: int, length: int, eos: int) -> list[int]:
    out = x[start : start + length]
    return out[: out.index(eos) + 1] if eos in out else out


def llada20(read: Read, prompt: list[int], mask: int, eos: int, length: int, block: int, steps: int,
            temperature: float, threshold: float, early: bool) -> list[int]:  # fmt: skip
    start, total = len(prompt), math.ceil((len(prompt) + length) / block) * block
    x = [*prompt, *[mask] * (total - start)]
    for low in range(start // block * block, total, block):
        for k in split(block, min(steps, length)):
            masks = [i for i in range(block) if x[low + i] == mask]
            if not masks:
                break
            token, p = two_draw(read(x[: low + block])[low:], temperature, False)
            chosen = fill(p, masks, threshold, k)
            for i in chosen:
                x[low + i] = int(token[i])
            if early and eos in [int(token[i]) for i in chosen]:
                place = x[: low + block].index(eos)
                if mask not in x[start:place]:
                    return x[start : place + 1]
        if eos in x[start : low + block]:
            break
    return answer(x, start, length, eos)


def llada21(read: Read, prompt: list[int], mask: int, eos: int, length: int, block: int, temperature: float,
            threshold: float, editing: float, early: bool) -> list[int]:  # fmt: skip
    start, total = len(prompt), math.ceil((len(prompt) + length) / block) * block
    x = [*prompt, *[mask] * (total - start)]
    for low in range(start // block * block, total, block):
        after = rounds = 0
        while True:
            old = x[low : low + block]
            masks = [i for i in range(block) if old[i] == mask]
            after += not masks
            rounds += 1
            if after > 16:
                break
            if rounds > 200:
                raise EndlessError
            token, p = two_draw(read(x[: low + block])[low:], temperature, True)
            changed = [i for i in range(block) if int(token[i]) != old[i] and float(p[i]) > editing]
            edits = [i for i in changed if i not in masks and low + i >= start]
            for i in (*fill(p, masks, threshold, 1), *edits):
                x[low + i] = int(token[i])
            if not masks and not edits:
                break
        done = x[start : low + block]
        if early and eos in done and mask not in done:
            break
    return answer(x, start, length, eos)


def bd3lm(read: Callable[[list[int], list[int], Callable[[int, int], bool]], Tensor], prompt: list[int], mask: int,
          pad: int, eos: int, length: int, block: int, steps: int, temperature: float) -> list[int]:  # fmt: skip
    """Everything read anew in each step: padding excluded, positions counted without it."""
    x = [*[pad] * (-len(prompt) % block), *prompt]
    start = len(x)
    per_block = math.ceil(steps / math.ceil(length / block))
    while len(x) < start + length:
        low = len(x)
        x += [mask] * min(block, start + length - low)
        valid = [t != pad for t in x]
        places = [max(0, sum(valid[: i + 1]) - 1) if valid[i] else 0 for i in range(len(x))]

        def sees(q: int, k: int, valid: list[bool] = valid) -> bool:
            return valid[q] and valid[k] and k // block <= q // block

        for k in rounded(len(x) - low, per_block):
            if mask not in x[low:]:
                break
            rows = read(x, places, sees)[low:]
            noisy = rows
            if temperature:
                u = torch.rand((1, *rows.shape), dtype=torch.float64)[0]
                noisy = rows.double().exp() / (-u.log()) ** temperature
            best = noisy.argmax(-1)
            p = rows.softmax(-1).gather(1, best[:, None])[:, 0]
            conf = torch.tensor([float(p[i]) if x[low + i] == mask else -INF for i in range(len(rows))])
            for i in conf.topk(min(k, x[low:].count(mask))).indices.tolist():
                x[low + i] = int(best[i])
        if eos in x[low:]:
            break
    return x[start:]


def fast_dllm(read: Read, within: Callable[[list[int], int], Tensor], prompt: list[int], mask: int, stop: int,
              length: int, block: int, threshold: float) -> list[int]:  # fmt: skip
    """`read` is block-causal; `within` too, but in blocks of 32 from a position on. Greedy; a prompt of exactly one
    block is not covered."""
    x = list(prompt)
    if len(x) > block and len(x) % block == 0:
        x.append(int(read(x)[-1].argmax()))
    for _ in range(length // block):
        if stop in x[len(prompt) :]:
            break
        known = len(x)
        low = known // block * block
        x += [mask] * (low + block - known)

        def over(x: list[int] = x, known: int = known) -> bool:
            return stop in x[known:] and mask not in x[known : x.index(stop, known)]

        turns = 0
        while mask in x[low:] and not over():
            turns += 1
            if turns > 100:
                raise EndlessError
            raw = within(x, low)[low:]
            rows = torch.cat([raw[:1], raw[:-1]]).softmax(-1)
            sub = x[low:].index(mask) // 8 * 8
            best = [(float(rows[i].max()), -i) for i in range(sub, sub + 8) if x[low + i] == mask]
            chosen = {-i for p, i in best if p > threshold} | {-max(best)[1]}
            for i in chosen:
                x[low + i] = int(rows[i].argmax())
        if over():
            break
        x.append(int(read(x)[-1].argmax()))
    answer = x[len(prompt) :]
    return answer[: answer.index(stop) + 1] if stop in answer else answer
