"""A language model in ONNX Runtime's own operators: language_graph's numbers in a third of the nodes.

All that is read at once lies in one row: of several faces each sees what was read before, and itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_graph import HIDDEN, read_inputs, rms_norm, rotary
from facegpt_ros.model.language_weights import LayerWeights
from facegpt_ros.model.matrix import Matrix
from facegpt_ros.model.onnx_writer import OnnxWriter

if TYPE_CHECKING:
    from onnx import ModelProto

_OWN = "com.microsoft"
_INT32 = 6


class FusedLayers:
    """Writes layers over a row (1, R, D) into a graph.

    Args:
        graph: to write into.
        config: of the model.
        length: name of (1,), positions P that were read before.
        rows: name of (1,), R.
        apart: names of (1, R) positions of the row and of (1, 1, R, P + R) what is added to scores; None: one sequence.
    """

    def __init__(
        self, graph: OnnxWriter, config: LanguageConfig, length: str, rows: str, apart: tuple[str, str] | None = None
    ) -> None:
        self.graph, self.config = graph, config
        self._tables = tuple(graph.constant(table) for table in rotary(config, np.arange(config.context)))
        end = graph.op("Add", length, rows)
        self._end = graph.op("Cast", graph.op("Squeeze", end, graph.constant([0])), to=_INT32)
        self._last = graph.op("Cast", graph.op("Sub", end, graph.constant([1])), to=_INT32)
        self._apart = apart or ("", "")

    def stack(
        self,
        x: str,
        layers: Sequence[LayerWeights],
        norm: np.ndarray,
        past: Sequence[tuple[str, str]],
        unrow: Callable[[str], str],
    ) -> tuple[str, list[tuple[str, str]]]:
        """All layers.

        Args:
            x: (1, R, D).
            norm: of the last hidden state, (D,).
            past: keys and values (1, G, P or more, W) of each layer.
            unrow: makes (B, T, …) of a row (1, R, …); the last of each T is asked for.

        Returns:
            Normed hidden states (B, D); keys and values of each layer.
        """
        graph = self.graph
        after = []
        normed = rms_norm(graph, self.config, x, layers[0].attention_norm)
        following = [layer.attention_norm for layer in layers[1:]]
        for layer, before, next_norm in zip(layers, past, [*following, norm], strict=True):
            seen, key, value = self.attend(normed, layer, before)
            after.append((key, value))
            if len(after) == len(layers):
                seen, x = (graph.last(unrow(part), 1) for part in (seen, x))
            normed, x = self.add_and_norm(x, layer.output.multiply(graph, seen), layer.mlp_norm)
            normed, x = self.add_and_norm(x, self.perceptron(normed, layer), next_norm)
        return graph.op("Squeeze", normed, graph.constant([1])), after

    def attend(self, x: str, weights: LayerWeights, past: tuple[str, str]) -> tuple[str, str, str]:
        """Normed x (1, R, D) and keys and values (1, G, P, W) → what heads saw (1, R, H W), keys, values to P + R.

        Past keys and values that lie in a longer buffer, which the outputs share, are written in place.
        """
        graph, config = self.graph, self.config
        mixed = weights.query_key_value.multiply(graph, x)
        inputs = (mixed, "", "", *past, self._last, self._end, *self._tables, *self._apart)
        sizes: dict[str, Any] = {"num_heads": config.heads, "kv_num_heads": config.key_heads, "do_rotary": 1}
        seen, key, value = graph.ops("GroupQueryAttention", *inputs, count=3, domain=_OWN, scale=1.0, **sizes)
        return seen, key, value

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
    length, new, whole = graph.size(pasts[0], 3), graph.size(x, 1), graph.op("Shape", x)
    row = graph.op("Reshape", x, graph.constant([1, -1, config.width]))
    rows = graph.size(row, 1)
    writer = FusedLayers(graph, config, length, rows, _apart(graph, length, new, rows))
    layer = [graph.constant(index) for index in range(len(layers))]
    keys, values = ([graph.op("Gather", stack, index, axis=0) for index in layer] for stack in pasts)
    each = list(zip(keys, values, strict=True))
    hidden, _ = writer.stack(row, layers, norm, each, lambda part: graph.op("Reshape", part, whole))
    return hidden


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
    writer = FusedLayers(graph, config, length, graph.size(x, 1))
    hidden, after = writer.stack(x, layers, norm, each, lambda part: part)
    graph.output("logits", words.multiply(graph, hidden), [1, words.outputs])
    for pair, values in zip(names, after, strict=True):
        for name, value in zip(pair, values, strict=True):
            graph.rename(value, f"{name}_next", shape)
    return graph.model()


def _apart(graph: OnnxWriter, length: str, new: str, rows: str) -> tuple[str, str]:
    """Positions of several sequences in one row, and what hides each from the others: see FusedLayers."""
    one, zero = graph.constant(1), graph.constant(0)
    length, new, rows = (graph.op("Squeeze", size, graph.constant([0])) for size in (length, new, rows))
    row = graph.op("Range", zero, rows, one)  # (R,)
    places = graph.op("Unsqueeze", graph.op("Add", graph.op("Mod", row, new), length), graph.constant([0]))
    mine = graph.op("Unsqueeze", graph.op("Div", row, new), graph.constant([1]))  # (R, 1): which sequence
    column = graph.op("Range", graph.op("Neg", length), rows, one)  # (P + R,), negative what was before
    before = graph.op("Less", column, zero)
    same = graph.op("Or", before, graph.op("Equal", graph.op("Div", column, new), mine))
    hidden = graph.op("Where", same, graph.constant(np.float32(0)[None]), graph.constant(HIDDEN[None]))
    return places, graph.op("Unsqueeze", hidden, graph.constant([0, 1]))
