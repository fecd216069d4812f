"""Which vertices of any model are the skin of the face: what two models of different topology have in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.regions import ever_seen

#: Parts that are not skin, or that models build differently.
_NOT_SKIN = ("eyes", "mouth_inner", "tongue", "teeth", "gums")
_REACH = 0.095  # m around the nose tip, as in NoW's face region
_NOSE_TIP = 30  # iBUG


def landmark_numbers(model: LinearModel) -> dict[str, tuple[int, ...]]:
    """Scheme → iBUG number of each of its points; only schemes that are numbered so."""
    known: Mapping[str, tuple[int, ...]] = getattr(model, "landmark_numbers", {})
    return dict(known) or {scheme: tuple(range(68)) for scheme in model.schemes if scheme == "ibug68"}


def known_landmarks(model: LinearModel) -> tuple[tuple[int, ...], np.ndarray, np.ndarray]:
    """iBUG numbers (N), vertices (N, 3) and barycentric weights (N, 3) of what the model knows; N = 0 if nothing."""
    numbers = landmark_numbers(model)
    scheme = next(iter(numbers), None)
    if scheme is None:
        return (), np.zeros((0, 3), np.int32), np.zeros((0, 3), np.float32)
    return numbers[scheme], *model.embedding(scheme)


def nose_tip(model: LinearModel, vertices: np.ndarray) -> np.ndarray:
    """(3,) of a mesh (V, 3): the landmark, or the vertex that stands out most."""
    numbers, corners, weights = known_landmarks(model)
    if _NOSE_TIP in numbers:
        i = numbers.index(_NOSE_TIP)
        return weights[i] @ vertices[corners[i]]
    return vertices[vertices[:, 2].argmax()]


def skin(model: LinearModel) -> np.ndarray:
    """Vertices (V,) bool of skin and lips, the whole head's as far as the model has one.

    Models that name regions are taken by their word; of others, what a camera in front sees from some side.
    """
    regions: Mapping[str, np.ndarray] = getattr(model, "regions", {})
    hidden = np.zeros(model.n_vertices, bool)
    for name in _NOT_SKIN:
        if name in regions:
            hidden |= regions[name] > 0.5
    return (regions["face"] > 0.2 if "face" in regions else ever_seen(model.bases["mean"], model.triangles)) & ~hidden


def face(model: LinearModel) -> np.ndarray:
    """Vertices (V,) bool of skin that a camera sees within 95 mm of the nose tip."""
    mean = model.bases["mean"]
    near = np.linalg.norm(mean - nose_tip(model, mean), axis=1) < _REACH
    return skin(model) & near & ever_seen(mean, model.triangles)
