"""The point of a triangle mesh nearest to another point: exact, and fast enough to ask anew whenever the mesh moves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facegpt_ros.errors import ModelError

_MORTON_BITS = 10


class Nearest(NamedTuple):
    """Surface points nearest to N points.

    Attributes:
        triangle: (N,) int64, into the surface's triangles.
        barycentric: (N, 3) float64.
        distance: (N,) float64, in the mesh's unit.
    """

    triangle: np.ndarray
    barycentric: np.ndarray
    distance: np.ndarray


class Surface:
    """Triangles to search in; moving its vertices keeps the order of the search tree and renews its boxes only.

    Args:
        vertices: (V, 3), finite.
        triangles: (F, 3), at least one.

    Raises:
        ModelError: no triangles, or arrays of the wrong shape.
    """

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        triangles = np.asarray(triangles)
        if triangles.ndim != 2 or triangles.shape[1] != 3 or not len(triangles):
            raise ModelError(f"triangles have the shape {triangles.shape}; give at least one, (F, 3)")
        if triangles.min() < 0 or triangles.max() >= len(vertices):
            raise ModelError(f"triangles name vertices up to {triangles.max()}, the mesh has {len(vertices)}")
        from facegpt_ros.morphable import surface_kernels

        self.triangles = triangles
        self._kernels = surface_kernels
        self._order = np.argsort(_morton(np.asarray(vertices, np.float64)[triangles].mean(1)), kind="stable")
        self._sorted = np.ascontiguousarray(triangles[self._order], np.int64)
        self._rank = np.argsort(self._order)
        leaves = 1 << (-(-len(triangles) // surface_kernels.LEAF) - 1).bit_length()
        self._boxes = np.empty((2 * leaves, 6))
        self.move(vertices)

    def move(self, vertices: np.ndarray) -> None:
        """New positions (V, 3) of the same vertices."""
        self.vertices = np.ascontiguousarray(vertices, np.float64)
        self._kernels.fill_boxes(self.vertices, self._sorted, self._boxes)

    def nearest(self, points: np.ndarray, hint: np.ndarray | None = None) -> Nearest:
        """Of finite points (N, 3); hint (N,): triangles that may be near, which saves time."""
        points = np.ascontiguousarray(points, np.float64)
        found = np.zeros(len(points), np.int64) if hint is None else self._rank[hint]
        barycentric, squared = np.empty((len(points), 3)), np.empty(len(points))
        self._kernels.nearest(points, self.vertices, self._sorted, self._boxes, found, barycentric, squared)
        return Nearest(self._order[found], barycentric, np.sqrt(squared))

    def positions(self, hits: Nearest) -> np.ndarray:
        """Where the surface points are, (N, 3)."""
        return np.einsum("nci,nc->ni", self.vertices[self.triangles[hits.triangle]], hits.barycentric)


def boundary(triangles: np.ndarray, count: int) -> np.ndarray:
    """Vertices (count,) bool on an edge that belongs to one triangle only: where a surface ends."""
    edges = np.sort(np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]]), axis=1)
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    out = np.zeros(count, bool)
    out[unique[uses == 1].ravel()] = True
    return out


def _morton(points: np.ndarray) -> np.ndarray:
    """Order (N,) of points along a space-filling curve: neighbours in it are neighbours in space."""
    low, high = points.min(0), points.max(0)
    cells = ((points - low) / max(float((high - low).max()), 1e-30) * ((1 << _MORTON_BITS) - 1)).astype(np.int64)
    code = np.zeros(len(points), np.int64)
    for bit in range(_MORTON_BITS):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return code
