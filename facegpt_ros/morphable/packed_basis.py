"""A basis in 16 bits, for evaluating one face: the time goes into reading memory, and this is half of it or less.

Each row is cut into tiles with a scale of their own, so the rounding stays near a micrometre, and tiles that a row does
not move (an expression moves a fifth of the head) are not read at all.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.jit import jit

_TILE = 1024
_LEVELS = 32767


class PackedBasis:
    """Of a basis (K, N) float32.

    Example:
        >>> packed = PackedBasis(basis)
        >>> flat = packed.combine(coefficients, mean)  # (N,) = mean + coefficients @ basis, to 16 bits
    """

    def __init__(self, basis: np.ndarray) -> None:
        count, width = basis.shape
        tiles = -(-width // _TILE)
        self._values = np.zeros((count, width), np.int16)
        self._scales = np.zeros((tiles, count), np.float32)
        for i in range(tiles):
            part = basis[:, i * _TILE : (i + 1) * _TILE]
            scale = np.abs(part).max(1, initial=0) / _LEVELS
            self._scales[i] = scale
            self._values[:, i * _TILE : (i + 1) * _TILE] = np.rint(part / np.where(scale > 0, scale, 1)[:, None])

    def combine(self, coefficients: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Coefficients (K,) and mean (N,), float32 → (N,) float32."""
        out = np.empty(len(mean), np.float32)
        _combine(coefficients, self._values, self._scales, mean, out)
        return out


@jit
def _combine(coefficients, values, scales, mean, out):
    count, width = values.shape
    rows = np.empty(count + 4, np.int64)
    weights = np.empty(count + 4, np.float32)
    for tile in range(scales.shape[0]):
        first, last = tile * _TILE, min(width, (tile + 1) * _TILE)
        part = out[first:last]
        part[:] = mean[first:last]
        used = 0
        for k in range(count):
            weight = coefficients[k] * scales[tile, k]
            if weight != 0:
                rows[used], weights[used] = k, weight
                used += 1
        for k in range(used, used + 3):  # fill up the last group of four
            rows[k], weights[k] = 0, np.float32(0)
        for k in range(0, used, 4):
            a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
            p, q = values[rows[k], first:last], values[rows[k + 1], first:last]
            r, s = values[rows[k + 2], first:last], values[rows[k + 3], first:last]
            for j in range(last - first):
                part[j] += a * np.float32(p[j]) + b * np.float32(q[j]) + c * np.float32(r[j]) + d * np.float32(s[j])
