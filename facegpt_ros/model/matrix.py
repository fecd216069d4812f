"""What a graph multiplies by: float32, or int8 with a scale for each output channel and inputs quantised as they come.

The nodes are those of onnxruntime.quantization.quantize_dynamic (per channel, symmetric weights), written at once: the
fp32 graph, several times as large, never exists.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.model.onnx_writer import OnnxWriter

PRECISIONS = ("int8", "fp32")


@dataclass(frozen=True)
class Matrix:
    """(I, O). Attributes: values float32, or int8 with scale (O,) float32."""

    values: np.ndarray
    scale: np.ndarray | None = None

    @classmethod
    def of(cls, weight: np.ndarray, precision: str, limit: int = 127) -> Matrix:
        """From a linear layer's weight (O, I).

        Args:
            limit: largest magnitude in int8; see int8_limit.

        Raises:
            ConfigError: the precision is unknown.
        """
        if precision not in PRECISIONS:
            raise ConfigError(f"precision is '{precision}'; use {' or '.join(PRECISIONS)}")
        across = np.ascontiguousarray(weight.T, np.float32)
        if precision == "fp32":
            return cls(across)
        scale = np.maximum(np.abs(across).max(0), np.finfo(np.float32).tiny * 128) / np.float32(limit)
        across /= scale
        return cls(np.rint(across, out=across).astype(np.int8), scale.astype(np.float32))

    def multiply(self, graph: OnnxWriter, x: str) -> str:
        """x (…, I) → (…, O) float32."""
        if self.scale is None:
            return graph.op("MatMul", x, graph.constant(self.values))
        quantised, scale, zero = graph.ops("DynamicQuantizeLinear", x, count=3)
        product = graph.op("MatMulInteger", quantised, graph.constant(self.values), zero)
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
