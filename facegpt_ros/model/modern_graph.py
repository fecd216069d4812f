"""The decode graph in the ops of opset 24, for TensorRT 10.15 and later: a cache in half precision that never moves.

TensorScatter writes what is read behind what was, in place where input and output have one address; Attention reads the
cache as it lies. The same numbers as language_graph.decode_graph, whose cache grows by a copy with every word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_graph import rotary
from facegpt_ros.model.language_weights import LayerWeights
from facegpt_ros.model.matrix import Matrix
from facegpt_ros.model.onnx_writer import OnnxWriter

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 24
_FLOAT, _HALF = 1, 10  # of onnx.TensorProto


def cache_names(layers: int) -> list[tuple[str, str]]:
    """(input, output) of each piece of the cache, which must share an address: keys and values of every layer."""
    return [(f"past_{part}_{i}", f"{part}_{i}") for i in range(layers) for part in ("key", "value")]


def modern_decode_graph(
    config: LanguageConfig, layers: Sequence[LayerWeights], norm: np.ndarray, words: Matrix, capacity: int
) -> ModelProto:
    """The next piece of a sequence.

    Inputs: embeddings (B, T, D) float32; written (B,) int64, the positions that were read before; past_key_i and
    past_value_i (B, G, capacity, W) float16 of each layer. Outputs: logits (B, V), of the word after the last position;
    key_i and value_i, the same caches with T more positions in them. written + T must not exceed the capacity.

    Args:
        layers: K of them, in half.
        norm: of the last hidden state, (D,).
        words: (D, V), the output layer.
        capacity: C, positions.

    Raises:
        ConfigError: the model reads fewer positions than the capacity, or the layers are not in half.
    """
    if not 1 <= capacity <= config.context:
        raise ConfigError(f"capacity is {capacity}; the language model reads 1 to {config.context} positions")
    if layers[0].down.values.dtype != np.float16:
        raise ConfigError(f"the modern graphs are fp16, the layers {layers[0].down.values.dtype}; make them with fp16")
    graph = OnnxWriter("decode_modern", OPSET)
    x = graph.input("embeddings", ["B", "T", config.width])
    written = graph.input("written", ["B"], np.int64)
    shape: list[int | str] = ["B", config.key_heads, capacity, config.head_width]
    cache = cache_names(len(layers))
    for name, _ in cache:
        graph.input(name, shape, np.float16)
    writer = _Layers(graph, config, written, graph.size(x, 1), capacity)
    for i, weights in enumerate(layers):
        x = writer.layer(x, weights, cache[2 * i : 2 * i + 2])
    last = graph.op("Squeeze", writer.norm(graph.last(x, 1), norm), graph.constant([1]))
    graph.output("logits", words.multiply(graph, last), ["B", words.outputs])
    for _, name in cache:
        graph.output(name, name, shape, np.float16)
    return graph.model()


class _Layers:
    """Args: written (B,), positions before; new (1,), T."""

    def __init__(self, graph: OnnxWriter, config: LanguageConfig, written: str, new: str, capacity: int) -> None:
        self._graph, self._config, self._written = graph, config, written
        one, zero = graph.constant(1), graph.constant(0)
        steps = graph.op("Range", zero, graph.op("Squeeze", new, graph.constant([0])), one)  # (T,)
        self._positions = graph.op("Add", graph.op("Unsqueeze", written, graph.constant([1])), steps)  # (B, T)
        rows = graph.op("Unsqueeze", self._positions, graph.constant([1, 3]))  # (B, 1, T, 1)
        self._seen = graph.op("LessOrEqual", graph.constant(np.arange(capacity)), rows)  # (B, 1, T, C)
        self._filled = graph.op("Add", written, new)  # (B,)
        self._tables = [graph.constant(table[:capacity]) for table in rotary(config, np.arange(config.context))]
        self._heads = graph.constant([0, 0, config.heads + 2 * config.key_heads, config.head_width])
        self._flat = graph.constant([0, 0, config.heads * config.head_width])

    def norm(self, x: str, weight: np.ndarray) -> str:
        scale = self._graph.constant(weight.astype(np.float32))
        return self._graph.op("RMSNormalization", x, scale, axis=-1, epsilon=self._config.epsilon)

    def layer(self, x: str, weights: LayerWeights, cache: list[tuple[str, str]]) -> str:
        """x (B, T, D) → the same after it; cache: (input, output) of its keys and of its values, (B, G, C, W)."""
        graph, config = self._graph, self._config
        mixed = weights.query_key_value.multiply(graph, self.norm(x, weights.attention_norm))
        mixed = graph.op("Transpose", graph.op("Reshape", mixed, self._heads), perm=[0, 2, 1, 3])  # (B, H + 2 G, T, W)
        turning, value = graph.split(mixed, [config.heads + config.key_heads, config.key_heads], 1)
        turned = graph.op("RotaryEmbedding", turning, *self._tables, self._positions)
        query, key = graph.split(turned, [config.heads, config.key_heads], 1)
        key, value = (  # each an output itself: TensorRT writes in place only what nothing copies afterwards
            graph.named_op(name, "TensorScatter", past, self._cast(part, _HALF), self._written, axis=2)
            for (past, name), part in zip(cache, (key, value), strict=True)
        )
        seen = graph.op(
            "Attention", self._cast(query, _HALF), key, value, self._seen, "", "", self._filled,
            scale=1.0,  # the query is divided by √W before
        )  # fmt: skip
        seen = graph.op("Reshape", graph.op("Transpose", seen, perm=[0, 2, 1, 3]), self._flat)
        x = graph.op("Add", x, weights.output.multiply(graph, self._cast(seen, _FLOAT)))
        inner = weights.gate_up.multiply(graph, self.norm(x, weights.mlp_norm))
        gate, up = graph.split(inner, [config.hidden] * 2, 2)
        gate = graph.op("Mul", gate, graph.op("Sigmoid", gate))
        return graph.op("Add", x, weights.down.multiply(graph, graph.op("Mul", gate, up)))

    def _cast(self, x: str, kind: int) -> str:
        return self._graph.op("Cast", x, to=kind)
