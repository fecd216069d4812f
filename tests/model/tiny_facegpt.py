"""A FaceGPT of a tiny language model as files, with random weights and no torch: what an export leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from facegpt_ros.model.facegpt_file import FORMAT
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.onnx_writer import OnnxWriter
from facegpt_ros.model.theta import ThetaLayout
from tests.model.tiny_language import config

SIZE = 32
IMAGE_TOKENS = 6
RANK = 3


def save_vision(path: Path, layout: ThetaLayout, width: int = config().width, image_tokens: int = IMAGE_TOKENS) -> Path:
    """A graph that says image tokens and a guess of the mean colour of each crop."""
    rng = np.random.default_rng(1)
    graph = OnnxWriter("vision")
    crops = graph.input("crops", ["N", SIZE, SIZE, 3], np.uint8)
    colour = graph.op("ReduceMean", graph.op("Cast", crops, to=1), graph.constant([1, 2]), keepdims=0)  # (N, 3)
    colour = graph.op("Div", colour, graph.constant(np.array(255, np.float32)))

    def linear(columns: int) -> str:
        return graph.op("MatMul", colour, graph.constant(rng.normal(0, 0.3, (3, columns)).astype(np.float32)))

    tokens = graph.op("Reshape", linear(image_tokens * width), graph.constant([0, image_tokens, width]))
    graph.output("image_tokens", tokens, ["N", image_tokens, width])
    guess = graph.op("Add", linear(layout.size), graph.constant(layout.mean()))
    graph.output("guess", guess, ["N", layout.size])
    notes = {"layout": layout.to_json(), "size": str(SIZE), "image_tokens": str(image_tokens)}
    path.write_bytes(graph.model(notes).SerializeToString())
    return path


def tensors(
    layout: ThetaLayout, c: LanguageConfig, rank: int = RANK, hidden: int = 24, exits: Sequence[int] = ()
) -> dict[str, np.ndarray]:
    """Random weights under the names of an export."""
    rng = np.random.default_rng(2)
    heads, keys = c.heads * c.head_width, c.key_heads * c.head_width
    shapes = {"attention.query": (heads, c.width), "attention.key": (keys, c.width), "attention.value": (keys, c.width),
              "attention.output": (c.width, heads), "mlp.gate": (c.hidden, c.width), "mlp.up": (c.hidden, c.width),
              "mlp.down": (c.width, c.hidden)}  # fmt: skip
    out = {}
    for layer in range(c.layers):
        for name, (rows, columns) in shapes.items():
            out[f"language.layers.{layer}.{name}.up"] = rng.normal(0, 0.05, (rows, rank))
            out[f"language.layers.{layer}.{name}.down"] = rng.normal(0, 0.05, (rank, columns))
    sizes = {"inner.0": (c.width,), "inner.1": (hidden, c.width), "theta": (layout.size, hidden)}
    sizes |= {"spread": (72 + layout.n_expression, hidden), "asked": (1, hidden)}
    for name, shape in sizes.items():
        out[f"head.{name}.weight"] = rng.normal(0, 0.1, shape) + (name == "inner.0")
        out[f"head.{name}.bias"] = rng.normal(-3 if name == "spread" else 0, 0.1, shape[0])
    for count in exits:
        of = np.random.default_rng(count)
        said = {name: array for name, array in out.items() if name.startswith("head.")}
        out |= {f"exit.{count}.{name}": array + of.normal(0, 0.05, array.shape) for name, array in said.items()}
    out["ours"] = rng.normal(0, 0.1, (1, c.width))
    for layer in range(c.layers):
        for name, width in {"attention": c.width, "output": heads, "mlp": c.width, "down": c.hidden}.items():
            out[f"reach.{layer}.{name}"] = np.exp(rng.normal(0, 1, width))
    return {name: array.astype(np.float16) for name, array in out.items()}


def save_facegpt(
    folder: Path, language: Path, layout: ThetaLayout, drop: str = "", /, exits: Sequence[int] = (), **changes: str
) -> Path:
    """facegpt.safetensors and its vision graph in a folder; metadata changed, or one of them dropped."""
    vision = save_vision(folder / "facegpt_vision_int8.onnx", layout)
    notes = {
        "format": FORMAT,
        "layout": layout.to_json(),
        "size": str(SIZE),
        "rank": str(RANK),
        "lora_scale": "2.0",
        "depth": "0",
        "image_tokens": str(IMAGE_TOKENS),
        "vision_sha256": hashlib.sha256(vision.read_bytes()).hexdigest(),
        "language_sha256": hashlib.sha256(language.read_bytes()).hexdigest(),
        **changes,
    }
    notes.pop(drop, None)
    path = folder / "facegpt.safetensors"
    save_file(tensors(layout, config(), exits=exits), str(path), notes)
    return path
