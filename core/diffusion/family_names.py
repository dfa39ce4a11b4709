"""A family by the words that people use for it. Called by `detect`, and where an engine's name is read, without torch."""

from __future__ import annotations

import re

from sharpen.core.diffusion.families import BY_NAME, Family
from sharpen.core.errors import BadInput

ALSO = {
    "llada8b": "llada",
    "llada15": "llada",
    "llada2": "llada2.0",
    "llada2mini": "llada2.0",
    "mdlm": "a2d-mdlm",
    "tinya2dmdlm": "a2d-mdlm",
    "bd3lm": "a2d-bd3lm",
    "tinya2dbd3lm": "a2d-bd3lm",
    "sdarmoe": "sdar",
    "fastdllm": "fast-dllm-v2",
    "opendllm": "open-dcoder",
}
"""Other words for a family, without anything but letters and digits."""


def named(family: str) -> Family:
    """The family that somebody means, however it is spelt. Raises BadInput."""
    bare = re.sub(r"[^a-z0-9]", "", family.lower())
    known = {re.sub(r"[^a-z0-9]", "", name): name for name in BY_NAME} | ALSO
    if bare not in known:
        raise BadInput(f"there is no family {family}", f"one of: {', '.join(BY_NAME)}")
    return BY_NAME[known[bare]]
