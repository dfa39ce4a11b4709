"""What sharpen's client and server cost: the client over raw httpx, side by side; the server under load and warm.

`python -m benchmarks.remote [--frames 200] [--edits 20] [--clients 64] [--starts 9]`. In the first table the server plays one recorded shape: states of a canvas of
about 2 KB. `first` is the time to the first frame, on a new connection (cold) and on a kept one (warm); `edit` is until the
answer is complete; `a frame` is what a frame more costs. The raw client only joins the bytes and parses each line.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable

import httpx

from benchmarks import remote_serve
from sharpen.core.canvas import Frame
from sharpen.core.document import Document
from sharpen.core.engines.rewriter import RemoteEngine
from sharpen.core.engines.wire.hosted import Access, hosted
from sharpen.core.request import Request

LINE = "    total = total + price * count  # of one row\n"
Times = tuple[float, float]
"""Seconds to the first frame and to the end."""


def stream(frames: int) -> bytes:
    """An answer of so many states, each with one line more resolved."""
    parts = []
    for number in range(frames):
        known = 40 * (number + 1) // frames
        text = LINE * known + "    t%t@l = ~\n" * (40 - known)
        choice = {"index": 0, "delta": {"content": f"{text}    # {number}\n"}, "finish_reason": None}
        parts.append({"choices": [choice], "diffusion_meta": {"diffusion_content": True}})
    parts.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return b"".join(b"data: " + json.dumps(p).encode() + b"\n\n" for p in parts) + b"data: [DONE]\n\n"


def serve(body: bytes) -> int:
    """Answer every request with the stream, each event a chunk of its own; returns the port."""
    chunks = b"".join(b"%x\r\n%s\n\n\r\n" % (len(e) + 2, e) for e in body.split(b"\n\n") if e)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while data := connection.recv(65_536):
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65_536)
                before, _, rest = data.partition(b"\r\n\r\n")
                length = int(before.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                while len(rest) < length:
                    rest += connection.recv(65_536)
                connection.sendall(head + chunks + b"0\r\n\r\n")

    def accept() -> None:
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def raw(client: httpx.Client, url: str) -> Times:
    """httpx alone, with no limits, no checks and no canvas."""
    began, first = time.perf_counter(), 0.0
    with client.stream("POST", url + "/chat/completions", json={"stream": True}) as response:
        rest = b""
        for chunk in response.iter_bytes():
            *lines, rest = (rest + chunk).split(b"\n\n")
            for line in lines:
                if line != b"data: [DONE]":
                    json.loads(line[6:])
                    first = first or time.perf_counter() - began
    return first, time.perf_counter() - began


def ours(engine: RemoteEngine, request: Request) -> Times:
    """The whole engine: prompt, frames, cleaned answer."""
    began, first = time.perf_counter(), 0.0
    for item in engine.refine(request):
        if isinstance(item, Frame):
            first = first or time.perf_counter() - began
    return first, time.perf_counter() - began


def measured(new: Callable[[], Callable[[], Times]], edits: int) -> tuple[float, float, float]:
    """Medians in seconds: first frame cold, first frame warm, whole edit warm."""
    cold = statistics.median(new()()[0] for _ in range(5))
    run = new()
    run()
    times = [run() for _ in range(edits)]
    return cold, statistics.median(t[0] for t in times), statistics.median(t[1] for t in times)


def main() -> None:
    """Measure and print all that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--clients", type=int, default=64, help="0 leaves the load out")
    parser.add_argument("--starts", type=int, default=9, help="0 leaves cold and warm out")
    given = parser.parse_args()
    overhead(given.frames, given.edits)
    if given.clients:
        remote_serve.load(given.clients)
    if given.starts:
        remote_serve.first_frames(given.starts)


def overhead(most: int, edits: int) -> None:
    """The table of the client against raw httpx, at two lengths."""
    document = Document.from_bytes((LINE * 40).encode(), "rows.txt")
    request = Request("sum the rows", document, document.whole())
    print(f"{'':10}{'first, cold':>14}{'first, warm':>14}{'edit':>12}{'a frame':>12}")
    rows: dict[str, list[tuple[float, float, float]]] = {"httpx": [], "sharpen": []}
    for frames in (most // 10, most):
        url = f"http://127.0.0.1:{serve(stream(frames))}/v1"

        def bare(url: str = url) -> Callable[[], Times]:
            client = httpx.Client(trust_env=False, verify=False)
            return lambda: raw(client, url)

        def engine(url: str = url) -> Callable[[], Times]:
            remote = RemoteEngine(hosted(f"openai:{url}#m", Access()))
            return lambda: ours(remote, request)

        rows["httpx"].append(measured(bare, edits))
        rows["sharpen"].append(measured(engine, edits))
    for name, (few, many) in rows.items():
        frame = (many[2] - few[2]) / (most - most // 10)
        cells = (f"{1000 * x:.2f} ms" for x in (*many, frame))
        print(f"{name:10}" + "".join(f"{c:>{w}}" for c, w in zip(cells, (14, 14, 12, 12), strict=True)))


if __name__ == "__main__":
    main()
