"""Light and skin of an estimate, settled on the crop's own pixels: a few small least squares, no drawing.

The estimator says light and albedo from features that keep few colours. Where the mesh lies is known well enough to
look them up: colour = albedo · (basis · φ) is linear in φ where the albedo is known, and in γ where the light is. Both
are solved in turn, held to what the estimator said (the photometric term of Deng et al. 2019, eq. 1, as robust linear
least squares at vertices).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from facegpt_ros.face import CropEstimate
from facegpt_ros.model.theta import COEFFICIENT_LIMIT, ILLUMINATION_LIMIT
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.shading import sh_basis

_VERTICES = 450
_COMPONENTS = 112  # of albedo that are solved for, those that move the skin's colours most
_FACING = 0.3  # least cosine between a normal and the line of sight
_LEAST = 60  # vertices in sight; fewer say too little
_NOISE = 0.05  # of a colour, RGB 0..1; residuals beyond it are glasses, hair or shadow and weigh less
_LIGHT_SPREAD = 0.15  # how far φ may be off in the estimate
_ALBEDO_SPREAD = 1.0  # γ, σ
_ALIKE = 3.0  # neighbouring vertices err alike: so many count as one


class Relighting:
    """Call refine with crops and their estimates.

    Args:
        model: the morphable model of the estimates.
    """

    def __init__(self, model: MorphableModel) -> None:
        regions, count = model.regions, model.n_vertices
        none = np.zeros(count, np.float32)
        skin = regions["face"] > 0.5
        for name in ("eyes", "mouth_inner"):
            skin &= regions.get(name, none) < 0.5
        rows = np.flatnonzero(skin)
        rows = rows[np.linspace(0, len(rows) - 1, min(_VERTICES, len(rows))).astype(int)]
        chosen = np.zeros(count, bool)
        chosen[rows] = True
        around = model.triangles[chosen[model.triangles].any(1)]  # (T, 3), whose normals are those of chosen vertices
        used = np.unique(around)
        place = np.full(count, -1)
        place[used] = np.arange(len(used))
        self._triangles, self._rows = place[around], place[rows]
        self._fans = _fans(self._triangles, self._rows)
        bases, size = model.bases, 3 * len(used)
        parts = [bases[name].reshape(len(bases[name]), -1, 3)[:, used] for name in ("identity", "expression")]
        self._shape = np.concatenate(parts).reshape(-1, size).astype(np.float32)  # (I + E, 3U)
        self._base = bases["mean"][used].astype(np.float32)  # (U, 3)
        self._mean = bases["albedo_mean"][rows].astype(np.float32)  # (M, 3)
        albedo = bases["albedo"].reshape(len(bases["albedo"]), -1, 3)[:, rows].astype(np.float32)  # (A, M, 3)
        self._albedo = albedo.reshape(len(albedo), -1)  # (A, 3M)
        self._free = np.sort(np.argsort(-np.square(self._albedo).sum(1))[:_COMPONENTS])
        self._tones = np.ascontiguousarray(albedo[self._free].transpose(1, 2, 0))  # (M, 3, F)

    def refine(self, crops: np.ndarray, half_extent: np.ndarray, estimate: CropEstimate) -> CropEstimate:
        """The same estimates with other illumination and albedo; unchanged where too little skin is in sight.

        Args:
            crops: (N, S, S, 3) uint8 BGR; half_extent: h (N,) of their virtual cameras.
        """
        illumination, albedo = estimate.illumination.copy(), estimate.albedo.copy()
        translation = estimate.translation(half_extent)
        for i in range(len(crops)):
            seen = self._sample(crops[i], float(half_extent[i]), translation[i], estimate, i)
            if seen is not None:
                illumination[i], albedo[i] = self._solve(*seen, illumination[i], albedo[i])
        return replace(estimate, illumination=illumination, albedo=albedo)

    def _sample(
        self, crop: np.ndarray, h: float, translation: np.ndarray, estimate: CropEstimate, i: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Rows in sight (K,), their colours (K, 3) RGB 0..1 and harmonics (K, 9)."""
        said = (estimate.identity, estimate.expression, estimate.albedo, estimate.illumination, estimate.rotation)
        if not all(np.isfinite(part).all() for part in (translation, *(part[i] for part in said))):
            return None
        shape = np.concatenate([estimate.identity[i], estimate.expression[i]]).astype(np.float32) @ self._shape
        points = (self._base + shape.reshape(-1, 3)) @ np.asarray(estimate.rotation[i], np.float32).T
        points = (points + translation).astype(np.float32)
        a, b, c = (points[self._triangles[:, k]] for k in range(3))
        sides = np.concatenate([np.cross(b - a, c - a), np.zeros((1, 3), np.float32)])
        normals = sides[self._fans].sum(1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        points = points[self._rows]
        facing = -(points * normals).sum(1) / np.maximum(np.linalg.norm(points, axis=1), 1e-9)
        side = len(crop)
        at = ((points[:, :2] / (h * np.maximum(points[:, 2:], 1e-6)) + 1) * side - 1) / 2
        rows = np.flatnonzero((facing > _FACING) & (np.abs(at - (side - 1) / 2) < side / 2 - 1).all(1))
        if len(rows) < _LEAST:
            return None
        smooth = cv2.blur(crop, (3, 3))
        where = np.ascontiguousarray(at[rows], np.float32)
        colours = cv2.remap(smooth, where[:, None, 0], where[:, None, 1], cv2.INTER_LINEAR)[:, 0, ::-1]
        return rows, colours.astype(np.float32) / 255, sh_basis(normals[rows])

    @staticmethod
    def _light(
        skin: np.ndarray, colours: np.ndarray, basis: np.ndarray, now: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        """φ (9, 3) that makes skin (K, 3) look like colours; now: as it is, for the weights."""
        weights = _weights(colours - skin * (basis @ now))
        channels = [
            _ridge(skin[:, c, None] * basis, colours[:, c], weights, prior[:, c], _LIGHT_SPREAD) for c in range(3)
        ]
        return np.stack(channels, 1)

    def _solve(
        self, rows: np.ndarray, colours: np.ndarray, basis: np.ndarray, illumination: np.ndarray, albedo: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """φ (27,) and γ (A,), in turn, from the estimate's."""
        prior, own = illumination.reshape(9, 3), albedo
        skin = (self._mean + (own @ self._albedo).reshape(-1, 3))[rows]  # (K, 3)
        light = self._light(skin, colours, basis, prior, prior)
        shading = basis @ light  # (K, 3)
        left = colours - skin * shading
        tones = self._tones[rows]  # (K, 3, F)
        moved = (tones * shading[..., None]).reshape(-1, len(self._free))
        weights = np.repeat(_weights(left), 3)
        gamma = own.copy()
        change = _ridge(moved, left.ravel(), weights, np.zeros(len(self._free), np.float32), _ALBEDO_SPREAD)
        gamma[self._free] = (own[self._free] + change).clip(-COEFFICIENT_LIMIT, COEFFICIENT_LIMIT)
        skin = skin + tones @ (gamma - own)[self._free]
        light = self._light(skin, colours, basis, light, prior)
        light = light.reshape(27).clip(-ILLUMINATION_LIMIT, ILLUMINATION_LIMIT)
        return light.astype(illumination.dtype), gamma.astype(albedo.dtype)


def _fans(triangles: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(M, D) int: numbers of the triangles around each vertex, filled up with len(triangles)."""
    around = [np.flatnonzero((triangles == row).any(1)) for row in rows]
    out = np.full((len(rows), max(map(len, around), default=1)), len(triangles))
    for fan, numbers in zip(out, around, strict=True):
        fan[: len(numbers)] = numbers
    return out


def _weights(residual: np.ndarray) -> np.ndarray:
    """(K, 3) → (K,), Huber's, of the colours' common residual."""
    size = np.sqrt(np.square(residual).mean(1))
    return (_NOISE / np.maximum(size, _NOISE)) / (_NOISE**2 * _ALIKE)


def _ridge(x: np.ndarray, y: np.ndarray, weights: np.ndarray, prior: np.ndarray, spread: float) -> np.ndarray:
    """Weighted least squares of x (K, P) β = y (K,), β ~ N(prior, spread²)."""
    weighted = x * weights[:, None]
    normal = weighted.T @ x + np.eye(x.shape[1], dtype=x.dtype) / spread**2
    return prior + np.linalg.solve(normal, weighted.T @ (y - x @ prior))
