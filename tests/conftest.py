"""Shared fixtures: a sandbox in which the real command runs as a process of its own."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

# Torch's threads spin where they wait for each other: next to other work a test takes ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# A shell starts what runs in the background deaf to Ctrl-C, and so would be every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where no bytecode is to be written, every process that a test starts would compile sharpen anew: a third of its time.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    compiled = tempfile.mkdtemp(prefix="sharpen-bytecode-")
    os.register_at_fork(after_in_child=lambda: atexit.unregister(shutil.rmtree))
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
    os.environ["PYTHONPYCACHEPREFIX"] = compiled


class Sandbox:
    """A folder, a state folder, and `sharpen` run in them without a terminal."""

    def __init__(self, base: Path) -> None:
        self.folder, self.state = base / "work", base / "state"
        self.folder.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHARPEN_", "GIT_", "PRE_COMMIT"))}
        self.env = kept | {"SHARPEN_STATE_DIR": str(self.state), "GIT_CONFIG_GLOBAL": os.devnull, "CI": "1"}

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def script(self, *candidates: str, frames: Sequence[str] = (), pause: float = 0.0) -> None:
        """From now on the engine plays these."""
        path = self.state.with_name("script.json")
        path.write_text(json.dumps({"candidates": candidates, "frames": frames, "pause": pause}))
        self.env["SHARPEN_ENGINE"] = f"script:{path}"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "sharpen.cli", *arguments]

    def run(
        self, *arguments: str, stdin: bytes = b"", before: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run to the end. `before` is called in the new process, before sharpen begins."""
        return subprocess.run(
            self.command(*arguments),
            preexec_fn=before,
            cwd=self.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        return subprocess.run(
            ["git", *who, *arguments],
            cwd=self.folder,
            env=self.env,
            check=False,
            capture_output=True,
            text=True,
        ).stdout


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An open checkpoint that can make a few edits (`tests/core/engines/taught.py`)."""
    from tests.core.engines.taught import taught as teach

    return teach(tmp_path_factory.mktemp("models") / "taught")
