"""What the screen and the engine's process say to each other, and how it goes through a pipe.

`client` is the screen's end, `worker` the other. A message is one of the frozen dataclasses below, pickled, with its
length in front. Both ends are this very program, started by the user, so that nothing foreign is ever unpickled.
"""

from __future__ import annotations

import pickle
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from sharpen.core.request import Settings

if TYPE_CHECKING:  # a screen that waits for its first picture needs none of what these bring along
    from sharpen.cli.tui.catalogue import Model
    from sharpen.cli.tui.proposals import Proposal
    from sharpen.core.document import Document
    from sharpen.core.engines.choose import Known
    from sharpen.core.events import Event
    from sharpen.core.patch import Patch
    from sharpen.core.session import Target
    from sharpen.core.worktree.journal import Checkpoint, Restored
    from sharpen.core.worktree.listing import Listed

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Ask:
    """Refine these targets."""

    run: int
    """Counts up within one sitting; everything said about the run carries it."""
    prompt: str
    specs: tuple[str, ...]
    """Targets as they are typed on the command line."""
    engine: str | None = None
    settings: Settings = field(default_factory=Settings)
    check: str | None = None
    check_seconds: float | None = None
    record: str = ""
    """Where the frames are to be kept; empty: nowhere."""
    reopened: str = ""
    """A kept proposal to be decided now, instead of asking an engine; empty: none."""
    seen: str = ""
    """The file's text when lines of it were selected as the only target; empty where none were."""
    counted: bool = False
    """Somebody said how many candidates."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Let the run end at its next step."""

    run: int


@dataclass(frozen=True, slots=True)
class Decide:
    """The answer to `Review`: what of the patch to apply."""

    run: int
    patch: Patch | None
    sure: bool = False
    """It is known that the result does not hold."""


@dataclass(frozen=True, slots=True)
class Send:
    """The answer to `Sending`: it may go."""

    run: int


@dataclass(frozen=True, slots=True)
class Look:
    """A question that no engine is needed for: `files`, `checkpoints`, `engines`, `models` of an engine, or `symbols`
    of a path."""

    what: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """Put a checkpoint back, by default the last; or apply it again."""

    checkpoint: str | None = None
    redo: bool = False
    path: str | None = None
    """A file of the repository that is meant; None: the one of the current folder."""


Order = Ask | Stop | Decide | Send | Look | Undo


@dataclass(frozen=True, slots=True)
class Ready:
    """The process is there and its engine loaded."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """The run's files were read and judged; the work begins. No target: there is nothing to repair."""

    run: int
    targets: tuple[Target, ...]
    looked_at: tuple[str, ...]
    """Paths that were judged."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What is about to leave the machine. `asks`: it waits for `Send`, because it is the first to go there."""

    run: int
    size: int
    """Bytes."""
    files: int
    host: str
    asks: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the road. A frame's document is left out while it is the one before."""

    run: int
    event: Event


@dataclass(frozen=True, slots=True)
class Review:
    """The road asks what to apply and waits for `Decide`."""

    run: int
    patch: Patch
    kept: Proposal | None = None
    """The proposal that was opened again, where it was."""
    merged: tuple[str, ...] = ()
    """Files that had changed since it was kept: the patch was carried over to what they hold now."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """What was decided would not hold; the road goes on waiting for `Decide`."""

    run: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will be said of the run. `error`: it failed before the road began."""

    run: int
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to `Look`."""

    what: str
    path: str = ""
    files: tuple[Listed, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    engines: tuple[Known, ...] = ()
    models: tuple[Model, ...] = ()
    symbols: tuple[str, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """The end of `Undo`."""

    restored: Restored | None = None
    error: Exception | None = None
    redo: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended of itself; made by the client, never sent."""

    said: str


Answer = Ready | Prepared | Sending | Told | Review | Doubted | Ended | Seen | Undone | Died
Message = Order | Answer


class Outlet:
    """The writing end; whole messages only, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def send(self, message: Message) -> None:
        """Write it. Raises OSError or ValueError where the other side is gone."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._stream.write(_LENGTH.pack(len(data)) + data)
            self._stream.flush()


def receive(stream: BinaryIO) -> Message | None:
    """The next message; None where the other side has closed."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        return None
    message: Message = pickle.loads(data)
    return message


class Once:
    """Documents that went over the wire: the same one is not sent twice in a row."""

    def __init__(self) -> None:
        self._last: Document | None = None

    def new(self, document: Document | None) -> Document | None:
        """The document, or None where it is the one before."""
        if document is self._last:
            return None
        self._last = document
        return document
