"""The texels of a texture that a mesh's triangles cover, and where on the surface each one lies."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facegpt_ros.render.rasterize import rasterize


@dataclass(frozen=True)
class Texels:
    """What the N texels that a triangle covers show, and from which of them every texel takes its colour.

    Attributes:
        covered: (T, T) bool, N of them, row 0 is v = 1.
        triangle: (N,) int32; barycentric: (N, 3) float32: the point in the middle of the texel.
        nearest: (T, T) int32 into N: itself, or for an empty texel the nearest covered one.
    """

    covered: np.ndarray
    triangle: np.ndarray
    barycentric: np.ndarray
    nearest: np.ndarray

    def __len__(self) -> int:
        return len(self.triangle)


def texels(uv_corners: np.ndarray, size: int) -> Texels:
    """By drawing the layout (F, 3, 2) as a flat mesh whose corners share nothing."""
    corners = uv_corners.reshape(-1, 2) * (1, -1) + (0, 1)
    points = np.column_stack([corners * size - 0.5, np.ones(len(corners))]).astype(np.float32)
    ids, barycentric = rasterize(points, np.arange(len(points), dtype=np.int32).reshape(-1, 3), size, size)
    covered = ids >= 0
    _, labels = cv2.distanceTransformWithLabels(
        np.uint8(~covered), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )  # (T, T) int32: each covered texel's own number, and the number of the nearest one elsewhere
    order = np.zeros(int(labels.max()) + 1, np.int32)
    order[labels[covered]] = np.arange(np.count_nonzero(covered))
    return Texels(covered, ids[covered], barycentric[covered], order[labels])
