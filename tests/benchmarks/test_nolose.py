"""The stress of undo: a few rounds find nothing lost, and what is lost would be found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import nolose

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_few_rounds_lose_nothing() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/nolose.py"), "--rounds", "8", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[:2] == ["rounds", "8"]


def test_a_lost_line_a_foreign_line_and_a_left_lock_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in os.environ.items():
        monkeypatch.setenv(name, value)  # `made` sets some, which must not outlive the test
    place = nolose.Place(tmp_path)
    nolose.made(tmp_path).rename(place.root)
    place.log("typed", "a.py", ["p1_1 = (1"])
    (place.root / "b.py").write_text(nolose.START + "nobody = 1\n")
    (place.root / ".git/index.lock").touch()
    faults = nolose.checked(place, Counter())
    assert [fault.split(":")[0] for fault in faults] == [
        "left behind",
        "a.py lost 'p1_1 = (1'",
        "b.py holds a line that nobody wrote",
    ]
