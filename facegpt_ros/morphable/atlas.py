"""Texture coordinates for photographs: the model's own, stretched where the face is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from facegpt_ros.morphable.model import MorphableModel

#: How much more texture a square millimetre of face gets than one of the back of the head.
_FACE_WEIGHT = 12.0
_BINS = 256
#: Share of each axis that is divided evenly, so that nothing is squeezed to nothing.
_FLOOR = 0.1
_EYE_SIDE = 0.16  # of the square that unfolds one eyeball, in texture widths
_EYE_MARGIN = 0.01
#: Below 1 the front of an eyeball, which is seen, gets more than the back.
_EYE_POWER = 0.7


@lru_cache(maxsize=4)
def photo_atlas(model: MorphableModel) -> np.ndarray:
    """Texture coordinates by triangle corner, (F, 3, 2) float32, (0, 0) bottom left; read-only.

    The artists' layout gives the face a fiftieth of the texture and an eye six texels of 512: good for painting
    a whole head, too little for a photo. Each axis is stretched by a monotone function, so what did not overlap
    still does not, and eyeballs are unfolded around their axes into squares of their own.
    """
    corners = model.uv_corners.astype(np.float64)
    mean = model.bases["mean"].astype(np.float64)
    eyes = model.regions.get("eyes", np.zeros(len(mean)))[model.triangles].min(1) > 0.5  # (F,)
    a, b, c = mean[model.triangles].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    face = model.regions.get("face", np.zeros(len(mean)))[model.triangles].mean(1)
    weight = np.where(eyes, 0, area * (1 + (_FACE_WEIGHT - 1) * face))
    out = np.stack([_stretched(corners[..., axis], weight) for axis in (0, 1)], -1)
    if eyes.any():
        strip = _EYE_SIDE + 2 * _EYE_MARGIN
        out[..., 0] = strip + (1 - strip) * out[..., 0]
        for row, side in enumerate((a[:, 0] < 0, a[:, 0] >= 0)):
            chosen = np.flatnonzero(eyes & side)
            if len(chosen):
                low = np.array([_EYE_MARGIN, _EYE_MARGIN + row * strip])
                out[chosen] = low + _EYE_SIDE * _unfolded(mean[model.triangles[chosen]])
    out = out.astype(np.float32)
    out.setflags(write=False)
    return out


def _stretched(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Histogram equalisation: values (F, 3) in 0..1, so that equal weights (F,) get equal lengths."""
    edges = np.linspace(0, 1, _BINS + 1)
    low, high = values.min(1), values.max(1)
    width = np.maximum(high - low, 1e-4)
    # The share of each triangle that lies below each edge.
    below = np.clip((edges[:, None] - low) / width, 0, 1) @ weight  # (_BINS + 1,)
    mapped = _FLOOR * edges + (1 - _FLOOR) * (below - below[0]) / max(below[-1] - below[0], 1e-12)
    return np.interp(values, edges, mapped)


def _unfolded(corners: np.ndarray) -> np.ndarray:
    """An eyeball's triangles (N, 3, 3) m around their own centre, front in the middle: (N, 3, 2) in 0..1."""
    points = corners.reshape(-1, 3)
    # The middle between the ends, not the mean: one of the eyeballs has no back.
    centre = (points.min(0) + points.max(0)) / 2
    radius = np.ptp(points[:, :2], axis=0).max() / 2
    centre[2] = points[:, 2].max() - radius
    out = points - centre
    across = np.hypot(out[:, 0], out[:, 1])
    reach = (np.arctan2(across, out[:, 2]) / np.pi) ** _EYE_POWER
    flat = out[:, :2] / np.maximum(across, 1e-9)[:, None] * reach[:, None]
    return (flat.reshape(-1, 3, 2) + 1) / 2
