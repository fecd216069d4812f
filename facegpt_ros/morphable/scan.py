"""Scanned surfaces: triangle meshes or clouds of points, in any frame and unit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ScanError
from facegpt_ros.morphable.mesh_reader import RawMesh, read_mesh

#: How many of each unit make a metre.
UNITS = {"m": 1.0, "cm": 100.0, "mm": 1000.0}
_OFF = 1.8  # times larger or smaller than a face may be and still have this unit
_FLAT = 1e-14  # area of a triangle without area, in squares of the scan's extent
_ABSURD = 1e12  # a coordinate beyond this is broken, whatever the unit


@dataclass(frozen=True)
class Scan:
    """A scan as it is fitted: every vertex finite, every triangle with an area.

    Attributes:
        vertices: (V, 3) float64.
        triangles: (F, 3) int; (0, 3) for a cloud of points.
        left_out: what the file held besides, in words; empty if nothing.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    left_out: str = ""

    def sample(
        self, count: int, centre: np.ndarray, reach: float, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Points spread evenly over the part within `reach` of `centre` (3,), and their outward normals.

        Returns:
            points (N, 3), N = count or fewer where a cloud has no more; normals (N, 3), None for a cloud. Both empty
            where nothing lies within reach.
        """
        rng = np.random.default_rng(seed)
        if not len(self.triangles):
            near = np.flatnonzero(np.linalg.norm(self.vertices - centre, axis=1) < reach)
            chosen = rng.choice(near, min(count, len(near)), replace=False) if len(near) else near
            return self.vertices[chosen], None
        corners = self.vertices[self.triangles]  # (F, 3, 3)
        corners = corners[np.linalg.norm(corners.mean(1) - centre, axis=1) < reach]
        if not len(corners):
            return np.empty((0, 3)), np.empty((0, 3))
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(cross, axis=1)
        # Stratified along the cumulated area: more even than independent draws.
        ticks = (np.arange(count) + rng.uniform(size=count)) / count * area.sum()
        chosen = np.minimum(np.searchsorted(area.cumsum(), ticks), len(area) - 1)
        u, v = np.sqrt(rng.uniform(size=count)), rng.uniform(size=count)
        weights = np.stack([1 - u, u * (1 - v), u * v], 1)
        return np.einsum("nci,nc->ni", corners[chosen], weights), (cross / area[:, None])[chosen]


def read_scan(path: Path) -> Scan:
    """A scan from a file, cleaned.

    Raises:
        ScanError: the file cannot be read, or nothing is left of it.
    """
    try:
        return cleaned(read_mesh(path))
    except ScanError as error:
        raise error if str(error).startswith(str(path)) else ScanError(f"{path}: {error}") from error


def cleaned(raw: RawMesh) -> Scan:
    """Without what cannot be fitted: broken vertices, triangles without area, vertices of no triangle.

    Raises:
        ScanError: nothing is left.
    """
    vertices, triangles = raw.vertices, raw.triangles
    with np.errstate(invalid="ignore"):
        good = (np.abs(vertices) < _ABSURD).all(1)  # false for NaN too
    if not good.any():
        raise ScanError(f"none of {len(vertices)} vertices is a place in space; export the scan again")
    said = [_count((~good).sum(), "vertex that is no place in space", "vertices that are no place in space")]
    mesh = len(triangles) > 0
    if mesh:
        triangles = triangles[good[triangles].all(1)]
        extent = float(np.ptp(vertices[good], axis=0).max())
        a, b, c = vertices[triangles].transpose(1, 0, 2)
        flat = np.linalg.norm(np.cross(b - a, c - a), axis=1) <= 2 * _FLAT * extent**2
        said.append(_count(flat.sum(), "triangle without area", "triangles without area"))
        triangles = triangles[~flat]
        if not len(triangles):
            raise ScanError("every triangle is broken or has no area; export the scan again, or as a cloud of points")
        used = np.zeros(len(vertices), bool)
        used[triangles] = True
        said.append(_count((good & ~used).sum(), "vertex of no triangle", "vertices of no triangle"))
        good = used
    place = np.cumsum(good) - 1
    return Scan(vertices[good], place[triangles], ", ".join(part for part in said if part))


def unit_of(scale: float) -> str:
    """The unit, "m", "cm" or "mm", in which a face has the size of one, from scan units per metre.

    Args:
        scale: how many of the scan's units a metre of the model spans, such as align finds.

    Raises:
        ScanError: in none of them.
    """
    for unit, size in UNITS.items():
        if size / _OFF < scale < size * _OFF:
            return unit
    width = 0.14 * scale
    raise ScanError(
        f"the face is {width:.3g} units wide, which is a face in neither mm, cm nor m; check the landmarks, or say the "
        "unit with --unit"
    )


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"1 {one}" if number == 1 else f"{number} {many}"
