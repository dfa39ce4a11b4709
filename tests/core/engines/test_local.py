"""The local engine with a checkpoint that has learnt a few edits: real process, real torch, real frames."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.checkpoints import tokenizer, write
from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnose import diagnose
from sharpen.core.engines.local import LocalEngine
from sharpen.core.engines.local_name import local_name
from sharpen.core.engines.local_region import focused
from sharpen.core.errors import BadInput, EngineUnavailable, Interrupted, NothingHeld
from sharpen.core.request import CancelToken, Request, Settings
from sharpen.core.verify import judge_for
from tests.core.engines.taught import EDITS, FILE, request


def engine_of(folder: Path, words: str = "") -> LocalEngine:
    return LocalEngine(local_name(f"local:{folder}{words}", folder.parent))


@pytest.fixture(scope="module")
def engine(taught: Path) -> Iterator[LocalEngine]:
    one = engine_of(taught)
    yield one
    one.close()


def refined(engine: LocalEngine, asked: Request) -> tuple[list[Frame], list[Candidate]]:
    said = list(engine.refine(asked))
    return [s for s in said if isinstance(s, Frame)], [s for s in said if isinstance(s, Candidate)]


def child(engine: LocalEngine) -> subprocess.Popen[bytes]:
    assert engine._process is not None
    return engine._process._child


@pytest.mark.parametrize(("symbol", "wish", "new"), EDITS)
def test_a_region_is_rewritten_as_the_prompt_says(
    engine: LocalEngine, symbol: str, wish: str, new: str
) -> None:
    frames, candidates = refined(engine, request(symbol, wish))
    assert [c.text for c in candidates] == [new]
    assert frames[-1].canvas.text == new
    assert frames[-1].canvas.count("masked") == 0
    assert frames[-1].step == candidates[0].steps
    assert frames[-1].canvas.region == request(symbol, wish).region
    assert 0.5 < min(c.confidence or 0 for c in frames[-1].canvas.cells) <= 1


def test_diffusion_takes_fewer_steps_than_there_are_tokens(engine: LocalEngine) -> None:
    frames, candidates = refined(engine, request(*EDITS[2][:2]))
    tokens = len(frames[-1].canvas.cells)
    assert tokens > 15
    assert candidates[0].steps < tokens / 3


def test_a_strength_keeps_what_the_model_believes_and_noises_the_rest(engine: LocalEngine) -> None:
    """The edit that differs by one token, started from the old code with one token of it unknown."""
    symbol, wish, new = EDITS[2]
    asked = replace(request(symbol, wish), settings=Settings(strength=0.05))
    frames, candidates = refined(engine, asked)
    started = [f for f in frames if f.canvas.count("masked")]
    assert [f.canvas.count("masked") for f in started] == [1]
    assert started[0].canvas.text == asked.text.replace(" sum", "")
    assert candidates[0].text == new
    assert candidates[0].steps == 1
    kept = [c for c in frames[-1].canvas.cells if c.state == "context"]
    assert "".join(c.text for c in kept) == new.replace(" max", "")


def test_a_share_of_the_tokens_is_noised(engine: LocalEngine) -> None:
    shares = []
    for strength in (0.25, 0.5, 0.75):
        asked = replace(request(*EDITS[1][:2]), settings=Settings(strength=strength))
        cells = next(
            s.canvas for s in engine.refine(asked) if isinstance(s, Frame) and s.canvas.count("masked")
        )
        shares.append(cells.count("masked") / len(cells.cells))
    assert shares == pytest.approx([0.25, 0.5, 0.75], abs=0.04)


def test_several_candidates_come_from_one_batch_the_surest_first(engine: LocalEngine) -> None:
    symbol, wish, new = EDITS[2]
    asked = replace(request(symbol, wish), settings=Settings(candidates=4))
    _frames, candidates = refined(engine, asked)
    assert 2 <= len(candidates) <= 4
    assert len({c.text for c in candidates}) == len(candidates)
    assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)
    assert new in {c.text for c in candidates}


def test_a_seed_repeats_frames_and_candidates(engine: LocalEngine) -> None:
    asked = replace(request(*EDITS[0][:2]), settings=Settings(candidates=3, seed=5))

    def told() -> list[object]:
        frames, candidates = refined(engine, asked)
        return [f.canvas for f in frames] + [(c.text, c.score) for c in candidates]

    assert told() == told()


def test_steps_that_are_asked_for_are_kept_to(engine: LocalEngine) -> None:
    few, many = (
        refined(engine, replace(request(*EDITS[1][:2]), settings=Settings(steps=n)))[0][-1].step
        for n in (3, 24)
    )
    assert few <= 6 < many <= 24


def test_where_nobody_looks_no_frames_are_made(engine: LocalEngine) -> None:
    asked = replace(request(*EDITS[0][:2]), settings=Settings(frames=False))
    frames, candidates = refined(engine, asked)
    assert not frames
    assert candidates[0].text == EDITS[0][2]


def test_a_finding_in_a_long_file_is_repaired_in_its_own_lines(engine: LocalEngine) -> None:
    """Whatever the model writes, lines far from the finding are not its to touch."""
    text = FILE.replace("def area(width, height):", "def area(width, height:") + "".join(
        f"\n\ndef f{n}():\n    return {n}\n" for n in range(30)
    )
    document = request("mean", "fix the syntax error", text).document
    asked = Request("fix the syntax error", document, document.whole(), diagnose(text, "shapes.py"))
    focus = focused(asked)
    assert focus.request.text.startswith("def area(width, height:")
    assert (
        "def f1" not in focus.request.text
    )  # the open bracket swallows what follows it, to the next line that may not
    assert focus.whole("x = 1\n") == text.replace(focus.request.text, "x = 1\n")
    frames = []
    with contextlib.suppress(NothingHeld):  # the model never learnt to repair
        for said in engine.refine(asked):
            if isinstance(said, Frame):
                frames.append(said)  # noqa: PERF401 - those before the end count
    assert {f.canvas.region for f in frames if f.canvas.count("masked")} == {focus.request.region}


def test_a_stop_is_heard_within_a_step_and_the_model_stays_loaded(engine: LocalEngine) -> None:
    cancel = CancelToken()
    asked = replace(request(*EDITS[1][:2]), cancel=cancel, settings=Settings(steps=40))
    before = child(engine).pid
    seen = []

    def until_stopped() -> None:
        for said in engine.refine(asked):
            seen.append(said)
            if isinstance(said, Frame) and said.step == 1:
                cancel.cancel()

    with pytest.raises(Interrupted):
        until_stopped()
    assert isinstance(seen[-1], Frame)
    assert seen[-1].step == 1
    assert refined(engine, request(*EDITS[0][:2]))[1][0].text == EDITS[0][2]
    assert child(engine).pid == before


def test_a_generator_that_is_closed_leaves_the_engine_usable(engine: LocalEngine) -> None:
    running = engine.refine(replace(request(*EDITS[1][:2]), settings=Settings(steps=40)))
    assert isinstance(next(running), Frame)
    running.close()  # type: ignore[attr-defined]
    assert refined(engine, request(*EDITS[0][:2]))[1][0].text == EDITS[0][2]


def test_a_process_that_is_killed_is_one_sentence_and_started_again(taught: Path) -> None:
    engine = engine_of(taught)
    engine.open(CancelToken())
    running = engine.refine(replace(request(*EDITS[1][:2]), settings=Settings(steps=60)))
    next(running)
    os.kill(child(engine).pid, signal.SIGKILL)
    with pytest.raises(EngineUnavailable, match="was killed, as the system does when memory runs out"):
        list(running)
    assert refined(engine, request(*EDITS[0][:2]))[1][0].text == EDITS[0][2]
    engine.close()


def test_out_of_memory_is_one_sentence_with_two_ways_out(taught: Path) -> None:
    engine = engine_of(taught)
    engine.open(CancelToken())
    pid = child(engine).pid
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if not pages:
        engine.close()
        return  # there is no such limit to set on another process here
    room = pages * os.sysconf("SC_PAGE_SIZE") + (1 << 20)
    resource.prlimit(pid, resource.RLIMIT_AS, (room, room))
    with pytest.raises(EngineUnavailable, match="memory") as said:
        list(engine.refine(replace(request(*EDITS[1][:2]), settings=Settings(candidates=16))))
    assert "#int8" in said.value.hint
    assert "smaller region" in said.value.hint
    engine.close()


def test_it_ends_with_whoever_started_it(taught: Path) -> None:
    code = (
        "import sys, time, os; from pathlib import Path\n"
        "from sharpen.core.engines.local import LocalEngine\n"
        "from sharpen.core.engines.local_name import local_name\n"
        "from sharpen.core.request import CancelToken\n"
        f"engine = LocalEngine(local_name('local:{taught}', Path('.')))\n"
        "engine.open(CancelToken())\n"
        "assert 'torch' not in sys.modules\n"
        "print(engine._process._child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 60
    while time.monotonic() < until and Path(f"/proc/{pid}").exists() and not _zombie(pid):
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists() or _zombie(pid)


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_stop_is_heard_while_the_model_loads(taught: Path) -> None:
    engine, cancel = engine_of(taught), CancelToken()

    def halt_and_cancel() -> None:
        while engine._process is None:
            time.sleep(0.01)
        os.kill(engine._process._child.pid, signal.SIGSTOP)  # it will never be loaded
        cancel.cancel()

    threading.Thread(target=halt_and_cancel).start()
    with pytest.raises(Interrupted):
        engine.open(cancel)
    engine.close()


def test_time_that_runs_out_is_told(taught: Path) -> None:
    engine = engine_of(taught)
    with pytest.raises(EngineUnavailable, match="took longer than it was given"):
        list(engine.refine(replace(request(*EDITS[0][:2]), settings=Settings(budget_seconds=0.1))))
    engine.close()


def test_int8_makes_the_same_edit(taught: Path) -> None:
    engine = engine_of(taught, "#int8,cpu")
    assert refined(engine, request(*EDITS[2][:2]))[1][0].text == EDITS[2][2]
    assert engine.open(CancelToken()).precision == "int8"
    engine.close()


def test_a_random_model_of_each_kind_shows_true_frames_and_never_breaks_the_road(tmp_path: Path) -> None:
    """A canvas that grows, and edits in place: nonsense, but orderly nonsense."""
    for family in ("dreamon", "llada2.1"):
        folder = tokenizer(write(tmp_path / family, family, {"vocabulary": 320}))
        engine = engine_of(folder)
        asked = request(*EDITS[1][:2], settings=Settings(candidates=2))
        asked = replace(asked, judge=judge_for(asked.document, asked.region, ()))
        frames = []
        with contextlib.suppress(NothingHeld):  # as it should be with such a text
            for said in engine.refine(asked):
                if isinstance(said, Frame):
                    frames.append(said)  # noqa: PERF401 - those before the end count
        engine.close()
        assert len(frames) > 3
        for frame in frames:
            for cell in frame.canvas.cells:
                assert (cell.state == "masked") == (not cell.text)
                assert 0 <= (cell.confidence or 0) <= 1


@pytest.mark.parametrize(
    ("spec", "kind", "said"),
    [
        ("local:", BadInput, "needs a model's name"),
        ("local:nothing", EngineUnavailable, "no model nothing here"),
        ("local:{taught}#int9", BadInput, "int9 is no precision, device or family"),
    ],
)
def test_names_that_mean_nothing_are_told(taught: Path, spec: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        local_name(spec.format(taught=taught), taught.parent)


def test_words_after_the_name_are_known_in_any_order(taught: Path) -> None:
    name = local_name(f"local:{taught.name}#LLaDA2.1,cpu,bf16,compile", taught.parent)
    assert name.compiled
    assert (name.folder, name.family, name.device, name.precision) == (
        taught.parent / taught.name, "llada2.1", "cpu", "bfloat16",
    )  # fmt: skip


def test_a_region_beyond_the_window_is_refused_before_anything_runs(engine: LocalEngine) -> None:
    text = FILE + "".join(f"VALUE_{n} = {n}\n" for n in range(3000))
    document = request("area", "x", text).document
    asked = replace(request("area", "shorten it", text), region=document.whole())
    with pytest.raises(BadInput, match="does not fit the model's window") as said:
        list(engine.refine(asked))
    assert "::SYMBOL" in said.value.hint


def test_without_torch_it_is_one_sentence(
    taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "torch"
    fake.mkdir()
    (fake / "__init__.py").write_text("raise ImportError('No module named torch', name='torch')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = engine_of(taught)
    with pytest.raises(EngineUnavailable, match="local models need torch, which is not installed") as said:
        list(engine.refine(request(*EDITS[0][:2])))
    assert said.value.hint == "pip install 'sharpen[local]'"
    engine.close()
