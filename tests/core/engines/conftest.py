"""A server of bytes on a real loopback socket: what a model's server sends, said, and does wrong."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.document import Document
from sharpen.core.engines.remote import Limits
from sharpen.core.engines.rewriter import RemoteEngine
from sharpen.core.engines.wire.harmless import harmless
from sharpen.core.engines.wire.hosted import Access, hosted
from sharpen.core.errors import EngineUnavailable
from sharpen.core.request import Request

Script = Callable[["Peer"], None]
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Peer:
    """The server's end of one connection, after one request was read from it."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self.socket, self.stopped = connection, stopped
        self.request = b""

    def read(self) -> bool:
        """Read one whole request; False where the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.socket.recv(65_536)
            if not part:
                return False
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")), 0
        )
        while len(body) < length:
            body += self.socket.recv(65_536)
        self.request = head + b"\r\n\r\n" + body
        return True

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def stream(self, body: bytes, *, end: bool = True, piece: int = 0) -> None:
        """A chunked event stream; `piece`: so many bytes a chunk and a segment."""
        self.send(STREAM)
        self.more(body, piece)
        if end:
            self.send(b"0\r\n\r\n")

    def more(self, body: bytes, piece: int = 0) -> None:
        for part in [body[i : i + piece] for i in range(0, len(body), piece)] if piece else [body]:
            if part:
                self.send(b"%x\r\n%s\r\n" % (len(part), part))

    def silence(self) -> None:
        """Say nothing until the client goes or the test ends."""
        self.socket.settimeout(0.02)
        while not self.stopped.is_set():
            try:
                if not self.socket.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def wait(self, seconds: float) -> None:
        self.stopped.wait(seconds)


class Server:
    """Plays one script a request, the last one for all that follow."""

    def __init__(self, *scripts: Script, wrap: Any = None, host: str = "127.0.0.1") -> None:
        self._scripts, self._wrap = list(scripts), wrap
        self.requests: list[bytes] = []
        self.gone = threading.Event()
        """Set once a client has closed its connection."""
        self._stopped = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(r.partition(b"\r\n\r\n")[2] or b"{}") for r in self.requests]

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), ExitStack() as opened:
            opened.enter_context(connection)
            if self._wrap is not None:
                connection = opened.enter_context(self._wrap(connection))
            self._open.append(connection)
            peer = Peer(connection, self._stopped)
            while not self._stopped.is_set() and peer.read():
                self.requests.append(peer.request)
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                script(peer)
                if script.__name__ == "closing":
                    return
        self.gone.set()

    def close(self) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    servers: list[Server] = []

    def start(*scripts: Script, wrap: Any = None) -> Server:
        servers.append(Server(*scripts, wrap=wrap))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def frame(text: str, progress: object = 0.5, finish: str | None = None, **more: object) -> bytes:
    """A state of the canvas, as Mercury sends it."""
    meta = {"diffusion_content": True, "diffusion_progress": progress}
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
    return event({"id": "c1", "choices": [choice], "diffusion_meta": meta, **more})


def delta(text: object = None, finish: str | None = None, **more: object) -> bytes:
    """An appended part."""
    inner: dict[str, object] = {} if text is None else {"content": text}
    return event({"id": "c1", "choices": [{"index": 0, "delta": inner | more, "finish_reason": finish}]})


def event(body: object) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


STOP = delta(finish="stop")
DONE = b"data: [DONE]\n\n"


def says(*parts: bytes, piece: int = 0) -> Script:
    """A script that streams these parts and ends the body."""

    def script(peer: Peer) -> None:
        peer.stream(b"".join(parts), piece=piece)

    return script


def answers(text: str) -> Script:
    """A whole good answer."""
    return says(frame(text, 1), STOP, DONE)


def raw(data: bytes) -> Script:
    """Bytes as they are, then the connection is closed."""

    def closing(peer: Peer) -> None:
        peer.send(data)

    return closing


def status(code: int, body: bytes = b"", headers: Sequence[str] = ()) -> Script:
    """An answer with an error status."""

    def script(peer: Peer) -> None:
        lines = [f"HTTP/1.1 {code} X", f"content-length: {len(body)}", *headers]
        peer.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return script


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it comes true; a loaded machine needs time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def comments(peer: Peer) -> None:
    peer.stream(b"", end=False)
    while not peer.stopped.is_set():
        peer.more(b": still here\n\n")
        peer.wait(0.1)


def one_and_silence(peer: Peer) -> None:
    peer.stream(frame("abd"), end=False)
    peer.silence()


def head_and_silence(peer: Peer) -> None:
    peer.send(STREAM)
    peer.silence()


def nothing(peer: Peer) -> None:
    peer.silence()


QUICK = Limits(connect=1.0, read=0.6, idle=0.6, total=3.0, stream_bytes=2_000_000, retries=2)
KEY = "sk_0123456789abcdef0123456789abcdef"
OLD = "abc\n"


def request(**more: object) -> Request:
    document = Document.from_bytes(OLD.encode(), "notes.txt")
    return Request("write something else here please", document, document.whole(), **more)  # type: ignore[arg-type]


def engine(url: str, *, kind: str = "mercury", limits: Limits = QUICK, key: str = KEY) -> RemoteEngine:
    spec = "mercury#mercury-2" if kind == "mercury" else f"openai:{url}#m"
    return RemoteEngine(hosted(spec, Access(lambda _name, _origin: key, mercury_url=url)), limits)


def refine(url: str, **more: object) -> tuple[list[Frame], Candidate]:
    items = list(engine(url, **more).refine(request()))  # type: ignore[arg-type]
    found = [i for i in items if isinstance(i, Candidate)]
    assert len(found) == 1
    return [i for i in items if isinstance(i, Frame)], found[0]


def fails(url: str, saying: str, **more: object) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable, match=saying) as told:
        refine(url, **more)
    message = told.value.message
    assert "\n" not in message
    assert len(message) < 500
    assert KEY.lower() not in (message + told.value.hint).lower()
    assert harmless(message) == message
    return told.value
