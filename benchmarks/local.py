"""What each saving of the local engine buys, against the official samplers' way. Prints tables.

    python -m benchmarks.local [--small] [--runs 1] [--device cpu] [--compile] [--threads N] [--json FILE] [--plot FILE.svg]

Random checkpoints are made in a temporary folder: 0.5 billion parameters in Open-dCoder's shape, read once with full
attention and once causally over blocks, and a small mixture of experts. The official way is what the official code
does: everything is read anew in each step, the head runs at every row, nothing is kept. Every row has the same prompt,
canvas and, but for those that say so, the same number of steps; the ways are timed in turn. `--small` uses tiny
models, for a look at the tables. Bounds: 4 times for block-causal families, 3 times for the dual cache, and memory
within the checkpoint, 20 % and the cache.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.checkpoints import write
from benchmarks.local_memory import memory
from benchmarks.local_ways import MIXTURE, OPEN_DCODER, TINY, Row, Work, compare, prompt_of, quickly, timed
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.options import Options, Step
from sharpen.core.diffusion.sample import sample, sample_batch

FLOORS = {"block": 4.0, "dual": 3.0, "memory": 1.2}


CONFIDENT = 0.02
"""A threshold under which a random model commits several tokens a step: it shows the speed, not a quality."""


def full_attention(folder: Path, work: Work, runs: int, device: str) -> list[Row]:
    """Open-dCoder's shape, every position sees every other."""
    whole = load(folder, "a2d-mdlm", device)
    ways: dict[str, tuple[Loaded, dict[str, object] | None]] = {
        "official way": (whole, None),
        "+ head at masked rows only": (whole, {"cache": "none"}),
        "+ window of 32 masks (approximate)": (whole, {"cache": "none", "window": 32}),
        "+ prefix cache (approximate)": (whole, {"cache": "prefix"}),
        "+ dual cache (approximate)": (whole, {"cache": "dual"}),
        "+ dual cache, commits by confidence, own steps": (
            whole,
            {"cache": "dual", "algorithm": "threshold", "threshold": CONFIDENT},
        ),
        "+ dual cache, commits by entropy, own steps": (
            whole,
            {"cache": "dual", "algorithm": "entropy_bounded", "entropy_bound": 16.0},
        ),
    }
    if device == "cpu":
        ways["+ dual cache, int8 (approximate)"] = (load(folder, "a2d-mdlm", dtype="int8"), {"cache": "dual"})
    return compare("full attention", ways, work, blocks=False, runs=runs)


def block_causal(folder: Path, family: str, work: Work, runs: int, device: str) -> list[Row]:
    """Attention causal over blocks: an exact cache."""
    table = "block-causal, mixture of experts" if family == "llada2.0" else "block-causal"
    whole = load(folder, family, device)
    ways: dict[str, tuple[Loaded, dict[str, object] | None]] = {
        "official way": (whole, None),
        "+ exact cache, head at masked rows only": (whole, {}),
        "+ commits by confidence, own steps": (whole, {"algorithm": "threshold", "threshold": CONFIDENT}),
    }
    if device == "cpu":
        ways["+ exact cache, int8 (approximate)"] = (load(folder, family, dtype="int8"), {})
    return compare(table, ways, work, blocks=True, runs=runs)


def early_end(folder: Path, work: Work, device: str) -> list[Row]:
    """What an early end saves where the text ends after a quarter of the canvas."""
    loaded = load(folder, "a2d-mdlm", device)
    inner, ends = loaded.model.head, loaded.special.eos or 0

    def head(hidden: torch.Tensor) -> torch.Tensor:
        logits = inner(hidden).clone()
        logits[..., ends] += 1e4
        return logits

    loaded.model.head = head
    rows = []
    for label, early in (("to the canvas's end", False), ("to the end of the text", True)):
        seconds, steps, last = timed(quickly(loaded, work, eos_early_stop=early))
        rows.append(Row("early end, text of one block", label, len(last.ids), steps, seconds, True))
    return [replace(r, ratio=rows[0].seconds / r.seconds) for r in rows]


