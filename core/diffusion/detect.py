"""Which family a checkpoint is of: config, token names and folder name together, or `--family`.

Called by `load` and `sharpen models info`. Where rows of the table remain that sample differently it asks instead of
guessing: a wrong bit (shifted logits, another mask) gives garbage without an error.
"""

from __future__ import annotations

import re
from pathlib import Path

from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.families import FAMILIES, Family
from sharpen.core.diffusion.family_names import named
from sharpen.core.errors import EngineUnavailable

HASH = re.compile(r"[0-9a-f]{12,}")


def spoken_name(folder: Path) -> str:
    """The folder's own name, lower case; its repository's where the folder is named for a revision."""
    here = folder.resolve()
    if HASH.fullmatch(here.name) and here.parent.name == "snapshots":
        here = here.parent.parent
    return here.name.lower()


def mismatch(family: Family, checkpoint: Checkpoint) -> str:
    """Why the checkpoint is not of the family, in a few words; empty where it is."""
    config = checkpoint.config
    names = config.get("architectures") or []
    if not isinstance(names, list):
        raise EngineUnavailable(
            f"architectures in config.json must be a list of names, not {names!r}", "pull the model again"
        )
    kind = config.get("model_type", "")
    if not any(n in family.architectures for n in names) and kind not in family.model_types:
        return f"architectures {names} and model_type {kind!r} are not its"
    absent = [k for k in family.needs if k not in config]
    if absent:
        return f"config.json has no {', '.join(absent)}"
    extra = [k for k in family.lacks if k in config]
    if extra:
        return f"config.json has {', '.join(extra)}"
    if family.must_mask and not _has(checkpoint, "mask_token_id", family.mask_tokens):
        return f"neither config.json nor the tokenizer has a mask token ({' or '.join(family.mask_tokens)})"
    if family.expand_tokens and not _has(checkpoint, "expand_token_id", family.expand_tokens):
        return f"there is no {family.expand_tokens[0]} token"
    return ""


def _has(checkpoint: Checkpoint, key: str, tokens: tuple[str, ...]) -> bool:
    return checkpoint.config.get(key) is not None or any(t in checkpoint.added_tokens for t in tokens)


def detect(checkpoint: Checkpoint, family: str | None = None) -> Family:
    """The checkpoint's family. Raises BadInput for a `family` that is none, EngineUnavailable where unsure."""
    if family is not None:
        return named(family)
    reasons = {f.name: mismatch(f, checkpoint) for f in FAMILIES}
    fitting = [f for f in FAMILIES if not reasons[f.name]]
    if not fitting:
        raise EngineUnavailable(_nothing_fits(checkpoint, reasons), "sharpen models try … --family NAME")
    if len(fitting) == 1:
        return fitting[0]
    name = spoken_name(checkpoint.folder)
    hinted = [f for f in fitting if any(h in name for h in f.hints)]
    if len(hinted) == 1:
        return hinted[0]
    special = [f for f in fitting if f.expand_tokens]
    if len(special) == 1:
        return special[0]
    fallback = [f for f in fitting if f.fallback]
    if len(fallback) == 1 and not hinted:
        return fallback[0]
    choices = " or ".join(f.name for f in fitting)
    raise EngineUnavailable(
        f"{checkpoint.folder.name} may be {choices}: their configs are alike and the folder's name does not say",
        f"--family {fitting[0].name}",
    )


def _nothing_fits(checkpoint: Checkpoint, reasons: dict[str, str]) -> str:
    near = {n: why for n, why in reasons.items() if "are not its" not in why}
    config = checkpoint.config
    if not near:
        return (
            f"{checkpoint.folder.name} is of no family that sharpen knows: architectures "
            f"{config.get('architectures')}, model_type {config.get('model_type')!r}"
        )
    said = "; ".join(f"not {n}: {why}" for n, why in near.items())
    return f"{checkpoint.folder.name} is of no family that sharpen knows ({said})"
