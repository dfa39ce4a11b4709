"""A third opinion: bodies that transformers has too, made bidirectional by the mask, on the same checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks.checkpoints import write
from sharpen.core.diffusion.load import load

SAME = (
    ("open-dcoder", None, "Qwen2ForCausalLM", "qwen2"),
    ("dream", None, "Qwen2ForCausalLM", "qwen2"),
    ("coda", None, "Qwen3ForCausalLM", "qwen3"),
    ("a2d-qwen3", "a2d-mdlm", "Qwen3ForCausalLM", "qwen3"),
    ("sdar-moe", None, "Qwen3MoeForCausalLM", "qwen3_moe"),
)


@pytest.mark.parametrize(("made", "family", "architecture", "kind"), SAME)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_logits_are_those_of_transformers(
    tmp_path: Path, made: str, family: str | None, architecture: str, kind: str
) -> None:
    from transformers import AutoModelForCausalLM

    folder = write(tmp_path / made, made)
    ours = load(folder, family).model
    config = json.loads((folder / "config.json").read_text())
    config |= {"architectures": [architecture], "model_type": kind}
    (folder / "config.json").write_text(json.dumps(config))
    theirs = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    ids = torch.randint(0, 150, (2, 24), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = theirs(ids, attention_mask=torch.zeros(2, 1, 24, 24)).logits
    found = ours.logits(ours.hidden(ids))
    assert float(wanted.abs().max()) > 3
    assert torch.allclose(wanted, found, atol=2e-4)
    assert torch.equal(wanted.argmax(-1), found.argmax(-1))