def curves(folder: Path, work: Work, device: str) -> dict[str, list[tuple[int, float]]]:
    """Seconds against the canvas's length in a long file, and against steps."""
    full, blocks = load(folder, "a2d-mdlm", device), load(folder, "a2d-bd3lm", device)
    found: dict[str, list[tuple[int, float]]] = {}
    for name, loaded in (("dual cache", full), ("exact block cache", blocks)):
        lengths = [work.block * n for n in (1, 2, 4)]
        found[f"length, {name}"] = [(n, timed(quickly(loaded, replace(work, length=n)))[0]) for n in lengths]
        found[f"steps, {name}"] = [
            (s * work.length // work.block, timed(quickly(loaded, replace(work, steps=s)))[0])
            for s in (4, 8, 16)
        ]
    return found


def batch(folder: Path, work: Work, device: str) -> list[Row]:
    """Four canvases one after another, and in one batch: the same tokens."""
    loaded = load(folder, "a2d-mdlm", device)
    plan = Options(
        exact=False, algorithm="low_confidence", block=work.block, steps=work.total, temperature=0.7
    )
    canvases: list[list[int | None]] = [[None] * work.length for _ in range(4)]
    prompt = prompt_of(work, loaded.model.shape.vocabulary)
    alone = [
        timed(sample(loaded, prompt, replace(plan, seed=n), canvas)) for n, canvas in enumerate(canvases)
    ]
    seconds = sum(one[0] for one in alone)
    together: dict[int, Step] = {}
    begun = time.perf_counter()
    for step in sample_batch(loaded, prompt, replace(plan, seed=0), canvases):
        together[step.row] = step
    taken = time.perf_counter() - begun
    same = [one[2].ids for one in alone] == [together[n].ids for n in range(4)]
    tokens, table = 4 * work.length, "four canvases"
    return [
        Row(table, "one after another", tokens, 4 * work.total, seconds, True),
        Row(table, "in one batch", tokens, work.total, taken, same, seconds / taken),
    ]


def prepared(folder: Path, work: Work, runs: int, device: str, *, compiling: bool) -> list[Row]:
    """Passes over a block as they come, and in shapes that stay: recorded as CUDA graphs on a GPU, compiled if asked."""
    ways = {"as they come": load(folder, "a2d-mdlm", device, steady=False)}
    ways["CUDA graphs" if device == "cuda" else "shapes that stay"] = load(
        folder, "a2d-mdlm", device, steady=True
    )
    if compiling:
        ways["compiled"] = load(folder, "a2d-mdlm", device, compiled=True)
    plan: dict[str, object] = {"cache": "dual"}
    for label, loaded in ways.items():
        seconds = timed(quickly(loaded, work, **plan))[0]
        print(f"{label}: {seconds:.1f} s for the first run, {loaded.model.way or 'as they come'}", flush=True)
    asked = {label: (loaded, plan) for label, loaded in ways.items()}
    return compare("dual cache, passes over a block", asked, work, blocks=False, runs=runs)


def show(rows: Sequence[Row]) -> None:
    """A table for each group of rows."""
    for table in dict.fromkeys(r.table for r in rows):
        print(f"\n{table}")
        print(f"{'':50} {'steps':>6} {'seconds':>8} {'tokens/s':>9} {'times':>6}  same tokens")
        for row in (r for r in rows if r.table == table):
            rate = row.tokens / row.seconds
            same = "yes" if row.same else "no"
            print(
                f"{row.label:50} {row.steps:6} {row.seconds:8.2f} {rate:9.2f} {row.ratio:6.1f}  {same}",
                flush=True,
            )


def draw(found: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """Two plots side by side."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2))
    for name, points in found.items():
        kind, label = name.split(", ")
        axis = axes[0 if kind == "length" else 1]
        axis.plot(*zip(*points, strict=True), marker="o", label=label)
        axis.set_xlabel("tokens generated" if kind == "length" else "steps")
        axis.set_ylabel("seconds")
        axis.set_ylim(bottom=0)
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 where a bound is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="tiny models; the bounds are not judged")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--compile", action="store_true", help="compiled passes too; the first run takes a minute"
    )
    parser.add_argument("--threads", type=int, help="torch's; one is steadier on a machine with other work")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--plot", type=Path, help="draw seconds against length and steps")
    options = parser.parse_args(argv)
    if options.threads:
        torch.set_num_threads(options.threads)
    work = Work(32, 32, 16, 4) if options.small else Work()
    print(
        f"{work.prompt} tokens before, {work.length} to generate, blocks of {work.block}, {work.steps} steps each"
    )
    with tempfile.TemporaryDirectory() as temporary:
        dense = write(
            Path(temporary) / "dense", "a2d-qwen2", TINY if options.small else OPEN_DCODER, quiet_mask=True
        )
        mixed = write(
            Path(temporary) / "mixed",
            "llada2.0",
            TINY if options.small else MIXTURE,
            experts=16,
            quiet_mask=True,
        )
        rows = full_attention(dense, work, options.runs, options.device)
        show(rows)
        parts = [
            block_causal(dense, "a2d-bd3lm", work, options.runs, options.device),
            block_causal(mixed, "llada2.0", work, options.runs, options.device),
            early_end(dense, work, options.device),
            batch(dense, work, options.device),
            prepared(dense, work, options.runs, options.device, compiling=options.compile),
        ]
        for part in parts:
            show(part)
            rows += part
        used = {}
        for dtype in ("float32", "int8") if sys.platform == "linux" and options.device == "cpu" else ():
            peak, size = memory(dense, work, dtype)
            used[dtype] = peak / size
            print(
                f"\nmemory {dtype}: {peak / 1e6:.0f} MB, checkpoint {size / 1e6:.0f} MB: {peak / size:.2f} of it"
            )
        found = curves(dense, work, options.device)
        for name, points in found.items():
            print(f"seconds by {name}: " + ", ".join(f"{x}: {y:.2f}" for x, y in points))
    if options.plot:
        draw(found, options.plot)
    if options.json:
        figures = {"rows": [asdict(r) for r in rows], "memory": used, "curves": found}
        options.json.write_text(json.dumps(figures), encoding="utf-8")
    return 0 if options.small else judge(rows, used)


def judge(rows: Sequence[Row], used: dict[str, float]) -> int:
    """Say which bound is broken."""
    broken = [
        f"{r.table}, {r.label}: {r.ratio:.1f} times"
        for r in rows
        if (r.label == "+ dual cache (approximate)" and r.ratio < FLOORS["dual"])
        or (r.label.startswith("+ exact cache, head") and r.ratio < FLOORS["block"])
    ]
    broken += [f"memory, {dtype}: {share:.2f}" for dtype, share in used.items() if share > FLOORS["memory"]]
    for line in broken:
        print(f"broken: {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
