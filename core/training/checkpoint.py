"""Checkpoints of a training run: written beside and renamed, so that a kill at any instant leaves a whole one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state`, then rename it into place."""
    draft = path.with_suffix(".part")
    torch.save(state, draft)
    draft.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """The saved state on the CPU, or None where there is none."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return state
