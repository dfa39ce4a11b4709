"""What the server says: completions, chunks and errors, as Mercury and OpenAI clients read them, with true cells."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from sharpen.cli.serve.asked import VERSION, Asked
from sharpen.core.canvas import MASK_GLYPH, Canvas
from sharpen.core.document import Document
from sharpen.core.events import Event, Finished, Framed, Proposed, Verified
from sharpen.core.patch import Patch

Object = dict[str, Any]
_OBJECTS = {"chat": "chat.completion", "edit": "edit.completion", "fim": "text_completion"}


class Told:
    """One answer on its way: its id, and the canvas as it was told last."""

    def __init__(self, asked: Asked, model: str) -> None:
        self.asked, self.model, self.kind = asked, model, _OBJECTS[asked.kind]
        self.id = f"chatcmpl-{uuid.uuid4().hex[:16]}"
        self.created = int(time.time())
        self.frames = 0
        self.progress = 0.0
        self._proposed: dict[int, tuple[float, str]] = {}
        self._held: dict[str, float] = {}
        """Texts of the region that hold, and their scores; the same text counts with its best."""

    async def noting(self, source: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The same events; which candidates held is remembered for the answer."""
        judged = False
        async with aclosing(source):
            async for item in source:
                if isinstance(item, Proposed):
                    if judged:  # a further round, on what the one before has come to
                        self._proposed, self._held, judged = {}, {}, False
                    self._proposed[item.index] = item.candidate.score, region(self.asked, item.patch)
                elif isinstance(item, Verified):
                    judged = True
                    if item.verdict.holds and item.index in self._proposed:
                        score, text = self._proposed[item.index]
                        self._held[text] = max(score, self._held.get(text, score))
                yield item

    def _ending(self, text: str, end: Finished) -> Object:
        """What `x_sharpen` says of the answer; where several were asked for, all that hold, the answer first."""
        candidate: Object = {"steps": end.steps, "seconds": round(end.engine_seconds, 4)}
        if text in self._held:
            candidate["score"] = round(self._held[text], 4)
        own: Object = {"version": VERSION, "candidate": candidate}
        if self.asked.settings.candidates > 1 and self.asked.kind != "fim":
            others = sorted((t for t in self._held if t != text), key=lambda t: -self._held[t])
            own["candidates"] = [text, *others]
        return own

    def wrapped(self, text: str) -> str:
        """The region's text as an answer has it."""
        if not self.asked.fenced:
            return text
        fence = "```"
        while fence in text:
            fence += "`"
        end = "" if text.endswith("\n") or not text else "\n"
        return f"{fence}{self.asked.tag}\n{text}{end}{fence}"

    def frame(self, event: Framed) -> Object:
        """A chunk that holds the whole region as the canvas has it now."""
        self.frames += 1
        canvas = event.frame.canvas
        head, tail = self._around(event)
        masked, settled = canvas.count("masked"), canvas.count("settled")
        self.progress = max(self.progress, min(0.99, _share(canvas)))
        chunk = self._chunk({"role": "assistant", "content": self.wrapped(head + canvas.text + tail)})
        chunk["diffusion_meta"] = {"diffusion_content": True, "diffusion_progress": round(self.progress, 4)}
        own: Object = {
            "version": VERSION, "frame": self.frames, "steps": event.frame.steps, "masked": masked,
            "settled": settled, "seconds": round(event.frame.seconds, 4),
        }  # fmt: skip
        if self.asked.cells:
            own["cells"] = [*_context(head), *_cells(canvas), *_context(tail)]
        return chunk | {"x_sharpen": own}

    def _around(self, event: Framed) -> tuple[str, str]:
        """What of the region stands before and after the canvas."""
        base = event.document or self.asked.document
        text, canvas, region = base.text, event.frame.canvas.region, self.asked.region
        after = len(self.asked.document.text) - region.end_char
        return text[region.start_char : canvas.start_char], text[canvas.end_char : len(text) - after]

    def last(self, text: str, end: Finished) -> Object:
        """The chunk that is the answer."""
        chunk = self._chunk({"role": "assistant", "content": self.wrapped(text)}, "stop")
        if self.asked.diffusing:
            chunk["diffusion_meta"] = {"diffusion_content": True, "diffusion_progress": 1}
        return chunk | {"x_sharpen": self._ending(text, end)}

    def whole(self, text: str, end: Finished) -> Object:
        """The answer to a request that does not stream."""
        choice: Object = {"index": 0, "finish_reason": "stop"}
        if self.asked.kind == "fim":
            choice["text"] = text
        else:
            choice["message"] = {"role": "assistant", "content": self.wrapped(text)}
        return self._head(self.kind) | {
            "choices": [choice], "usage": self.usage(text), "x_sharpen": self._ending(text, end),
        }  # fmt: skip

    def usage(self, text: str) -> Object:
        """Tokens, at four characters each: an embedded model's own are of no other use to a client."""
        prompt, completion = len(self.asked.document.text) // 4, len(text) // 4
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def closing(self, text: str) -> Object:
        """The usage chunk."""
        return self._head(self._chunks) | {"choices": [], "usage": self.usage(text)}

    @property
    def _chunks(self) -> str:
        return self.kind if self.asked.kind == "fim" else "chat.completion.chunk"

    def _chunk(self, delta: Object, finish: str | None = None) -> Object:
        said = {"text": delta["content"]} if self.asked.kind == "fim" else {"delta": delta}
        choice = {"index": 0, **said, "finish_reason": finish}
        return self._head(self._chunks) | {"choices": [choice]}

    def _head(self, kind: str) -> Object:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def region(asked: Asked, patch: Patch | None) -> str:
    """The region's text with a patch applied; as it was for none."""
    before, place = asked.document.text, asked.region
    if patch is None:
        return before[place.start_char : place.end_char]
    text = Document.from_bytes(patch.result(asked.document.path), asked.document.path).text
    return text[place.start_char : len(text) - (len(before) - place.end_char)]


def _share(canvas: Canvas) -> float:
    """How far a canvas is: what is settled counts, a draft half, because it may still change, context not at all."""
    alive = [cell.state for cell in canvas.cells if cell.state != "context"]
    done = sum({"settled": 1.0, "draft": 0.5, "revised": 0.5}.get(state, 0.0) for state in alive)
    # A text that only grows is settled throughout: then its length says how far it is.
    long = len(canvas.join(MASK_GLYPH)) / max(1, canvas.region.end_char - canvas.region.start_char)
    return done / max(1, len(alive)) * min(1.0, long)


def _cells(canvas: Canvas) -> list[list[Any]]:
    return [
        ["", "masked", None, c.width]
        if c.state == "masked"
        else [c.text, c.state, None if c.confidence is None else round(c.confidence, 4)]
        for c in canvas.cells
    ]


def _context(text: str) -> list[list[Any]]:
    return [[text, "context", 1.0]] if text else []


def event(data: Object | str) -> bytes:
    """One server-sent event. ASCII JSON: some clients break lines at U+2028."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def error(message: str, kind: str, param: str | None = None, code: str | None = None) -> Object:
    """An error as OpenAI clients read it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
