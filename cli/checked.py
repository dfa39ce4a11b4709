"""How many candidates an engine is asked for where a check command chooses: one rule, for the commands and the app."""

from __future__ import annotations

from sharpen.core.engines.choose import follows_prompts

CANDIDATES = 8
"""As many as the command may choose from, where they cost next to nothing."""


def enough(check: str | None, engine: str | None, *, counted: bool) -> bool:
    """Whether `CANDIDATES` are asked for and tried until one holds: a command is given, and nobody said how many.

    counted: somebody did. An engine that follows prompts writes each one anew, so it is asked for what was said.
    """
    return bool(check) and not counted and not follows_prompts(engine)
