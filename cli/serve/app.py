"""The routes: chat, edit and fill-in completions, models, health, on Starlette. `cli.commands.serve` runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sharpen.cli.fatal import report_defect
from sharpen.cli.serve import said
from sharpen.cli.serve.asked import VERSION, Asked, Bad, Kind, read
from sharpen.cli.serve.guard import LIMIT_BYTES, Guard, Rules
from sharpen.cli.serve.said import Told
from sharpen.cli.serve.warm import Able
from sharpen.cli.serve.work import Desk, Full
from sharpen.core.engines.base import Engine
from sharpen.core.engines.wire.faults import NOTHING_HELD, Refusal
from sharpen.core.errors import BadInput, EngineUnavailable, NothingHeld
from sharpen.core.events import Event, Failed, Finished, Framed

KEEP_ALIVE_SECONDS = 10.0
BODY_SECONDS = 30.0
"""A client that sends slower than this keeps a place from others."""
_T = TypeVar("_T")
_SSE = {"x-accel-buffering": "no"}


class Failure(Exception):
    """What the client is told in place of an answer."""

    def __init__(
        self, status: int, message: str, param: str | None = None, *, code: str | None = None, wait: int = 1
    ) -> None:
        super().__init__(message)
        self.status, self.param, self.code, self.wait = status, param, code, wait

    @property
    def body(self) -> said.Object:
        """As JSON."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return said.error(str(self), kind, self.param, self.code)

    def response(self) -> Response:
        """Before anything was streamed."""
        if self.status in {429, 503}:
            return _json(self.body, self.status, {"retry-after": str(self.wait)})
        # Clients repeat what failed with 5xx; what will not mend itself would only be paid for again.
        return _json(self.body, self.status, {"x-should-retry": "false"} if self.status >= 500 else {})


class Server:
    """The routes of one engine."""

    def __init__(self, engine: Engine, rules: Rules, able: Able | None = None) -> None:
        able = able or Able()
        self.desk, self._rules, self._able = Desk(engine, able), rules, able
        self.model = f"sharpen-{engine.name.partition(':')[0].partition('#')[0]}"
        self._began = int(time.time())

    def app(self) -> Guard:
        """The ASGI application."""
        paths = ["/v1/models", *(f"/v1/{kind}/completions/models" for kind in ("chat", "fim", "edit"))]
        routes = [Route(path, self.models) for path in paths]
        routes += [
            Route("/health", self.health),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/edit/completions", self.edit, methods=["POST"]),
            Route("/v1/fim/completions", self.fill, methods=["POST"]),
        ]
        return Guard(
            Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found}), self._rules
        )

    async def health(self, _request: Request) -> Response:
        """Alive, and how many wait."""
        return _json({"status": "ok", "model": self.model, "waiting": self.desk.waiting})

    async def models(self, _request: Request) -> Response:
        """The one model, in the fields of both worlds."""
        able = self._able
        own = {
            "version": VERSION, "cells": True, "structured_edit": True, "steps": True, "context": able.free,
            "skills": ["any"] if able.free else ["fix-syntax", "fix-names"],
        }  # fmt: skip
        ends = ["chat.completions", "edit.completions", *(["fim.completions"] if able.fills else [])]
        entry = {
            "id": self.model, "object": "model", "created": self._began, "owned_by": "sharpen",
            "name": f"{self.model} ({self.desk.engine.model})", "context_length": able.window,
            "max_output_length": able.window, "max_model_len": able.window, "supported_endpoints": ends,
            "supported_features": ["diffusing"], "x_sharpen": own,
        }  # fmt: skip
        return _json({"object": "list", "data": [entry]})

    async def chat(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        return await self._completion(request, "chat")

    async def edit(self, request: Request) -> Response:
        """`POST /v1/edit/completions`."""
        return await self._completion(request, "edit")

    async def fill(self, request: Request) -> Response:
        """`POST /v1/fim/completions`."""
        return await self._completion(request, "fim")

    async def _completion(self, request: Request, kind: Kind) -> Response:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.desk.place())
                asked = self._asked(await self._body(request), kind)
                told = Told(asked, self.model)
                source = await stack.enter_async_context(aclosing(told.noting(self.desk.events(asked))))
                if not asked.stream:
                    text, end = await _while_there(request, _collected(asked, source))
                    return _json(told.whole(text, end))
                first = await _while_there(request, _first(source))
            except _Gone:
                return Response(status_code=499)  # nobody reads it
            except Bad as bad:
                return Failure(400, str(bad), bad.param).response()
            except Full as full:
                said_ = f"too many edits wait already; try again in {full.seconds} s"
                return Failure(429, said_, code="queue_full", wait=full.seconds).response()
            except Failure as failure:
                return failure.response()
            except Exception as defect:  # noqa: BLE001 - the client is told, and the server lives on
                return _defect(defect).response()
            return StreamingResponse(
                _streamed(told, first, source, stack.pop_all()),
                media_type="text/event-stream; charset=utf-8",
                headers=_SSE,
            )

    def _asked(self, body: dict[str, Any], kind: Kind) -> Asked:
        model = body.get("model")
        # A client of Mercury's names one of Mercury's models, whoever answers.
        hers = isinstance(model, str) and model.rpartition("/")[2].startswith("mercury")
        if model is not None and model != self.model and not hers:
            raise Failure(404, f"there is no model {str(model)[:80]} here; there is {self.model}", "model")
        if kind == "fim" and not self._able.fills:
            raise Failure(400, f"{self.model} fills no holes; send the file to /v1/chat/completions", "model")
        asked = read(body, kind, self._able)
        ability = self.desk.engine.can(asked.instruction) if kind != "fim" else None
        if ability is not None and not ability.able:
            raise Failure(400, ability.why, "messages")
        return asked

    async def _body(self, request: Request) -> dict[str, Any]:
        raw = bytearray()
        limit = self._rules.limit or LIMIT_BYTES
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    raw += part
                    if len(raw) > limit:
                        raise Failure(413, f"the body is over {limit >> 20} MiB")
        except TimeoutError as late:
            raise Failure(408, f"the body did not come within {BODY_SECONDS:.0f} s") from late
        except ClientDisconnect as gone:
            raise Failure(400, "the body did not come whole") from gone
        try:
            body = json.loads(bytes(raw))
        except (ValueError, RecursionError) as error:
            raise Failure(400, "the body is not JSON") from error
        if not isinstance(body, dict):
            raise Failure(400, "the body is not a JSON object")
        return body


