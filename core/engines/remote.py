"""The connection to a model's server: the only module that imports httpx.

`core.engines.rewriter` asks; the parsing of what comes is `core.engines.wire`'s. A thread of its own reads, so that
the one that asks can stop at once in every phase: while connecting, between bytes, in a stream of comments. All
limits are ours: httpx's read timeout begins again with each byte. Invariant: a request of which something was read is
never sent twice, and redirects are not followed, because a key would go along.
"""

from __future__ import annotations

import json
import queue
import random
import socket
import threading
import time
import urllib.request
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from sharpen.core.engines.wire import faults, retry, ways
from sharpen.core.engines.wire.address import Address
from sharpen.core.engines.wire.harmless import sentence
from sharpen.core.engines.wire.limits import Limits
from sharpen.core.engines.wire.unpack import Unreadable, unpacked
from sharpen.core.errors import EngineUnavailable, Interrupted

__all__ = ["Cancel", "Limits", "Line", "Reply", "encoded"]

_TICK_SECONDS = 0.05
"""How long a stop that somebody asked for may go unseen."""
_QUEUE = 64


class Cancel(Protocol):
    """What may say that the answer is no longer wanted."""

    @property
    def cancelled(self) -> bool:
        """Whether it did."""
        ...


class _Failed:
    """What ended the reading thread."""

    def __init__(self, error: Exception) -> None:
        self.error = error


_Item = bytes | httpx.Response | _Failed | None


