"""Small meshes the renderer is tested with."""

from __future__ import annotations

import numpy as np


def quad(z0: float = 1.0, z1: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A square from pixel (10, 10) to (30, 30), left edge at depth z0, right edge at z1; faces the camera."""
    points = np.array([[10, 10, z0], [10, 30, z0], [30, 30, z1], [30, 10, z1]], np.float32)
    return points, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def sphere(rows: int = 12, radius: float = 0.1, centre: tuple[float, float, float] = (0, 0, 1)) -> tuple:
    """A ball in the optical frame, m, counter-clockwise from outside: points (V, 3), triangles (F, 3)."""
    polar = np.linspace(0, np.pi, rows)
    around = np.linspace(0, 2 * np.pi, 2 * rows, endpoint=False)
    p, a = np.meshgrid(polar, around, indexing="ij")
    unit = np.stack([np.sin(p) * np.sin(a), -np.cos(p), -np.sin(p) * np.cos(a)], -1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(2 * rows), indexing="ij")
    k = (j + 1) % (2 * rows)
    a0, b0, b1, a1 = (
        x.ravel() for x in (i * 2 * rows + j, (i + 1) * 2 * rows + j, (i + 1) * 2 * rows + k, i * 2 * rows + k)
    )
    triangles = np.concatenate([np.stack([a0, b0, b1], -1), np.stack([a0, b1, a1], -1)])
    points = unit * radius + np.asarray(centre)
    return points.astype(np.float32), triangles.astype(np.int32)
