"""Regions of the head as soft vertex masks, drawn around MediaPipe's 478 points on the neutral face."""

from __future__ import annotations

import cv2
import numpy as np

from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.rasterize import rasterize

# Contours by MediaPipe's canonical indices; right and left are the subject's.
_LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
_RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_RIGHT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149),
    *(150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_NOSE_TIP, _NOSE_BASE, _CHIN, _RIGHT_CHEEK, _RIGHT_NOSTRIL, _FOREHEAD = 4, 2, 152, 50, 98, 10


def _distance_to(polygon: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Signed distance (V,) m of points (V, 2) to a polygon (N, 2): positive inside."""
    contour = (polygon * 1e4).astype(np.float32).reshape(-1, 1, 2)  # OpenCV wants coordinates of pixel size
    return np.array([cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in xy * 1e4]) / 1e4


def _soft(signed: np.ndarray, width: float) -> np.ndarray:
    """Signed distance → 0 at -width/2, 1 at +width/2, smooth between."""
    t = np.clip(signed / width + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def ever_seen(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V,) bool: a vertex of a triangle that a camera in front of the face sees from some side."""
    seen = np.zeros(len(vertices), bool)
    size, distance = 700, 1.5
    for yaw in (-75, -40, 0, 40, 75):
        for pitch in (-35, 0, 35):
            points = vertices @ matrix_from_euler(yaw, pitch, 0).T + (0, 0.03, distance)
            pixels = points[:, :2] / points[:, 2:] * (size * distance / 0.32) + size / 2
            ids, _ = rasterize(
                np.concatenate([pixels, points[:, 2:]], 1).astype(np.float32), triangles.astype(np.int32), size, size
            )
            seen[triangles[np.unique(ids[ids >= 0])]] = True
    return seen


def region_masks(
    vertices: np.ndarray, triangles: np.ndarray, points: np.ndarray, mirror: np.ndarray, parts: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Soft masks, 0..1, of the neutral head.

    Args:
        vertices: (V, 3) m, model frame, sellion at the origin.
        triangles: (F, 3).
        points: (478, 3) m, MediaPipe's points on the surface.
        mirror: (V,) index of each vertex's twin on the other side.
        parts: name → (V,) 0..1: skin, eyes, iris, pupil, teeth, gums, tongue.

    Returns:
        name → (V,) float64: face (visible skin in front of the ears, with lips and eyes), skin, lips, brows, eyes,
        iris, pupil, lids, mouth_inner, teeth, gums, tongue, scalp, beard, moustache, cheeks, nose, ears, neck.
    """
    skin_part, eyes = parts["skin"], parts["eyes"]
    x, y, z = vertices.T
    xy, xy478 = vertices[:, :2], points[:, :2]

    def both(mask: np.ndarray) -> np.ndarray:
        return np.maximum(mask, mask[mirror])

    def spot(index: int, radius: float) -> np.ndarray:
        return both(np.exp(-0.5 * (np.linalg.norm(vertices - points[index], axis=1) / radius) ** 2))

    seen = ever_seen(vertices, triangles).astype(float)
    front = _soft(z - points[list(_OVAL), 2].min(), 0.01)
    face = front * _soft(_distance_to(xy478[list(_OVAL)], xy), 0.012) * np.maximum(seen, eyes)
    behind_lips = (
        (z < points[13, 2] - 0.002) & (np.abs(x) < 0.04) & (y > points[_CHIN, 1]) & (y < points[_NOSE_BASE, 1])
    )
    mouth_inner = skin_part * (1 - seen) * behind_lips
    outside = skin_part * (1 - mouth_inner)
    lips = outside * _soft(_distance_to(xy478[list(_LIPS_OUTER)], xy), 0.003) * (z > points[61, 2] - 0.004)
    brows = (
        outside * both(_soft(_distance_to(xy478[list(_RIGHT_BROW)], xy) + 0.001, 0.006)) * (z > points[46, 2] - 0.02)
    )
    rim = np.linalg.norm(vertices[:, None] - points[None, list(_RIGHT_EYE)], axis=2).min(1)
    lids = outside * both(_soft(0.004 - rim, 0.004))

    top = points[_FOREHEAD]
    hairline = (
        (y - top[1]) + 0.55 * np.maximum(top[2] - z, 0) * (y > 0) + 0.9 * np.maximum(points[127, 2] - 0.012 - z, 0)
    )
    ears = outside * both(_soft(-0.0755 - x, 0.004)) * (y < 0.02) * (z > points[127, 2] - 0.075)
    scalp = outside * _soft(hairline - 0.004, 0.012) * (y > points[_NOSE_BASE, 1] - 0.02) * (1 - ears)
    under = _soft(points[_CHIN, 1] - 0.006 - y, 0.02)
    neck = outside * np.maximum(under, _soft(points[172, 2] - 0.06 - z, 0.02) * (y < points[172, 1])) * (1 - scalp)
    mouth = points[[61, 291], :].mean(0)
    # From the corner of the mouth the beard's upper edge rises towards the ear.
    edge = mouth[1] + 0.9 * np.maximum(np.abs(x) - 0.030, 0)
    away = _soft(np.hypot((x - mouth[0]) / 1.15, y - mouth[1] + 0.004) - 0.025, 0.012)
    beard = outside * _soft(edge - y, 0.016) * away * (1 - ears) * _soft(y - points[_CHIN, 1] + 0.022, 0.02)
    beard *= _soft(z - points[127, 2] + 0.012, 0.02)
    lip_top = points[_NOSE_BASE]
    moustache = outside * _soft(0.030 - np.abs(x), 0.014) * _soft(lip_top[1] - 0.002 - y, 0.006)
    moustache *= _soft(y - mouth[1] - 0.002, 0.006) * (1 - lips) * front
    skin = outside * (1 - lips) * (1 - brows) * (1 - scalp)
    return {
        "face": np.clip(face, 0, 1),
        "skin": skin,
        "lips": lips,
        "brows": brows,
        "eyes": eyes,
        "iris": parts["iris"],
        "pupil": parts["pupil"],
        "lids": lids * (1 - brows),
        "mouth_inner": mouth_inner,
        "teeth": parts["teeth"],
        "gums": parts["gums"],
        "tongue": parts["tongue"],
        "scalp": scalp,
        "beard": np.clip(beard, 0, 1),
        "moustache": moustache,
        "cheeks": outside * spot(_RIGHT_CHEEK, 0.016),
        "nose": outside * np.maximum(spot(_NOSE_TIP, 0.010), spot(_RIGHT_NOSTRIL, 0.007)),
        "ears": ears,
        "neck": neck,
    }
