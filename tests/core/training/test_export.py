from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from sharpen.core.diffusion.transformer import Editor, Shape  # noqa: E402  # torch is an extra
from sharpen.core.training.export import export, rounded  # noqa: E402


def tiny(seed: int = 0) -> Editor:
    torch.manual_seed(seed)
    model = Editor(Shape(vocabulary=200, width=32, layers=2, heads=2, hidden=64))
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.2)
    return model.eval()


@pytest.mark.parametrize(("rows", "length"), [(1, 7), (3, 40), (2, 200)])
def test_onnx_and_torch_agree_on_the_same_canvas(tmp_path: Path, rows: int, length: int) -> None:
    model = tiny()
    (tmp_path / "t.json").write_text("{}")
    export(model, tmp_path / "t.json", tmp_path / "out", {"steps": 3})
    session = onnxruntime.InferenceSession(str(tmp_path / "out" / "model.onnx"))
    rng = np.random.default_rng(length)
    ids = rng.integers(1, 200, (rows, length))
    ids[0, length - 2 :] = 0
    flags = rng.integers(0, 3, (rows, length))
    wanted = rng.integers(0, length - 2, 5)
    heads, logits = session.run(None, {"ids": ids, "flags": flags, "rows": wanted})
    with torch.no_grad():
        t_logits, t_heads = rounded(model)(torch.from_numpy(ids), torch.from_numpy(flags))
    assert np.abs(heads - t_heads.numpy())[ids > 0].max() < 1e-4
    assert np.abs(logits - t_logits.flatten(0, 1)[wanted].numpy()).max() < 1e-4


def test_padding_does_not_change_what_the_model_says() -> None:
    model = tiny()
    ids = torch.randint(1, 200, (1, 20))
    padded = torch.cat([ids, torch.zeros(1, 9, dtype=torch.long)], 1)
    with torch.no_grad():
        alone, _ = model(ids, torch.zeros_like(ids))
        beside, _ = model(padded, torch.zeros_like(padded))
    assert torch.allclose(alone, beside[:, :20], atol=1e-4)


def test_the_causal_trunk_does_not_look_ahead() -> None:
    model = tiny()
    ids = torch.randint(1, 200, (1, 20))
    other = ids.clone()
    other[0, 15:] = torch.randint(1, 200, (5,))
    with torch.no_grad():
        a, b = model.trunk(ids, causal=True), model.trunk(other, causal=True)
    assert torch.allclose(a[:, :15], b[:, :15], atol=1e-5)
    assert not torch.allclose(a[:, 15:], b[:, 15:], atol=1e-3)


def test_the_config_names_the_shape(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}")
    export(tiny(), tmp_path / "t.json", tmp_path / "out", {"steps": 3})
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["shape"]["width"] == 32
    assert config["steps"] == 3
