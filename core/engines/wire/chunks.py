"""Parts of a chat or fill-in-the-middle answer, put together as they come. `core.engines.rewriter` feeds it events.

A part *replaces* the text where it says that it is a state of the canvas (`diffusion_meta.diffusion_content`), and is
appended where it does not; each part decides for itself, because a gateway may drop the flag. Only an answer that
said it was finished is one. Thinking is kept apart and never part of the text. It opens no connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sharpen.core.engines.wire import faults
from sharpen.core.engines.wire.harmless import mended
from sharpen.core.engines.wire.sse import Event

MOST_BAD = 3
"""So many unreadable parts in a row are forgiven."""
_MOST_TOKENS = 10**12
"""A larger count is none."""
_WORST = ("stop", "length", "content_filter")
_THOUGHT = re.compile(r"\s*<think(?:ing)?>.*?(?:</think(?:ing)?>\s*|\Z)", re.DOTALL)


@dataclass(slots=True)
class Usage:
    """What an answer took, in tokens; None where the server does not say."""

    prompt: int | None = None
    answer: int | None = None
    cached: int | None = None
    thinking: int | None = None

    def read(self, found: object) -> None:
        """Take over what is a count. Both the nested and the flat form are met in the wild."""
        if not isinstance(found, Mapping):
            return
        inside = found.get("prompt_tokens_details"), found.get("completion_tokens_details")
        first, second = (part if isinstance(part, Mapping) else {} for part in inside)
        self.prompt = _count(found.get("prompt_tokens"), self.prompt)
        self.answer = _count(found.get("completion_tokens"), self.answer)
        self.cached = _count(first.get("cached_tokens", found.get("cached_input_tokens")), self.cached)
        self.thinking = _count(second.get("reasoning_tokens", found.get("reasoning_tokens")), self.thinking)


def _count(value: object, otherwise: int | None) -> int | None:
    count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
    return value if count and isinstance(value, int) else otherwise


@dataclass(slots=True)
class Answer:
    """The answer so far."""

    server: faults.Server
    text_chars: int = 262_144
    """More text than this is not an answer but a fault."""
    needs_mark: bool = True
    """Whether `[DONE]` must come; some servers forget it after a clean end."""
    raw: str = ""
    frames: int = 0
    """Distinct states of the text."""
    canvas: bool = False
    """Whether the last part was a state of a canvas."""
    cells: list[Any] | None = None
    """The canvas's own cells, where the server is a sharpen and sends them."""
    thinking: int = 0
    """Characters of thinking."""
    finish: str = ""
    done: bool = False
    warning: str = ""
    usage: Usage = field(default_factory=Usage)
    bad: int = 0

    @property
    def text(self) -> str:
        """The text without thinking, encodable."""
        text = mended(self.raw)
        match = _THOUGHT.match(text) if "<think" in text[:200] else None
        return text[match.end() :] if match else text

    def take(self, event: Event) -> bool:
        """Whether anything of substance came. Raises EngineUnavailable for an error among the parts."""
        data = event.data.strip()
        if data == "[DONE]":
            self.done = True
            return True
        try:
            part: object = json.loads(data)
        except (ValueError, RecursionError):
            part = None
            if not event.whole:
                return False
        if event.kind == "error":
            raise faults.in_stream(self.server, part if part is not None else {"error": data})
        if not isinstance(part, dict):
            self.bad += 1
            if self.bad > MOST_BAD:
                raise self.server.fault("sends what is not an answer of a model", "check the address")
            return False
        self.bad = 0
        return self.read(part)

    def read(self, part: Mapping[str, Any]) -> bool:
        """One part, or a whole answer that came at once. Raises as `take`."""
        error = part.get("error")
        if error or part.get("object") == "error":
            raise faults.in_stream(self.server, part)
        self.usage.read(part.get("usage"))
        if isinstance(part.get("warning"), str):
            self.warning = part["warning"]
        choice = _first(part.get("choices"))
        if choice is None:
            return False
        heard = self._finish(choice.get("finish_reason"))
        inner = choice.get("delta") if isinstance(choice.get("delta"), Mapping) else choice.get("message")
        delta: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {"content": choice.get("text")}
        for name in ("reasoning_content", "reasoning"):
            if isinstance(delta.get(name), str) and delta[name]:
                self.thinking += len(delta[name])
                heard = True
        meta = part.get("diffusion_meta")
        whole = isinstance(meta, Mapping) and meta.get("diffusion_content") is True
        own = part.get("x_sharpen")
        cells = own["cells"] if isinstance(own, Mapping) and isinstance(own.get("cells"), list) else None
        # A canvas changes where its text does not: masked cells have none.
        changed = whole and cells is not None and cells != self.cells
        if cells is not None or delta.get("content"):
            self.cells = cells
        return self._content(_flat(delta.get("content")), whole, changed) or heard

    def _content(self, content: str, whole: bool, changed: bool) -> bool:
        if not changed and (not content or (whole and content == self.raw)):
            return False
        self.raw = content if whole else self.raw + content
        self.canvas, self.frames = whole, self.frames + 1
        if len(self.raw) > self.text_chars:
            raise self.server.fault(
                f"answers with more than {self.text_chars:,} characters",
                "name a smaller region: PATH::SYMBOL",
            )
        return True

    def _finish(self, reason: object) -> bool:
        if not isinstance(reason, str) or not reason:
            return False
        reason = "stop" if reason == "eos_token" else reason
        rank = {name: place for place, name in enumerate(_WORST)}
        if not self.finish or rank.get(reason, 9) > rank.get(self.finish, 9):
            self.finish = reason
        return True

    def end(self) -> str:
        """The finished text. Raises EngineUnavailable where the stream ended before the answer did."""
        if self.finish and self.finish != "stop":
            raise faults.ending(self.server, self.finish)
        if not self.finish or (self.needs_mark and not self.done):
            raise self.server.fault("ended early, in the middle of its answer", "try again")
        if not self.text.strip():
            raise self.server.fault("answered with nothing", "try again, or word the prompt otherwise")
        return self.text


def _first(choices: object) -> Mapping[str, Any] | None:
    """The choice that is ours; servers number several and may send none."""
    if not isinstance(choices, list):
        return None
    mine = (c for c in choices if isinstance(c, Mapping) and c.get("index", 0) == 0)
    return next(mine, None)


def _flat(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(text for text in texts if isinstance(text, str))
    return ""