class _Gone(Exception):
    """The client has left."""


async def _while_there(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """What `work` comes to; a client that leaves, also while it waits for its turn, cancels it. Raises _Gone."""
    gone, task = asyncio.ensure_future(_gone(request)), asyncio.ensure_future(work)
    try:
        await asyncio.wait({gone, task}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _Gone
        return task.result()
    finally:
        gone.cancel()
        task.cancel()
        await asyncio.gather(gone, task, return_exceptions=True)


async def _gone(request: Request) -> None:
    while not await request.is_disconnected():  # noqa: ASYNC110 - there is nothing to wait on: ASGI has to be asked
        await asyncio.sleep(0.2)


async def _first(source: AsyncIterator[Event]) -> list[Event]:
    """Events up to the first that tells something, so that an early failure still has a status of its own."""
    taken = []
    async for event in source:
        taken.append(event)
        if isinstance(event, Failed):
            raise _failure(event)
        if isinstance(event, Framed | Finished):
            break
    return taken


def _defect(defect: Exception) -> Failure:
    """What is told of a defect of sharpen's own: that it is one. The report lies on the server."""
    report_defect(defect)
    return Failure(
        500, f"this is a defect of sharpen itself ({type(defect).__name__}); the server has a report"
    )


def _json(body: said.Object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """ASCII, so that no half of a character that a client sent can keep it from an answer."""
    return Response(json.dumps(body), status, headers, "application/json")


def _failure(failed: Failed) -> Failure:
    error = failed.error
    said_ = " ".join(f"{error}. {getattr(error, 'hint', '')}".split()).removesuffix(".")
    if isinstance(error, NothingHeld):
        return Failure(422, said_, code=NOTHING_HELD)
    if isinstance(error, EngineUnavailable):
        busy = isinstance(error, Refusal) and (error.status == 429 or error.status >= 500)
        return Failure(400 if "repairs Python only" in said_ else 503 if busy else 502, said_)
    return Failure(400 if isinstance(error, BadInput) else 500, said_)


async def _all(first: list[Event], source: AsyncIterator[Event]) -> AsyncIterator[Event]:
    for event in first:
        yield event
    async for event in source:
        yield event


async def _collected(asked: Asked, source: AsyncIterator[Event]) -> tuple[str, Finished]:
    """One answer at the end."""
    async for event in source:
        if isinstance(event, Failed):
            raise _failure(event)
        if isinstance(event, Finished):
            return _answer(asked, event), event
    raise Failure(500, "the engine ended without an answer")


def _answer(asked: Asked, end: Finished) -> str:
    """The region's text in the end; of a hole, up to where the client wants it to stop."""
    text = said.region(asked, end.proposed)
    if asked.kind == "fim":
        after = asked.document.text[asked.region.end_char :]
        if after and not after.startswith("\n") and not _line_begins(asked):
            text = text.removesuffix("\n")  # a hole within a line takes no line of its own
        ends = [at for stop in asked.stops if (at := text.find(stop)) >= 0]
        text = text[: min(ends)] if ends else text
    return text


def _line_begins(asked: Asked) -> bool:
    before = asked.document.text[: asked.region.start_char]
    return not before or before.endswith("\n")


async def _streamed(
    told: Told, first: list[Event], source: AsyncIterator[Event], stack: AsyncExitStack
) -> AsyncIterator[bytes]:
    """The events of one answer; ends without `[DONE]` where it failed. Whoever closes it frees the engine."""
    async with stack:
        try:
            async for item in _beating(_all(first, source)):
                if item is None:
                    yield b": keep-alive\n\n"
                elif isinstance(item, Framed) and told.asked.diffusing:
                    yield said.event(told.frame(item))
                elif isinstance(item, Failed):
                    yield said.event(_failure(item).body)
                    return
                elif isinstance(item, Finished):
                    text = _answer(told.asked, item)
                    yield said.event(told.last(text, item))
                    if told.asked.usage:
                        yield said.event(told.closing(text))
                    yield said.event("[DONE]")
                    return
        except (ClientDisconnect, ConnectionError):
            return
        except Exception as defect:  # noqa: BLE001 - as before the stream began
            yield said.event(_defect(defect).body)


async def _beating(source: AsyncIterator[Event]) -> AsyncIterator[Event | None]:
    """The events, and None whenever none has come for a while."""
    going: asyncio.Future[Event] | None = None
    try:
        while True:
            going = going or asyncio.ensure_future(anext(source))
            done, _ = await asyncio.wait({going}, timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield None
                continue
            finished, going = going, None
            try:
                yield finished.result()
            except StopAsyncIteration:
                return
    finally:
        if going is not None:
            going.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await going


async def _not_found(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return Failure(
        status, "there is no such route here: /v1/chat/completions, /v1/models, /health"
    ).response()
