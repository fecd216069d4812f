"""A simple albedo basis by region: skin from very dark to very light, lips, brows, beard, eyes, hair.

No photograph is in it: tones were set by hand along the Monk scale. Coefficients are in standard deviations.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import eigsh

Regions = dict[str, np.ndarray]

_SKIN = (0.70, 0.53, 0.44)
#: Paint over the mean skin: region → (colour, opacity).
_PAINT: dict[str, tuple[tuple[float, float, float], float]] = {
    "lips": ((0.66, 0.38, 0.35), 0.8),
    "lids": ((0.52, 0.36, 0.29), 0.5),
    "brows": ((0.30, 0.21, 0.16), 0.75),
    "scalp": ((0.27, 0.20, 0.16), 0.9),
    "eyes": ((0.72, 0.68, 0.66), 1.0),
    "iris": ((0.30, 0.22, 0.16), 1.0),
    "pupil": ((0.05, 0.05, 0.05), 1.0),
    "mouth_inner": ((0.26, 0.11, 0.10), 1.0),
    "tongue": ((0.55, 0.28, 0.27), 1.0),
    "gums": ((0.55, 0.26, 0.25), 1.0),
    "teeth": ((0.82, 0.78, 0.69), 1.0),
}
#: name → (regions, colour change at one standard deviation).
_AXES: dict[str, tuple[tuple[str, ...], tuple[float, float, float]]] = {
    "skin_lightness": (("skin", "lips", "lids"), (0.135, 0.145, 0.140)),
    "skin_redness": (("skin", "lips", "lids"), (0.020, -0.010, -0.012)),
    "skin_yellowness": (("skin", "lips", "lids"), (0.008, 0.006, -0.028)),
    "lips_redness": (("lips",), (0.040, -0.025, -0.020)),
    "lips_lightness": (("lips",), (0.070, 0.055, 0.055)),
    "brows_lightness": (("brows",), (0.100, 0.085, 0.072)),
    "brows_warmth": (("brows",), (0.030, 0.006, -0.020)),
    "hair_lightness": (("scalp",), (0.110, 0.100, 0.090)),
    "hair_warmth": (("scalp",), (0.030, 0.006, -0.020)),
    "beard_shadow": (("beard", "moustache"), (-0.060, -0.054, -0.045)),
    "moustache_shadow": (("moustache",), (-0.060, -0.056, -0.050)),
    "chin_beard_shadow": (("beard",), (-0.055, -0.050, -0.043)),
    "cheeks_redness": (("cheeks",), (0.020, -0.016, -0.012)),
    "nose_redness": (("nose",), (0.018, -0.014, -0.011)),
    "eyelids_lightness": (("lids",), (0.075, 0.070, 0.070)),
    "eyelids_colour": (("lids",), (0.018, -0.012, 0.020)),
    "sclera_lightness": (("sclera",), (0.085, 0.085, 0.085)),
    "iris_lightness": (("ring",), (0.070, 0.085, 0.100)),
    "iris_blueness": (("ring",), (-0.015, 0.012, 0.045)),
    "iris_greenness": (("ring",), (-0.006, 0.020, -0.012)),
    "mouth_inner_lightness": (("mouth_inner", "tongue", "gums"), (0.100, 0.070, 0.070)),
    "teeth_lightness": (("teeth",), (0.070, 0.075, 0.085)),
    "ears_redness": (("ears",), (0.040, -0.015, -0.015)),
    "neck_lightness": (("neck",), (0.060, 0.060, 0.060)),
}
_SMOOTH = 10


def _smooth_fields(vertices: np.ndarray, triangles: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The _SMOOTH smoothest patterns on the masked surface, (K, V), unit variance: eigenvectors of its Laplacian."""
    inside = mask > 0.5
    index = np.cumsum(inside) - 1
    kept = triangles[inside[triangles].all(1)]
    i, j = index[kept].ravel(), index[np.roll(kept, 1, 1)].ravel()
    length = np.linalg.norm(vertices[inside][i] - vertices[inside][j], axis=1)
    w = coo_matrix((1 / np.maximum(length, 1e-4) ** 2, (i, j)), shape=(int(inside.sum()),) * 2)
    w = w + w.T
    degree = np.asarray(w.sum(1)).ravel()
    scale = diags(1 / np.sqrt(np.maximum(degree, 1e-9)))
    laplacian = diags((degree > 0).astype(float)) - scale @ w @ scale
    start = np.ones(laplacian.shape[0])  # a fixed start gives the same vectors at every build
    _, vectors = eigsh(laplacian, _SMOOTH + 1, sigma=-1e-3, v0=start)
    fields = np.zeros((_SMOOTH, len(vertices)))
    for k, vector in enumerate((scale @ vectors).T[1:]):
        vector = vector - vector.mean()
        vector = vector / vector.std() * np.sign(vector[np.abs(vector).argmax()])
        fields[k, inside] = np.clip(vector, -2.5, 2.5)
    return fields * mask


def albedo_basis(
    vertices: np.ndarray, triangles: np.ndarray, regions: Regions
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Mean colour (V, 3), basis (A, V, 3) in RGB 0..1 per standard deviation, and the axes' names.

    Args:
        vertices: (V, 3) m, the mean face.
        triangles: (F, 3).
        regions: masks of region_masks.
    """
    regions = dict(regions)
    regions["sclera"] = regions["eyes"] * (1 - regions["iris"])
    regions["ring"] = regions["iris"] * (1 - regions["pupil"])
    mean = np.tile(np.array(_SKIN), (len(vertices), 1))
    for name, (colour, opacity) in _PAINT.items():
        share = (regions[name] * opacity)[:, None]
        mean = mean * (1 - share) + share * np.array(colour)
    axes = [np.max([regions[r] for r in where], axis=0)[:, None] * np.array(colour) for where, colour in _AXES.values()]
    names = list(_AXES)
    for k, field in enumerate(_smooth_fields(vertices, triangles, regions["face"] * regions["skin"])):
        axes.append(field[:, None] * np.array((0.022, 0.020, 0.018)))
        names.append(f"skin_pattern_{k}")
    return mean, np.stack(axes), names
