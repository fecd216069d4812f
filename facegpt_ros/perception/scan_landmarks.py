"""Landmarks on a scan that comes without any: look at it from all sides, and lift what the estimator sees onto it."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from facegpt_ros.errors import ScanError
from facegpt_ros.face import Face
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.batch import composite, render_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import rasterize, vertex_normals
from facegpt_ros.render.shading import ambient, directional

_SIDE = 384  # px
_FOV_DEG = 25.0
_LIGHT = ambient(0.45) + directional(np.array([-0.3, -0.6, -1.0]), 0.6)
_SKIN = (0.80, 0.62, 0.53)  # the detector and the estimator have seen skin, not clay
#: Tops and bottoms of scans are taken in parts of this share of their height: heads sit on shoulders.
_PARTS = (1.0, 0.6, 0.4)
_INNER = range(17, 68)  # the jaw line is an outline, not a place on the surface
_SURE = 0.6


def find_landmarks(scan: Scan, pipeline: FacePipeline) -> dict[int, np.ndarray]:
    """iBUG index → (3,) in the scan's frame and unit.

    Args:
        scan: a mesh, in any of the 24 upright frames, give or take 20 degrees.
        pipeline: without hysteresis and smoothing.

    Raises:
        ScanError: a cloud of points, or no face is seen from any side.
    """
    if not len(scan.triangles):
        raise ScanError("a cloud of points cannot be looked at; give its landmarks with --landmarks, or a mesh")
    best: tuple[float, Face, _View] | None = None
    for part in _PARTS:
        for rotation in _axis_rotations():
            view = _View.of(scan, rotation, part)
            face = view.look(scan, pipeline)
            if face and (best is None or face.confidence > best[0]):
                best = face.confidence, face, view
        if best and best[0] > _SURE:
            break
    if best is None:
        raise ScanError("no face is seen on it from any side; give three or more of its landmarks with --landmarks")
    _, face, view = best
    # Once more from ahead of the face.
    ahead = OPTICAL_FROM_MODEL_FRONTAL @ face.rotation.T @ view.rotation
    marks = view.lift(scan, face)
    centre = np.mean(list(marks.values()), 0) if marks else view.centre
    closer = _View(ahead, centre, 1.1 * view.radius_of(face))
    again = closer.look(scan, pipeline)
    if again is not None and again.confidence > 0.5 * face.confidence:
        marks = closer.lift(scan, again) or marks
    if len(marks) < 6:
        raise ScanError(f"only {len(marks)} landmarks lie on it; give three or more with --landmarks")
    return marks


class _View:
    """A camera that looks at a sphere around `centre` (3,) of this `radius`; rotation (3, 3) scan → optical."""

    def __init__(self, rotation: np.ndarray, centre: np.ndarray, radius: float) -> None:
        self.rotation, self.centre, self.radius = rotation, centre, radius
        self.camera = Camera.from_fov(_SIDE, _SIDE, _FOV_DEG)
        self.distance = 1.05 / np.sin(np.radians(_FOV_DEG) / 2)  # in radii: everything is scaled to radius 1
        self._ids, self._barycentric = np.empty((0, 0), np.int32), np.empty((0, 0, 3), np.float32)

    @classmethod
    def of(cls, scan: Scan, rotation: np.ndarray, part: float) -> _View:
        """The upper `part` of a scan, as this rotation shows it."""
        seen = scan.vertices @ rotation.T
        low, high = np.quantile(seen, 0.002, 0), np.quantile(seen, 0.998, 0)
        bottom = low[1] + part * (high[1] - low[1])  # y points down
        upper = seen[seen[:, 1] <= bottom]
        low, high = np.quantile(upper, 0.002, 0), np.quantile(upper, 0.998, 0)
        return cls(rotation, (low + high) / 2 @ rotation, float((high - low)[:2].max()) / 2)

    def look(self, scan: Scan, pipeline: FacePipeline) -> Face | None:
        """The surest face in a shaded picture of the scan, None if there is none."""
        points = ((scan.vertices - self.centre) / self.radius @ self.rotation.T + (0, 0, self.distance)).astype(
            np.float32
        )
        triangles = scan.triangles.astype(np.int32)
        pixels = np.concatenate([self.camera.project(points), points[:, 2:]], 1).astype(np.float32)
        self._ids, self._barycentric = rasterize(pixels, triangles, _SIDE, _SIDE)
        picture = np.full((_SIDE, _SIDE, 3), 200, np.uint8)
        colours = np.broadcast_to(np.array(_SKIN, np.float32), points.shape)
        composite(
            render_face(pixels, triangles, colours, vertex_normals(points, triangles), _LIGHT, _SIDE, samples=1),
            picture,
        )
        pipeline.reset()
        faces = pipeline.process(np.ascontiguousarray(picture[..., ::-1]), self.camera, 0.0)
        return max(faces, key=lambda face: face.confidence, default=None)

    def lift(self, scan: Scan, face: Face) -> dict[int, np.ndarray]:
        """The inner landmarks of a face in the last picture, where they hit the scan's surface."""
        marks = {}
        for i in _INNER:
            x, y = np.rint(face.landmarks[i]).astype(int)
            if 0 <= x < _SIDE and 0 <= y < _SIDE and self._ids[y, x] >= 0:
                corners = scan.triangles[self._ids[y, x]]
                marks[i] = self._barycentric[y, x].astype(np.float64) @ scan.vertices[corners]
        return marks

    def radius_of(self, face: Face) -> float:
        """Half the extent of a face's surroundings, scan units."""
        extent = float(np.ptp(face.landmarks, axis=0).max())
        return extent * self.radius * self.distance / self.camera.fx


def _axis_rotations() -> list[np.ndarray]:
    """The 24 rotations that bring axes onto axes; the frames in which scans usually come first."""
    found = []
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    usual = OPTICAL_FROM_MODEL_FRONTAL
    return sorted(found, key=lambda matrix: -float(np.trace(matrix @ usual)))
