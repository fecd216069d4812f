"""The part of a head that landmarks may lie on, and how they move on it without leaving their own lip or lid."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.surface import Surface
from facegpt_ros.render.rasterize import rasterize

_NOT_SKIN = ("eyes", "iris", "pupil", "mouth_inner", "tongue", "teeth", "gums", "ears", "neck")
_LOOKS: tuple[dict[str, float], ...] = (
    {},
    {"jawOpen": 0.5},
    {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
)  # so that lip rims and lids are seen too
_VIEWS = ((0, 0), (-75, 0), (-40, 0), (40, 0), (75, 0), (0, 35), (0, -35))  # yaw, pitch in degrees
_RINGS = 3  # neighbourhoods of triangles that one move may cross


class SkinSurface:
    """Skin of the mean face that a camera in front of it sees, lips and lid rims included.

    Args:
        model: with regions and mirror.

    Attributes:
        vertices: (V, 3) m of the mean face; triangles (F, 3) of the model; allowed (F,) bool.
    """

    def __init__(self, model: MorphableModel) -> None:
        self.vertices = model.bases["mean"].astype(np.float64)
        self.triangles = model.triangles
        barred = np.max([model.regions[name] for name in _NOT_SKIN if name in model.regions], axis=0) > 0.5
        self.allowed = _seen(model) & ~barred[model.triangles].any(1)
        self._mirror = model.mirror
        count = len(self.triangles)
        of_vertex = coo_matrix(
            (np.ones(3 * count, np.int32), (np.repeat(np.arange(count), 3), self.triangles.ravel())),
            shape=(count, model.n_vertices),
        ).tocsr()
        self._touching: csr_matrix = of_vertex @ of_vertex.T  # triangles that share a vertex
        self._by_corners = {tuple(sorted(t)): i for i, t in enumerate(self.triangles.tolist())}

    def position(self, triangle: np.ndarray | int, barycentric: np.ndarray) -> np.ndarray:
        """(...,) and (..., 3) → (..., 3) m on the mean face."""
        return np.einsum("...ci,...c->...i", self.vertices[self.triangles[triangle]], barycentric)

    def around(self, triangle: int) -> np.ndarray:
        """Allowed triangles within a few of this one, over allowed ones only: not the other lip, not the other lid."""
        found = np.array([triangle])
        for _ in range(_RINGS):
            near = np.unique(self._touching[found].indices)
            found = near[self.allowed[near]]
            if not len(found):  # a first embedding may lie off the skin: come back onto it
                found = near
        return found[self.allowed[found]] if self.allowed[found].any() else found

    def nearest(self, point: np.ndarray, among: np.ndarray) -> tuple[int, np.ndarray]:
        """Triangle and barycentric (3,) of the surface point nearest to point (3,), among some triangles."""
        hit = Surface(self.vertices, self.triangles[among]).nearest(point[None])
        return int(among[hit.triangle[0]]), hit.barycentric[0]

    def moved(self, triangle: int, barycentric: np.ndarray, shift: np.ndarray) -> tuple[int, np.ndarray]:
        """The landmark after a shift (3,) m, back on the surface, in its neighbourhood."""
        return self.nearest(self.position(triangle, barycentric) + shift, self.around(triangle))

    def mirrored(self, triangle: int, barycentric: np.ndarray) -> tuple[int, np.ndarray] | None:
        """The same place on the other side; None where the mesh has no twin of the triangle."""
        corners = self.triangles[triangle]
        twins = self._mirror[corners]
        other = self._by_corners.get(tuple(sorted(twins.tolist())))
        if other is None:
            return None
        weight = dict(zip(twins.tolist(), barycentric.tolist(), strict=True))
        return other, np.array([weight[v] for v in self.triangles[other].tolist()])

    def tangents(self, triangle: np.ndarray) -> np.ndarray:
        """(L,) → (L, 3, 2), orthonormal axes of each triangle's plane."""
        corners = self.vertices[self.triangles[triangle]]
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        first = first / np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
        second = second - (first * second).sum(1, keepdims=True) * first
        return np.stack([first, second / np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-12)], -1)


def _seen(model: MorphableModel) -> np.ndarray:
    """(F,) bool: triangles in sight of a camera in front of the face, in one of a few looks."""
    seen = np.zeros(len(model.triangles), bool)
    size, distance = 900, 1.5
    rest = np.zeros(len(model.identity_names))
    for look in _LOOKS:
        expression = np.array([look.get(name, 0.0) for name in model.expression_names])
        vertices = model.vertices(rest, expression).astype(np.float64)
        for yaw, pitch in _VIEWS:
            points = vertices @ matrix_from_euler(yaw, pitch, 0).T + (0, -0.03, distance)
            pixels = points[:, :2] / points[:, 2:] * (size * distance / 0.3) + size / 2
            packed = np.concatenate([pixels, points[:, 2:]], 1).astype(np.float32)
            ids, _ = rasterize(packed, model.triangles, size, size)
            seen[np.unique(ids[ids >= 0])] = True
    return seen
