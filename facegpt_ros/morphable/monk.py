"""The Monk Skin Tone scale, and how near a model's tone axes come to it."""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.model import MorphableModel

#: The Monk Skin Tone scale (Monk, 2019), sRGB, from 1 to 10.
MONK = (
    np.array(
        [
            (246, 237, 228),
            (243, 231, 219),
            (247, 234, 208),
            (234, 218, 186),
            (215, 189, 150),
            (160, 126, 86),
            (130, 92, 67),
            (96, 65, 52),
            (58, 49, 42),
            (41, 36, 32),
        ]
    )
    / 255
)
TONE_NAMES = ("skin_lightness", "skin_yellowness", "skin_redness")
REACH = 2.5  # standard deviations within which the scale shall lie


def model_tones(model: MorphableModel) -> tuple[np.ndarray, np.ndarray]:
    """RGB of a model's mean skin (3,), and what each of its tone axes adds to it at 1 σ (3, 3)."""
    nothing = np.zeros(model.n_vertices)
    weight = model.regions["face"] * model.regions["skin"] * (1 - model.regions.get("beard", nothing))
    weight = weight / weight.sum()
    basis = model.bases["albedo"].reshape(len(model.albedo_names), -1, 3)
    axes = [basis[model.albedo_names.index(name)] for name in TONE_NAMES]
    return weight @ model.bases["albedo_mean"], np.stack([weight @ axis for axis in axes])


def monk_coordinates(mean: np.ndarray, axes: np.ndarray, reach: float = REACH) -> tuple[np.ndarray, np.ndarray]:
    """How near the tones of the scale are.

    Args:
        mean: (3,) RGB of the mean skin; axes: (3, 3), what each tone axis adds to it at 1 σ.
        reach: σ allowed.

    Returns:
        coordinates (10, 3) within ±reach that come nearest, and the distance (10,) in RGB that is left.
    """
    coordinates = np.zeros((len(MONK), len(axes)))
    for _ in range(200):  # projected coordinate descent on a small quadratic
        for k, axis in enumerate(axes):
            rest = MONK - mean - coordinates @ axes + coordinates[:, k, None] * axis
            coordinates[:, k] = np.clip(rest @ axis / max(float(axis @ axis), 1e-12), -reach, reach)
    return coordinates, np.linalg.norm(MONK - mean - coordinates @ axes, axis=1)
