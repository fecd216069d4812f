"""The least-squares problem behind fit_landmarks: N images' landmarks, their cost and its Gauss-Newton system."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from facegpt_ros.morphable.pose import rotation_from_vector, seen_yaw, skew

_CAUCHY = 2.5  # residuals beyond this many noise σ lose weight (Cauchy's function; Holland and Welsch, 1977)
_NEAREST_M = 1e-3  # points behind the camera count as this far in front

#: Yaw (N,) deg → means (N, J, 3) and bases (N, J, 3, P) of the landmarks that slide with it.
Sliding = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class State(NamedTuple):
    """N faces: coefficients (N, P), rotation (N, 3, 3) model → optical, translation (N, 3) m."""

    coefficients: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray

    def where(self, chosen: np.ndarray, other: State) -> State:
        """This state in the chosen (N,) rows, the other elsewhere."""
        return State(
            *(np.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in zip(self, other, strict=True))
        )


class LandmarkProblem:
    """Σ_k w_k ρ(|project(R·S_k(c) + t) - x_k|² / σ²) + Σ c²·stiffness, with some of the coefficients c in 0..1.

    Args:
        mean: (K, 3) m and basis (K, 3, P) float32: landmarks of the model, linear in P coefficients.
        rays: (N, K, 2) observed landmarks, x/z and y/z; weights: (N, K), 0 where there is none; sigma: (N,) of rays.
        stiffness: (P,), 1/σ² of each coefficient's Gaussian prior; bounded: (P,) bool, those that stay in 0..1.
        slides: indices (J,) of landmarks that slide with yaw, and what gives their points; None if none does.
    """

    def __init__(
        self,
        mean: np.ndarray,
        basis: np.ndarray,
        *,
        rays: np.ndarray,
        weights: np.ndarray,
        sigma: np.ndarray,
        stiffness: np.ndarray,
        bounded: np.ndarray,
        slides: tuple[np.ndarray, Sliding] | None = None,
    ) -> None:
        self.mean, self.basis = mean, basis
        self.rays, self.weights, self.sigma = rays, weights, sigma[:, None]
        self.stiffness, self.bounded, self.slides = stiffness, bounded, slides

    def points(self, state: State) -> np.ndarray:
        """(N, K, 3) m, optical frame, in front of the camera."""
        coefficients, rotation, translation = state
        flat = coefficients.astype(np.float32) @ self.basis.reshape(-1, self.basis.shape[-1]).T
        shape = self.mean + flat.reshape(len(coefficients), -1, 3)
        if self.slides:
            rows, sliding = self.slides
            mean, basis = sliding(seen_yaw(rotation, translation))
            shape[:, rows] = mean + (basis @ coefficients[:, None, :, None].astype(np.float32))[..., 0]
        seen = shape @ rotation.transpose(0, 2, 1) + translation[:, None]
        seen[..., 2] = np.maximum(seen[..., 2], _NEAREST_M)
        return seen

    def cost(self, state: State, points: np.ndarray | None = None) -> np.ndarray:
        """(N,)"""
        squared = self._squared(self._residual(self.points(state) if points is None else points))
        robust = _CAUCHY**2 * np.log1p(squared / _CAUCHY**2)
        return (self.weights * robust).sum(1) + (self.stiffness * state.coefficients**2).sum(1)

    def linearise(self, state: State, *, pose_only: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cost (N,), and the normal equations of coefficients, turn (rad) and shift (m): (N, P+6, P+6), (N, P+6).

        With pose_only, of turn and shift alone: (N, 6, 6), (N, 6).
        """
        points = self.points(state)
        residual = self._residual(points)
        x, y, z = np.moveaxis(points, -1, 0)
        # Half the derivative of the robust function by its argument makes it a weighted square (IRLS).
        weight = np.sqrt(self.weights / (1 + self._squared(residual) / _CAUCHY**2)) / self.sigma  # (N, K)
        zero = np.zeros_like(z)
        by_point = np.stack([np.stack([1 / z, zero, -x / z**2], -1), np.stack([zero, 1 / z, -y / z**2], -1)], -2)
        by_point *= weight[..., None, None]  # (N, K, 2, 3)
        pose = np.concatenate([-by_point @ skew(points - state.translation[:, None]), by_point], -1)  # (N, K, 2, 6)
        jacobian = (pose.astype(np.float32) if pose_only else self._jacobian(by_point, pose, state)).reshape(
            len(points), -1, 6 if pose_only else self.basis.shape[-1] + 6
        )
        transposed = jacobian.transpose(0, 2, 1)
        gram = (transposed @ jacobian).astype(np.float64)
        weighted = (residual * weight[..., None]).reshape(len(gram), -1, 1).astype(np.float32)
        slope = (transposed @ weighted)[..., 0].astype(np.float64)
        value = self.cost(state, points)
        if pose_only:
            return value, gram, slope
        width = self.basis.shape[-1]
        diagonal = np.arange(width)
        gram[:, diagonal, diagonal] += self.stiffness
        slope[:, :width] += self.stiffness * state.coefficients
        held = np.zeros(slope.shape, bool)
        held[:, :width] = self._held(state.coefficients, slope[:, :width])
        gram[held[:, :, None] | held[:, None]] = 0
        slope[held] = 0
        image, row = held.nonzero()
        gram[image, row, row] = 1
        return value, gram, slope

    def moved(self, state: State, change: np.ndarray) -> State:
        """The state after a step (N, P + 6), or (N, 6) of the pose alone."""
        turn = rotation_from_vector(change[:, -6:-3])
        moved = State(state.coefficients, turn @ state.rotation, state.translation + change[:, -3:])
        if change.shape[1] > 6:
            coefficients = state.coefficients + change[:, :-6]
            moved = moved._replace(coefficients=np.where(self.bounded, coefficients.clip(0, 1), coefficients))
        return moved

    def _jacobian(self, by_point: np.ndarray, pose: np.ndarray, state: State) -> np.ndarray:
        """(N, K, 2, P + 6) float32: weighted residuals by coefficients, turn about the model's origin, and shift."""
        width = self.basis.shape[-1]
        jacobian = np.empty((*pose.shape[:3], width + 6), np.float32)
        by_model = (by_point @ state.rotation[:, None]).astype(np.float32)
        jacobian[..., :width] = by_model[..., :1] * self.basis[:, None, 0]
        for axis in (1, 2):
            jacobian[..., :width] += by_model[..., axis, None] * self.basis[:, None, axis]
        if self.slides:
            rows, sliding = self.slides
            _, basis = sliding(seen_yaw(state.rotation, state.translation))
            jacobian[:, rows, :, :width] = by_model[:, rows] @ basis
        jacobian[..., width:] = pose
        return jacobian

    def _residual(self, points: np.ndarray) -> np.ndarray:
        return points[..., :2] / points[..., 2:] - self.rays

    def _squared(self, residual: np.ndarray) -> np.ndarray:
        return (residual**2).sum(-1) / self.sigma**2

    def _held(self, coefficients: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """(N, P) bool: at a bound and about to leave 0..1: they take no part (projected Newton: Bertsekas, 1982)."""
        return self.bounded & (((coefficients <= 0) & (slope > 0)) | ((coefficients >= 1) & (slope < 0)))
