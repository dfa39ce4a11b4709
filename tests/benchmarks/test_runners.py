"""The harness around what is measured: commands in processes of their own, cases read from files, clean files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import cases, repair, runners, tables, timing
from benchmarks.cases import Case
from benchmarks.measures import compiles, undefined_names
from benchmarks.tables import Row
from sharpen.core.engines.scripted import ScriptedEngine
from sharpen.core.training import corpus

BROKEN = "def f(:\n    return 1\n"
FIXED = "def f():\n    return 1\n"
CASE = Case("a/b/odd name.py", "syntax", "bracket", BROKEN, (FIXED,))


def fixer(tmp_path: Path, body: str) -> str:
    script = tmp_path / "fixer.py"
    script.write_text(f"import sys, pathlib, time\npath = pathlib.Path(sys.argv[1])\n{body}\n")
    return f"{sys.executable} {script} {{path}}"


def test_a_command_edits_the_file_in_place(tmp_path: Path) -> None:
    template = fixer(tmp_path, f"path.write_text({FIXED!r}); sys.exit(1)")
    assert runners.command(template)(CASE) == FIXED


def test_a_command_that_hangs_is_stopped_and_counts_as_no_change(tmp_path: Path) -> None:
    assert runners.command(fixer(tmp_path, "time.sleep(60)"), timeout=0.5)(CASE) == BROKEN


def test_an_engine_is_measured_over_the_road_of_the_commands() -> None:
    assert runners.in_process(ScriptedEngine([FIXED]))(CASE) == FIXED
    assert runners.in_process(ScriptedEngine(["def f(((:\n"]))(CASE) == BROKEN


def test_an_engine_is_not_asked_about_a_clean_file() -> None:
    clean = Case("clean.py", "clean", "clean", FIXED, (FIXED,))
    assert runners.in_process(ScriptedEngine(["ruined\n"]))(clean) == FIXED


def test_a_system_that_crashes_counts_as_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    def crash(_: Case) -> str:
        raise RuntimeError("no weights")

    (row,) = repair.measure("broken", crash, [CASE])
    assert row.judgement.outcome == "untouched"
    assert "no weights" in capsys.readouterr().err


def test_cases_are_read_with_both_of_the_humans_versions(tmp_path: Path) -> None:
    row = {"id": "1", "kind": "syntax", "before": BROKEN, "after": FIXED, "after_min": FIXED + "\n"}
    other = {**row, "id": "2", "kind": "rewrite"}
    (tmp_path / "syntax.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (row, other)))
    assert [c.id for c in cases.real(tmp_path, "syntax")] == ["1"]
    assert [c.id for c in cases.real(tmp_path, "syntax", ("all",))] == ["1", "2"]
    assert cases.real(tmp_path, "syntax")[0].humans == (FIXED, FIXED + "\n")


def test_clean_files_have_nothing_to_repair() -> None:
    paths = cases.clean(3, seed=0)
    assert len(paths) == 3
    assert all(undefined_names(path.read_text(encoding="utf-8")) == frozenset() for path in paths)


def test_breaks_are_spread_over_the_files_and_parse_in_none(tmp_path: Path) -> None:
    body = "\n\n\n".join(f"def f{n}(a, b):\n    return [a, b, {n}]" for n in range(20)) + "\n"
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(body)
    found = cases.synthetic(tmp_path, 7, seed=0)
    assert {c.id.partition("#")[0] for c in found} == {"one.py", "two.py"}
    assert len({c.id for c in found}) == 7
    assert not any(compiles(c.before) for c in found)
    assert all(c.humans == (body,) for c in found)


def test_the_packages_of_the_synthetic_breaks_are_in_the_manifest_and_in_no_corpus() -> None:
    assert {name.lower() for name, _, _ in corpus.manifest()} >= corpus.HELD_OUT


@pytest.mark.parametrize(
    ("won", "lost", "end"),
    [
        (9, 0, "clearly better"),
        (4, 0, "not clearly better"),
        (0, 9, "clearly worse"),
        (20, 15, "not clearly better"),
    ],
)
def test_a_small_lead_is_not_called_clear(won: int, lost: int, end: str) -> None:
    good, bad = (repair.judged(CASE, text) for text in (FIXED, BROKEN))
    rows = []
    for number in range(won + lost):
        for system, wins in (("model", number < won), ("mutate", number >= won)):
            rows.append(Row(system, "syntax", "bracket", str(number), 0.1, good if wins else bad))
    assert tables.compared("model", "mutate", rows).endswith(f"{lost} the other way round: {end}")


def test_the_timed_file_is_broken_and_about_as_long_as_it_says() -> None:
    text = timing.broken_file(200)
    assert not compiles(text)
    assert 190 <= text.count("\n") + 1 <= 210


def test_the_report_holds_every_case_of_every_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"id": "1", "kind": "syntax", "category": "bracket", "before": BROKEN, "after": FIXED}
    (tmp_path / "syntax.jsonl").write_text(json.dumps(row) + "\n")
    out = tmp_path / "report.json"
    measured = ["--no-engine", "--baselines", "identity,tree-sitter", "--json", str(out)]
    repair.main(["--data", str(tmp_path), "--set", "syntax", *measured])
    report = json.loads(out.read_text())
    (rows,) = report["cases"].values()
    (side_by_side, *_) = report["tables"].values()
    assert [s["repaired"] for s in side_by_side["systems"]] == [0.0, 1.0]
    assert [(r["system"], r["judgement"]["outcome"]) for r in rows] == [
        ("identity", "untouched"),
        ("tree-sitter", "repaired"),
    ]
    assert "100 %" in capsys.readouterr().out
