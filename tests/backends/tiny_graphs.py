"""The face and decode graphs of a tiny FaceGPT with random weights, and inputs of theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.model.face_graph import HeadWeights, face_graph
from facegpt_ros.model.language_graph import decode_graph
from facegpt_ros.model.language_weights import LanguageWeights
from facegpt_ros.model.matrix import Matrix
from facegpt_ros.model.theta import ThetaLayout
from tests.model.tiny_facegpt import tensors
from tests.model.tiny_language import config

LAYOUT = ThetaLayout(7, 5, 3)


def language(seed: int = 0) -> LanguageWeights:
    rng, c = np.random.default_rng(seed), config()
    keys = c.key_heads * c.head_width
    sizes = {
        "query": (c.width, c.width),
        "key": (keys, c.width),
        "value": (keys, c.width),
        "output": (c.width, c.width),
    }
    shapes = {f"attention.{name}": size for name, size in sizes.items()}
    shapes |= {"mlp.gate": (c.hidden, c.width), "mlp.up": (c.hidden, c.width), "mlp.down": (c.width, c.hidden)}
    weights = {
        "embedding.weight": rng.normal(0, 1, (c.vocabulary, c.width)),
        "norm.weight": rng.uniform(0.5, 1.5, c.width),
    }
    for layer in range(c.layers):
        for name, shape in shapes.items():
            weights[f"layers.{layer}.{name}.weight"] = rng.normal(0, 0.2, shape)
        for name in ("attention_norm", "mlp_norm"):
            weights[f"layers.{layer}.{name}.weight"] = rng.uniform(0.5, 1.5, c.width)
    return LanguageWeights(c, {name: array.astype(np.float32) for name, array in weights.items()})


def face(precision: str) -> bytes:
    weights, c = language(), config()
    head = HeadWeights.of({name: array.astype(np.float32) for name, array in tensors(LAYOUT, c).items()})
    layers = [weights.layer(index, precision) for index in range(c.layers)]
    return face_graph(c, layers, weights.norm, head).SerializeToString()


def decode(precision: str) -> bytes:
    weights, c = language(), config()
    layers = [weights.layer(index, precision) for index in range(c.layers)]
    return decode_graph(c, layers, weights.norm, Matrix.of(weights.embedding, precision)).SerializeToString()


def face_inputs(batch: int, length: int = 6, past: int = 4) -> dict[str, np.ndarray]:
    rng, c = np.random.default_rng(batch), config()
    shape = (c.layers, 1, c.key_heads, past, c.head_width)
    feeds = {
        "guess": (batch, LAYOUT.size),
        "embeddings": (batch, length, c.width),
        "past_keys": shape,
        "past_values": shape,
    }
    return {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in feeds.items()}


def decode_inputs(length: int, past: int) -> dict[str, np.ndarray]:
    feeds = face_inputs(1, length, past)
    del feeds["guess"]
    return feeds


def save(folder: Path, name: str, graph: bytes) -> Path:
    path = folder / f"{name}.onnx"
    path.write_bytes(graph)
    return path
