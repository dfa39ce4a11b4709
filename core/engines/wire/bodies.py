"""Which endpoint a request goes to, and the body that is sent there.

`core.engines.rewriter` sends it. A prompt is chat's; an empty region is a hole, and what the user began is a next edit,
where the provider has models for both. What was of no use is asked for once more as chat, which alone can be told why.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sharpen.core.engines.wire import next_edit
from sharpen.core.engines.wire.hosted import FILL_MODEL, WINDOWS, Hosted
from sharpen.core.engines.wire.own import structured
from sharpen.core.engines.wire.prompt import Asked, Message, fill_prompt
from sharpen.core.request import Request

Body = dict[str, Any]
Way = Literal["chat", "fim", "edit"]
PATHS: Mapping[Way, str] = {
    "chat": "/chat/completions", "fim": "/fim/completions", "edit": "/edit/completions"
}  # fmt: skip
_FILL_TOKENS = 1024


def first_way(hosted: Hosted, request: Request) -> Way:
    """How a request is put at first."""
    if hosted.kind != "mercury":
        return "chat"
    if not request.text.strip():
        return "fim" if request.document.text.strip() else "chat"
    return "edit" if next_edit.fits(request) else "chat"


@dataclass(frozen=True, slots=True)
class Bodies:
    """What one server is sent."""

    hosted: Hosted
    window: int
    """Tokens of prompt and answer."""
    offered: Mapping[str, Any]
    """What a server that is a sharpen says of itself."""
    dropped: Container[str]
    """Fields that this server does not take."""

    def model(self, way: Way) -> str:
        """Who answers."""
        return self.hosted.model if way == "chat" else FILL_MODEL

    def room(self, way: Way) -> int:
        """Tokens of prompt and answer."""
        return self.window if way == "chat" else WINDOWS[FILL_MODEL]

    def tokens(self, request: Request, way: Way) -> int:
        """How long the answer may get."""
        return min(self.hosted.answer_tokens(len(request.text)), max(1024, self.room(way) // 3))

    def of(self, request: Request, told: Asked, way: Way, messages: Sequence[Message], index: int) -> Body:
        """The body for candidate number `index`."""
        if way == "fim":
            fields: Body = {
                "prompt": fill_prompt(request, told),
                "suffix": told.after,
                "max_tokens": _FILL_TOKENS,
            }
            return {"model": FILL_MODEL, "stream": True, **fields}
        if way == "edit":
            one = {"role": "user", "content": next_edit.message(request, told)}
            body: Body = {"model": FILL_MODEL, "max_tokens": self.tokens(request, way), "messages": [one]}
            return body | ({"temperature": min(1.0, 0.5 + 0.2 * index)} if index else {})
        return self._chat(request, told, messages, index)

    def left_out(self, request: Request, told: Asked, way: Way) -> tuple[str, ...]:
        """Paths of the files that should go along and are not in the body."""
        if way == "edit":
            return next_edit.snippets(request, told)[1]
        if self.offered:
            along = self.offered.get("context") is True
            return () if along else tuple(document.path for document in request.context)
        return told.left_out

    def _chat(self, request: Request, told: Asked, messages: Sequence[Message], index: int) -> Body:
        hosted, tokens = self.hosted, self.tokens(request, "chat")
        mercury = hosted.kind == "mercury"
        body: Body = {
            "model": hosted.model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": min(1.0, (0.5 if mercury else 0.2) + 0.2 * index),
            "max_completion_tokens" if mercury else "max_tokens": tokens,
        }
        if request.settings.frames and (mercury or self.offered):
            body["diffusing"] = True
        if hosted.effort:
            body["reasoning_effort"] = hosted.effort
        body = {name: value for name, value in body.items() if name not in self.dropped}
        if "max_tokens" in self.dropped:
            body["max_completion_tokens"] = tokens
        elif "max_completion_tokens" in self.dropped:
            body["max_tokens"] = tokens
        if self.offered:
            # It reads the region by its place, and has checked the answer itself: nothing is said twice.
            return {**body, "x_sharpen": structured(request, told, index, self.offered), "messages": []}
        return {**body, "messages": list(messages)}
