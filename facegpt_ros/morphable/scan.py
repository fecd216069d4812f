"""Scanned surfaces: triangle meshes or clouds of points, in any frame and unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scan:
    """A scan as it is fitted: every vertex finite, every triangle with an area.

    Attributes:
        vertices: (V, 3) float64.
        triangles: (F, 3) int; (0, 3) for a cloud of points.
    """

    vertices: np.ndarray
    triangles: np.ndarray

    def sample(
        self, count: int, centre: np.ndarray, reach: float, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Points spread evenly over the part within `reach` of `centre` (3,), and their outward normals.

        Returns:
            points (N, 3), N = count or fewer where a cloud has no more; normals (N, 3), None for a cloud. Both empty
            where nothing lies within reach.
        """
        rng = np.random.default_rng(seed)
        if not len(self.triangles):
            near = np.flatnonzero(np.linalg.norm(self.vertices - centre, axis=1) < reach)
            chosen = rng.choice(near, min(count, len(near)), replace=False) if len(near) else near
            return self.vertices[chosen], None
        corners = self.vertices[self.triangles]  # (F, 3, 3)
        corners = corners[np.linalg.norm(corners.mean(1) - centre, axis=1) < reach]
        if not len(corners):
            return np.empty((0, 3)), np.empty((0, 3))
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(cross, axis=1)
        # Stratified along the cumulated area: more even than independent draws.
        ticks = (np.arange(count) + rng.uniform(size=count)) / count * area.sum()
        chosen = np.minimum(np.searchsorted(area.cumsum(), ticks), len(area) - 1)
        u, v = np.sqrt(rng.uniform(size=count)), rng.uniform(size=count)
        weights = np.stack([1 - u, u * (1 - v), u * v], 1)
        return np.einsum("nci,nc->ni", corners[chosen], weights), (cross / area[:, None])[chosen]
