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
        self._rows = place[rows]  # (M,) of U
        self._fans = _fans(place[around], self._rows)
        bases = model.bases
        parts = [bases[name].reshape(len(bases[name]), -1, 3)[:, used] for name in ("identity", "expression")]
        shape = np.concatenate(parts).transpose(0, 2, 1)  # (I + E, 3, U): the coordinates apart, which adds up faster
        self._shape = shape.reshape(len(shape), -1).astype(np.float32)  # (I + E, 3U)
        self._base = bases["mean"][used].T.astype(np.float32)  # (3, U)
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
        said = (estimate.identity, estimate.expression, albedo, illumination, estimate.rotation, translation)
        finite = [np.isfinite(part).all(tuple(range(1, part.ndim))) for part in said]
        good = np.flatnonzero(np.all(finite, axis=0))
        if not len(good):
            return estimate
        shape = np.concatenate([estimate.identity[good], estimate.expression[good]], 1).astype(np.float32)
        posed = self._posed(shape, estimate.rotation[good], translation[good])
        points, normals = posed[..., self._rows], self._normals(posed)  # (N, 3, M)
        side = crops.shape[1]
        facing = -(points * normals).sum(1) / np.maximum(np.sqrt(np.square(points).sum(1)), 1e-9)  # (N, M)
        h = np.asarray(half_extent, np.float32)[good, None, None]
        at = ((points[:, :2] / (h * np.maximum(points[:, 2:], 1e-6)) + 1) * side - 1) / 2  # (N, 2, M) px
        in_sight = (facing > _FACING) & (np.abs(at - (side - 1) / 2) < side / 2 - 1).all(1)
        skin = self._mean + (albedo[good].astype(np.float32) @ self._albedo).reshape(len(good), -1, 3)  # (N, M, 3)
        for n, i in enumerate(good):
            rows = np.flatnonzero(in_sight[n])
            if len(rows) < _LEAST:
                continue
            seen = _colours(crops[i], at[n][:, rows]), sh_basis(np.ascontiguousarray(normals[n].T[rows]))
            illumination[i], albedo[i] = self._solve(rows, skin[n][rows], *seen, illumination[i], albedo[i])
        return replace(estimate, illumination=illumination, albedo=albedo)

    def _posed(self, shape: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        """(N, 3, U) float32 m in the virtual cameras' frames."""
        points = (shape @ self._shape).reshape(len(shape), *self._base.shape) + self._base
        return rotation.astype(np.float32) @ points + translation[..., None].astype(np.float32)

    def _normals(self, points: np.ndarray) -> np.ndarray:
        """(N, 3, U) → unit normals (N, 3, M) of the chosen vertices."""
        sides = np.take(points, self._fans, axis=2)  # (N, 3, 2, D, M)
        sides -= points[:, :, None, None, self._rows]
        (ax, ay, az), (bx, by, bz) = (np.moveaxis(sides[:, :, k], 1, 0) for k in (0, 1))  # (N, D, M) each
        cross = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]
        normals = np.stack([part.sum(1) for part in cross], 1)
        normals /= np.maximum(np.sqrt(np.square(normals).sum(1, keepdims=True)), 1e-12)
        return normals

    def _solve(
        self,
        rows: np.ndarray,
        skin: np.ndarray,
        colours: np.ndarray,
        basis: np.ndarray,
        illumination: np.ndarray,
        albedo: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """φ (27,) and γ (A,), in turn, from the estimate's; its skin, colours (K, 3) and harmonics (K, 9) at rows."""
        prior, own = illumination.reshape(9, 3), albedo
        lit = _Light(colours, basis, prior)
        light = lit.solve(skin, prior)
        shading = basis @ light  # (K, 3)
        left = colours - skin * shading
        weights = _weights(left)[:, None]
        tones = self._tones[rows]  # (K, 3, F)
        moved = (tones * (shading * weights)[..., None]).reshape(-1, len(self._free))
        # Of an array and its own transpose BLAS computes only half.
        change = _held(moved.T @ moved, (left * weights).ravel() @ moved, _ALBEDO_SPREAD)
        gamma = own.copy()
        gamma[self._free] = (own[self._free] + change).clip(-COEFFICIENT_LIMIT, COEFFICIENT_LIMIT)
        skin = skin + tones @ (gamma - own)[self._free]
        light = lit.solve(skin, light)
        light = light.reshape(27).clip(-ILLUMINATION_LIMIT, ILLUMINATION_LIMIT)
        return light.astype(illumination.dtype), gamma.astype(albedo.dtype)


def _fans(triangles: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(2, D, M) int: the other two corners, in order, of each triangle around each vertex; filled up with itself."""
    fans = []
    for row in rows:
        corner = [np.flatnonzero(triangles[:, k] == row) for k in range(3)]
        others = [triangles[corner[k]][:, [(k + 1) % 3, (k + 2) % 3]] for k in range(3)]
        fans.append(np.concatenate(others))  # (d, 2)
    out = np.tile(rows, (2, max(map(len, fans), default=1), 1))
    for m, fan in enumerate(fans):
        out[:, : len(fan), m] = fan.T
    return out


def _colours(crop: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(K, 3) RGB 0..1 of a crop, a little smoothed, at (2, K) px."""
    x, y = at.astype(np.float32)
    smooth = cv2.blur(crop, (3, 3))
    return cv2.remap(smooth, x[:, None], y[:, None], cv2.INTER_LINEAR)[:, 0, ::-1].astype(np.float32) / 255


class _Light:
    """φ (9, 3) by least squares, of colours (K, 3) where the harmonics are basis (K, 9); held to prior (9, 3)."""

    def __init__(self, colours: np.ndarray, basis: np.ndarray, prior: np.ndarray) -> None:
        self._colours, self._basis, self._prior = colours, basis, prior
        self._expected = basis @ prior  # (K, 3)
        self._squares = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)  # (K, 81)

    def solve(self, skin: np.ndarray, now: np.ndarray) -> np.ndarray:
        """φ that makes skin (K, 3) look like the colours; now: as it is, for the weights."""
        weighted = skin * np.square(_weights(self._colours - skin * (self._basis @ now)))[:, None]
        left = weighted * (self._colours - skin * self._expected)
        normal = ((weighted * skin).T @ self._squares).reshape(3, 9, 9)  # of each channel
        return self._prior + _held(normal, left.T @ self._basis, _LIGHT_SPREAD).T


def _weights(residual: np.ndarray) -> np.ndarray:
    """(K, 3) → square roots (K,) of Huber's weights, of the colours' common residual."""
    size = np.sqrt(np.square(residual).mean(1))
    return np.sqrt((_NOISE / np.maximum(size, _NOISE)) / (_NOISE**2 * _ALIKE))


def _held(normal: np.ndarray, across: np.ndarray, spread: float) -> np.ndarray:
    """β (..., P) of normal equations XᵀX (..., P, P), which it changes, and Xᵀy (..., P), where β ~ N(0, spread²)."""
    diagonal = np.arange(normal.shape[-1])
    normal[..., diagonal, diagonal] += 1 / spread**2
    return np.linalg.solve(normal, across[..., None])[..., 0]
