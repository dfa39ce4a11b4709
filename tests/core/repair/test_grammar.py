from __future__ import annotations

import random
import sysconfig
from pathlib import Path

import pytest

from sharpen.core.repair.grammar import Chunk, complaint
from sharpen.core.repair.tokens import kind_id
from sharpen.core.training.corrupt import break_text

SOURCE = (Path(sysconfig.get_path("stdlib")) / "shlex.py").read_text()


@pytest.mark.parametrize("seed", range(25))
def test_the_chunk_says_what_the_whole_file_says(seed: int) -> None:
    broken = break_text(SOURCE, random.Random(seed))
    assert broken is not None
    at = sum(len(x) + 1 for x in broken.before.split("\n")[: broken.line - 1])
    chunk = Chunk(broken.before, at, at)
    for text in (broken.before, broken.before[:at] + "x = 1\n" + broken.before[at:]):
        whole, part = complaint(text), chunk.check(text)
        assert (whole is None) == (part is None)
        if isinstance(whole, SyntaxError) and part is not None:
            assert kind_id(part.message) == kind_id(whole.msg)
            assert part.line == whole.lineno


def test_the_chunk_of_a_long_file_is_a_part_of_it() -> None:
    text = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(200))
    at = text.index("def f100")
    chunk = Chunk(text, at, at + 20)
    assert len(text) - chunk.head - chunk.tail < 200
    assert chunk.check(text) is None


def test_a_null_character_is_a_complaint() -> None:
    assert complaint("x = 1\0") is not None
