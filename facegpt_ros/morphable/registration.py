"""Non-rigid registration: one mesh's topology laid on another surface, and what then moves with that surface.

Optimal-step non-rigid ICP (Amberg, Romdhani, Vetter, 2007) with a displacement field in the place of its affine maps:
landmarks, then point-to-plane, with a stiffness that relaxes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from tqdm import tqdm

from facegpt_ros.morphable.surface import Surface

#: Rounds, then weights of membrane, bending and landmarks against point-to-plane distances.
_SCHEDULE: tuple[tuple[int, float, float, float], ...] = (
    (4, 30.0, 100.0, 30.0),
    (4, 10.0, 30.0, 20.0),
    (3, 3.0, 10.0, 10.0),
    (3, 1.0, 4.0, 8.0),
    (3, 0.3, 1.5, 5.0),
    (3, 0.1, 0.6, 3.0),
    (3, 0.03, 0.3, 2.0),
)
_TO_POINT = 0.05  # of the distance along the surface, against 1 for the distance to it
_FACING = 0.5  # cosine between normals that may belong together
_FIRST_REACH_M, _LAST_REACH_M = 0.020, 0.004
_BOUND_M = 0.0015  # a vertex that ends farther from the surface follows its neighbours


def laplacian(triangles: np.ndarray, count: int) -> sparse.csr_matrix:
    """Graph Laplacian D - A (count, count) of a mesh's edges."""
    edges = np.unique(np.sort(np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]]), 1), axis=0)
    ones = np.ones(len(edges))
    half = sparse.coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    adjacency = (half + half.T).tocsr()
    return (sparse.diags(np.asarray(adjacency.sum(1)).ravel()) - adjacency).tocsr()


def at_points(corners: np.ndarray, weights: np.ndarray, count: int) -> sparse.csr_matrix:
    """Matrix (N, count) that takes vertices to surface points given by corners (N, 3) and weights (N, 3)."""
    rows = np.repeat(np.arange(len(corners)), 3)
    return sparse.csr_matrix((weights.ravel(), (rows, corners.ravel())), shape=(len(corners), count))


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) float64, area-weighted."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    face = np.cross(b - a, c - a)
    out = np.stack([np.bincount(triangles.ravel(), np.repeat(face[:, k], 3), len(vertices)) for k in range(3)], 1)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-20)


def register(
    vertices: np.ndarray,
    triangles: np.ndarray,
    surface: Surface,
    points: sparse.csr_matrix,
    landmarks: np.ndarray,
    weight: np.ndarray,
    free: np.ndarray,
    mirror: np.ndarray,
) -> np.ndarray:
    """Deforms a mesh onto a surface; returns its vertices (V, 3) there, symmetric in their displacement.

    Args:
        vertices: (V, 3), roughly aligned with the surface.
        triangles: (F, 3).
        surface: to lie on.
        points: (L, V) takes vertices to landmarks.
        landmarks: (L, 3) where they belong; weight: (L,).
        free: (V,) bool, vertices with nothing to lie on.
        mirror: (V,) each vertex's twin on the other side.
    """
    count = len(vertices)
    membrane = laplacian(triangles, count)
    scaled = sparse.diags(1 / membrane.diagonal()) @ membrane
    bending = scaled.T @ scaled
    pull = points.T @ sparse.diags(weight)
    a, b, c = surface.vertices[surface.triangles].transpose(1, 0, 2)
    planes = np.cross(b - a, c - a)
    planes /= np.maximum(np.linalg.norm(planes, axis=1, keepdims=True), 1e-20)
    moved = vertices
    rounds = list(_rounds())
    for k, (membrane_weight, bending_weight, landmark_weight) in enumerate(tqdm(rounds, desc="registering")):
        hits = surface.nearest(moved)
        normals = planes[hits.triangle]
        reach = max(_LAST_REACH_M, _FIRST_REACH_M * 0.85**k)
        bound = ~free & (hits.distance < reach) & ((vertex_normals(moved, triangles) * normals).sum(1) > _FACING)
        data = bound[:, None, None] * (normals[:, :, None] * normals[:, None, :] + _TO_POINT * np.eye(3))
        stiff = membrane_weight / 6 * membrane + bending_weight * bending + landmark_weight * (pull @ points)
        system = _block_diagonal(data) + sparse.kron(stiff + 1e-6 * sparse.eye(count), np.eye(3))
        target = np.einsum("nij,nj->ni", data, surface.positions(hits) - vertices)
        target += landmark_weight * (pull @ (landmarks - points @ vertices))
        shift = splu(system.tocsc()).solve(target.ravel()).reshape(-1, 3)
        moved = vertices + (shift + shift[mirror] * (-1, 1, 1)) / 2
    return moved


def _rounds() -> Iterator[tuple[float, float, float]]:
    for repeats, membrane, bending, landmarks in _SCHEDULE:
        yield from [(membrane, bending, landmarks)] * repeats


def _block_diagonal(blocks: np.ndarray) -> sparse.bsr_matrix:
    count = len(blocks)
    return sparse.bsr_matrix((blocks, np.arange(count), np.arange(count + 1)), shape=(3 * count, 3 * count))


class Follower:
    """Moves a registered mesh as the surface under it moves; vertices off the surface follow their neighbours.

    Args:
        vertices: (V, 3) registered; triangles: (F, 3).
        surface: what they lie on, its vertices among all of the target's.
        free: (V,) bool, vertices with nothing to lie on.
        target_count: vertices of the target.
    """

    def __init__(
        self, vertices: np.ndarray, triangles: np.ndarray, surface: Surface, free: np.ndarray, target_count: int
    ) -> None:
        hits = surface.nearest(vertices)
        self.bound = ~free & (hits.distance < _BOUND_M)
        self._carry = at_points(
            surface.triangles[hits.triangle[self.bound]], hits.barycentric[self.bound], target_count
        )
        self._fill = Harmonic(triangles, self.bound)

    def __call__(self, shift: np.ndarray) -> np.ndarray:
        """Displacement of the target's vertices (T, 3) → of the mesh's (V, 3)."""
        return self._fill(self._carry @ shift)


class Harmonic:
    """The smoothest field over a mesh through given values at some vertices: its Laplacian vanishes elsewhere.

    Args:
        triangles: (F, 3); known: (V,) bool.
    """

    def __init__(self, triangles: np.ndarray, known: np.ndarray) -> None:
        self.known = known
        matrix = laplacian(triangles, len(known)).tocsr()
        self._into = matrix[~known][:, known]
        self._solver = splu(matrix[~known][:, ~known].tocsc()) if (~known).any() else None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values (K, C) at the known vertices → (V, C)."""
        out = np.empty((len(self.known), values.shape[1]))
        out[self.known] = values
        if self._solver is not None:
            out[~self.known] = self._solver.solve(np.asarray(-(self._into @ values)))
        return out
