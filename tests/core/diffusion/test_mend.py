"""Grammar in the loop: what it may mask again, how much of it, and that it ends."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from benchmarks.checkpoints import tokenizer, write
from sharpen.core.diffusion.edits import run
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.mend import Doubt
from sharpen.core.diffusion.options import Options, Step
from sharpen.core.diffusion.order import Edit, Ended
from sharpen.core.diffusion.sample import sample
from sharpen.core.diffusion.spelling import Spelling

PROMPT = [5, 6, 7, 8]


def ready(folder: Path, family: str) -> Loaded:
    return load(tokenizer(write(folder / family, family, {"vocabulary": 320})))


def spelt(loaded: Loaded) -> Spelling:
    assert loaded.tokenizer is not None
    return Spelling(loaded.tokenizer)


def remasked(steps: list[Step]) -> int:
    """Positions that were known and are masked in the next state."""
    return sum(
        before != "masked" and after == "masked"
        for one, two in itertools.pairwise(steps)
        for before, after in zip(one.marks, two.marks, strict=False)
    )


@pytest.mark.parametrize("family", ["llada", "dream", "sdar", "llada2.0"])
def test_the_budget_bounds_what_is_masked_again(tmp_path: Path, family: str) -> None:
    loaded = ready(tmp_path, family)
    for budget in (0, 3, 7):
        doubt = Doubt(spelt(loaded), lambda text, whole: [(0, len(text))], budget)
        steps = list(
            sample(loaded, PROMPT, Options(exact=False, temperature=0.9, seed=1), [None] * 40, doubt=doubt)
        )
        assert remasked(steps) <= budget
        assert doubt.budget == budget - remasked(steps)
        assert steps[-1].masked == 0
        assert remasked(steps) == 0 if budget == 0 else remasked(steps) > 0


def test_what_is_frozen_is_never_masked_again(tmp_path: Path) -> None:
    loaded = ready(tmp_path, "llada")
    doubt = Doubt(spelt(loaded), lambda text, whole: [(0, len(text))], 20)
    canvas: list[int | None] = [40, 41, None, None, None, 42, 43]
    steps = list(sample(loaded, PROMPT, Options(exact=False), canvas, doubt=doubt))
    for step in steps:
        assert step.ids[:2] == (40, 41)
        assert step.ids[5:] == (42, 43)


def test_a_text_without_fault_is_left_alone(tmp_path: Path) -> None:
    loaded = ready(tmp_path, "llada")
    doubt = Doubt(spelt(loaded), lambda text, whole: [], 20)
    plain = list(sample(loaded, PROMPT, Options(exact=False), [None] * 24))
    looked = list(sample(loaded, PROMPT, Options(exact=False), [None] * 24, doubt=doubt))
    assert [s.ids for s in plain] == [s.ids for s in looked]
    assert doubt.budget == 20


def test_the_grammar_sees_the_file_around_the_region(tmp_path: Path) -> None:
    """The same canvas: as code some of it is masked again, inside a string and in a plain text nothing is."""
    loaded = ready(tmp_path, "open-dcoder")

    def again(head: str, tail: str, path: str) -> int:
        order = Edit(
            1, "x", opening="```\n", before="x\n", old="a" * 24, head=head, tail=tail, path=path, seed=3
        )
        return sum(a.remasked for a in run(loaded, order) if isinstance(a, Ended))

    assert again("import os\n", "", "a.py") > 0
    assert again('"""', '"""\n', "a.py") == 0
    assert again("import os\n", "", "note.txt") == 0


def test_spelling_divides_what_the_tokenizer_says(tmp_path: Path) -> None:
    loaded = ready(tmp_path, "llada")
    spelling = spelt(loaded)
    assert loaded.tokenizer is not None
    for text in ("", "def f():\n    return 'é ☃ 𝄞'\n", "日本語", " leading", "\u200d👩\u200d🔬"):
        ids = loaded.tokenizer.encode(text)
        parts = spelling.parts(ids, [True] * len(ids))
        assert len(parts) == len(ids)
        assert "".join(parts) == text
    ids = loaded.tokenizer.encode("é☃")
    assert spelling.parts(ids, [True, True, False, True, True])[0:2] == ["", "é"]
