"""The per-frame graph: image tokens and a first guess → θ and its spread, with the prompt's beginning already read.

The same numbers as FaceGPT.estimate with its frame_cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_graph import LanguageGraph, causal_mask, rotary
from facegpt_ros.model.language_weights import LayerWeights
from facegpt_ros.model.onnx_writer import OnnxWriter
from facegpt_ros.model.spread import LOG_LIMITS

if TYPE_CHECKING:
    from onnx import ModelProto

_STEP = np.float32(0.1)  # face_head.FaceHead adds this share of what its last layer says
_NORM_EPSILON = 1e-5


@dataclass(frozen=True)
class HeadWeights:
    """The face head, float32: names as in face_head.FaceHead, linear layers (O, I)."""

    norm: np.ndarray
    norm_bias: np.ndarray
    inner: np.ndarray
    inner_bias: np.ndarray
    theta: np.ndarray
    theta_bias: np.ndarray
    spread: np.ndarray
    spread_bias: np.ndarray

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray]) -> HeadWeights:
        """From the tensors of a FaceGPT under their names ("head.theta.weight").

        Raises:
            WeightsError: one is missing or they do not fit each other.
        """
        names = [f"head.{layer}.{part}" for layer in ("inner.0", "inner.1", "theta", "spread")
                 for part in ("weight", "bias")]  # fmt: skip
        missing = [name for name in names if name not in tensors]
        if missing:
            raise WeightsError(f"the face head lacks {missing[0]}; export it again")
        head = cls(*(np.asarray(tensors[name], np.float32) for name in names))
        width, hidden = len(head.norm), len(head.inner)
        for layer, bias, inputs in (
            (head.inner, head.inner_bias, width),
            (head.theta, head.theta_bias, hidden),
            (head.spread, head.spread_bias, hidden),
        ):
            if layer.shape != (len(bias), inputs):
                raise WeightsError(f"the face head's layers do not fit: {layer.shape} after {inputs}; export it again")
        return head


@dataclass(frozen=True)
class FramePrompt:
    """The per-frame prompt around the image, read beforehand.

    Attributes:
        keys, values: (K, 1, G, P, W) of what stands before the image.
        suffix: (S, D), embeddings of what stands after it, <FACE> last.
    """

    keys: np.ndarray
    values: np.ndarray
    suffix: np.ndarray


def face_graph(
    config: LanguageConfig,
    layers: Sequence[LayerWeights],
    norm: np.ndarray,
    prompt: FramePrompt,
    head: HeadWeights,
    image_tokens: int,
) -> ModelProto:
    """Inputs: image_tokens (N, T, D), guess (N, size). Outputs: theta (N, size) raw, spread (N, 72 + E) logarithms.

    Args:
        layers: K of the language model, K that of prompt.keys.
        norm: (D,), of the last hidden state.
        image_tokens: T.
    """
    graph = OnnxWriter("face")
    tokens = graph.input("image_tokens", ["N", image_tokens, config.width])
    guess = graph.input("guess", ["N", len(head.theta)])
    faces = graph.size(tokens, 0)
    past, new = prompt.keys.shape[3], image_tokens + len(prompt.suffix)
    every = graph.op("Concat", faces, graph.constant(list(prompt.suffix.shape)), axis=0)
    suffix = graph.op("Expand", graph.constant(prompt.suffix[None].astype(np.float32)), every)  # (N, S, D)
    x = graph.op("Concat", tokens, suffix, axis=1)
    cosine, sine = (graph.constant(table) for table in rotary(config, past + np.arange(new)))
    writer = LanguageGraph(graph, config, cosine, sine, graph.constant(causal_mask(config, past, new)))
    shape = graph.op("Concat", faces, graph.constant([config.key_heads, past, config.head_width]), axis=0)
    for index, layer in enumerate(layers):
        key, value = (
            graph.op("Expand", graph.constant(stack[index].astype(np.float32)), shape)
            for stack in (prompt.keys, prompt.values)
        )
        x, _, _ = writer.layer(x, layer, (key, value), index + 1 == len(layers))
    hidden = graph.op("Squeeze", writer.norm(x, norm), graph.constant([1]))  # (N, D)
    _write_head(graph, head, hidden, guess)
    return graph.model()


def head_graph(head: HeadWeights) -> ModelProto:
    """Inputs: hidden (N, D) of a <FACE>, guess (N, size). Outputs: as of face_graph."""
    graph = OnnxWriter("head")
    hidden = graph.input("hidden", ["N", len(head.norm)])
    _write_head(graph, head, hidden, graph.input("guess", ["N", len(head.theta)]))
    return graph.model()


def _write_head(graph: OnnxWriter, head: HeadWeights, hidden: str, guess: str) -> None:
    """FaceHead.forward, and the graph's outputs."""
    weights = graph.constant(head.norm), graph.constant(head.norm_bias)
    normed = graph.op("LayerNormalization", hidden, *weights, axis=-1, epsilon=_NORM_EPSILON)
    inner = _gelu(graph, _linear(graph, normed, head.inner, head.inner_bias))
    moved = _linear(graph, inner, _STEP * head.theta, _STEP * head.theta_bias)
    graph.output("theta", graph.op("Add", guess, moved), ["N", len(head.theta)])
    limits = [graph.constant(np.array(limit, np.float32)) for limit in LOG_LIMITS]
    spread = graph.op("Clip", _linear(graph, inner, head.spread, head.spread_bias), *limits)
    graph.output("spread", spread, ["N", len(head.spread)])


def _linear(graph: OnnxWriter, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return graph.op("Gemm", x, graph.constant(weight), graph.constant(bias), transB=1)


def _gelu(graph: OnnxWriter, x: str) -> str:
    """x Φ(x), exactly (Hendrycks and Gimpel 2016)."""
    half, one, root = (graph.constant(np.array(value, np.float32)) for value in (0.5, 1, np.sqrt(2)))
    bell = graph.op("Add", graph.op("Erf", graph.op("Div", x, root)), one)
    return graph.op("Mul", graph.op("Mul", x, bell), half)
