"""What an estimator's spread means in the image: σ of landmarks in pixels, and how much to trust a face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facegpt_ros.perception.crop import CropCamera

_STEP = 1e-3  # crop units
#: Longer side of the landmarks' box under the standard framing, crop units (perception/crop.py).
_FACE_SIDE = 4 / 3
#: σ of a landmark, as a share of the face's longer side, that halves the confidence: an eye is about as large.
_HALVES = 0.1


def landmark_sigma(crop: CropCamera, points: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """σ in the source image, px (68,), the same for x and y.

    The mean square over both axes of J σ, J the derivative of a pixel by crop units where the landmark lies.

    Args:
        crop: that the face was estimated from.
        points: (68, 3) m, the landmarks in the real optical frame.
        sigma: (68,) crop units.
    """
    return landmark_sigmas([crop], points[None], sigma[None])[0]


def landmark_sigmas(crops: Sequence[CropCamera], points: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """landmark_sigma of N faces of one image: points (N, 68, 3), sigma (N, 68) → (N, 68)."""
    rotation, half = np.stack([crop.rotation for crop in crops]), np.array([crop.half_extent for crop in crops])
    rays = points @ rotation  # in the virtual cameras' frames
    rays = rays / np.maximum(rays[..., 2:], 1e-6)
    rays = np.stack([rays, rays, rays])  # (3, N, 68, 3)
    step = _STEP * half[:, None]
    rays[1, ..., 0] += step
    rays[2, ..., 1] += step
    here, right, down = crops[0].camera.project(rays @ np.swapaxes(rotation, 1, 2))
    squares = np.sum((right - here) ** 2 + (down - here) ** 2, axis=-1) / _STEP**2
    return (np.sqrt(squares / 2) * sigma).astype(np.float32)


def confidence(presence: float, sigma: np.ndarray | None = None) -> float:
    """How much to trust a face, 0 to 1: presence / (1 + (r / 0.1)²), r the landmarks' σ (root mean square) over the
    face's size. It falls as σ grows; without a spread it is the presence.

    Args:
        presence: probability that there is a face.
        sigma: (68,) crop units.
    """
    if sigma is None:
        return presence
    share = float(np.sqrt(np.mean(np.square(sigma, dtype=np.float64)))) / _FACE_SIDE
    return presence / (1 + (share / _HALVES) ** 2)
