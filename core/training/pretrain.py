"""Stage one: plain next-token training on packed units. Every token is a target, so the language comes fast.

`python -m sharpen.core.training pretrain` runs it; killed at any time, it goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from sharpen.core.diffusion.transformer import Editor, Shape
from sharpen.core.repair.tokens import BOS, Codec
from sharpen.core.training import checkpoint
from sharpen.core.training.optim import factor, optimisers


def pack(units: Path, tokenizer: Path, out: Path) -> int:
    """Write all units as one uint16 array, a BOS before each; returns the number of tokens."""
    codec = Codec(tokenizer)
    total = 0
    with units.open(encoding="utf-8") as f, out.with_suffix(".part").open("wb") as g:
        for line in f:
            ids = [BOS, *codec.encode("\n" + json.loads(line)["text"]).ids]
            total += len(ids)
            g.write(np.asarray(ids, np.uint16).tobytes())
    out.with_suffix(".part").replace(out)
    return total


def pretrain(
    folder: Path, minutes: float, batch: int = 24, length: int = 192, device: str = "cpu", steps: int = 0
) -> Path:
    """Train for `minutes` (or to `steps`), counted over all runs; returns the checkpoint's path."""
    path = folder / "pretrain.pt"
    data = np.memmap(folder / "tokens.bin", np.uint16, mode="r")
    torch.manual_seed(0)
    model = Editor(Shape()).to(device)
    optimiser = optimisers(model)
    state = checkpoint.load(path) or {"step": 0, "seconds": 0.0, "curve": []}
    if "model" in state:
        model.load_state_dict(state["model"])
        optimiser.restore(state["optimiser"])
    step, before, curve = state["step"], state["seconds"], state["curve"]
    start, shown, recent = time.monotonic(), time.monotonic(), []
    while True:
        spent = before + time.monotonic() - start
        done = spent / (60 * minutes) if not steps else step / steps
        rng = np.random.default_rng(step)
        places = rng.integers(0, len(data) - length - 1, batch)
        rows = np.stack([data[p : p + length + 1].astype(np.int64) for p in places])
        ids = torch.from_numpy(rows).to(device)
        hidden = model.trunk(ids[:, :-1], causal=True)
        loss = F.cross_entropy(model.tokens(hidden).flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(
            min((step + 1) / 30, 1.0) * factor(max(51, int(done * 10000)), 10000, cool=0.4, floor=0.1)
        )
        recent.append(loss.item())
        step += 1
        if time.monotonic() - shown > 20 or done >= 1:
            shown = time.monotonic()
            mean = sum(recent) / len(recent)
            curve.append((step, spent, mean))
            print(
                f"pretrain step {step} {spent:.0f}s loss {mean:.3f} tokens {step * batch * length}",
                flush=True,
            )
            recent = []
            saved = {"step": step, "seconds": spent, "curve": curve, "model": model.state_dict()}
            checkpoint.save(path, saved | {"optimiser": optimiser.state()})
            if done >= 1:
                return path
