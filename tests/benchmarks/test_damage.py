"""Random damage: what is counted is what happened, and a broken promise fails."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import damage

SOUND = b'"""Doubles."""\n\n\ndef double(value):\n    return 2 * value\n' * 8


def test_it_repairs_takes_back_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_bytes(SOUND)
    assert damage.main(["--calls", "2", "--seed", "3", "--folder", str(tmp_path)]) == 0
    counts = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines()[:4])
    assert counts["files"] == "6"
    assert 0 < int(counts["repaired"]) <= int(counts["broken"])


def test_a_promise_that_is_broken_is_found(tmp_path: Path) -> None:
    """A command that makes everything worse and puts nothing back."""
    package = tmp_path / "false" / "sharpen" / "cli"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("import pathlib\npathlib.Path('f0.py').write_text('def f(:')\n")
    work = tmp_path / "work"
    work.mkdir()
    found = damage.one(work, {"f0.py": SOUND}, {"PYTHONPATH": str(tmp_path / "false")})
    assert found["broken promise: worse"] == found["broken promise: not put back"] == 1


def test_damage_is_the_same_for_the_same_seed_and_is_damage() -> None:
    first = [damage.damaged(SOUND, random.Random(n)) for n in range(50)]
    assert first == [damage.damaged(SOUND, random.Random(n)) for n in range(50)]
    assert sum(not damage.compiles(data) for data in first) > 10
