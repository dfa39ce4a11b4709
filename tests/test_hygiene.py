"""What no tracked file may hold: a place on somebody's machine, the address of a package registry, huge blobs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Written in halves so that this file does not find itself.
LEAKS = re.compile(
    "|".join(
        [
            r"(?<![\w.<~}])/(?:wo" + r"rk|farm|root|Users|home/[a-z])/",
            "/tmp/" + r"[a-z_]+[/.]\w",
            "bash" + "_jobs",
            "index" + "-url",
            "pypi" + r"\.org|files\.python" + r"hosted\.org",
        ]
    )
)
LARGEST_BYTES = 30_000_000


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def leaks(text: str) -> list[str]:
    return [f"{text.count(chr(10), 0, m.start()) + 1}: {m.group()}" for m in LEAKS.finditer(text)]


@pytest.mark.parametrize(
    "line", ["see /wo" + "rk/main/x.py", "--index" + "-url https://x", "get it from pypi" + ".org/simple"]
)
def test_a_leak_is_seen(line: str) -> None:
    assert leaks(line)


def test_no_tracked_text_file_names_a_machine_path_or_a_registry() -> None:
    found = {}
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data[:4096] and (said := leaks(data.decode("utf-8", "replace"))):
            found[path.relative_to(ROOT).as_posix()] = said
    assert found == {}


def test_no_tracked_file_is_larger_than_the_shipped_weights_may_be() -> None:
    """Every version of a file stays in the history for ever."""
    assert [p for p in tracked() if p.stat().st_size > LARGEST_BYTES] == []
