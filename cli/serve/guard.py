"""Who may ask: pure ASGI around the routes. A web page must not drive a server on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sharpen.cli.serve.said import error

LIMIT_BYTES = 8 << 20
STALL_SECONDS = 60.0
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a request."""

    token: str = ""
    any_host: bool = False
    """Not on loopback, or on a unix socket: the name that was asked for says nothing."""
    limit: int = LIMIT_BYTES


_ENDS = "the server ends"


class Guard:
    """Host, Origin, token and size, before anything is read or run."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer in its place."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        given = headers.get("x-request-id", "")
        request_id = given if given.isprintable() and 0 < len(given) <= 200 else uuid.uuid4().hex

        began = False

        async def named(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                own = [(b"x-request-id", request_id.encode("latin-1")), (b"cache-control", b"no-store")]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            async with asyncio.timeout(STALL_SECONDS):  # who reads nothing keeps no place
                await send(message)

        refused = self._refusal(headers, open_to_all=scope["path"] == "/health")
        if refused is not None:
            await _answer(named, *refused)
            return
        try:
            with contextlib.suppress(TimeoutError):
                await self._app(scope, receive, named)
        except asyncio.CancelledError:  # the server ends, and has waited long enough for this answer
            with contextlib.suppress(OSError, TimeoutError):
                if began:
                    gone = f"data: {json.dumps(error(_ENDS, 'server_error'))}\n\n".encode()
                    await named({"type": "http.response.body", "body": gone})
                else:
                    await _answer(named, 503, _ENDS, "server_error")

    def _refusal(self, headers: Mapping[str, str], *, open_to_all: bool) -> tuple[int, str] | None:
        rules = self._rules
        host = headers.get("host", "").rpartition("@")[2]
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        if not rules.any_host and name.lower() not in _LOOPBACK:
            return 403, "this server answers to loopback names only"
        if "origin" in headers:
            return 403, "this server does not answer to web pages"
        if rules.token and not open_to_all:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            right = secrets.compare_digest(token.strip().encode("latin-1"), rules.token.encode("utf-8"))
            if scheme.lower() != "bearer" or not right:
                return 401, "a token is needed: Authorization: Bearer TOKEN"
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > rules.limit:
            return 413, f"the body is over {rules.limit >> 20} MiB"
        return None


async def _answer(send: Send, status: int, message: str, kind: str = "invalid_request_error") -> None:
    body = json.dumps(error(message, kind)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
