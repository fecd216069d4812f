"""Puts landmarks of the inner lips on their own lip: in a closed mouth both lie in one place.

A landmark found in a picture of a closed mouth may sit on either lip. When the jaw opens, the lips part: a landmark
belongs where the surface moves as the outer edge of its own lip does, not as that of the other.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.skin_surface import SkinSurface

#: MediaPipe's lips in columns from the subject's right to the left: down the upper lip, then down the lower one.
LIP_COLUMNS: tuple[tuple[int, ...], ...] = (
    (185, 184, 183, 191, 95, 96, 77, 146),
    (40, 74, 42, 80, 88, 89, 90, 91),
    (39, 73, 41, 81, 178, 179, 180, 181),
    (37, 72, 38, 82, 87, 86, 85, 84),
    (0, 11, 12, 13, 14, 15, 16, 17),
    (267, 302, 268, 312, 317, 316, 315, 314),
    (269, 303, 271, 311, 402, 403, 404, 405),
    (270, 304, 272, 310, 318, 319, 320, 321),
    (409, 408, 407, 415, 324, 325, 307, 375),
)
_LEAST_PARTING_M = 0.005  # a model whose lips part less has no mouth to open


def on_own_lip(
    model: MorphableModel, skin: SkinSurface, triangle: np.ndarray, barycentric: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places of MediaPipe's 478 points, (478,) and (478, 3), with those on the wrong lip moved over to their own.

    Unchanged where the model has no expression "jawOpen".
    """
    triangle, barycentric = triangle.copy(), np.asarray(barycentric, np.float64).copy()
    if "jawOpen" not in model.expression_names:
        return triangle, barycentric
    jaw = model.bases["expression"][model.expression_names.index("jawOpen")].reshape(-1, 3)[:, 1]
    fall = -jaw[model.triangles]  # (F, 3) m, of each corner
    middle = fall.mean(1)
    allowed = np.flatnonzero(skin.allowed)
    for column in LIP_COLUMNS:
        above, below = ((fall[triangle[k]] * barycentric[k]).sum() for k in (column[0], column[-1]))
        if below - above < _LEAST_PARTING_M:
            continue
        lower_lip = middle[allowed] > (above + below) / 2
        for row, k in enumerate(column):
            mine = lower_lip if row >= 4 else ~lower_lip
            lies_low = (fall[triangle[k]] * barycentric[k]).sum() > (above + below) / 2
            if lies_low != (row >= 4):
                at = skin.position(triangle[k], barycentric[k])
                triangle[k], barycentric[k] = skin.nearest(at, allowed[mine])
    return triangle, barycentric
