"""The graph that reads faces: a prompt that ends with <FACE> → θ, its spread, and whether it was asked for.

The same numbers as FaceVLM's. What stands at the beginning of every prompt has been read before (prompts.prefix).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.fused_layers import fused_hidden
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_graph import last_hidden, write_layers
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
    asked: np.ndarray
    asked_bias: np.ndarray

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray]) -> HeadWeights:
        """From the tensors of a FaceGPT under their names ("head.theta.weight").

        Raises:
            WeightsError: one is missing or they do not fit each other.
        """
        names = [f"head.{layer}.{part}" for layer in ("inner.0", "inner.1", "theta", "spread", "asked")
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
            (head.asked, head.asked_bias, hidden),
        ):
            if layer.shape != (len(bias), inputs):
                raise WeightsError(f"the face head's layers do not fit: {layer.shape} after {inputs}; export it again")
        return head


def face_graph(
    config: LanguageConfig, layers: Sequence[LayerWeights], norm: np.ndarray, head: HeadWeights, fused: bool = False
) -> ModelProto:
    """Inputs: as of write_layers, what was read before the same for all (K, 1, G, P, W); guess (B, size).
    Outputs: theta (B, size) raw, spread (B, 72 + E) logarithms, asked (B, 1) log odds.

    Args:
        layers: K of the language model, adapters merged.
        norm: (D,), of the last hidden state.
        fused: in ONNX Runtime's own operators (fused_layers.py).
    """
    graph = OnnxWriter("face")
    guess = graph.input("guess", ["B", len(head.theta)])
    if fused:
        hidden = fused_hidden(graph, config, layers, norm)
    else:
        x, _, _ = write_layers(graph, config, layers, all_positions=False, shared=True)
        hidden = last_hidden(graph, config, x, norm)
    _write_head(graph, head, hidden, guess)
    return graph.model()


def _write_head(graph: OnnxWriter, head: HeadWeights, hidden: str, guess: str) -> None:
    """FaceHead.forward, and the graph's outputs."""
    weights = graph.constant(head.norm), graph.constant(head.norm_bias)
    normed = graph.op("LayerNormalization", hidden, *weights, axis=-1, epsilon=_NORM_EPSILON)
    inner = _gelu(graph, _linear(graph, normed, head.inner, head.inner_bias))
    moved = _linear(graph, inner, _STEP * head.theta, _STEP * head.theta_bias)
    graph.output("theta", graph.op("Add", guess, moved), ["B", len(head.theta)])
    limits = [graph.constant(np.array(limit, np.float32)) for limit in LOG_LIMITS]
    spread = graph.op("Clip", _linear(graph, inner, head.spread, head.spread_bias), *limits)
    graph.output("spread", spread, ["B", len(head.spread)])
    graph.output("asked", _linear(graph, inner, head.asked, head.asked_bias), ["B", 1])


def _linear(graph: OnnxWriter, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return graph.op("Gemm", x, graph.constant(weight), graph.constant(bias), transB=1)


def _gelu(graph: OnnxWriter, x: str) -> str:
    """x Φ(x), exactly (Hendrycks and Gimpel 2016)."""
    half, one, root = (graph.constant(np.array(value, np.float32)) for value in (0.5, 1, np.sqrt(2)))
    bell = graph.op("Add", graph.op("Erf", graph.op("Div", x, root)), one)
    return graph.op("Mul", graph.op("Mul", x, bell), half)
