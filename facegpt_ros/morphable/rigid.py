"""The motion and scale that bring one set of points onto another."""

from __future__ import annotations

import numpy as np


def similarity(source: np.ndarray, target: np.ndarray, with_scale: bool = True) -> tuple[np.ndarray, np.ndarray, float]:
    """Rotation (3, 3), translation (3,), scale: target ≈ scale · rotation · source + translation (Umeyama, 1991).

    Args:
        source, target: (N, 3) corresponding points.
    """
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((s * sign).sum() / (a**2).sum()) if with_scale else 1.0
    return rotation, target.mean(0) - scale * rotation @ source.mean(0), scale
