"""The benchmark of the local engine runs on tiny models and says what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import local


def test_it_prints_a_row_for_each_saving_and_writes_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, plot = tmp_path / "figures.json", tmp_path / "plot.svg"
    assert local.main(["--small", "--json", str(figures), "--plot", str(plot)]) == 0
    said = capsys.readouterr().out
    for saving in (
        "head at masked rows",
        "dual cache",
        "exact cache",
        "int8",
        "by confidence",
        "end of the text",
    ):
        assert saving in said
    found = json.loads(figures.read_text())
    rows = {(r["table"], r["label"]): r for r in found["rows"]}
    for table in ("block-causal", "block-causal, mixture of experts"):
        assert rows[table, "+ exact cache, head at masked rows only"]["same"]
    assert rows["dual cache, passes over a block", "shapes that stay"]["same"]
    assert rows["full attention", "+ head at masked rows only"]["same"]
    assert plot.read_text().startswith("<?xml")


def test_a_broken_bound_fails() -> None:
    slow = local.Row("full attention", "+ dual cache (approximate)", 1, 1, 1.0, False, 2.9)
    fast = local.Row("full attention", "+ dual cache (approximate)", 1, 1, 1.0, False, 3.1)
    assert local.judge([slow], {}) == 1
    assert local.judge([fast], {"float32": 1.3}) == 1
    assert local.judge([fast], {"float32": 1.1}) == 0
