"""Where the jaw line's landmarks lie on a turned head: on its outline, reached along a level cut through the cheek.

Up to LEARNT_YAWS' last the places come from labels (embedding.py). Beyond, the points of the side that still faces the
camera stay. Those of the side that turns away slide forward on the level cut ("parallel": Zhu et al., 2015, fig. 6)
through their last learnt place, to the point of the cut that is the farthest out in the picture; never back, and never
onto nose, eye or mouth.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.contour import JAW, SlidingContour
from facegpt_ros.morphable.landmarks import IBUG68_MIRROR
from facegpt_ros.morphable.skin_surface import SkinSurface
from facegpt_ros.morphable.surface import Surface

#: Yaws at which places are learnt, and all yaws of a contour, degrees.
LEARNT_YAWS = (-20.0, -10.0, 0.0, 10.0, 20.0)
YAWS = (-90.0, -75.0, -60.0, -45.0, -30.0, *LEARNT_YAWS, 30.0, 45.0, 60.0, 75.0, 90.0)

_LEFT = JAW[9:]  # points of the subject's left, which turns away at positive yaw
_REACH = 0.35  # how near to the middle a point may come, as a share of its distance from it; 1 is where it was
_FARTHEST_IN_M = 0.024  # above the chin: beside the corners of eyes and mouth
_SMOOTHING_DEG = 4.0  # of the cut, so that its facets do not make the outline jump


def outline(skin: SkinSurface, triangle: np.ndarray, barycentric: np.ndarray) -> SlidingContour:
    """The whole contour from its learnt part.

    Args:
        triangle: (B, 17), barycentric: (B, 17, 3), for LEARNT_YAWS.
    """
    yaws = np.array(YAWS)
    triangles = np.empty((len(yaws), len(JAW)), np.int32)
    weights = np.empty((len(yaws), len(JAW), 3), np.float32)
    learnt = [YAWS.index(yaw) for yaw in LEARNT_YAWS]
    triangles[learnt], weights[learnt] = triangle, barycentric
    first, last = learnt[0], learnt[-1]
    triangles[:first], weights[:first] = triangle[0], barycentric[0]
    triangles[last + 1 :], weights[last + 1 :] = triangle[-1], barycentric[-1]
    surface = Surface(skin.vertices, skin.triangles[skin.allowed])
    names = np.flatnonzero(skin.allowed)
    for j in _LEFT:
        start = skin.position(triangle[-1, j], barycentric[-1, j])
        for k, point in enumerate(_slide(skin, start, yaws[last + 1 :]), last + 1):
            hit = surface.nearest(point[None])
            triangles[k, j], weights[k, j] = names[hit.triangle[0]], hit.barycentric[0]
            mirrored = skin.mirrored(int(triangles[k, j]), weights[k, j].astype(float))
            if mirrored is None:
                hit = surface.nearest(point[None] * (-1, 1, 1))
                mirrored = int(names[hit.triangle[0]]), hit.barycentric[0]
            twin = IBUG68_MIRROR[j]
            triangles[-1 - k, twin], weights[-1 - k, twin] = mirrored
    return SlidingContour(yaws.astype(np.float32), triangles, weights)


def _slide(skin: SkinSurface, start: np.ndarray, yaws: np.ndarray) -> np.ndarray:
    """Points (K, 3) near the cut through start (3,), on the subject's left, for rising yaws (K,) > 0."""
    centre = np.array([0.0, start[2] - 0.5 * start[0]])  # x, z; the cut is star-shaped about it
    angles, radii = _cut(skin, start, centre)
    if len(angles) < 2:
        return np.tile(start, (len(yaws), 1))
    across, forward = np.sin(angles) * radii, centre[1] + np.cos(angles) * radii
    inner = min(_REACH * start[0], _FARTHEST_IN_M)
    turn = np.radians(yaws)[:, None]
    outward = across * np.cos(turn) + forward * np.sin(turn)  # (K, A): to the right in the picture
    outward[:, across < inner] = -np.inf
    best = np.maximum.accumulate(outward.argmax(1))  # angles go from the start to the front
    stays = outward.max(1) <= start[0] * np.cos(turn[:, 0]) + start[2] * np.sin(turn[:, 0])
    points = np.stack([across[best], np.full(len(best), start[1]), forward[best]], -1)
    points[stays] = start
    return points


def _cut(skin: SkinSurface, start: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The level cut through the skin at start's height: angles (A,) from ahead, falling to 0, and radii."""
    corners = skin.vertices[skin.triangles[skin.allowed]]
    segments = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        low, high = corners[:, a], corners[:, b]
        rise = high[:, 1] - low[:, 1]
        share = (start[1] - low[:, 1]) / np.where(np.abs(rise) < 1e-9, 1e-9, rise)
        inside = (share >= 0) & (share <= 1) & (np.abs(rise) >= 1e-9)
        segments.append(np.where(inside[:, None], low + share[:, None] * (high - low), np.nan)[:, [0, 2]])
    points = np.concatenate(segments)  # (3 F, 2): where edges cross the height
    points = points[np.isfinite(points).all(1) & (points[:, 0] > -0.002)]
    offset = points - centre
    angle, radius = np.arctan2(offset[:, 0], offset[:, 1]), np.linalg.norm(offset, axis=1)
    begin = np.arctan2(start[0], start[2] - centre[1])
    grid = np.linspace(begin, 0, 60)
    step = max(begin / 59, np.radians(1.0))
    # The outermost crossing near each angle; gaps between edges are bridged.
    outermost = np.array([radius[np.abs(angle - g) < 1.5 * step].max(initial=-np.inf) for g in grid])
    known = np.isfinite(outermost)
    if known.sum() < 2:
        return grid[:0], outermost[:0]
    filled = np.interp(-grid, -grid[known], outermost[known])
    kernel = np.exp(-0.5 * ((grid[:, None] - grid) / np.radians(_SMOOTHING_DEG)) ** 2)
    smooth = kernel @ filled / kernel.sum(1)
    # The smooth cut meets the start exactly.
    smooth += (np.hypot(start[0], start[2] - centre[1]) - smooth[0]) * np.exp(-np.arange(60) / 8)
    return grid, smooth
