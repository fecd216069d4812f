"""How far a face's shape is from the truth, in millimetres, by the protocol of the NoW challenge.

Seven landmarks give rotation, translation and scale, once; then rigid ICP without scale; then the distance from every
vertex of the true face region to the predicted surface (Sanyal et al., 2019). An ICP that keeps re-estimating the scale
would inflate the head and call it a fit.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.rigid import similarity

#: Outer and inner eye corners, nose tip, mouth corners: NoW's seven, by iBUG index.
SEVEN = (36, 39, 42, 45, 33, 48, 54)
_ICP_STEPS = 12
_NEIGHBOURS = 8


def surface_distances(points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest surface points (N, 3) and their distances (N,), among the triangles around the nearest centroids."""
    corners = vertices[triangles]  # (F, 3, 3)
    near = cKDTree(corners.mean(1)).query(points, k=_NEIGHBOURS)[1]  # (N, k)
    closest = _closest_on_triangles(points[:, None], corners[near])  # (N, k, 3)
    gaps = np.linalg.norm(closest - points[:, None], axis=-1)
    best = gaps.argmin(1)
    rows = np.arange(len(points))
    return closest[rows, best], gaps[rows, best]


def shape_error(
    model: MorphableModel, predicted: np.ndarray, true: np.ndarray, landmarks: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Distances (N,) in mm from the true face region to the predicted mesh.

    Args:
        model: gives triangles and the face region; both meshes have its topology.
        predicted, true: (V, 3) m, neutral.
        landmarks: predicted and true (68, 3) m.
    """
    seven = list(SEVEN)
    rotation, translation, scale = similarity(landmarks[0][seven], landmarks[1][seven])
    moved = scale * predicted @ rotation.T + translation
    region = model.regions["face"] * (1 - model.regions["eyes"]) > 0.5
    inside = (model.regions["face"] > 0.2)[model.triangles].all(1)  # the surface the region may lie on, with a rim
    target = true[region]
    for _ in range(_ICP_STEPS):
        closest, gaps = surface_distances(target, moved, model.triangles[inside])
        keep = gaps <= np.quantile(gaps, 0.95)
        rotation, translation, _ = similarity(closest[keep], target[keep], with_scale=False)
        moved = moved @ rotation.T + translation
    return surface_distances(target, moved, model.triangles[inside])[1] * 1e3


def best_fit(model: MorphableModel, true: np.ndarray) -> np.ndarray:
    """α (I,) of the identity nearest to a neutral mesh (V, 3) of the model's topology, under the prior (ridge, MAP)."""
    weight = np.repeat(model.regions["face"], 3)
    basis = model.bases["identity"] * weight
    target = ((true - model.bases["mean"]).ravel()) * weight
    noise = 5e-4  # m: what the prior is weighed against
    gram = basis @ basis.T / noise**2 + np.eye(len(basis))
    return np.linalg.solve(gram, basis @ target / noise**2)


def _closest_on_triangles(p: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Nearest point of each triangle (..., 3, 3) to p (..., 3): of its edges, or its inside (Ericson, 2004)."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]

    def dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x * y).sum(-1)

    def on_edge(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        edge = end - start
        t = np.clip(dot(p - start, edge) / np.maximum(dot(edge, edge), 1e-18), 0, 1)
        return start + t[..., None] * edge

    candidates = [on_edge(a, b), on_edge(b, c), on_edge(c, a)]
    ab, ac = b - a, c - a
    normal = np.cross(ab, ac)
    area = np.maximum(dot(normal, normal), 1e-24)
    w_b = dot(np.cross(p - a, ac), normal) / area
    w_c = dot(np.cross(ab, p - a), normal) / area
    inside = (w_b >= 0) & (w_c >= 0) & (w_b + w_c <= 1)
    foot = a + w_b[..., None] * ab + w_c[..., None] * ac
    candidates.append(np.where(inside[..., None], foot, candidates[0]))
    stacked = np.stack(candidates)  # (4, ..., 3)
    best = np.linalg.norm(stacked - p, axis=-1).argmin(0)
    return np.take_along_axis(stacked, best[None, ..., None], 0)[0]
