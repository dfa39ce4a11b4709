"""The local engine beside llama.cpp's diffusion example, on the same random weights. Prints a table.

    python -m benchmarks.llama_cpp --binary PATH/llama-diffusion-cli [--threads 1] [--runs 2] [--layers 24]

Needs `pip install gguf` and a build of llama.cpp (target `llama-diffusion-cli`; the source distribution of
llama-cpp-python has it under vendor/). A checkpoint of Dream's kind and Open-dCoder's sizes is made in a temporary
folder, once as safetensors and once as GGUF in float32 and Q8_0. Both sides have a prompt of 256 tokens, 64 to generate,
16 steps; times are of generation alone, as each side reports them, in turn, the best of the runs. llama.cpp's example
reads the whole canvas anew in each step and keeps nothing; so does our first row of each kind.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

if not __package__:  # run as a file: the folder above is where `benchmarks` is found
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.checkpoints import write
from benchmarks.local_ways import OPEN_DCODER, Work, quickly, timed
from sharpen.core.diffusion.checkpoint import Checkpoint
from sharpen.core.diffusion.load import Loaded, load
from sharpen.core.diffusion.options import CacheKind

WORK = Work()
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def renamed(name: str) -> str:
    """A tensor's name as GGUF has it."""
    stem, _, kind = name.rpartition(".")
    if stem in OUTER:
        return f"{OUTER[stem]}.{kind}"
    found = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", stem)
    if found is None:
        raise ValueError(f"{name} has no place in a GGUF file of this kind")
    return f"blk.{found[1]}.{NAMES[found[2]]}.{kind}"


def convert(folder: Path, target: Path, kind: str) -> None:
    """Write the checkpoint as a GGUF file. kind: F32 or Q8_0."""
    import gguf
    from gguf.quants import quantize

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    file = gguf.GGUFWriter(str(target), "dream")
    file.add_block_count(config["num_hidden_layers"])
    file.add_context_length(config["max_position_embeddings"])
    file.add_embedding_length(config["hidden_size"])
    file.add_feed_forward_length(config["intermediate_size"])
    file.add_head_count(config["num_attention_heads"])
    file.add_head_count_kv(config["num_key_value_heads"])
    file.add_rope_freq_base(config["rope_theta"])
    file.add_layer_norm_rms_eps(config["rms_norm_eps"])
    file.add_causal_attention(False)
    _vocabulary(file, config)
    checkpoint = Checkpoint.open(folder)
    for name, entry in checkpoint.entries.items():
        data = checkpoint.view(name).float().numpy()
        wide = len(entry.size) == 2 and kind == "Q8_0"
        if wide:
            quant = gguf.GGMLQuantizationType.Q8_0
            file.add_tensor(renamed(name), quantize(data, quant), raw_dtype=quant)
        else:
            file.add_tensor(renamed(name), data)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def _vocabulary(file: object, config: dict[str, int]) -> None:
    """A token a byte, and names for the rest."""
    from gguf import TokenType
    from tokenizers import pre_tokenizers

    size, last = config["vocab_size"], config["mask_token_id"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"<|{n}|>" for n in range(len(letters), size))]
    kinds = [TokenType.NORMAL if n < len(letters) else TokenType.CONTROL for n in range(size)]
    file.add_tokenizer_model("gpt2")  # type: ignore[attr-defined]
    file.add_tokenizer_pre("default")  # type: ignore[attr-defined]
    file.add_token_list(tokens)  # type: ignore[attr-defined]
    file.add_token_types(kinds)  # type: ignore[attr-defined]
    file.add_token_merges(["a b"])  # type: ignore[attr-defined]
    file.add_mask_token_id(last)  # type: ignore[attr-defined]
    file.add_eos_token_id(last - 1)  # type: ignore[attr-defined]
    file.add_pad_token_id(last - 2)  # type: ignore[attr-defined]
    file.add_bool("diffusion.shift_logits", True)  # type: ignore[attr-defined]


def theirs(binary: Path, model: Path, threads: int) -> float:
    """Seconds that the example says its generation took."""
    prompt = "".join("acdefghi"[n % 8] for n in range(WORK.prompt))
    command = [
        str(binary), "-m", str(model), "-p", prompt, "-t", str(threads), "-tb", str(threads), "--temp", "0",
        "-ub", str(WORK.prompt + WORK.length), "-b", "1024", "-c", "1024", "--diffusion-algorithm", "4",
        "--diffusion-steps", str(WORK.total), "--diffusion-eps", "0.001", "--top-k", "1", "-ngl", "0",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = re.search(r"total time: ([\d.]+)ms", done.stdout + done.stderr)
    if said is None:
        raise RuntimeError((done.stdout + done.stderr)[-600:])
    return float(said[1]) / 1000


def ours(loaded: Loaded, cache: CacheKind) -> float:
    """Seconds of our generation, by the same plan."""
    return timed(quickly(loaded, WORK, algorithm="maskgit_plus", cache=cache))[0]


def main() -> None:
    """Measure in turn and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--layers", type=int, default=OPEN_DCODER["layers"])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write(
            Path(scratch) / "dream",
            "dream",
            {**OPEN_DCODER, "layers": given.layers},
            scale=1.0,
            quiet_mask=True,
        )
        files = {kind: Path(scratch) / f"{kind}.gguf" for kind in ("F32", "Q8_0")}
        for kind, file in files.items():
            convert(folder, file, kind)
        whole, small = load(folder), load(folder, dtype="int8")
        best: dict[str, float] = {}
        ways: dict[str, Callable[[], float]] = {}
        for kind, loaded, stored in (("float32", whole, "F32"), ("int8", small, "Q8_0")):
            ways[f"{kind:<9}llama.cpp, everything read anew"] = partial(
                theirs, given.binary, files[stored], given.threads
            )
            ways[f"{kind:<9}sharpen, everything read anew"] = partial(ours, loaded, "none")
            ways[f"{kind:<9}sharpen, dual cache (approximate)"] = partial(ours, loaded, "dual")
        for _ in range(given.runs):
            for label, way in ways.items():
                best[label] = min(way(), best.get(label, float("inf")))
    print(f"{'':48}{'seconds':>9}{'tokens/s':>10}{'times':>7}")
    base = 1.0
    for label, taken in best.items():
        base = taken if "llama.cpp" in label else base
        print(f"{label:48}{taken:9.2f}{WORK.length / taken:10.2f}{base / taken:7.1f}")


if __name__ == "__main__":
    main()
