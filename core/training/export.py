"""Write the trained weights as ONNX, node by node: no exporter in between, so that the graph is what this page says.

Inputs: ids, flags (B, T) int64; rows (N) int64, positions of the flattened (B * T) whose token logits are wanted (all
of them would cost as much as two layers). Outputs: heads (B, T, 9), logits (N, V). Weights are stored as float16 and
cast when the session is made, which halves the shipped file; `tests/core/training/test_export.py` holds the graph to
torch within 1e-4 on the same rounded weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from sharpen.core.diffusion.transformer import GAPS, Block, Editor, Shape, rotary

LONGEST = 512


class _Graph:
    """Collects nodes and initialisers; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.count = 0

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        self.count += 1
        out = name or f"{kind}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def constant(self, value: Any) -> str:
        self.count += 1
        name = f"c_{self.count}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, value: torch.Tensor) -> str:
        stored = self.constant(value.detach().cpu().numpy().astype(np.float16))
        return self.node("Cast", stored, to=TensorProto.FLOAT)

    def rms(self, x: str) -> str:
        square = self.node("Mul", x, x)
        mean = self.node("ReduceMean", square, self.constant(np.asarray([-1], np.int64)), keepdims=1)
        root = self.node("Sqrt", self.node("Add", mean, self.constant(np.float32(1e-6))))
        return self.node("Div", x, root)


def _attention(g: _Graph, h: str, block: Block, shape: Shape, cos: str, sin: str, bias: str) -> str:
    size = shape.width // shape.heads
    split = g.constant(np.asarray([0, 0, shape.heads, size], np.int64))

    def head(linear: torch.nn.Linear, order: list[int]) -> str:
        y = g.node("Reshape", g.node("MatMul", h, g.weight(linear.weight.T)), split)
        return g.node("Transpose", y, perm=order)

    def turned(x: str) -> str:
        half = g.constant(np.asarray([size // 2, size // 2], np.int64))
        g.count += 1
        a, b = f"half_a{g.count}", f"half_b{g.count}"
        g.nodes.append(helper.make_node("Split", [x, half], [a, b], axis=-1))
        first = g.node("Sub", g.node("Mul", a, cos), g.node("Mul", b, sin))
        second = g.node("Add", g.node("Mul", a, sin), g.node("Mul", b, cos))
        return g.rms(g.node("Concat", first, second, axis=-1))

    q, k, v = (head(getattr(block, n), [0, 2, 1, 3]) for n in "qkv")
    scores = g.node("MatMul", turned(q), g.node("Transpose", turned(k), perm=[0, 1, 3, 2]))
    scores = g.node("Add", g.node("Mul", scores, g.constant(np.float32(size**-0.5))), bias)
    mixed = g.node("Transpose", g.node("MatMul", g.node("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    joined = g.node("Reshape", mixed, g.constant(np.asarray([0, 0, shape.width], np.int64)))
    return g.node("MatMul", joined, g.weight(block.o.weight.T))


def to_onnx(model: Editor) -> onnx.ModelProto:
    """The graph of `model`, weights rounded to float16."""
    shape, g = model.shape, _Graph()
    embed = g.weight(model.embed.weight)
    x = g.node("Add", g.node("Gather", embed, "ids"), g.node("Gather", g.weight(model.flag.weight), "flags"))
    x = g.rms(x)
    length = g.node("Slice", g.node("Shape", "ids"), *(g.constant(np.asarray([n], np.int64)) for n in (1, 2)))
    zero = g.constant(np.asarray([0], np.int64))
    tables = rotary(LONGEST, shape.width // shape.heads)
    cos, sin = (g.node("Slice", g.constant(t.numpy()), zero, length, zero) for t in tables)
    padded = g.node("Equal", "ids", g.constant(np.int64(0)))
    flat = g.node("Where", padded, g.constant(np.float32(-1e9)), g.constant(np.float32(0)))
    bias = g.node("Unsqueeze", flat, g.constant(np.asarray([1, 2], np.int64)))
    for block in model.layers():
        x = g.node("Add", x, _attention(g, g.rms(x), block, shape, cos, sin, bias))
        up = g.node("Relu", g.node("MatMul", g.rms(x), g.weight(block.up.weight.T)))
        x = g.node("Add", x, g.node("MatMul", g.node("Mul", up, up), g.weight(block.down.weight.T)))
    h = g.rms(x)
    heads = g.node("MatMul", h, g.weight(model.noise.weight.T))
    g.node("Add", heads, g.weight(model.noise.bias), name="heads")
    rows = g.node("Gather", g.node("Reshape", h, g.constant(np.asarray([-1, shape.width], np.int64))), "rows")
    scale = float(model.scale.detach()) * 64.0 / shape.width**0.5
    table = g.node("Transpose", embed, perm=[1, 0])
    g.node("MatMul", g.node("Mul", rows, g.constant(np.float32(scale))), table, name="logits")
    integer, real = TensorProto.INT64, TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info(n, integer, ["B", "T"]) for n in ("ids", "flags")]
    inputs.append(helper.make_tensor_value_info("rows", integer, ["N"]))
    outputs = [
        helper.make_tensor_value_info("heads", real, ["B", "T", 1 + GAPS]),
        helper.make_tensor_value_info("logits", real, ["N", shape.vocabulary]),
    ]
    graph = helper.make_graph(g.nodes, "sharpen-edit", inputs, outputs, g.weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def rounded(model: Editor) -> Editor:
    """The same model with its weights rounded to float16 and back, as the exported file has them."""
    copy = Editor(model.shape)
    copy.load_state_dict({k: v.half().float() for k, v in model.state_dict().items()})
    with torch.no_grad():
        copy.scale.copy_(model.scale)
    return copy.eval()


def export(model: Editor, tokenizer: Path, out: Path, about: dict[str, object]) -> None:
    """Write model.onnx, tokenizer.json and config.json into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(to_onnx(model.eval()).SerializeToString())
    (out / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    config = {"name": "sharpen-edit-py", "shape": model.shape.as_dict(), **about}
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
