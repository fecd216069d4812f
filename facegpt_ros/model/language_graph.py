"""A llama-type language model as an ONNX graph of plain ops: the same numbers as language_model.LanguageModel.

decode_graph serves prefill and decode alike: keys and values of what was read go in and come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_weights import LayerWeights
from facegpt_ros.model.matrix import Matrix
from facegpt_ros.model.onnx_writer import OnnxWriter

if TYPE_CHECKING:
    from onnx import ModelProto

HIDDEN = np.float32(-1e30)  # a score that softmax makes zero


class LanguageGraph:
    """Writes layers of a language model into a graph.

    Args:
        graph: to write into.
        config: of the model.
        cosine, sine: names of (T, W/2), the rotary embedding's at the positions of what is read.
        mask: name of what is added to scores, (H/G · T, L), L all positions; the query heads of one key head lie one
            after the other.
    """

    def __init__(self, graph: OnnxWriter, config: LanguageConfig, cosine: str, sine: str, mask: str) -> None:
        self.graph, self.config = graph, config
        self._cosine, self._sine, self._mask = cosine, sine, mask
        self._heads = graph.constant([0, 0, config.heads + 2 * config.key_heads, config.head_width])
        self._shared = graph.constant([0, config.key_heads, -1, config.head_width])
        self._apart = graph.constant([0, config.heads, -1, config.head_width])
        self._flat = graph.constant([0, 0, config.heads * config.head_width])

    def layer(
        self, x: str, weights: LayerWeights, past: tuple[str, str], only_last: bool = False
    ) -> tuple[str, str, str]:
        """One layer.

        Args:
            x: (B, T, D).
            past: keys and values (B, G, P, W) of what was read before.
            only_last: only the last position is asked for: x is then (B, 1, D).

        Returns:
            x; keys and values (B, G, P + T, W).
        """
        graph, config = self.graph, self.config
        both = config.heads + config.key_heads
        mixed = weights.query_key_value.multiply(graph, rms_norm(graph, config, x, weights.attention_norm))
        mixed = graph.op("Transpose", graph.op("Reshape", mixed, self._heads), perm=[0, 2, 1, 3])  # (B, H + 2 G, T, W)
        turning, value = graph.split(mixed, [both, config.key_heads], 1)
        query, key = graph.split(self._turned(turning), [config.heads, config.key_heads], 1)
        key = graph.op("Concat", past[0], key, axis=2)  # (B, G, P + T, W)
        value = graph.op("Concat", past[1], value, axis=2)
        if only_last:
            x, query = graph.last(x, 1), graph.last(query, 2)
        query = graph.op("Reshape", query, self._shared)  # (B, G, H/G · T, W)
        scores = graph.op("MatMul", query, graph.op("Transpose", key, perm=[0, 1, 3, 2]))
        if not only_last:
            scores = graph.op("Add", scores, self._mask)
        seen = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value)
        seen = graph.op("Transpose", graph.op("Reshape", seen, self._apart), perm=[0, 2, 1, 3])  # (B, T, H, W)
        x = graph.op("Add", x, weights.output.multiply(graph, graph.op("Reshape", seen, self._flat)))
        inner = weights.gate_up.multiply(graph, rms_norm(graph, config, x, weights.mlp_norm))
        gate, up = graph.split(inner, [config.hidden] * 2, 2)
        gate = graph.op("Mul", gate, graph.op("Sigmoid", gate))
        return graph.op("Add", x, weights.down.multiply(graph, graph.op("Mul", gate, up))), key, value

    def _turned(self, x: str) -> str:
        """(B, H, T, W) turned by the rotary embedding."""
        graph = self.graph
        low, high = graph.split(x, [self.config.head_width // 2] * 2, 3)
        turned_low = graph.op("Sub", graph.op("Mul", low, self._cosine), graph.op("Mul", high, self._sine))
        turned_high = graph.op("Add", graph.op("Mul", high, self._cosine), graph.op("Mul", low, self._sine))
        return graph.op("Concat", turned_low, turned_high, axis=3)


def read_inputs(graph: OnnxWriter, config: LanguageConfig, layers: int, shared: bool) -> tuple[str, list[str]]:
    """The inputs of write_layers: embeddings; past_keys and past_values."""
    shape: list[int | str] = [layers, 1 if shared else "B", config.key_heads, "P", config.head_width]
    x = graph.input("embeddings", ["B", "T", config.width])
    return x, [graph.input(name, shape) for name in ("past_keys", "past_values")]


def write_layers(
    graph: OnnxWriter, config: LanguageConfig, layers: Sequence[LayerWeights], *, all_positions: bool, shared: bool
) -> tuple[str, list[str], list[str]]:
    """Layers that read the next piece of a sequence, and their inputs: embeddings (B, T, D), T ≥ 1, and past_keys and
    past_values (K, B, G, P, W) of the P positions before, P ≥ 0.

    Args:
        layers: K of them.
        all_positions: whether the hidden states of all are asked for, or of the last one.
        shared: what was read before is the same for the whole batch: (K, 1, G, P, W).

    Returns:
        Hidden states (B, T, D) or (B, 1, D), not normed; keys and values (B, G, P + T, W) of every layer.
    """
    x, pasts = read_inputs(graph, config, len(layers), shared)
    length, new = graph.size(pasts[0], 3), graph.size(x, 1)
    end = graph.op("Add", length, new)
    cosine, sine = (
        graph.op("Slice", graph.constant(table), length, end, graph.constant([0]))
        for table in rotary(config, np.arange(config.context))
    )
    writer = LanguageGraph(graph, config, cosine, sine, _causal(graph, config, length, end))
    each = graph.op("Concat", graph.size(x, 0), graph.constant([1, 1, 1]), axis=0) if shared else ""
    keys, values = [], []
    for index, layer in enumerate(layers):
        past = [graph.op("Gather", stack, graph.constant(index), axis=0) for stack in pasts]  # (B, G, P, W)
        if shared:
            past = [graph.op("Expand", part, each) for part in past]
        last = not all_positions and index + 1 == len(layers)
        x, key, value = writer.layer(x, layer, (past[0], past[1]), last)
        keys.append(key)
        values.append(value)
    return x, keys, values


def decode_graph(
    config: LanguageConfig,
    layers: Sequence[LayerWeights],
    norm: np.ndarray | None = None,
    words: Matrix | None = None,
) -> ModelProto:
    """The next piece of a sequence, from its embeddings.

    Inputs: as of write_layers. Outputs: logits (B, V), of the word after the last position, or without words hidden
    (B, D), its normed hidden state; keys and values (K, B, G, P + T, W). With norm None: hidden (B, T, D) is what the
    next layer takes.

    Args:
        layers: K of them.
        norm: of the last hidden state, (D,).
        words: (D, V), the output layer.
    """
    graph = OnnxWriter("decode")
    x, keys, values = write_layers(graph, config, layers, all_positions=norm is None, shared=False)
    if norm is None:
        graph.output("hidden", x, ["B", "T", config.width])
    else:
        hidden = last_hidden(graph, config, x, norm)
        if words is None:
            graph.output("hidden", hidden, ["B", config.width])
        else:
            graph.output("logits", words.multiply(graph, hidden), ["B", words.outputs])
    for name, parts in (("keys", keys), ("values", values)):
        whole = graph.op("Concat", *(graph.op("Unsqueeze", part, graph.constant([0])) for part in parts), axis=0)
        graph.output(name, whole, [len(layers), "B", config.key_heads, "L", config.head_width])
    return graph.model()


def last_hidden(graph: OnnxWriter, config: LanguageConfig, x: str, norm: np.ndarray) -> str:
    """(B, 1, D) → (B, D), normed."""
    return graph.op("Squeeze", rms_norm(graph, config, x, norm), graph.constant([1]))


def rms_norm(graph: OnnxWriter, config: LanguageConfig, x: str, weight: np.ndarray) -> str:
    """RMSNorm, in the order that runtimes know to fuse."""
    square = graph.op("Pow", x, graph.constant(np.array(2, np.float32)))
    mean = graph.op("ReduceMean", square, graph.constant([-1]), keepdims=1)
    root = graph.op("Sqrt", graph.op("Add", mean, graph.constant(np.array(config.epsilon, np.float32))))
    return graph.op("Mul", graph.op("Div", x, root), graph.constant(weight.astype(np.float32)))


def rotary(config: LanguageConfig, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine at positions (T,), (T, W/2) float32: p · base^(-2i/W) (Su et al. 2021).

    Raises:
        WeightsError: a position lies beyond the model's context.
    """
    if positions.size and positions.max() >= config.context:
        raise WeightsError(f"position {positions.max()} lies beyond the {config.context} that the model reads")
    half = np.arange(0, config.head_width, 2, dtype=np.float64) / config.head_width
    angle = positions[:, None] * float(config.rope_base) ** -half
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _causal(graph: OnnxWriter, config: LanguageConfig, start: str, end: str) -> str:
    """What is added to the scores of positions start … end after all before: (H/G · T, end); start and end (1,)."""
    one, zero = graph.constant(1), graph.constant(0)
    scalar = [graph.op("Squeeze", value, graph.constant([0])) for value in (start, end)]
    rows = graph.op("Unsqueeze", graph.op("Range", scalar[0], scalar[1], one), graph.constant([1]))  # (T, 1)
    columns = graph.op("Range", zero, scalar[1], one)  # (P + T,)
    seen = graph.op("LessOrEqual", columns, rows)
    mask = graph.op("Where", seen, graph.constant(np.float32(0)[None]), graph.constant(HIDDEN[None]))
    return graph.op("Tile", mask, graph.constant([config.heads // config.key_heads, 1]))
