"""How far a face's shape is from the truth, in millimetres, by the protocol of the NoW challenge.

Seven landmarks give rotation, translation and scale, once; then rigid ICP without scale; then the distance from every
vertex of the true face region to the predicted surface (Sanyal et al., 2019). An ICP that keeps re-estimating the scale
would inflate the head and call it a fit.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.rigid import similarity
from facegpt_ros.morphable.surface import Surface

#: Outer and inner eye corners, nose tip, mouth corners: NoW's seven, by iBUG index.
SEVEN = (36, 39, 42, 45, 33, 48, 54)
_ICP_STEPS = 12


def surface_distances(points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest surface points (N, 3) and their distances (N,)."""
    surface = Surface(vertices, triangles)
    hits = surface.nearest(points)
    return surface.positions(hits), hits.distance


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
    region = model.regions["face"] * (1 - model.regions["eyes"]) > 0.5
    inside = (model.regions["face"] > 0.2)[model.triangles].all(1)  # the surface the region may lie on, with a rim
    marks = landmarks[0][seven], landmarks[1][seven]
    return 1e3 * aligned_distances(true[region], predicted, model.triangles[inside], marks)


def aligned_distances(
    target: np.ndarray, vertices: np.ndarray, triangles: np.ndarray, landmarks: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Distances (N,) from points to a mesh that is brought to them as NoW does, in the points' unit.

    Args:
        target: (N, 3), of the true face.
        vertices: (V, 3) and triangles (F, 3) of the predicted mesh, in any unit and pose.
        landmarks: predicted and true, (K, 3) each; they settle the scale, once.
    """
    rotation, translation, scale = similarity(*landmarks)
    surface = Surface(scale * vertices @ rotation.T + translation, triangles)
    hits = surface.nearest(target)
    for _ in range(_ICP_STEPS):
        keep = hits.distance <= np.quantile(hits.distance, 0.95)
        rotation, translation, _ = similarity(surface.positions(hits)[keep], target[keep], with_scale=False)
        surface.move(surface.vertices @ rotation.T + translation)
        hits = surface.nearest(target, hits.triangle)
    return hits.distance


def best_fit(model: MorphableModel, true: np.ndarray) -> np.ndarray:
    """α (I,) of the identity nearest to a neutral mesh (V, 3) of the model's topology, under the prior (ridge, MAP)."""
    weight = np.repeat(model.regions["face"], 3)
    basis = model.bases["identity"] * weight
    target = ((true - model.bases["mean"]).ravel()) * weight
    noise = 5e-4  # m: what the prior is weighed against
    gram = basis @ basis.T / noise**2 + np.eye(len(basis))
    return np.linalg.solve(gram, basis @ target / noise**2)
