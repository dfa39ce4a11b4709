"""A codec that is really trained, on the standard library's own small modules, once a run."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path

import pytest

from sharpen.core.repair.tokens import Codec
from sharpen.core.training import vocabulary


@pytest.fixture(scope="session")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(sysconfig.get_path("stdlib"))
    out = tmp_path_factory.mktemp("corpus") / "units.jsonl"
    names = ("abc", "bisect", "heapq", "queue", "textwrap", "shlex", "string", "stat", "keyword", "colorsys")
    rows = [{"package": "stdlib", "text": (root / f"{n}.py").read_text()} for n in names]
    out.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return out


@pytest.fixture(scope="session")
def tokenizer(units: Path) -> Path:
    out = units.with_name("tokenizer.json")
    vocabulary.train(units, out)
    return out


@pytest.fixture(scope="session")
def codec(tokenizer: Path) -> Codec:
    return Codec(tokenizer)