class _Call:
    """One request on its way: a thread that reads, and the queue through which it hands over."""

    def __init__(self, client: httpx.Client, request: httpx.Request) -> None:
        self._client, self._request = client, request
        self._items: queue.Queue[_Item] = queue.Queue(_QUEUE)
        self._socket: socket.socket | None = None
        self.abandoned = False
        request.extensions["trace"] = self._trace
        self._thread = threading.Thread(target=self._read, name="sharpen-remote", daemon=True)
        self._thread.start()

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        """httpcore's own events: the socket is needed before there is an answer that knows it."""
        if name.endswith((".connect_tcp.complete", ".start_tls.complete", ".connect_unix_socket.complete")):
            self._hold(info["return_value"])

    def _hold(self, stream: Any) -> None:
        self._socket = stream.get_extra_info("socket")
        if self.abandoned:
            self._cut()

    def _read(self) -> None:
        try:
            response = self._client.send(self._request, stream=True)
            try:
                self._hold(response.extensions["network_stream"])
                self._put(response)
                packing = response.headers.get("content-encoding", "")
                for chunk in unpacked(response.iter_raw(), packing):
                    if self.abandoned:
                        break
                    self._put(chunk)
            finally:
                response.close()
            self._put(None)
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked, which tells or raises it
            self._put(_Failed(error))
        if self.abandoned:
            self._client.close()

    def _put(self, item: _Item) -> None:
        while not self.abandoned:
            with suppress(queue.Full):
                self._items.put(item, timeout=_TICK_SECONDS)
                return

    def get(self, seconds: float) -> _Item:
        """What came next. Raises queue.Empty."""
        return self._items.get(timeout=max(0.001, seconds))

    def abandon(self) -> None:
        """Close the connection now; a read that waits for bytes is woken by it."""
        self.abandoned = True
        self._cut()
        self._thread.join(_TICK_SECONDS)

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                # Not the method of a TLS socket, which takes its cipher away from under the reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def finished(self, seconds: float) -> bool:
        """Whether the thread ends by itself within that time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


class Reply:
    """A good answer's bytes, as they come. Close it; leaving it open keeps a thread and a connection."""

    def __init__(
        self, line: Line, call: _Call, status: int, headers: Mapping[str, str], until: float
    ) -> None:
        self.status, self.headers = status, headers
        self._line, self._call, self._until = line, call, until
        self._heard = time.monotonic()
        self._open = True

    @property
    def kind(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def heard(self) -> None:
        """Something of substance came: the idle limit begins again."""
        self._heard = time.monotonic()

    def chunks(self, cancel: Cancel) -> Iterator[bytes]:
        """All bytes. Raises EngineUnavailable at a limit or a broken connection, Interrupted."""
        limits, seen = self._line.limits, 0
        while True:
            item = self._line.next(
                self._call, cancel, min(self._until, self._heard + limits.idle), self._until
            )
            if not isinstance(item, bytes):
                self._open = False
                return
            seen += len(item)
            if seen > limits.stream_bytes:
                raise self._line.server.fault(
                    f"sends more than {limits.stream_bytes / 1_048_576:.0f} MB", "try again"
                )
            yield item

    def close(self) -> None:
        """Keep the connection for the next request where the answer is at its end, else cut it."""
        if self._open and not self._call.finished(0.02):
            self._line.drop(self._call)
        self._open = False


class Line:
    """One server; requests go one after the other. Not for several threads at once."""

    def __init__(self, where: Address, server: faults.Server, limits: Limits | None = None) -> None:
        self.where, self.server = where, server
        self.limits = limits or Limits()
        self._client: httpx.Client | None = None
        self._proxy = None if where.loopback else _proxy(where.base)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None, cancel: Cancel) -> Reply:
        """Send, again where that may help; returns once a good answer begins.

        Raises EngineUnavailable (a `faults.Refusal` for an error status), NothingHeld and Interrupted.
        """
        until = time.monotonic() + self.limits.total
        attempt, reconnected = 0, False
        while True:
            call = self._send(method, path, body)
            try:
                head = self.next(call, cancel, until, until, silent=not reconnected)
            except _Closed:
                reconnected = True  # an idle connection that the server had closed meanwhile
                continue
            if not isinstance(head, httpx.Response):
                raise self.server.fault("answered with nothing", "try again")
            headers = {name.lower(): value for name, value in head.headers.items()}
            if head.status_code == 200:
                return Reply(self, call, head.status_code, headers, until)
            rest = self._rest(call, cancel, until)
            if (held := faults.nothing_held(self.server, rest)) is not None:
                raise held
            asked = retry.asked(headers, rest, datetime.now(UTC))
            seconds = retry.wait(attempt, asked, random.random())
            late = time.monotonic() + seconds >= until
            most = self.limits.queued if head.status_code == 429 and asked else self.limits.retries
            if not retry.worth(head.status_code, headers) or attempt >= most or late:
                refusal = faults.of_status(
                    self.server, head.status_code, rest, asked or (seconds if late else None)
                )
                raise ways.through(refusal, self._proxy)
            self._sleep(seconds, cancel)
            attempt += 1

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def drop(self, call: _Call) -> None:
        """Cut this call's connection; the next request opens another."""
        self._client = None
        call.abandon()

    def next(self, call: _Call, cancel: Cancel, until: float, total: float, *, silent: bool = False) -> _Item:
        """The next item before `until`. Raises what `ask` does; `_Closed` where `silent` and it may be sent again."""
        while True:
            if cancel.cancelled:
                self.drop(call)
                raise Interrupted("stopped; nothing was written")
            left = until - time.monotonic()
            if left <= 0:
                self.drop(call)
                raise self._late(until >= total)
            try:
                item = call.get(min(left, _TICK_SECONDS))
            except queue.Empty:
                continue
            if isinstance(item, _Failed):
                if silent and _unanswered(item.error):
                    self.drop(call)
                    raise _Closed from item.error
                self.drop(call)
                raise self._told(item.error) from item.error
            return item

    def _late(self, total: bool) -> EngineUnavailable:
        if total:
            return self.server.fault(
                f"was not done after {self.limits.total:g} s", "name a smaller region: PATH::SYMBOL"
            )
        return self.server.fault(f"sent nothing of an answer for {self.limits.idle:g} s", "try again")

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> _Call:
        try:
            if self._client is None:
                self._client = self._opened()
                weakref.finalize(self, self._client.close)
            headers = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
            if self.server.key:
                headers["authorization"] = f"Bearer {self.server.key}"
            content = None if body is None else encoded(body)
            if content is not None:
                headers["content-type"] = "application/json"
            request = self._client.build_request(
                method, self.where.at(path), content=content, headers=headers
            )
            return _Call(self._client, request)
        except (httpx.InvalidURL, ValueError, OSError) as error:
            raise self.server.fault(
                f"cannot be asked: {sentence(str(error))}", "check the address"
            ) from error

    def _opened(self) -> httpx.Client:
        limits = self.limits
        # An `http:` address never needs certificates, and reading them takes 50 ms.
        plain = self.where.base.startswith("http:")
        try:
            # Certificates of the user's own are honoured everywhere, proxies not for this very machine.
            verify = False if plain else httpx.create_ssl_context(verify=True, trust_env=True)
        except OSError as error:
            raise self.server.fault(
                f"cannot be asked: {ways.CERTIFICATES}", "check it, or unset it"
            ) from error
        try:
            return httpx.Client(
                timeout=httpx.Timeout(connect=limits.connect, read=limits.read, write=10.0, pool=5.0),
                limits=httpx.Limits(max_connections=1, keepalive_expiry=60.0),
                transport=httpx.HTTPTransport(uds=self.where.socket) if self.where.socket else None,
                verify=verify,
                trust_env=not self.where.loopback,
                follow_redirects=False,
            )
        except ImportError as error:
            variable = self._proxy.variable if self._proxy else "ALL_PROXY"
            raise self.server.fault(ways.SOCKS, f"pip install 'httpx[socks]', or unset {variable}") from error
        except (httpx.InvalidURL, ValueError) as error:
            if self._proxy is None:
                raise
            raise self._proxy.fault("is no address of a proxy") from error

    def _rest(self, call: _Call, cancel: Cancel, until: float) -> bytes:
        """An error's body, as far as it is worth reading."""
        body = bytearray()
        soon = min(until, time.monotonic() + self.limits.connect)
        try:
            while len(body) < self.limits.error_bytes:
                item = self.next(call, cancel, soon, until)
                if not isinstance(item, bytes):
                    call.finished(_TICK_SECONDS)
                    return bytes(body)
                body += item
        except EngineUnavailable:
            return bytes(body)
        self.drop(call)
        return bytes(body[: self.limits.error_bytes])

    def _sleep(self, seconds: float, cancel: Cancel) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if cancel.cancelled:
                raise Interrupted("stopped; nothing was written")
            time.sleep(min(left, _TICK_SECONDS))

    def _told(self, error: Exception) -> Exception:
        """httpx's exception as a sentence; what is not httpx's or the system's is a defect and stays as it is."""
        if isinstance(error, Unreadable):
            return self.server.fault(str(error), "check the address")
        if not isinstance(error, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError | OSError):
            return error
        texts, server, proxy = [str(e) for e in _chain(error)], self.server, self._proxy
        said = sentence(server.redacted(texts[0]), 120)
        if isinstance(error, httpx.ConnectTimeout):
            late = f"could not be reached within {self.limits.connect:g} s"
            return proxy.fault(late) if proxy else server.fault(late, "check the address")
        if isinstance(error, httpx.TimeoutException):
            return server.fault(f"sent nothing for {self.limits.read:g} s", "try again")
        if isinstance(error, httpx.ConnectError):
            known = ways.certificate(server, texts)
            return known or ways.unreached(server, proxy, bool(self.where.socket), texts)
        if isinstance(error, httpx.ProxyError):
            told = f"refused: {said}"
            return (
                proxy.fault(told)
                if proxy
                else server.fault(f"is behind a proxy that {told}", "check HTTPS_PROXY")
            )
        if (
            isinstance(error, httpx.RemoteProtocolError)
            and "peer closed" not in said
            and "disconnected" not in said
        ):
            return server.fault(f"does not speak HTTP as it should: {said}", "check the address and its port")
        return server.fault("closed the connection in the middle of its answer", "try again")


class _Closed(Exception):
    """The connection was gone before anything was answered."""


def _unanswered(error: Exception) -> bool:
    """Whether the connection ended before anything of an answer was read."""
    if isinstance(error, httpx.RemoteProtocolError):
        return "without sending a response" in str(error)
    return isinstance(error, httpx.ReadError | httpx.WriteError)


def _proxy(base: str) -> ways.Proxy | None:
    """What httpx will ask in the server's place, by the same variables."""
    host = urlsplit(base).hostname or ""
    return None if urllib.request.proxy_bypass(host) else ways.proxy_of(base, urllib.request.getproxies())


def encoded(body: Mapping[str, Any]) -> bytes:
    """A request's body, exactly as it is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "replace"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    known: BaseException | None = error
    while known is not None:
        yield known
        known = known.__cause__ or known.__context__
