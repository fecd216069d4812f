"""The least squares of one step of a scan's fit: a small motion of the scan, and new coefficients of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.morphable.surface import Surface, boundary
from facegpt_ros.render.rasterize import vertex_normals

_MIN_COSINE = 0.5  # between normals of partners: 60 degrees
_ROUNDS = 12  # of the active set


@dataclass
class ScanProblem:
    """Points of a scan in the model's frame, and the model's unknown coefficients θ, of which K are free.

    Attributes:
        mean: (V, 3) m, the shape with every free coefficient at 0.
        basis: (V, 3, K) float32.
        triangles: (F, 3), where scan points may find a partner.
        cloud: (N, 3) m; outward: (N, 3) unit normals or None.
        marks: (M, 3) m, landmarks in the scan; place, moves: the model's, (M, 3) and (M, 3, K).
        stiffness: (K,) of the prior, 1 / σ²; box: (K,) bool, those that stay in 0..1.
        moving: whether the scan may move.
    """

    mean: np.ndarray
    basis: np.ndarray
    triangles: np.ndarray
    cloud: np.ndarray
    outward: np.ndarray | None
    marks: np.ndarray
    place: np.ndarray
    moves: np.ndarray
    stiffness: np.ndarray
    box: np.ndarray
    moving: bool

    def __post_init__(self) -> None:
        self.surface = Surface(self.mean, self.triangles)
        self._border = boundary(self.triangles, len(self.mean))
        self._hint: np.ndarray | None = None

    def vertices(self, theta: np.ndarray) -> np.ndarray:
        """(V, 3) m of free coefficients (K,)."""
        if not len(theta):
            return self.mean
        return self.mean + (self.basis @ theta.astype(np.float32)).astype(np.float64)

    def step(
        self, theta: np.ndarray, *, margin: float, prior: float, landmark_weight: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Motion (6,), rotation vector and translation, of the scan; new coefficients (K,).

        Args:
            theta: (K,) at present.
            margin: m, added to the distance beyond which points count as no part of the face.
            prior: m², weight of |θ|² against the mean square of the points' distances.
            landmark_weight: of a landmark's squared distance against that mean.
        """
        self.surface.move(self.vertices(theta))
        gram, right = self._points(theta, margin)
        if len(self.marks):
            more = self._landmarks(theta)
            gram, right = gram + landmark_weight * more[0], right + landmark_weight * more[1]
        damping = np.concatenate([np.full(6, 1e-12), prior * self.stiffness])
        return self._solve(gram + np.diag(damping), right, theta)

    def _points(self, theta: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
        """Normal equations of n · (q + ω × q + τ - S(θ')), n and S at the nearest surface point."""
        from facegpt_ros.morphable import surface_kernels

        hits = self.surface.nearest(self.cloud, self._hint)
        self._hint = hits.triangle
        corners = self.triangles[hits.triangle]
        by_vertex = vertex_normals(self.surface.vertices, self.triangles)
        normals = np.einsum("nci,nc->ni", by_vertex[corners], hits.barycentric)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        foot = self.surface.positions(hits)
        # Where the nearest point lies on the edge of the surface, the true partner is missing.
        good = ~(self._border[corners] | (hits.barycentric < 1e-6)).all(1)
        if self.outward is not None:
            good &= (self.outward * normals).sum(1) > _MIN_COSINE
        weights = good * _tukey(hits.distance, _cutoff(hits.distance[good], margin))
        weights /= max(weights.sum(), 1e-9)
        jacobian = np.empty((len(self.cloud), 6 + len(theta)), np.float32)
        jacobian[:, :3], jacobian[:, 3:6] = np.cross(self.cloud, normals), normals
        surface_kernels.project_basis(corners, hits.barycentric, -normals, self.basis, jacobian[:, 6:])
        residual = ((self.cloud - foot) * normals).sum(1) - jacobian[:, 6:] @ theta.astype(np.float32)
        jacobian *= np.sqrt(weights, dtype=np.float32)[:, None]
        gram = (jacobian.T @ jacobian).astype(np.float64)
        return gram, -(jacobian.T @ (np.sqrt(weights) * residual))

    def _landmarks(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Normal equations of the mean square of m + ω × m + τ - L(θ')."""
        turn = np.stack([np.cross(np.eye(3), mark).T for mark in self.marks])  # ω × m as a matrix
        rows = np.concatenate([turn, np.broadcast_to(np.eye(3), turn.shape), -self.moves], 2)
        rows = rows.reshape(-1, rows.shape[2])
        gap = (self.marks - self.place).ravel()
        return rows.T @ rows / len(self.marks), -rows.T @ gap / len(self.marks)

    def _solve(self, system: np.ndarray, right: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds by an active set: hold what would leave 0..1, solve for the rest."""
        value = np.concatenate([np.zeros(6), theta])
        loose = np.concatenate([np.full(6, self.moving), np.ones(len(theta), bool)])
        box = np.concatenate([np.zeros(6, bool), self.box])
        for _ in range(_ROUNDS):
            held = ~loose
            target = right[loose] - system[np.ix_(loose, held)] @ value[held]
            value[loose] = np.linalg.solve(system[np.ix_(loose, loose)], target)
            out = box & loose & ((value < 0) | (value > 1))
            value[box] = value[box].clip(0, 1)
            if not out.any():
                break
            loose &= ~out
        return value[:6], value[6:]


def _cutoff(distances: np.ndarray, margin: float) -> float:
    """Distance, m, beyond which a point counts as no part of the face."""
    typical = 1.4826 * float(np.median(distances)) if len(distances) else 0.0
    return max(4.5 * typical, 0.004) + margin


def _tukey(distances: np.ndarray, cutoff: float) -> np.ndarray:
    """Weights 1..0 of a robust estimator (Beaton and Tukey, 1974)."""
    return np.maximum(0.0, 1 - (distances / cutoff) ** 2) ** 2
