"""Loading checkpoints: what family it is, every tensor accounted for, and one sentence where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks.checkpoints import SMALL, published, write
from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.detect import named
from sharpen.core.diffusion.linear import Widened
from sharpen.core.diffusion.load import describe, load
from sharpen.core.diffusion.tokens import lay_out
from sharpen.core.errors import BadInput, EngineUnavailable

FAMILIES = {
    "llada": "llada",
    "llada-moe": "llada-moe",
    "dream": "dream",
    "dreamon": "dreamon",
    "open-dcoder": "open-dcoder",
    "coda": "coda",
    "sdar": "sdar",
    "sdar-moe": "sdar",
    "fast-dllm-v2": "fast-dllm-v2",
}


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config.update(changes)
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


@pytest.mark.parametrize(("made", "found"), FAMILIES.items())
def test_a_family_is_known_by_its_config(tmp_path: Path, made: str, found: str) -> None:
    loaded = load(write(tmp_path / "model", made))
    assert loaded.family.name == found
    assert loaded.special.mask == SMALL["vocabulary"] - 1
    assert loaded.special.eos == SMALL["vocabulary"] - 2


@pytest.mark.parametrize(
    ("folder", "made", "found"),
    [
        ("LLaDA2.0-mini", "llada2.0", "llada2.0"),
        ("LLaDA2.1-mini", "llada2.1", "llada2.1"),
        ("Qwen3-0.6B-diffusion-mdlm-v0.1", "a2d-qwen3", "a2d-mdlm"),
        ("Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1", "a2d-qwen2", "a2d-bd3lm"),
        ("Dream-Coder-v0-Instruct-7B", "dream", "dream-coder"),
        ("DiffuCoder-7B-cpGRPO", "dream", "diffucoder"),
        ("models--inclusionAI--LLaDA2.1-mini/snapshots/0123456789abcdef", "llada2.1", "llada2.1"),
    ],
)
def test_the_folders_name_decides_between_like_configs(
    tmp_path: Path, folder: str, made: str, found: str
) -> None:
    assert describe(write(tmp_path / folder, made)).family.name == found


def test_a_nameless_folder_is_asked_about_and_not_guessed(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "llada2.0")
    with pytest.raises(EngineUnavailable, match=r"may be llada2\.0 or llada2\.1") as caught:
        load(folder)
    assert "--family" in caught.value.hint
    assert load(folder, family="llada2.1").family.name == "llada2.1"


def test_plain_qwen_is_refused_because_nothing_says_that_it_diffuses(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "open-dcoder")
    edit_config(folder, mask_token_id=None)
    with pytest.raises(EngineUnavailable, match=r"not open-dcoder: neither config\.json nor the tokenizer"):
        load(folder)


def test_an_unknown_architecture_and_an_unknown_family_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    edit_config(folder, architectures=["GptForCausalLM"], model_type="gpt")
    with pytest.raises(EngineUnavailable, match="GptForCausalLM"):
        load(folder)
    with pytest.raises(BadInput, match="no family gpt"):
        load(folder, family="gpt")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("LLaDA2.1", "llada2.1"), ("open_dcoder", "open-dcoder"), ("bd3lm", "a2d-bd3lm"), ("sdar", "sdar")],
)
def test_a_family_may_be_spelt_freely(said: str, meant: str) -> None:
    assert named(said).name == meant


def test_a_missing_an_unexpected_and_a_misshapen_tensor_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    edit_config(folder, num_hidden_layers=3)
    with pytest.raises(EngineUnavailable, match=r"missing, such as model\.layers\.2\."):
        load(folder)
    edit_config(folder, num_hidden_layers=1)
    with pytest.raises(EngineUnavailable, match=r"belong to no part of this family: model\.layers\.1\."):
        load(folder)
    edit_config(folder, num_hidden_layers=2, intermediate_size=80)
    with pytest.raises(EngineUnavailable, match=r"gate_proj\.weight has the size \(96, 64\)"):
        load(folder)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    edit_config(folder, num_attention_heads=None)
    with pytest.raises(EngineUnavailable, match="no num_attention_heads"):
        load(folder)


def test_stretched_rotary_embeddings_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    edit_config(folder, rope_scaling={"rope_type": "yarn", "factor": 4})
    with pytest.raises(EngineUnavailable, match="yarn"):
        load(folder)


def test_a_cut_file_is_found_before_anything_is_computed(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(EngineUnavailable, match="cut off at"):
        load(folder)
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(EngineUnavailable, match="not a whole safetensors file"):
        load(folder)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EngineUnavailable, match="format that can run code"):
        load(folder)


def test_a_folder_that_is_none_or_no_model_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no folder"):
        load(tmp_path / "gone")
    with pytest.raises(EngineUnavailable, match=r"no config\.json"):
        load(tmp_path)


def test_an_index_that_lists_an_absent_file_says_which(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(EngineUnavailable, match=r"lacks model-00002\.safetensors"):
        load(folder)


def test_float32_weights_are_the_mapped_file_and_not_a_copy(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    checkpoint = Checkpoint.open(folder)
    first, second = (checkpoint.view("model.norm.weight") for _ in range(2))
    assert first.data_ptr() == second.data_ptr()
    loaded = load(folder)
    assert torch.equal(loaded.model.gain, first)


def test_half_precision_files_are_read(tmp_path: Path) -> None:
    whole = load(write(tmp_path / "whole", "sdar"))
    half = load(write(tmp_path / "half", "sdar", dtype=torch.bfloat16))
    assert half.model.embed.dtype == torch.float32
    assert torch.allclose(whole.model.embed, half.model.embed, rtol=0.01)


@pytest.mark.parametrize("made", ["open-dcoder", "llada-moe", "sdar"])
def test_weights_that_are_widened_as_they_are_used_give_the_same_logits(tmp_path: Path, made: str) -> None:
    folder = write(tmp_path / "model", made, dtype=torch.bfloat16)
    converted, lean = load(folder, lean=False), load(folder, lean=True)
    ids = torch.tensor([[1, 2, 3, 4, 5]])
    assert isinstance(lean.model.head, Widened)
    assert lean.model.embed.dtype == torch.bfloat16
    a, b = (m.model.logits(m.model.hidden(ids)) for m in (converted, lean))
    assert torch.equal(a, b)
    assert load(folder).model.embed.dtype == torch.float32  # there is room enough here


def test_a_large_matrix_is_widened_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharpen.core.diffusion.linear.CHUNK", 3)
    weight, bias, x = torch.randn(8, 4).bfloat16(), torch.randn(8), torch.randn(2, 4)
    whole = torch.nn.functional.linear(x, weight.float(), bias)
    assert torch.allclose(Widened(weight, bias)(x), whole, atol=1e-6)


def test_a_description_counts_parameters_and_memory_without_reading_weights(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "sdar")
    said = describe(folder)
    _, sizes = published("sdar")
    count = sum(torch.Size(s).numel() for s in sizes.values())
    assert (said.parameters, said.bytes) == (count, 4 * count)
    assert said.needs("int8", 0) < said.needs("float32", 0) < said.needs("float32", 1000)


def test_a_chat_is_laid_out_as_the_family_was_taught() -> None:
    assert lay_out("chatml", "hi", "") == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    assert lay_out("llada", "hi") == (
        "<|startoftext|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    assert lay_out("roles", "hi") == "<role>HUMAN</role>hi<|role_end|><role>ASSISTANT</role>"
