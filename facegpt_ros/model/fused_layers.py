"""A language model in ONNX Runtime's own operators: language_graph's numbers in a third of the nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_graph import read_inputs, rms_norm, rotary
from facegpt_ros.model.language_weights import LayerWeights
from facegpt_ros.model.matrix import Matrix
from facegpt_ros.model.onnx_writer import OnnxWriter

if TYPE_CHECKING:
    from onnx import ModelProto

_OWN = "com.microsoft"
_INT32 = 6


class Attention(Protocol):
    """How positions see each other."""

    def attend(self, mixed: str, layer: int) -> str:
        """Queries, keys and values (B, T, (H + 2 G) W) of a layer, by its number → what its heads saw (B, T, H W)."""


class AfterOneBeginning:
    """Several sequences (B, T, …) that begin alike: positions that were read once stand before each of them.

    They go in as keys and values before every sequence, for which the operator turns them again: it takes a cache of
    one sequence only. What their queries, all 0, would see is left out.

    Args:
        layers: K of them.
        pasts: names of keys and values (K, 1, G, P, W) of what was read before.
        x: name of what is read, (B, T, …).
    """

    def __init__(self, graph: OnnxWriter, config: LanguageConfig, layers: int, pasts: Sequence[str], x: str) -> None:
        self._operator = _Operator(graph, config)
        self._graph, self._batch, self._length = graph, graph.size(x, 0), graph.size(pasts[0], 3)
        self._end = graph.op("Add", self._length, graph.size(x, 1))
        self._before = self._rows(config, layers, pasts)  # (B, P, (H + 2 G) W) of each
        last = graph.op("Cast", graph.op("Sub", self._end, graph.constant([1])), to=_INT32)
        self._last = graph.op("Expand", last, self._batch)
        self._all = graph.op("Cast", graph.op("Squeeze", self._end, graph.constant([0])), to=_INT32)

    def attend(self, mixed: str, layer: int) -> str:
        graph = self._graph
        rows = graph.op("Concat", self._before[layer], mixed, axis=1)
        seen, _, _ = self._operator(rows, ("", ""), self._last, self._all)
        return graph.op("Slice", seen, self._length, self._end, graph.constant([1]))

    def _rows(self, config: LanguageConfig, layers: int, pasts: Sequence[str]) -> list[str]:
        graph, half = self._graph, config.head_width // 2
        start, axis = graph.constant([0]), graph.constant([0])
        cosine, sine = (graph.op("Slice", table, start, self._length, axis) for table in self._operator.tables)
        low, high = graph.split(pasts[0], [half, half], 4)  # turned by p; here back
        back_low = graph.op("Add", graph.op("Mul", low, cosine), graph.op("Mul", high, sine))
        back_high = graph.op("Sub", graph.op("Mul", high, cosine), graph.op("Mul", low, sine))
        parts = (graph.op("Concat", back_low, back_high, axis=4), pasts[1])
        # Layers beside each other, (1, P, K, …): they are cut apart once, without a node for each.
        flat = graph.constant([0, 0, 0, config.key_heads * config.head_width])
        keys, values = (graph.op("Reshape", graph.op("Transpose", part, perm=[1, 3, 0, 2, 4]), flat) for part in parts)
        heads = graph.constant([1, 1, 1, config.heads // config.key_heads])
        queries = graph.op("Tile", graph.op("Sub", values, values), heads)
        mixed = graph.op("Concat", queries, keys, values, axis=3)
        width = (config.heads + 2 * config.key_heads) * config.head_width
        row = graph.op("Reshape", mixed, graph.constant([0, 0, layers * width]))
        each = graph.op("Concat", self._batch, graph.constant([1, 1]), axis=0)
        return graph.split(graph.op("Expand", row, each), [width] * layers, 2)


class InPlace:
    """One sequence (1, T, …), whose keys and values are written where they lie.

    Args:
        length: name of (1,), positions P that were read before.
        new: name of (1,), T.
        past: names of keys and values (1, G, M, W) of each layer, M ≥ P + T.

    Attributes:
        after: the same buffers, of the layers that attended.
    """

    def __init__(
        self, graph: OnnxWriter, config: LanguageConfig, length: str, new: str, past: Sequence[tuple[str, str]]
    ) -> None:
        self._operator, self._past = _Operator(graph, config), past
        end = graph.op("Add", length, new)
        self._all = graph.op("Cast", graph.op("Squeeze", end, graph.constant([0])), to=_INT32)
        self._last = graph.op("Cast", graph.op("Sub", end, graph.constant([1])), to=_INT32)
        self.after: list[tuple[str, str]] = []

    def attend(self, mixed: str, layer: int) -> str:
        seen, key, value = self._operator(mixed, self._past[layer], self._last, self._all)
        self.after.append((key, value))
        return seen


class _Operator:
    """ONNX Runtime's attention. Attributes: tables, cosine and sine (context, W/2)."""

    def __init__(self, graph: OnnxWriter, config: LanguageConfig) -> None:
        self._graph = graph
        self._sizes: dict[str, Any] = {"num_heads": config.heads, "kv_num_heads": config.key_heads, "do_rotary": 1}
        self.tables = tuple(graph.constant(table) for table in rotary(config, np.arange(config.context)))

    def __call__(self, mixed: str, past: tuple[str, str], last: str, end: str) -> list[str]:
        """What heads saw, keys, values."""
        inputs = (mixed, "", "", *past, last, end, *self.tables)
        return self._graph.ops("GroupQueryAttention", *inputs, count=3, domain=_OWN, scale=1.0, **self._sizes)


