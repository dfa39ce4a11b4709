"""Checkpoints that are not what they should be: each is one sentence that names what did not match."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from benchmarks.checkpoints import write
from sharpen.core.diffusion.load import load
from sharpen.core.errors import EngineUnavailable

CONFIGS: list[tuple[str, dict[str, object], str]] = [
    ("llada", {"architectures": 5}, "architectures in config.json must be a list"),
    ("llada", {"n_layers": 1_000_000_000}, "n_layers in config.json is 1000000000, and there are"),
    ("sdar", {"num_hidden_layers": 1_000_000_000}, "num_hidden_layers in config.json is 1000000000"),
    ("sdar-moe", {"num_experts": 1_000_000_000}, "num_experts in config.json is 1000000000"),
    ("sdar-moe", {"num_experts_per_tok": 9}, "chooses 9 of 8 experts"),
    ("llada2.1", {"n_group": 3}, "of 8 experts, by 2 of 3 groups"),
    ("llada", {"rope_theta": 0}, "rope_theta in config.json must be a number above 0, not 0"),
    ("llada", {"rope_theta": "a"}, "rope_theta in config.json must be a number above 0"),
    ("sdar", {"rope_theta": float("nan")}, "rope_theta in config.json must be a number above 0"),
    ("sdar", {"rope_parameters": 3}, "rope_parameters or rope_scaling in config.json is no JSON object"),
    ("llada", {"rms_norm_eps": None}, "rms_norm_eps in config.json must be a number above 0, not null"),
    ("llada", {"vocab_size": 100}, "the mask's id 159 is beyond the vocab_size 100"),
    ("llada", {"activation_type": "foo"}, "activation_type in config.json is 'foo'"),
    ("sdar", {"hidden_act": "gelu"}, "hidden_act in config.json is 'gelu'"),
    ("llada", {"d_model": 64.5}, "d_model in config.json must be a whole number, not 64.5"),
    ("llada", {"n_heads": 0}, "n_heads in config.json must be a number above 0"),
    ("llada", {"n_kv_heads": 3}, "4 heads of 16, 3 for keys and values"),
    ("sdar", {"block_size": "a"}, "block_size in config.json must be a number above 0"),
]


@pytest.mark.parametrize(("made", "changes", "said"), CONFIGS)
def test_a_config_that_cannot_be_is_named(
    tmp_path: Path, made: str, changes: dict[str, object], said: str
) -> None:
    folder = write(tmp_path / "model", made, config=changes)
    with pytest.raises(EngineUnavailable) as caught:
        load(folder, made if made.startswith("llada2") else None)
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["[]", "null", "5", "[" * 100_000])
def test_a_config_that_is_no_object_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path / "model", "llada")
    (folder / "config.json").write_text(text)
    with pytest.raises(EngineUnavailable, match=r"config\.json in .* (holds no JSON object|is not readable)"):
        load(folder)


ROWS: list[object] = [
    5,
    {},
    {"dtype": "F32", "shape": 4, "data_offsets": [0, 4]},
    {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]},
    {"dtype": "F32", "shape": [1], "data_offsets": [0]},
    {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]},
    {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
    {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]},
]


@pytest.mark.parametrize("row", ROWS)
def test_a_tensor_without_a_place_is_named(tmp_path: Path, row: object) -> None:
    folder = write(tmp_path / "model", "llada")
    _headed(folder / "model.safetensors", {"odd.weight": row})
    with pytest.raises(EngineUnavailable, match=r"odd\.weight in model\.safetensors has"):
        load(folder)


def test_a_header_that_is_no_object_is_said_to_be_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "llada")
    _headed(folder / "model.safetensors", [])
    with pytest.raises(EngineUnavailable, match="its header is no JSON object"):
        load(folder)


def test_a_folder_is_no_safetensors_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "llada")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with pytest.raises(EngineUnavailable, match=r"no \.safetensors file"):
        load(folder)


def test_added_tokens_that_are_no_list_are_said_to_be_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", "llada", config={"mask_token_id": "a"})
    (folder / "added_tokens.json").write_text('{"<|mdm_mask|>": "first"}')
    with pytest.raises(EngineUnavailable, match="added tokens"):
        load(folder)


def _headed(path: Path, header: object) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 8)
