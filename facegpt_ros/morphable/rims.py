"""Lips and lids as two rims that can be brought together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, diags, vstack
from scipy.sparse.csgraph import dijkstra
from scipy.sparse.linalg import splu

from facegpt_ros.morphable.registration import at_points, laplacian

_STATIONS = 15
_SPREAD_M = 0.016  # how far around the rims the skin gives way
_HOLD = 3e-3  # stiffness of the skin against the pull of the rims


def sides(vertices: np.ndarray, triangles: np.ndarray, upper: int, lower: int) -> np.ndarray:
    """(V,) bool: vertices nearer to the vertex `upper` than to `lower`, on the way along the skin."""
    edges = laplacian(triangles, len(vertices)).tocoo()
    on = edges.row != edges.col
    length = np.linalg.norm(vertices[edges.row[on]] - vertices[edges.col[on]], axis=1)
    graph = coo_matrix((length, (edges.row[on], edges.col[on])), shape=edges.shape).tocsr()
    to_upper, to_lower = dijkstra(graph, directed=False, indices=[upper, lower])
    return to_upper < to_lower


class Rims:
    """Where an upper and a lower rim of the skin face each other, at stations from one corner to the other.

    Args:
        vertices: (V, 3) m, the rims closed or nearly so.
        triangles: (F, 3).
        above: (V,) bool, whose vertices belong to the upper side.
        corners: the two corners (2, 3) m.
        outside: (V,) bool, vertices that can be seen: what is behind the rims is no rim.
    """

    def __init__(
        self, vertices: np.ndarray, triangles: np.ndarray, above: np.ndarray, corners: np.ndarray, outside: np.ndarray
    ) -> None:
        middle = corners.mean(0)
        half = abs(corners[1, 0] - corners[0, 0]) / 2
        samples = np.array([(i, j, 6 - i - j) for i in range(7) for j in range(7 - i)]) / 6
        near = np.linalg.norm((vertices[triangles].mean(1) - middle) / (half + 0.004, 0.012, 0.02), axis=1) < 1
        self._count = len(vertices)
        points, weights = {}, {}
        for name, side, sign in (("upper", above, -1), ("lower", ~above, 1)):
            chosen = triangles[near & (side & outside)[triangles].all(1)]
            places = np.einsum("sc,fci->fsi", samples, vertices[chosen]).reshape(-1, 3)
            found = []
            for station in np.linspace(-0.92, 0.92, _STATIONS) * half + middle[0]:
                at = np.abs(places[:, 0] - station) < 0.0012
                found.append(np.flatnonzero(at)[np.argmax(sign * places[at, 1])])
            points[name] = chosen[np.array(found) // len(samples)]
            weights[name] = samples[np.array(found) % len(samples)]
        self._upper = at_points(points["upper"], weights["upper"], self._count)
        self._lower = at_points(points["lower"], weights["lower"], self._count)
        scaled = laplacian(triangles, self._count)
        scaled = diags(1 / scaled.diagonal()) @ scaled
        rim = np.concatenate([self._upper @ vertices, self._lower @ vertices])
        self._near = np.flatnonzero(np.linalg.norm(vertices[:, None] - rim[None], axis=2).min(1) < _SPREAD_M)
        self._pull = vstack([self._upper, self._lower]).tocsr()[:, self._near]
        stiff = scaled[:, self._near]
        self._solver = splu((self._pull.T @ self._pull + _HOLD * (stiff.T @ stiff)).tocsc())

    def gap(self, vertices: np.ndarray) -> np.ndarray:
        """Upper minus lower rim at the stations, (S, 3) m; works on displacements too."""
        return self._upper @ vertices - self._lower @ vertices

    def closing(self, gap: np.ndarray) -> np.ndarray:
        """Smooth displacement (V, 3) that takes gap (S, 3) away, half of it from each side."""
        wanted = np.concatenate([-gap / 2, gap / 2])
        out = np.zeros((self._count, 3))
        out[self._near] = self._solver.solve(self._pull.T @ wanted)
        return out