class FusedLayers:
    """Writes layers into a graph."""

    def __init__(self, graph: OnnxWriter, config: LanguageConfig, attention: Attention) -> None:
        self.graph, self.config, self._attention = graph, config, attention

    def last_hidden(self, x: str, layers: Sequence[LayerWeights], norm: np.ndarray) -> str:
        """x (B, T, D) → normed hidden states (B, D) of the last position; norm (D,)."""
        graph = self.graph
        normed = rms_norm(graph, self.config, x, layers[0].attention_norm)
        following = [*(layer.attention_norm for layer in layers[1:]), norm]
        for index, (layer, next_norm) in enumerate(zip(layers, following, strict=True)):
            seen = self._attention.attend(layer.query_key_value.multiply(graph, normed), index)
            if index + 1 == len(layers):
                seen, x = graph.last(seen, 1), graph.last(x, 1)
            normed, x = self.add_and_norm(x, layer.output.multiply(graph, seen), layer.mlp_norm)
            normed, x = self.add_and_norm(x, self.perceptron(normed, layer), next_norm)
        return graph.op("Squeeze", normed, graph.constant([1]))

    def add_and_norm(self, x: str, more: str, norm: np.ndarray) -> tuple[str, str]:
        """x + more, normed and as it is."""
        graph = self.graph
        gamma = graph.constant(norm.astype(np.float32))
        kind = "SkipSimplifiedLayerNormalization"
        normed, _, _, total = graph.ops(
            kind, x, more, gamma, count=4, unused=(1, 2), domain=_OWN, epsilon=self.config.epsilon
        )
        return normed, total

    def perceptron(self, x: str, weights: LayerWeights) -> str:
        """Normed x → what the layer adds."""
        graph = self.graph
        gate, up = graph.split(weights.gate_up.multiply(graph, x), [self.config.hidden] * 2, 2)
        gate = graph.op("QuickGelu", gate, domain=_OWN, alpha=1.0)
        return weights.down.multiply(graph, graph.op("Mul", gate, up))


def can_fuse(config: LanguageConfig) -> bool:
    """Whether ONNX Runtime's attention takes a model of these sizes."""
    return config.head_width % 16 == 0


def fused_hidden(graph: OnnxWriter, config: LanguageConfig, layers: Sequence[LayerWeights], norm: np.ndarray) -> str:
    """Normed hidden states (B, D) of the last of each of B sequences; inputs as of write_layers with `shared`.

    Args:
        norm: of the last hidden state, (D,).
    """
    x, pasts = read_inputs(graph, config, len(layers), shared=True)
    attention = AfterOneBeginning(graph, config, len(layers), pasts, x)
    return FusedLayers(graph, config, attention).last_hidden(x, layers, norm)


def fused_decode_graph(
    config: LanguageConfig, layers: Sequence[LayerWeights], norm: np.ndarray, words: Matrix
) -> ModelProto:
    """The next piece of one sequence, whose keys and values are written in place (backends' in_place).

    Inputs: embeddings (1, T, D); length (1,) int64, positions P that were read before; key_0, value_0, … of every
    layer: (1, G, M, W), of which the first P count, M ≥ P + T. Outputs: logits (1, V) of the word after the last
    position; key_0_next, …: the same buffers, to be given at the same addresses as the inputs.

    Args:
        norm: of the last hidden state, (D,).
        words: (D, V), the output layer.
    """
    graph = OnnxWriter("decode")
    x = graph.input("embeddings", [1, "T", config.width])
    length = graph.input("length", [1], np.int64)
    shape: list[int | str] = [1, config.key_heads, "M", config.head_width]
    names = [(f"key_{index}", f"value_{index}") for index in range(len(layers))]
    each = [(graph.input(key, shape), graph.input(value, shape)) for key, value in names]
    attention = InPlace(graph, config, length, graph.size(x, 1), each)
    hidden = FusedLayers(graph, config, attention).last_hidden(x, layers, norm)
    graph.output("logits", words.multiply(graph, hidden), [1, words.outputs])
    for pair, values in zip(names, attention.after, strict=True):
        for name, value in zip(pair, values, strict=True):
            graph.rename(value, f"{name}_next", shape)
    return graph.model()
