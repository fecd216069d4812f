"""The part of the texture that photographs say something about, and ways between it, the mesh and its mirror image."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import csr_matrix, diags, spmatrix
from scipy.sparse.linalg import splu

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texels import Texels, texels

#: Regions that photographs show badly: eyes turn, and what is inside a mouth is hardly ever seen.
_NOT_SKIN = ("eyes", "mouth_inner", "tongue", "teeth", "gums")
_LEAST_SHARE = 0.02


class Chart:
    """The texels of a face's skin, N of them.

    Args:
        model: with regions "face" and, where it has them, eyes and mouth parts.
        uv_corners, uv: of the layout, (F, 3, 2) and (V, 2).
        size: of the texture, texels.

    Attributes:
        texels: everything that a triangle covers, M.
        chosen: (N,) of those, the photographed ones; flat: (N,) their places in a texture as one row of size².
        share: (N,) float32 0..1, how much the photographs decide there; it falls off around the face.
        coarse: (C,) of the N, every second one in both directions.
        mirror: sparse (N, N): values of the other side of the face.
    """

    def __init__(self, model: MorphableModel, uv_corners: np.ndarray, uv: np.ndarray, size: int) -> None:
        self.model, self.size = model, size
        self.texels: Texels = texels(uv_corners, size)
        self.photographed = photographed(model)
        share = self._at(self.photographed, np.arange(len(self.texels)))
        self.chosen = np.flatnonzero(share > _LEAST_SHARE)
        self.share = share[self.chosen].astype(np.float32)
        self.flat = np.flatnonzero(self.texels.covered)[self.chosen]
        row, column = np.divmod(self.flat, size)
        self.coarse = np.flatnonzero((row % 2 == 0) & (column % 2 == 0))
        self._number = np.full(size * size, -1)
        self._number[self.flat] = np.arange(len(self.flat))
        self.corners = model.triangles[self.texels.triangle[self.chosen]]
        self.barycentric = self.texels.barycentric[self.chosen]
        other = np.einsum("nck,nc->nk", uv[model.mirror[self.corners]], self.barycentric)
        self.mirror = self.lookup(other)

    def __len__(self) -> int:
        return len(self.chosen)

    def _at(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        corners = self.model.triangles[self.texels.triangle[rows]]
        return np.einsum("nc...,nc->n...", values[corners], self.texels.barycentric[rows])

    def at(self, by_vertex: np.ndarray) -> np.ndarray:
        """Values of vertices (V, ...) at the chart's texels, (N, ...)."""
        return self._at(by_vertex, self.chosen)

    def everywhere(self, by_vertex: np.ndarray) -> np.ndarray:
        """Values of vertices (V, ...) at all covered texels, (M, ...)."""
        return self._at(by_vertex, np.arange(len(self.texels)))

    def picture(self, values: np.ndarray) -> np.ndarray:
        """Values (N, ...) as an image (size, size, ...), 0 elsewhere."""
        out = np.zeros((self.size * self.size, *values.shape[1:]), values.dtype)
        out[self.flat] = values
        return out.reshape(self.size, self.size, *values.shape[1:])

    def refined(self, coarse: np.ndarray) -> np.ndarray:
        """Values at the coarse texels (C, K), carried to all of them by bilinear interpolation, (N, K)."""
        half = self.size // 2
        row, column = np.divmod(self.flat[self.coarse], self.size)
        grid = np.zeros((half, half, coarse.shape[1] + 1), np.float32)
        grid[row // 2, column // 2, :-1] = coarse
        grid[row // 2, column // 2, -1] = 1
        y, x = np.divmod(self.flat.astype(np.float32), np.float32(self.size))
        at = np.stack([x / 2, y / 2], -1).reshape(1, -1, 2)
        out = np.empty((len(self), coarse.shape[1]), np.float32)
        known = _remap(grid[..., -1:], at)
        for k in range(coarse.shape[1]):
            out[:, k] = (_remap(grid[..., k : k + 1], at) / np.maximum(known, 1e-3))[:, 0]
        # On the edge of the chart no coarse neighbour may be near.
        alone = known[:, 0] < 1e-3
        if alone.any():
            near = self._nearest_coarse()[alone]
            out[alone] = coarse[near]
        return out

    def _nearest_coarse(self) -> np.ndarray:
        mask = np.ones(self.size * self.size, np.uint8)
        mask[self.flat[self.coarse]] = 0
        _, labels = cv2.distanceTransformWithLabels(
            mask.reshape(self.size, self.size), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        labels = labels.ravel()
        number = np.zeros(int(labels.max()) + 1, int)
        number[labels[self.flat[self.coarse]]] = np.arange(len(self.coarse))
        return number[labels[self.flat]]

    def lookup(self, uv: np.ndarray) -> csr_matrix:
        """Bilinear interpolation between the chart's texels at places (P, 2): sparse (P, N), rows that add up to 1."""
        x, y = uv[:, 0] * self.size - 0.5, (1 - uv[:, 1]) * self.size - 0.5
        rows, columns, weights = [], [], []
        for dy in (0, 1):
            for dx in (0, 1):
                column, row = (np.floor(x) + dx).astype(int), (np.floor(y) + dy).astype(int)
                inside = (column >= 0) & (column < self.size) & (row >= 0) & (row < self.size)
                number = np.where(inside, self._number[(row * self.size + column) * inside], -1)
                weight = np.maximum(1 - np.abs(x - column), 0) * np.maximum(1 - np.abs(y - row), 0)
                good = (number >= 0) & (weight > 1e-6)
                rows.append(np.flatnonzero(good))
                columns.append(number[good])
                weights.append(weight[good])
        parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
        matrix = csr_matrix(parts, shape=(len(uv), len(self)))
        total = np.asarray(matrix.sum(1)).ravel()
        return (diags(1 / np.maximum(total, 1e-9)) @ matrix).tocsr().astype(np.float32)


def _remap(grid: np.ndarray, at: np.ndarray) -> np.ndarray:
    columns = 1024  # OpenCV's maps are pictures themselves, with sides below 32768
    count = at.shape[1]
    rows = -(-count // columns)
    places = np.zeros((rows * columns, 2), np.float32)
    places[:count] = at[0]
    out = cv2.remap(grid, places.reshape(rows, columns, 2), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return out.reshape(rows * columns, -1)[:count]


def photographed(model: MorphableModel) -> np.ndarray:
    """(V,) 0..1: skin of the face, with lips and brows, without what photographs show badly."""
    nothing = np.zeros(model.n_vertices, np.float32)
    share = model.regions["face"].astype(np.float64)
    for name in _NOT_SKIN:
        share = share * (1 - model.regions.get(name, nothing))
    return share


class VertexColours:
    """The vertex colours whose interpolation over triangles is nearest to a texture, by least squares over its texels.

    A plain lookup at the vertices would alias; this is what a renderer with colours by vertex can show at best.

    Args:
        texels: M of them; triangles: (F, 3); count: V.
        weight: (M,) area of the surface, or any other weight of each texel.
    """

    def __init__(self, covered: Texels, triangles: np.ndarray, count: int, weight: np.ndarray) -> None:
        corners = triangles[covered.triangle]
        parts = (covered.barycentric.ravel(), (np.repeat(np.arange(len(covered)), 3), corners.ravel()))
        hats = csr_matrix(parts, shape=(len(covered), count))
        self._weighted: spmatrix = (diags(weight) @ hats).T.tocsr()
        gram = self._weighted @ hats
        total = np.asarray(self._weighted.sum(1)).ravel()  # (V,)
        self.known = total > 1e-3
        # A little of the local mean, for vertices that few texels see.
        lumped = diags(np.where(self.known, total, 1.0))
        self._mean = diags(1 / np.where(self.known, total, 1.0)) @ self._weighted
        self._blend = 0.1
        self._solve = splu((gram + self._blend * lumped).tocsc()).solve
        self._total = np.where(self.known, total, 0.0)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Texels (M, K) → vertices (V, K) float64; 0 where no texel lies."""
        values = values.astype(np.float64)
        lumped = self._mean @ values
        return self._solve(self._weighted @ values + self._blend * self._total[:, None] * lumped)
