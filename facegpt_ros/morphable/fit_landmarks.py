"""Fits a morphable model to 2D landmarks: who, which expression and in which pose. numpy only, many images at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.contour import JAW
from facegpt_ros.morphable.landmark_problem import LandmarkProblem, Sliding, State
from facegpt_ros.morphable.landmarks import (
    FACE_OVAL_MEDIAPIPE,
    IBUG68_FROM_MEDIAPIPE,
    OUTER_EYES,
    OUTER_EYES_MEDIAPIPE,
)
from facegpt_ros.morphable.linear import ACTIVATION_LIMITS, LinearModel
from facegpt_ros.render.camera import Camera

# σ of an expression's prior: of an activation, whose range is 0..1, and of a model in standard deviations.
_ACTIVATION_SPREAD, _SIGMA_SPREAD = 0.3, 1.0
_EFFECTIVE_POINTS = 68.0  # neighbours among 468 points err together: they count as this many independent ones
_OVAL_WEIGHT = 0.25  # the face oval is where labels are the weakest and least tied to the skin
_CHUNK_POINTS = 2048  # landmarks whose Jacobians are in memory at once: more do not fit a CPU's cache
_DAMPING, _DAMPING_LIMITS = 1e-3, (1e-7, 1e7)
_HOPELESS = 1e4  # a damping at which only tiny steps are left
_ENOUGH = 1e-4  # relative gain of a step after which a fit has arrived


@dataclass(frozen=True)
class LandmarkFit:
    """What N images' landmarks say of their faces.

    Attributes:
        identity: α (N, I) float64, σ of the prior.
        expression: δ (N, E), activations in 0..1, or σ where the model has no activations.
        rotation: (N, 3, 3), model frame → optical frame.
        translation: (N, 3) m, the model frame's origin in the optical frame.
        landmarks: (N, K, 2) px, the fitted model's.
        error: (N,) mean distance to the given landmarks, as a share of the distance of the outer eye corners.
    """

    identity: np.ndarray
    expression: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    landmarks: np.ndarray
    error: np.ndarray

    def __len__(self) -> int:
        return len(self.error)

    def part(self, rows: slice | np.ndarray) -> LandmarkFit:
        """The fits of some of the images."""
        return LandmarkFit(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


class LandmarkFitter:
    """Levenberg-Marquardt on identity, expression and pose, with the model's Gaussian prior and robust weights.

    Minimises, for each image, Σ_k w_k ρ(|project(R·S_k(α, δ) + t) - x_k| / σ) + |α|² + |δ/σ_δ|², the maximum a
    posteriori of Blanz and Vetter (2003, sec. 4) for points. Activations stay in 0..1. Where the model's contour slides
    with yaw, the jaw follows the yaw of each step.

    Args:
        model: any with landmarks of `scheme`.
        scheme: "ibug68", or "mediapipe478" for the 478 points or the first 468 of them, as MediaPipe gives them.
        noise: σ of the landmarks, as a share of the outer-eye distance.
        weights: (K,) trust in each landmark, 1 for full; None lowers that in MediaPipe's face oval.

    Raises:
        ModelError: the model has no such landmarks.

    Example:
        >>> fitter = LandmarkFitter(model)
        >>> fit = fitter.fit(landmarks, Camera.from_fov(640, 480, 60))  # landmarks (N, 68, 2) px
        >>> vertices = model.vertices(fit.identity, fit.expression)  # (N, V, 3)
    """

    def __init__(
        self,
        model: LinearModel,
        scheme: str = "ibug68",
        *,
        noise: float = 0.015,
        weights: np.ndarray | None = None,
    ) -> None:
        self.model, self.scheme, self.noise = model, scheme, noise
        n_i, n_e = len(model.identity_names), len(model.expression_names)
        self._counts = n_i, n_e
        self._mean, self._basis = _landmark_basis(model, scheme)  # (K, 3), (K, 3, I + E)
        activations = model.limits["expression"] == ACTIVATION_LIMITS
        spread = _ACTIVATION_SPREAD if activations else _SIGMA_SPREAD
        self._stiffness = np.concatenate([np.ones(n_i), np.full(n_e, spread**-2.0)])
        self._bounded = np.arange(n_i + n_e) >= (n_i if activations else n_i + n_e)
        self._weights = _default_weights(scheme, len(self._mean)) if weights is None else np.asarray(weights, float)

    def fit(
        self,
        landmarks: np.ndarray,
        cameras: Camera | Sequence[Camera],
        *,
        start: LandmarkFit | None = None,
        iterations: int = 14,
    ) -> LandmarkFit:
        """Fits every image on its own.

        Args:
            landmarks: (N, K, 2) px, or (K, 2) for one image; a point that is not finite is left out.
            cameras: of all images, or one each. A field of view of a few degrees makes it a weak perspective.
            start: an earlier fit of the same images; None starts from the mean face, posed by its affine fit.
            iterations: steps at most; from a start 3 or 4 will do.

        Raises:
            ModelError: a wrong shape, or an image with fewer than 8 landmarks or without extent.
        """
        pixels = np.asarray(landmarks, np.float64)
        pixels = pixels[None] if pixels.ndim == 2 else pixels
        count = len(pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 2 or pixels.shape[1] > len(self._mean) or pixels.shape[1] < 8:
            raise ModelError(f"landmarks have the shape {pixels.shape}; {self.scheme} takes (N, {len(self._mean)}, 2)")
        cameras = [cameras] * count if isinstance(cameras, Camera) else list(cameras)
        if len(cameras) != count:
            raise ModelError(f"{len(cameras)} cameras for the landmarks of {count} images; give one each, or one")
        parts = []
        chunk = max(1, _CHUNK_POINTS // pixels.shape[1])
        for first in range(0, count, chunk):
            rows = slice(first, first + chunk)
            begin = start.part(rows) if start else None
            parts.append(self._fit_chunk(pixels[rows], cameras[rows], begin, iterations))
        return LandmarkFit(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(LandmarkFit)})

    def _fit_chunk(
        self, pixels: np.ndarray, cameras: list[Camera], start: LandmarkFit | None, iterations: int
    ) -> LandmarkFit:
        count, k = pixels.shape[:2]
        known = np.isfinite(pixels).all(-1)  # (N, K)
        if (known.sum(1) < 8).any():
            raise ModelError(f"image {int(known.sum(1).argmin())} has {known.sum(1).min()} landmarks; a fit needs 8")
        rays = np.zeros((count, k, 2))
        for i, camera in enumerate(cameras):
            rays[i, known[i]] = camera.undistort(pixels[i, known[i]])
        problem, unit = self.problem(rays, known)
        n_i, n_e = self._counts
        if start is None:
            state = State(np.zeros((count, n_i + n_e)), *_affine_pose(self._mean[:k], rays, known))
            state = _settled(problem, state)  # the pose alone first, or the shape bends to fit a wrong one
        else:
            state = State(np.concatenate([start.identity, start.expression], 1), start.rotation, start.translation)
        state = _minimised(problem, state, iterations)
        identity, expression = np.split(state.coefficients, [n_i], axis=1)
        points = problem.points(state)
        gap = np.linalg.norm(points[..., :2] / points[..., 2:] - rays, axis=-1)
        return LandmarkFit(
            identity,
            expression,
            state.rotation,
            state.translation,
            np.stack([camera.project(p) for camera, p in zip(cameras, points, strict=True)]),
            np.where(known, gap, 0).sum(1) / known.sum(1) / unit,
        )

    def problem(self, rays: np.ndarray, known: np.ndarray) -> tuple[LandmarkProblem, np.ndarray]:
        """The least squares of rays (N, K, 2), x/z and y/z, where known (N, K); outer-eye distances (N,) of rays."""
        k = rays.shape[1]
        unit = self._eye_distance(rays, known)
        weights = known * self._weights[:k]
        weights *= _EFFECTIVE_POINTS / weights.sum(1, keepdims=True).clip(1) * min(1, k / _EFFECTIVE_POINTS)
        problem = LandmarkProblem(
            self._mean[:k],
            self._basis[:k],
            rays=rays,
            weights=weights,
            sigma=unit * self.noise,
            stiffness=self._stiffness,
            bounded=self._bounded,
            slides=self._slides(k),
        )
        return problem, unit

    def _slides(self, count: int) -> tuple[np.ndarray, Sliding] | None:
        """Which of the landmarks slide with yaw: the jaw of the 68, also where it is among MediaPipe's points."""
        bases = self.model.contour_bases
        if bases is None:
            return None
        rows = JAW if self.scheme == "ibug68" else np.array(IBUG68_FROM_MEDIAPIPE)[JAW]
        return (rows, bases.at) if rows.max() < count else None

    def _eye_distance(self, rays: np.ndarray, known: np.ndarray) -> np.ndarray:
        """(N,): the size of the face by its extent, in outer-eye distances of the mean face seen from the front."""
        right, left = OUTER_EYES if self.scheme == "ibug68" else OUTER_EYES_MEDIAPIPE
        k = rays.shape[1]
        spread = _spread(rays, known) / _spread(self._mean[None, :k, :2], known)
        unit = spread * np.linalg.norm(self._mean[left] - self._mean[right])
        if not (unit > 1e-9).all():
            raise ModelError(f"landmarks of image {int(unit.argmin())} lie in one point; give those of a face")
        return unit


