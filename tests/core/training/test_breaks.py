from __future__ import annotations

import random
import sysconfig
from pathlib import Path

import pytest

from sharpen.core.training.breaks import KINDS
from sharpen.core.training.corpus import compiles, units_of
from sharpen.core.training.corrupt import break_text, complaint

SOURCE = (Path(sysconfig.get_path("stdlib")) / "shlex.py").read_text()
SMALL = '''# a comment, with words
def area(width, height=2, depth=None):
    """Say it's big."""
    if width == height and width != 0:
        count += 1
        print("it is a square", f"{width}")
    elif not width:
        return [width, (height)]
    try:
        total_sum = {"a": width}
    except ValueError as error:
        raise KeyError("no") from error
    return total_sum
'''


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_break_something_and_the_parser_says_so(kind: str) -> None:
    broken = next(
        filter(None, (break_text(SMALL, random.Random(s), kind, tries=4) for s in range(300))), None
    )
    assert broken is not None
    assert broken.before != broken.after == SMALL
    assert complaint(broken.before) is not None


def test_the_same_seed_breaks_in_the_same_way() -> None:
    assert break_text(SMALL, random.Random(5)) == break_text(SMALL, random.Random(5))


def test_units_compile_on_their_own_and_come_from_the_file() -> None:
    units = list(units_of(SOURCE))
    assert units
    assert all(compiles(u) for u in units)
    assert all(line in SOURCE for u in units for line in u.split("\n"))
