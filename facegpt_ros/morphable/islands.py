"""Where eyeballs, teeth, gums and the tongue lie in the texture: islands beside the head."""

from __future__ import annotations

import numpy as np

#: Width of the column left of the head that holds them, in texture widths.
STRIP = 0.17
MARGIN = 0.004
#: How far from the middle of its island, in radii, an eyeball's surface lies at an angle from its axis: a large iris.
_EYE_ANGLES, _EYE_REACH = np.radians([0.0, 35.0, 90.0, 180.0]), (0.0, 0.5, 0.88, 1.0)


def islands(parts: list[np.ndarray], kinds: list[str]) -> list[np.ndarray]:
    """Places for parts given by their triangles (N, 3, 3) m and kinds: corners (N, 3, 2) each, inside the strip."""
    groups = _groups(parts, kinds)
    out: list[np.ndarray] = [np.empty(0)] * len(parts)
    for members, (low, high) in zip(groups, _boxes([kinds[group[0]] for group in groups]), strict=True):
        whole = _UNFOLD[kinds[members[0]]](np.concatenate([parts[n] for n in members]))
        ends = np.cumsum([len(parts[n]) for n in members])
        for n, flat in zip(members, np.split(whole, ends[:-1]), strict=True):
            out[n] = low + (high - low) * flat
    return out


def _groups(parts: list[np.ndarray], kinds: list[str]) -> list[list[int]]:
    """Parts that share an island, by their numbers: each row of teeth, the gums above and those below."""
    middle = np.array([part.reshape(-1, 3).mean(0) for part in parts]).reshape(-1, 3)
    groups: list[list[int]] = []
    for kind in _ORDER:
        members = [n for n in range(len(parts)) if kinds[n] == kind]
        if kind in _ROWS and members:
            between = (middle[members, 1].max() + middle[members, 1].min()) / 2
            rows = [[n for n in members if middle[n, 1] <= between], [n for n in members if middle[n, 1] > between]]
            groups += [row for row in rows if row]
        else:
            # Left in the picture is the subject's right: a fixed order, whatever the order of the parts in the file.
            groups += [[n] for n in sorted(members, key=lambda n: round(middle[n, 0], 3))]
    return groups


def island_kind(triangles: np.ndarray, regions: dict[str, np.ndarray]) -> str:
    """What a connected part with these triangles (N, 3) is: the region that most of it belongs to, or "other"."""
    for name in ("eyes", "teeth", "gums", "tongue"):
        if name in regions and regions[name][triangles].mean() > 0.5:
            return name
    return "other"


def _boxes(kinds: list[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes in the strip, from the bottom up: eyes square, the rest shares what is left."""
    side = STRIP - 2 * MARGIN
    weight = [{"eyes": 0.0, "teeth": 0.5, "gums": 0.5, "tongue": 1.0}.get(kind, 0.2) for kind in kinds]
    left = 1 - MARGIN - sum(side + 2 * MARGIN for kind in kinds if kind == "eyes")
    boxes, bottom = [], MARGIN
    for kind, part in zip(kinds, weight, strict=True):
        height = side if kind == "eyes" else min(side, left * part / max(sum(weight), 1e-9) - 2 * MARGIN)
        boxes.append((np.array([MARGIN, bottom]), np.array([MARGIN + side, bottom + height])))
        bottom += height + 2 * MARGIN
    return boxes


def _eyeball(corners: np.ndarray) -> np.ndarray:
    """Triangles (N, 3, 3) around the eyeball's axis, the front in the middle: (N, 3, 2) in 0..1."""
    points = corners.reshape(-1, 3)
    # The middle between the ends, not the mean: an eyeball may lack its back.
    centre = (points.min(0) + points.max(0)) / 2
    radius = np.ptp(points[:, :2], axis=0).max() / 2
    centre[2] = points[:, 2].max() - radius
    out = corners - centre
    across = np.hypot(out[..., 0], out[..., 1])
    angle = np.arctan2(across, out[..., 2])  # (N, 3), from the axis
    reach = np.interp(angle, _EYE_ANGLES, _EYE_REACH)
    direction = out[..., :2] / np.maximum(across, 1e-9)[..., None]
    # Around the pole behind, triangles would span the whole disc: they become a point on its rim.
    behind = (angle > 0.8 * np.pi).any(1)
    middle = out[behind, :, :2].mean(1)
    direction[behind] = (middle / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9))[:, None]
    reach[behind] = 1
    return (direction * reach[..., None] + 1) / 2


def _arch(corners: np.ndarray) -> np.ndarray:
    """Triangles (N, 3, 3) of a dental arch: u along it, v up, (N, 3, 2) in 0..1; inside and outside share a place."""
    points = corners.reshape(-1, 3)
    low, high = points.min(0), points.max(0)
    angle = np.arctan2(corners[..., 0] - (low[0] + high[0]) / 2, corners[..., 2] - low[2] + 0.2 * (high[2] - low[2]))
    return _unit(np.stack([angle, corners[..., 1]], -1))


def _from_above(corners: np.ndarray) -> np.ndarray:
    """Triangles (N, 3, 3) seen from above, the front below: (N, 3, 2) in 0..1."""
    return _unit(np.stack([corners[..., 0], -corners[..., 2]], -1))


def _unit(flat: np.ndarray) -> np.ndarray:
    low, high = flat.min((0, 1)), flat.max((0, 1))
    return (flat - low) / np.maximum(high - low, 1e-9)


_UNFOLD = {"eyes": _eyeball, "teeth": _arch, "gums": _arch, "tongue": _from_above, "other": _from_above}
_ORDER = list(_UNFOLD)
_ROWS = ("teeth", "gums")
