"""Fast mode: the same choices give the same tokens where the cache is exact, and each saving really saves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.checkpoints import write
from sharpen.core.diffusion.linear import Dense, Int8
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.sample import Options, Step, sample, sample_batch
from sharpen.core.errors import BadInput, EngineUnavailable

PROMPT = [3, 7, 1, 22, 90, 45, 11, 5, 8]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def ready(folder: Path, made: str, family: str | None = None, *, ends: bool = False) -> Loaded:
    """A model that draws neither its mask nor (unless `ends`) an end of text, as a trained one would not here."""
    loaded = load(write(folder, made), family)
    inner = loaded.model.head
    unwanted = [loaded.special.mask] if ends else [loaded.special.mask, *loaded.special.stops]

    def head(hidden: Tensor) -> Tensor:
        logits = inner(hidden).clone()
        logits[..., unwanted] = -1e9
        return logits

    loaded.model.head = head
    return loaded


def run(loaded: Loaded, prompt: list[int] = PROMPT, **asked: object) -> list[Step]:
    return list(sample(loaded, prompt, Options(**{"temperature": 0.0, "length": 24, **asked})))  # type: ignore[arg-type]


def watch(loaded: Loaded) -> tuple[list[tuple[int, int]], list[int]]:
    """What the model reads from now on (first slot, tokens), and at how many rows the head is asked."""
    reads: list[tuple[int, int]] = []
    rows: list[int] = []
    hidden, head = loaded.model.hidden, loaded.model.head

    def spy(ids: Tensor, *args: object, at: int = 0, **more: object) -> Tensor:
        reads.append((at, ids.shape[1]))
        return hidden(ids, *args, at=at, **more)  # type: ignore[arg-type]

    def count(x: Tensor) -> Tensor:
        rows.append(x.numel() // x.shape[-1])
        return head(x)

    loaded.model.hidden, loaded.model.head = spy, count  # type: ignore[method-assign]
    return reads, rows


CACHED = [
    ("llada2.0", "llada2.0", {"algorithm": "low_confidence_dynamic", "block": 8, "threshold": 0.2}),
    ("llada2.1", "llada2.1", {"algorithm": "low_confidence_dynamic", "block": 8, "threshold": 0.2,
                              "editing_threshold": 0.3}),
    ("sdar", "sdar", {"algorithm": "sequential", "block": 4, "steps": 4}),
    ("sdar-moe", "sdar", {"algorithm": "sequential", "block": 4, "steps": 2}),
    ("a2d-qwen3", "a2d-bd3lm", {"algorithm": "low_confidence", "block": 8, "steps": 24}),
    ("llada", "llada", {"algorithm": "low_confidence", "block": 8, "steps": 12, "cache": "none"}),
    ("llada-moe", "llada-moe", {"algorithm": "low_confidence", "block": 8, "steps": 12, "cache": "none"}),
    ("a2d-qwen2", "a2d-mdlm", {"algorithm": "low_confidence", "block": 8, "steps": 24, "cache": "none"}),
]  # fmt: skip


@pytest.mark.parametrize(("made", "family", "asked"), CACHED)
@pytest.mark.parametrize("length", [1, 8, 9])
def test_with_the_same_choices_it_gives_the_tokens_of_exact_mode(
    tmp_path: Path, made: str, family: str, asked: dict[str, object], length: int
) -> None:
    loaded = ready(tmp_path / "model", made, family)
    prompt = PROMPT[:length]
    exact = run(loaded, prompt, **{**asked, "cache": None})
    fast = run(loaded, prompt, **asked, exact=False)
    assert fast[-1].ids == exact[-1].ids[: len(fast[-1].ids)]
    assert len(fast[-1].ids) == 24


def test_shifted_models_are_read_one_to_the_left(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "dream")
    exact = [s.ids for s in run(loaded, algorithm="maskgit_plus", steps=24)]
    asked = {"algorithm": "maskgit_plus", "block": 24, "steps": 24, "exact": False}
    fast = [s.ids for s in run(loaded, cache="none", **asked)]
    # Dream's own schedule commits nothing in its first step and two tokens in its last.
    assert fast[1:23] == exact[2:24]


def test_a_dual_cache_reads_the_canvas_once_a_block_and_then_the_block(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "dream")
    reads, rows = watch(loaded)
    run(loaded, exact=False, algorithm="maskgit_plus", block=8, steps=24, cache="dual")
    whole, part = (0, 33), [(8, 9), (16, 9), (24, 9)]
    assert reads == [r for p in part for r in (whole, *[p] * 7)]
    assert rows == [*range(8, 0, -1)] * 3


def test_a_prefix_cache_reads_what_begins_at_the_block(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    reads, _ = watch(loaded)
    run(loaded, exact=False, algorithm="low_confidence", block=12, steps=4, cache="prefix")
    assert reads == [(0, 33), (9, 24), (0, 33), (21, 12)]


def test_masks_beyond_the_window_are_not_read(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    reads, _ = watch(loaded)
    run(loaded, exact=False, algorithm="low_confidence", block=8, steps=3, window=4)
    assert [n for _, n in reads] == [9 + 8 + 4, 9 + 16 + 4, 33]
    known: list[int | None] = [None] * 20 + [5]
    reads.clear()
    list(sample(loaded, PROMPT, Options(exact=False, block=8, window=4), canvas=known))
    assert reads[0] == (0, 9 + 21)  # a known end stays in sight


@pytest.mark.parametrize(("made", "family"), [("sdar", "sdar"), ("llada2.0", "llada2.0")])
def test_a_settled_block_is_read_once_more_and_never_again(tmp_path: Path, made: str, family: str) -> None:
    loaded = ready(tmp_path / "model", made, family)
    reads, _ = watch(loaded)
    run(loaded, exact=False, algorithm="low_confidence_dynamic", block=4, steps=4, threshold=1.1)
    assert reads[0] == (0, 8)  # the prompt's whole blocks
    assert all(n in {4, 8} for _, n in reads[1:])
    for place in range(12, 32, 4):  # once it is settled: with its successor's first pass
        assert reads.count((place - 4, 8)) == 1
    assert len(reads) <= 1 + 27  # filling after the canvas, to whole blocks, may be filled on the way


def test_every_step_commits_and_the_sure_commit_together(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    careful, bold = (run(loaded, exact=False, threshold=t) for t in (1.1, 0.05))
    assert [s.masked for s in careful] == [*range(24, -1, -1)]
    masked = [s.masked for s in bold]
    assert masked == sorted(masked, reverse=True)
    assert len(set(masked)) == len(masked) < len(careful)


def test_entropy_bounds_what_is_committed_together(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    counts = [
        len(run(loaded, exact=False, algorithm="entropy_bounded", entropy_bound=b)) for b in (0, 4, 1e9)
    ]
    assert counts[0] == 25
    assert counts[0] > counts[1] > counts[2] == 2


@pytest.mark.parametrize(("made", "family"), [("llada", "llada"), ("llada2.0", "llada2.0"), ("sdar", "sdar")])
def test_the_text_ends_where_its_end_is_certain(tmp_path: Path, made: str, family: str) -> None:
    loaded = ready(tmp_path / "model", made, family, ends=True)
    inner, end = loaded.model.head, loaded.special.eos
    assert end is not None

    def eager(hidden: Tensor) -> Tensor:
        logits = inner(hidden)
        logits[..., end] = 1e9
        return logits

    loaded.model.head = eager
    ended = run(loaded, exact=False, threshold=0.5)[-1]
    assert ended.ids == (end,)
    whole = run(loaded, exact=False, threshold=0.5, eos_early_stop=False)[-1]
    assert whole.ids == (end,) * 24


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("made", ["llada", "dream", "open-dcoder"])
def test_a_hole_is_filled_and_what_surrounds_it_stays(tmp_path: Path, made: str, exact: bool) -> None:
    loaded = ready(tmp_path / "model", made)
    canvas = [4, None, None, None, 6, 7, None, 9]
    steps = list(sample(loaded, PROMPT, Options(exact=exact, steps=8), canvas=canvas))
    for step in steps:
        kept = [(t, m) for t, m, c in zip(step.ids, step.marks, canvas, strict=True) if c is not None]
        assert kept == [(4, "frozen"), (6, "frozen"), (7, "frozen"), (9, "frozen")]
    assert steps[-1].masked == 0


def test_a_mask_that_was_typed_is_a_token_like_another(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    mask = loaded.special.mask
    last = list(sample(loaded, [mask, *PROMPT], Options(exact=False), canvas=[None, mask, None]))[-1]
    assert last.ids[1] == mask
    assert last.marks == ("committed", "frozen", "committed")


def test_revised_tokens_are_marked(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "open-dcoder")
    steps = run(loaded, algorithm="p2", steps=12)
    marks = [m for s in steps for m in s.marks]
    assert {"masked", "provisional"} <= set(marks)
    assert set(steps[-1].marks) <= {"committed", "revised"}
    edits = ready(tmp_path / "edits", "llada2.1", "llada2.1")
    said = [s.marks for s in run(edits, threshold=0.05, editing_threshold=0.05, block=8)]
    assert any("revised" in m for m in said)


def test_confidence_is_between_nought_and_one(tmp_path: Path) -> None:
    for made, algorithm in (("dream", "entropy"), ("dream", "topk_margin"), ("llada", "random")):
        for step in run(ready(tmp_path / f"{made}-{algorithm}", made), algorithm=algorithm, steps=6):
            assert all(0 <= c <= 1 for c in step.confidence)
            assert [c for c, m in zip(step.confidence, step.marks, strict=True) if m == "masked"] == [
                0
            ] * step.masked


@pytest.mark.parametrize("exact", [True, False])
def test_tokens_that_are_not_frozen_are_edited_where_the_family_can(tmp_path: Path, exact: bool) -> None:
    loaded = ready(tmp_path / "model", "llada2.1", "llada2.1")
    canvas: list[int | None] = [4, 5, 6, 7, 8, 9, 10, 11, 12, None, None, None]
    asked = Options(exact=exact, block=4, editing_threshold=0.01, threshold=0.9, temperature=0.0)
    kept = list(sample(loaded, PROMPT, asked, canvas))[-1].ids
    steps = list(sample(loaded, PROMPT, asked, canvas, [False] * 12))
    assert kept[:9] == tuple(canvas[:9])
    assert steps[-1].ids[:9] != tuple(canvas[:9])
    assert any("revised" in s.marks for s in steps)
    assert steps[-1].masked == 0


@pytest.mark.parametrize("exact", [True, False])
def test_a_seed_repeats_a_run(tmp_path: Path, exact: bool) -> None:
    loaded = ready(tmp_path / "model", "sdar")
    first, again, other = (run(loaded, exact=exact, temperature=1.0, seed=s)[-1].ids for s in (1, 1, 2))
    assert first == again != other


def test_rows_of_a_batch_are_runs_of_their_own(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")
    options = Options(exact=False, temperature=0.8, seed=5)
    canvases: list[list[int | None]] = [[None] * 6, [None, 4, None], [None] * 12]
    rows: dict[int, Step] = {s.row: s for s in sample_batch(loaded, PROMPT, options, canvases)}
    for row, canvas in enumerate(canvases):
        alone = list(sample(loaded, PROMPT, Options(exact=False, temperature=0.8, seed=5 + row), canvas))
        assert rows[row].ids == alone[-1].ids


def test_int8_keeps_the_answers_close_and_the_weights_small(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "open-dcoder", {"width": 128, "hidden": 256, "head_size": 32})
    whole, small = load(folder), load(folder, dtype="int8")
    assert isinstance(whole.model.head, Dense)
    assert isinstance(small.model.head, Int8)
    ids = torch.tensor([PROMPT])
    a, b = (m.model.logits(m.model.hidden(ids)) for m in (whole, small))
    assert torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0) > 0.995
    assert run(small, exact=False)[-1].masked == 0


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("sdar", {"canvas": [None, 4]}, "cannot fill a hole"),
    ("llada", {"prompt": [9999]}, "beyond the vocabulary"),
    ("llada", {"options": Options(algorithm="p2")}, "no algorithm p2"),
    ("llada", {"options": Options(length=0)}, "nothing to generate"),
    ("llada", {"options": Options(steps=0)}, "steps must be at least 1"),
    ("llada", {"options": Options(length=10, block=4)}, "not a whole number of blocks"),
    ("llada", {"options": Options(length=12, block=4, steps=4)}, "do not divide"),
    ("fast-dllm-v2", {"options": Options(length=8)}, "less than one block of 32"),
]


@pytest.mark.parametrize(("made", "asked", "said"), WRONG)
def test_what_cannot_be_is_said_before_the_first_step(
    tmp_path: Path, made: str, asked: dict[str, object], said: str
) -> None:
    loaded = ready(tmp_path / "model", made)
    call: Callable[..., object] = sample
    with pytest.raises(BadInput, match=said):
        call(loaded, asked.get("prompt", PROMPT), asked.get("options", Options()), asked.get("canvas"))


def test_running_out_of_memory_is_one_sentence(tmp_path: Path) -> None:
    loaded = ready(tmp_path / "model", "llada")

    def greedy(hidden: Tensor) -> Tensor:
        return torch.empty(2**60, dtype=torch.float32)

    loaded.model.head = greedy
    with pytest.raises(EngineUnavailable, match="out of memory with 33 positions"):
        run(loaded)