def _minimised(problem: LandmarkProblem, state: State, iterations: int) -> State:
    """Levenberg-Marquardt, each image with its own damping (Marquardt, 1963: relative to the diagonal)."""
    damping = np.full(len(state.rotation), _DAMPING)
    diagonal = np.arange(len(problem.stiffness) + 6)
    for _ in range(iterations):
        value, gram, slope = problem.linearise(state)
        gram[:, diagonal, diagonal] *= 1 + damping[:, None]
        trial = problem.moved(state, np.linalg.solve(gram, -slope[..., None])[..., 0])
        new = problem.cost(trial)
        better = new < value
        damping = np.where(better, damping * 0.2, damping * 6).clip(*_DAMPING_LIMITS)
        state = trial.where(better, state)
        if ((better & (value - new < _ENOUGH * value)) | (damping > _HOPELESS)).all():
            break
    return state


def _settled(problem: LandmarkProblem, state: State, steps: int = 4) -> State:
    """Gauss-Newton on the pose alone."""
    for _ in range(steps):
        value, gram, slope = problem.linearise(state, pose_only=True)
        trial = problem.moved(state, np.linalg.solve(gram, -slope[..., None])[..., 0])
        state = trial.where(problem.cost(trial) < value, state)
    return state


def _affine_pose(mean: np.ndarray, rays: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (N, 3, 3) and translation (N, 3) of mean (K, 3) seen at rays (N, K, 2) (POS; DeMenthon, Davis 1995)."""
    homogeneous = np.concatenate([mean, np.ones((len(mean), 1))], 1)
    rotations, translations = [], []
    for ray, seen in zip(rays, known, strict=True):
        affine = np.linalg.lstsq(homogeneous[seen], ray[seen], rcond=None)[0].T  # (2, 4)
        u, size, vt = np.linalg.svd(affine[:, :3], full_matrices=False)
        rows = u @ vt
        depth = 1 / max(float(size.mean()), 1e-9)
        rotations.append(np.stack([*rows, np.cross(*rows)]))
        translations.append(depth * np.array([*affine[:, 3], 1.0]))
    return np.stack(rotations), np.stack(translations)


def _landmark_basis(model: LinearModel, scheme: str) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks at rest (K, 3) and what each coefficient adds (K, 3, I + E), float32."""
    n_i, n_e = len(model.identity_names), len(model.expression_names)
    mean = model.landmarks(np.zeros(n_i), np.zeros(n_e), scheme)
    ones = np.eye(n_i + n_e, dtype=np.float32)
    basis = model.landmarks(ones[:, :n_i], ones[:, n_i:], scheme) - mean  # (I + E, K, 3)
    return mean, np.ascontiguousarray(np.moveaxis(basis, 0, -1))


def _default_weights(scheme: str, count: int) -> np.ndarray:
    weights = np.ones(count)
    if scheme == "ibug68":
        weights[:17] = _OVAL_WEIGHT
    else:
        weights[list(FACE_OVAL_MEDIAPIPE)] = _OVAL_WEIGHT
    return weights


def _spread(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Root mean square distance of each image's known points (N or 1, K, 2) from their centre, (N,)."""
    weight = known[..., None] / known.sum(1)[:, None, None]
    centred = points - (points * weight).sum(1, keepdims=True)
    return np.sqrt((centred**2 * weight).sum((1, 2)))
