"""What a sitting leaves behind, per repository: prompts, outcomes, and each run's frames, in the user's state folder.

`app` writes as things happen and reads at the next start; `worker` keeps the frames. Files are the user's alone
(0600 in a 0700 folder), because they hold code. A line is appended in one write, so that a kill loses at most the
line being written, and a torn line is passed over when reading. It never writes outside its own folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sharpen.core.record import Recorded


PROMPTS_KEPT = 1_000
DRAFT_SECONDS = 600
RUNS_KEPT = 100
"""Runs whose frames stay on disk; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run, as the list of runs shows it."""

    id: str
    """Names the file of its frames."""
    time: float
    """Seconds since the epoch."""
    prompt: str
    targets: tuple[str, ...]
    engine: str
    ended: str
    """`open` (a proposal is not decided on), `applied`, `rejected`, `stopped`, `nothing`, `failed`."""
    said: str = ""
    """The checkpoint of an applied run, the message of a failed one."""
    steps: int = 0
    seconds: float = 0.0


class Store:
    """The folder of one repository (or plain folder)."""

    def __init__(self, state_folder: Path, root: Path) -> None:
        key = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
        self.folder = state_folder / "sittings" / key

    def add_prompt(self, prompt: str) -> None:
        """Remember a prompt, now."""
        self._append("prompts.jsonl", {"time": time.time(), "prompt": prompt})

    def prompts(self) -> list[str]:
        """Prompts, oldest first, each once, where it was used last."""
        found: dict[str, None] = {}
        for row in self._rows("prompts.jsonl"):
            prompt = row.get("prompt")
            if isinstance(prompt, str) and prompt:
                found.pop(prompt, None)
                found[prompt] = None
        return list(found)[-PROMPTS_KEPT:]

    def add_outcome(self, outcome: Outcome) -> None:
        """Remember how a run ended; forgets the frames of the oldest."""
        self._append("runs.jsonl", asdict(outcome))
        with contextlib.suppress(OSError):
            for kind in ("frames/*.jsonl", "proposals/*.json"):
                for path in sorted(self.folder.glob(kind))[:-RUNS_KEPT]:
                    path.unlink()
            for draft in self.folder.glob("proposals/*.part"):  # of a sitting that was killed while it wrote
                if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
                    draft.unlink()

    def outcomes(self) -> list[Outcome]:
        """Runs whose frames or proposal are there still, and those that failed, oldest first, each as it ended last."""
        names = {field.name for field in fields(Outcome)}
        found: dict[str, Outcome] = {}
        for row in self._rows("runs.jsonl"):
            with contextlib.suppress(TypeError, KeyError):
                row["targets"] = tuple(row["targets"])
                outcome = Outcome(**{k: v for k, v in row.items() if k in names})
                kept = self.frames_of(outcome.id).exists() or self.proposal_of(outcome.id).exists()
                if kept or outcome.ended == "failed":
                    found.pop(outcome.id, None)
                    found[outcome.id] = outcome
        return list(found.values())[-RUNS_KEPT:]

    def frames_of(self, run_id: str) -> Path:
        """Where a run's frames are kept."""
        return self.folder / "frames" / f"{run_id}.jsonl"

    def proposal_of(self, run_id: str) -> Path:
        """Where a run's proposal is kept until it is decided on."""
        return self.folder / "proposals" / f"{run_id}.json"

    def left_open(self) -> list[Outcome]:
        """Runs whose proposal nobody has decided on, oldest first. One that no longer fits is kept, and not told of."""
        if not any(self.folder.glob("proposals/*.json")):
            return []
        return [one for one in self.outcomes() if one.ended == "open" and self.proposal_of(one.id).exists()]

    def next_id(self) -> str:
        """A name that sorts by time."""
        return f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}-{os.getpid()}"

    def _append(self, name: str, row: dict[str, Any]) -> None:
        # A full or read-only disk must not end a sitting: what is lost is the memory of it.
        with contextlib.suppress(OSError):
            _private_folder(self.folder)
            handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, (json.dumps(row) + "\n").encode())
            finally:
                os.close(handle)

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        try:
            lines = (self.folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict):
                    yield row


def keep(path: Path, frames: Iterable[Recorded]) -> None:
    """Write a run's frames for their owner alone. A disk that refuses costs the memory, not the run."""
    from sharpen.core.errors import WriteFailed
    from sharpen.core.record import write

    with contextlib.suppress(OSError, WriteFailed):
        _private_folder(path.parent)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        write(path, frames)


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
