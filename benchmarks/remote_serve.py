"""`sharpen serve` under load and warm: 64 clients at once, and the first frame from a warm daemon against a cold start.

`python -m benchmarks.remote` prints its tables. Servers and one-shot commands are real processes; the clients of the
load are threads, each with sharpen's own engine for served models, or with bare httpx that asks once.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.rewriter import RemoteEngine
from sharpen.core.engines.wire.hosted import Access, hosted
from sharpen.core.errors import NothingHeld, SharpenError
from sharpen.core.request import Request, Settings

BROKEN = (
    "def total(items):\n    result = 0\n    for item in items\n        result += item\n    return result\n"
)
PROMPT = "fix the syntax error"
COMMAND = (sys.executable, "-m", "sharpen.cli")


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    engine: str
    """What a client names."""
    url: str
    pid: int

    def megabytes(self, field: str) -> float:
        """Its memory: `VmRSS` now, `VmHWM` at most."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(rf"{field}:\s+(\d+) kB", text)
        return int(found[1]) / 1024 if found else float("nan")


@contextmanager
def serving(*flags: str) -> Iterator[Served]:
    """`sharpen serve` until the block ends."""
    unix = flags[flags.index("--unix") + 1] if "--unix" in flags else ""
    where = flags if unix else (*flags, "--port", "0")
    process = subprocess.Popen([*COMMAND, "serve", *where], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = ""
    while "serves" not in said and (line := process.stderr.readline()):
        said += line
    url = (["", *re.findall(r"http://\S+/v1(?=;)", said)])[-1]
    try:
        yield Served(f"openai:unix:{unix}" if unix else f"openai:{url}", url, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stderr.close()


def asking(frames: bool = True) -> Request:
    """A real repair."""
    document = Document.from_bytes(BROKEN.encode(), "a.py")
    settings = Settings(frames=frames)
    return Request(PROMPT, document, document.whole(), diagnose(BROKEN), settings=settings)


def at_once(number: int, one: Callable[[], str]) -> tuple[Counter[str], list[float]]:
    """Run `one` in so many threads at the same moment: what came of them, and how long each took."""
    barrier, ends, seconds = threading.Barrier(number), [""] * number, [0.0] * number

    def run(place: int) -> None:
        barrier.wait()
        began = time.perf_counter()
        ends[place] = one()
        seconds[place] = time.perf_counter() - began

    threads = [threading.Thread(target=run, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends), sorted(seconds)


def bare(url: str) -> str:
    """One request, not repeated."""
    edit = {"instruction": PROMPT, "path": "a.py", "text": BROKEN, "region": [0, len(BROKEN)]}
    body = {"messages": [], "x_sharpen": {"version": 1, "edit": edit}}
    answer = httpx.post(f"{url}/chat/completions", json=body, timeout=120, trust_env=False)
    if answer.status_code == 429 and "retry-after" in answer.headers:
        return "429 with Retry-After"
    return "answered" if answer.status_code == 200 else f"status {answer.status_code}"


def own(engine: str) -> str:
    """Sharpen's client, which comes back as it is told to."""
    remote = RemoteEngine(hosted(engine, Access()))
    try:
        texts = [item.text for item in remote.refine(asking()) if isinstance(item, Candidate)]
    except SharpenError as error:
        return error.message
    finally:
        remote.close()
    return "answered" if texts and "in items:" in texts[0] else "something else"


def load(clients: int) -> None:
    """The table of many clients at once."""
    print(f"\n{clients} clients at once on one server, the embedded engine, one edit at a time, four wait")
    print(f"{'client':22}{'came of it':44}{'median':>9}{'slowest':>9}{'MB before':>11}{'MB most':>9}")
    ways: list[tuple[str, Callable[[Served], str]]] = [
        ("httpx, asks once", lambda served: bare(served.url)),
        ("sharpen, comes back", lambda served: own(served.engine)),
    ]
    for name, way in ways:
        with serving() as served:
            before = served.megabytes("VmRSS")
            ends, seconds = at_once(clients, lambda way=way, served=served: way(served))  # type: ignore[misc]
            told = ", ".join(f"{count} {end}" for end, count in ends.most_common())
            row = f"{name:22}{told:44}{statistics.median(seconds):8.2f}s{seconds[-1]:8.2f}s"
            print(f"{row}{before:11.0f}{served.megabytes('VmHWM'):9.0f}")


def one_shot(*flags: str) -> float:
    """Seconds from the start of a process to the first step on stdout."""
    began = time.perf_counter()
    command = [*COMMAND, "edit", PROMPT, "a.py", "--json", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if (
                event["event"] == "frame" and event["step"] > 0
            ):  # before the first there may be a word on loading
                seconds = time.perf_counter() - began
                process.stdout.read()
                return seconds
    raise RuntimeError("there was no frame")


def in_process(engine: RemoteEngine) -> float:
    """Seconds to the first step in a program that runs already, as the app does."""
    began, seconds = time.perf_counter(), 0.0
    with suppress(NothingHeld):  # random weights repair nothing
        for item in engine.refine(asking()):
            if isinstance(item, Frame) and item.step and not seconds:
                seconds = time.perf_counter() - began
    return seconds


def first_frames(times: int) -> None:
    """The table of cold and warm."""
    print(f"\nfirst frame of a repair, median of {times}{'':16}{'cold':>12}{'warm':>12}{'warm, running':>16}")
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="sharpen-") as name:
        folder = Path(name)
        (folder / "a.py").write_text(BROKEN, encoding="utf-8")
        os.chdir(folder)
        try:
            row("embedded", "embedded", times)
            if find_spec("torch"):
                from benchmarks.checkpoints import tokenizer, write

                model = tokenizer(write(folder / "model", "llada", {"vocabulary": 320}))
                row("local, tiny random weights", f"local:{model}", times)
        finally:
            os.chdir(before)


def row(name: str, engine: str, times: int) -> None:
    """A process of its own, a process that asks a daemon, and a program that runs and asks it."""
    cold = [one_shot("-e", engine) for _ in range(times)]
    with serving("--engine", engine, "--unix", str(Path.cwd() / "s")) as served:
        warm = [one_shot("-e", served.engine) for _ in range(times)]
        remote = RemoteEngine(hosted(served.engine, Access()))
        in_process(remote)
        running = [in_process(remote) for _ in range(times)]
        remote.close()
    cells = (f"{1000 * statistics.median(seconds):.0f} ms" for seconds in (cold, warm, running))
    print(f"{name:40}" + "".join(f"{c:>{w}}" for c, w in zip(cells, (12, 12, 16), strict=True)))
