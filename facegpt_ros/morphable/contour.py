"""The jaw line slides over the skin as the head turns: landmarks of the face's contour whose place depends on yaw.

Whoever marks a turned face puts the points of the far cheek on its outline, not on the skin that they mark from the
front ("landmark marching", Zhu et al., 2015, High-fidelity pose and expression normalization). A model file holds
places on the surface at some yaws; between them positions are interpolated linearly, beyond them the last one stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ModelError

#: The sliding points of the 68: the jaw line.
JAW = np.arange(17)


@dataclass(frozen=True)
class SlidingContour:
    """Places of the jaw points at K yaws.

    Attributes:
        yaw: (K,) float32 degrees, rising, K ≥ 2; sign as in pose.seen_yaw.
        triangle: (K, 17) int32.
        barycentric: (K, 17, 3) float32.

    Raises:
        ModelError: wrong shapes, yaws that do not rise, or a value that is not finite.
    """

    yaw: np.ndarray
    triangle: np.ndarray
    barycentric: np.ndarray

    def __post_init__(self) -> None:
        k = np.size(self.yaw)
        shapes = np.shape(self.yaw), np.shape(self.triangle), np.shape(self.barycentric)
        if k < 2 or shapes != ((k,), (k, len(JAW)), (k, len(JAW), 3)):
            raise ModelError(
                "contour's yaw, triangle and barycentric are {}, {}, {}, not (K,), (K, 17), (K, 17, 3)".format(*shapes)
            )
        if not (np.isfinite(self.yaw).all() and np.isfinite(self.barycentric).all() and (np.diff(self.yaw) > 0).all()):
            raise ModelError(f"contour's yaws {np.asarray(self.yaw)} do not rise, or it holds a NaN")


class ContourBases:
    """The jaw points of a linear model at every yaw, without the mesh.

    Args:
        contour: where they lie; triangles (F, 3) of the model.
        mean: (V, 3) m; shape: (P, 3V), m per coefficient.

    Attributes:
        yaw: (K,) float32 degrees.
        mean: (K, 17, 3) m, shape: (K, P, 51) m per coefficient, float32.
    """

    def __init__(self, contour: SlidingContour, triangles: np.ndarray, mean: np.ndarray, shape: np.ndarray) -> None:
        corners, weights = triangles[contour.triangle], np.asarray(contour.barycentric, np.float32)
        self.yaw = np.ascontiguousarray(contour.yaw, np.float32)
        self._gaps = np.diff(self.yaw)
        self.mean = np.einsum("kjci,kjc->kji", mean[corners], weights)
        columns = shape.reshape(len(shape), -1, 3)
        at = [np.einsum("pjci,jc->pji", columns[:, c], w) for c, w in zip(corners, weights, strict=True)]
        self.shape = np.stack(at).reshape(len(corners), len(shape), -1).astype(np.float32)

        # What a yaw between two of the contour's needs, in one piece: (K - 1, P, 102) and (K - 1, 2, 51).
        self._pairs = np.ascontiguousarray(np.concatenate([self.shape[:-1], self.shape[1:]], 2))
        flat_mean = self.mean.reshape(len(self.mean), -1).astype(np.float32)
        self._mean_pairs = np.stack([flat_mean[:-1], flat_mean[1:]], 1)

    def place(self, yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Yaw (...,) degrees → the yaw below (...,) as an index, and the share (...,) of the one above it."""
        yaw = np.asarray(yaw, np.float32)
        if not np.isfinite(yaw).all():
            raise ModelError("yaw holds a value that is not finite; give degrees, or None for the contour from ahead")
        within = np.minimum(np.maximum(yaw, self.yaw[0]), self.yaw[-1])
        below = np.minimum(np.searchsorted(self.yaw, within, side="right"), len(self.yaw) - 1) - 1
        return below, (within - self.yaw[below]) / self._gaps[below]

    def points(self, coefficients: np.ndarray, yaw: np.ndarray) -> np.ndarray:
        """Coefficients (..., P), yaw (...,) degrees, of one shape → (..., 17, 3) float32 m, model frame."""
        below, share = self.place(yaw)
        rows, weights = coefficients.reshape(-1, coefficients.shape[-1]), share.reshape(-1, 1)
        flat = np.empty((len(rows), 2, 3 * len(JAW)), np.float32)
        for i, k in enumerate(below.ravel()):  # a product a face: gathering the bases of all costs more
            np.dot(rows[i], self._pairs[k], out=flat[i].reshape(-1))
        flat += self._mean_pairs[below.ravel()]
        points = flat[:, 0] + weights * (flat[:, 1] - flat[:, 0])
        return points.reshape(*share.shape, len(JAW), 3)

    def at(self, yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Yaw (N,) degrees → the points' mean (N, 17, 3) m and basis (N, 17, 3, P) m per coefficient."""
        below, share = self.place(yaw)
        share = share[:, None, None]
        mean = (1 - share) * self.mean[below] + share * self.mean[below + 1]
        shape = (1 - share) * self.shape[below] + share * self.shape[below + 1]  # (N, P, 51)
        return mean, np.moveaxis(shape, 1, 2).reshape(len(shape), len(JAW), 3, -1)
