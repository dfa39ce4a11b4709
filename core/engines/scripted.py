"""The shipped double: an engine that plays a list of frames and candidates, for front ends and their tests.

A script is a JSON object: {"candidates": ["the region's new text", …], "frames": ["canvas text", …], "pause": 0.0}.
Each frame is shown as one draft cell over the region. It is a real engine to everyone: it looks at the cancel token
between steps.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.engines.base import Ability
from sharpen.core.errors import EngineUnavailable, Interrupted
from sharpen.core.request import Request


class ScriptedEngine:
    """Plays `frames`, then `candidates`, whatever is asked."""

    name = "script"
    model = "script"

    def __init__(self, candidates: Sequence[str], frames: Sequence[str] = (), pause: float = 0.0) -> None:
        self._candidates, self._frames, self._pause = candidates, frames, pause

    @classmethod
    def read(cls, path: Path) -> ScriptedEngine:
        """From a JSON file; raises EngineUnavailable where it cannot be read."""
        try:
            script = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                _texts(script["candidates"]), _texts(script.get("frames", [])), float(script.get("pause", 0))
            )
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise EngineUnavailable(f"the script {path} cannot be played: {e}") from e

    def can(self, instruction: str) -> Ability:
        """Anything that is asked at all."""
        return Ability(bool(instruction), "a script plays for any instruction but an empty one")

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        """The script's frames and candidates, with a pause before each."""
        began = time.monotonic()
        for step, text in enumerate(self._frames, 1):
            self._wait(request)
            canvas = Canvas((Cell(text, "draft", 0.5),), request.region)
            yield Frame(step, len(self._frames), canvas, time.monotonic() - began)
        for k, text in enumerate(self._candidates):
            self._wait(request)
            yield Candidate(text, -float(k), len(self._frames), time.monotonic() - began)

    def _wait(self, request: Request) -> None:
        until = time.monotonic() + self._pause
        while True:
            if request.cancel.cancelled:
                raise Interrupted("stopped; nothing was written")
            if time.monotonic() >= until:
                return
            time.sleep(min(0.01, self._pause))


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("candidates and frames are lists of texts")
    return value
