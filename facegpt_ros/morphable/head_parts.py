"""The parts of a head that are not skin: round eyeballs, and teeth, gums and tongue in fewer triangles."""

from __future__ import annotations

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.anny_head import largest_part

#: Rings of an eyeball by angle from its axis, degrees: pupil, its edge, iris, its edge (the limbus), white to the back.
_RINGS_DEG = (7.0, 9.0, 15.0, 20.5, 23.0, 32.0, 45.0, 65.0, 90.0, 125.0, 160.0)
_PUPIL_RINGS, _IRIS_RINGS = 1, 4
_SEGMENTS = 18
_TOOTH_TRIANGLES, _GUM_TRIANGLES = 30, 600


def eyeball() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """A unit sphere that looks along +z: vertices (V, 3), triangles (F, 3), and masks "iris" and "pupil" (V,) 0..1."""
    angles = np.radians(_RINGS_DEG)
    turn = 2 * np.pi * np.arange(_SEGMENTS) / _SEGMENTS
    rings = [
        np.stack([np.sin(a) * np.cos(turn), np.sin(a) * np.sin(turn), np.full(_SEGMENTS, np.cos(a))], 1) for a in angles
    ]
    vertices = np.concatenate([[[0, 0, 1.0]], *rings, [[0, 0, -1.0]]])
    last = len(vertices) - 1
    k, following = np.arange(_SEGMENTS), np.roll(np.arange(_SEGMENTS), -1)
    triangles = [np.stack([np.zeros_like(k), 1 + k, 1 + following], 1)]
    for ring in range(len(angles) - 1):
        inner, outer = 1 + ring * _SEGMENTS, 1 + (ring + 1) * _SEGMENTS
        triangles.append(np.stack([inner + k, outer + k, outer + following], 1))
        triangles.append(np.stack([inner + k, outer + following, inner + following], 1))
    outer = last - _SEGMENTS
    triangles.append(np.stack([outer + k, np.full_like(k, last), outer + following], 1))
    ring_of = np.concatenate([[0], np.repeat(np.arange(1, len(angles) + 1), _SEGMENTS), [99]])
    masks = {"iris": (ring_of <= _IRIS_RINGS).astype(float), "pupil": (ring_of <= _PUPIL_RINGS).astype(float)}
    return vertices, np.concatenate(triangles).astype(np.int32), masks


def sphere_through(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (3,) and radius of the sphere nearest to points (N, 3), by linear least squares."""
    system = np.concatenate([2 * points, np.ones((len(points), 1))], 1)
    solution = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + (solution[:3] ** 2).sum()))


def simplified(vertices: np.ndarray, triangles: np.ndarray, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """A part in about `wanted` triangles (quadric error; Garland and Heckbert, 1997): vertices and triangles.

    Raises:
        ModelError: fast-simplification, of the `train` extra, is not installed.
    """
    try:
        from fast_simplification import simplify
    except ImportError as error:
        raise ModelError(f"{error.name} is not installed; pip install fast-simplification") from error
    used, small = np.unique(triangles, return_inverse=True)
    small = small.reshape(-1, 3)
    out, faces = simplify(vertices[used].astype(np.float32), small.astype(np.int32), target_count=wanted, agg=2)
    kept, faces = largest_part(faces)  # what was an open rim may fall off
    return out[kept].astype(np.float64), faces


def mouth_parts(
    vertices: np.ndarray, teeth: list[np.ndarray], gums: np.ndarray
) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Each tooth, and the gums with the tongue: (name, vertices, fewer triangles, the triangles they stand for).

    Args:
        vertices: (V, 3) of the whole head; teeth, gums: triangles on it.
    """
    parts = [("teeth", *simplified(vertices, tooth, _TOOTH_TRIANGLES), tooth) for tooth in teeth]
    return [*parts, ("gums", *simplified(vertices, gums, _GUM_TRIANGLES), gums)]
