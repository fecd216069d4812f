"""Facts of the light on a face, from its spherical harmonics φ.

Second-order harmonics know where light comes from and how uneven it is, not how sharp a shadow's edge is: "hard" means
that one side is much darker than the other.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.language.fact import LEFT, RIGHT, Doubt, Fact, combined, filled, graded
from facegpt_ros.morphable.landmarks import OUTER_EYES
from facegpt_ros.render.shading import SH_CONSTANTS, sh_basis

_SPREAD = 0.08
_ASIDE_DEG, _ABOVE_DEG, _BEHIND_DEG = 25.0, 22.0, 125.0
_EVEN, _HARD = 0.45, 0.85  # how much less light the far side gets, of the most
_DIM, _BRIGHT = 0.62, 0.98  # of what shows a colour as it is
_TINT = 0.09  # log of red over blue
_FRONT = np.array([[x, y, -np.sqrt(1 - x * x - y * y)] for x in (-0.6, 0, 0.6) for y in (-0.6, 0, 0.6)])


def light_facts(face: Face, spread: Doubt) -> list[Fact]:
    """light_side, light_height, light_contrast, light_brightness, light_tint; none where φ was not estimated."""
    if np.size(face.illumination) != 27:
        return []
    sigma = filled(spread.illumination, _SPREAD, 27).reshape(9, 3)
    phi = np.asarray(face.illumination, np.float64).reshape(9, 3)
    white = phi.mean(1)
    first = white[[3, 1, 2]] * SH_CONSTANTS[1]  # x, y, z of where most light comes from, in the turned camera
    towards = _rolled_back(face) @ first
    strength = float(np.linalg.norm(towards))
    level = float(max(white[0] * SH_CONSTANTS[0], 1e-3))
    uneven = 2 * strength / (level + strength)  # (lit - far) / lit side of a sphere, to first order
    noise = combined(np.full(9, SH_CONSTANTS[1] / 3), sigma[1:4].ravel()) / np.sqrt(3)  # of one of x, y, z
    degrees = float(np.degrees(np.arctan2(noise, max(strength, 1e-6))))
    trust, who = face.confidence, face.face_id
    side = float(np.degrees(np.arctan2(towards[0], -towards[2])))
    height = float(np.degrees(np.arctan2(-towards[1], np.hypot(towards[0], towards[2]))))
    edges = (-_BEHIND_DEG, -_ASIDE_DEG, _ASIDE_DEG, _BEHIND_DEG)
    # Light from right above or below has no side.
    seen = float(np.clip(1 - (abs(height) - 60) / 25, 0.3, 1)) * float(np.clip(uneven / 0.2, 0.3, 1))
    shading = np.maximum(sh_basis(_FRONT) @ phi, 0).mean(0)  # (3,) of a white face, R G B
    relative = float(np.mean(filled(spread.illumination, _SPREAD, 27))) / 3
    tint = float(np.log(max(shading[0], 1e-3) / max(shading[2], 1e-3)))
    return [
        graded("light_side", side, degrees, edges, ("behind", LEFT, "front", RIGHT, "behind"), trust=trust * seen,
               unit="deg", face=who),
        graded("light_height", height, degrees, (-_ABOVE_DEG, _ABOVE_DEG), ("below", "level", "above"),
               trust=trust * float(np.clip(uneven / 0.2, 0.3, 1)), unit="deg", face=who),
        graded("light_contrast", uneven, 1.5 * noise, (_EVEN, _HARD), ("soft", "medium", "hard"), trust=trust,
        face=who),
        graded("light_brightness", float(shading.mean()), relative, (_DIM, _BRIGHT), ("dim", "normal", "bright"),
               trust=trust, face=who),
        graded("light_tint", tint, 1.4 * relative, (-_TINT, _TINT), ("cool", "neutral", "warm"), trust=trust, face=who),
    ]  # fmt: skip


def _rolled_back(face: Face) -> np.ndarray:
    """Camera whose x axis lies along the eyes → camera with the image's x axis (3, 3), both turned to the face."""
    eyes = np.subtract(*(np.asarray(face.landmarks, np.float64)[i] for i in reversed(OUTER_EYES)))
    angle = float(np.arctan2(eyes[1], eyes[0]))
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
