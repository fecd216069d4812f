"""What a graph multiplies by: float32, float16, or int8 with inputs quantised as they come.

int8: a scale for each output channel, and one for all inputs. The nodes are those of onnxruntime.quantization's
quantize_dynamic (per channel, symmetric weights), written at once: the fp32 graph, several times as large, never is.

int8_blocks: a scale for every 32 inputs, of weights and of each position alike (onnxruntime's MatMulNBits). Where one
position is far larger than the others, as the first of every sequence is in a language model, the others survive it.

fp16: the product alone is half, for GPUs; sums, norms and softmax stay float32. Plain ops, as fp32.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.model.onnx_writer import OnnxWriter

PRECISIONS = ("int8", "int8_blocks", "fp16", "fp32")
_BLOCK = 32
_TINY = np.finfo(np.float32).tiny * 128  # a scale for what is all zero


@dataclass(frozen=True)
class Matrix:
    """Multiplies I inputs into O outputs.

    Attributes:
        inputs, outputs: I, O.
        values: (I, O) float32, float16 or int8; or blocks (O, ceil(I / 32), 32) uint8, of which 128 is zero.
        scale: (O,) or (O, ceil(I / 32)) float32; None of values that are floats.
    """

    inputs: int
    outputs: int
    values: np.ndarray
    scale: np.ndarray | None = None

    @classmethod
    def of(cls, weight: np.ndarray, precision: str, limit: int = 127) -> Matrix:
        """From a linear layer's weight (O, I).

        Args:
            precision: one of PRECISIONS.
            limit: largest magnitude in int8; see int8_limit.

        Raises:
            ConfigError: the precision is unknown.
        """
        if precision not in PRECISIONS:
            raise ConfigError(f"precision is '{precision}'; use {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}")
        outputs, inputs = weight.shape
        if precision == "int8_blocks":
            padded = np.pad(weight.astype(np.float32), ((0, 0), (0, -inputs % _BLOCK)))
            blocks = padded.reshape(outputs, -1, _BLOCK)
            scale = np.maximum(np.abs(blocks).max(2), _TINY) / np.float32(127)
            blocks /= scale[..., None]
            return cls(inputs, outputs, (np.rint(blocks, out=blocks) + 128).astype(np.uint8), scale)
        across = np.array(weight.T, np.float32, order="C")
        if precision == "fp32":
            return cls(inputs, outputs, across)
        if precision == "fp16":
            return cls(inputs, outputs, across.astype(np.float16))
        scale = np.maximum(np.abs(across).max(0), _TINY) / np.float32(limit)
        across /= scale
        return cls(inputs, outputs, np.rint(across, out=across).astype(np.int8), scale)

    def multiply(self, graph: OnnxWriter, x: str) -> str:
        """x (…, I) → (…, O) float32."""
        values = graph.constant(self.values)
        if self.values.dtype == np.float16:
            product = graph.op("MatMul", graph.op("Cast", x, to=10), values)  # 10: float16
            return graph.op("Cast", product, to=1)
        if self.scale is None:
            return graph.op("MatMul", x, values)
        if self.scale.ndim == 2:
            sizes = {"K": self.inputs, "N": self.outputs, "bits": 8, "block_size": _BLOCK, "accuracy_level": 4}
            return graph.op("MatMulNBits", x, values, graph.constant(self.scale), domain="com.microsoft", **sizes)
        quantised, scale, zero = graph.ops("DynamicQuantizeLinear", x, count=3)
        product = graph.op("MatMulInteger", quantised, values, zero)
        scales = graph.op("Mul", scale, graph.constant(self.scale))
        return graph.op("Mul", graph.op("Cast", product, to=1), scales)  # 1: float32


@lru_cache
def int8_limit() -> int:
    """Largest magnitude of int8 weights that this processor multiplies without saturating.

    An x86 without VNNI adds two products of 8 bits in 16, which 8 bits × 7 always fit (onnxruntime's reduce_range).
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return 127
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 63
    return 127 if "avx512_vnni" in flags or "avx_vnni" in flags else 63
