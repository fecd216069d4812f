"""The shape error of NoW's protocol as one matrix: small, linear, and so a loss.

evaluation/shape.py scales once by seven landmarks, aligns rigidly and measures the distance of surfaces. For faces near
the mean all three are linear in Δα: the scale is taken off by the landmarks' similarity, the rigid motion by least
squares along the normals, and the distance of surfaces is what remains along the normals (as in point-to-plane ICP).
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.evaluation.shape import SEVEN
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.rasterize import vertex_normals

_POINTS = 1200


def shape_distance(model: MorphableModel, points: int = _POINTS) -> np.ndarray:
    """(I, K) float32: |Δα @ it| are K distances in mm, spread over NoW's face region.

    Args:
        model: the morphable model.
        points: K at most.
    """
    mean, count = model.bases["mean"].astype(np.float64), len(model.identity_names)
    region = np.flatnonzero(model.regions["face"] * (1 - model.regions["eyes"]) > 0.5)
    chosen = region[np.linspace(0, len(region) - 1, min(points, len(region))).astype(int)]
    rest = np.zeros((count + 1, len(model.expression_names)), np.float32)
    seven = model.landmarks(np.eye(count + 1, count), rest)[:, list(SEVEN)].astype(np.float64)  # (I + 1, 7, 3)
    seven, moved = seven[-1], seven[:-1] - seven[-1]  # the mean's, and what each coefficient does
    around = seven - seven.mean(0)
    scale = ((moved - moved.mean(1, keepdims=True)) * around).sum((1, 2)) / (around**2).sum()  # (I,)
    at, normals = mean[chosen] - seven.mean(0), vertex_normals(mean, model.triangles)[chosen].astype(np.float64)
    basis = model.bases["identity"].reshape(count, -1, 3)[:, chosen] - scale[:, None, None] * at
    along = np.einsum("ikc,kc->ik", basis, normals)  # (I, K)
    rigid = np.concatenate([normals, np.cross(at, normals)], 1).T  # (6, K)
    along -= np.linalg.lstsq(rigid.T, along.T, rcond=None)[0].T @ rigid
    return (1000 * along).astype(np.float32)
