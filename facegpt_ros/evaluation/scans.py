"""How closely a morphable model can follow scanned faces that had no part in making it.

Protocol: landmarks give rotation, translation and scale, once; then the fit of morphable/fit.py under the model's own
prior; then the distance from every scan vertex of NoW's face region (Sanyal et al., 2019) to the model's surface, mm.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.mesh_reader import read_mesh
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.rigid import similarity
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.render.batch import project
from facegpt_ros.render.rasterize import visible_triangles

#: iBUG indices of NoW's seven: outer and inner eye corners, nose bottom, mouth corners.
SEVEN = (36, 39, 42, 45, 33, 48, 54)
#: iBUG indices of meshmonk's five: inner eye corners, nose tip, mouth corners.
FIVE = (39, 42, 30, 48, 54)
#: Held-out people drawn from the light-stage model: α ~ N(0, 1) by default_rng(seed + i). Those for choosing the
#: options come from another seed; a model must be made from neither.
ICT_TEST_SEED, ICT_VAL_SEED, ICT_COUNT = 20_000, 30_000, 24
_VIEW_PX = 1000
_LANDMARKED = ("Template", "DemoFace")


_ICT_FACE_VERTICES, _ICT_FACE_QUADS = 9409, 9230  # skin of face and ears; ICT-FaceKit's README
_NOW_RADIUS, _NOW_UP = 0.7, 0.3


@dataclass(frozen=True)
class ScanCase:
    """One scan to fit.

    Attributes:
        name: of it.
        scan: m.
        landmarks: iBUG index → (3,) m.
        region: (V,) bool, whose distance counts.
    """

    name: str
    scan: Scan
    landmarks: dict[int, np.ndarray]
    region: np.ndarray


class LightStage:
    """The skin of the light-stage model in ../shared/data/ict, m.

    Attributes:
        neutral: (V, 3) the mean; identity: (100, V, 3) by standard deviation; expressions: name → (V, 3).
        triangles: (F, 3).

    Raises:
        ConfigError: the file is missing or another.
    """

    def __init__(self, data: Path) -> None:
        path = data / "ict" / "ict_full_f16.npz"
        try:
            with np.load(path) as file:
                part = slice(0, _ICT_FACE_VERTICES)
                self.neutral = 1e-2 * file["neutral"][part].astype(np.float64)
                self.identity = 1e-2 * file["id"][:, part].astype(np.float32)
                shapes = 1e-2 * file["expr"][:, part].astype(np.float64)
                self.expressions = dict(zip(file["expr_names"].tolist(), shapes, strict=True))
                self.corners = file["landmarks68"]
                quads = file["faces"][:_ICT_FACE_QUADS]
        except (OSError, KeyError, ValueError) as error:
            raise ConfigError(
                f"{path}: no light-stage model ({error}); give --data the folder that holds ict/"
            ) from error
        triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
        # A scanner sees neither the back of the lips nor the inside of the nose, which the part holds too.
        self.triangles = triangles[seen_from_outside(self.neutral, triangles)]
        self.seen = np.bincount(self.triangles.ravel(), minlength=_ICT_FACE_VERTICES) > 0

    def person(self, name: str, vertices: np.ndarray) -> ScanCase:
        """A case of vertices (V, 3) m of this topology."""
        marks = {i: vertices[self.corners[i]] for i in SEVEN}
        return ScanCase(name, Scan(vertices, self.triangles), marks, self.seen & now_region(vertices, marks))

    def people(self, seed: int, count: int = ICT_COUNT) -> Iterator[ScanCase]:
        """Random people of this seed."""
        for i in range(count):
            alpha = np.random.default_rng(seed + i).standard_normal(len(self.identity))
            yield self.person(f"ict_{seed + i}", self.neutral + np.einsum("k,kvi->vi", alpha, self.identity))


def seen_from_outside(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Triangles (F,) bool of a head (V, 3) m, y up and z out of the face, that some camera in front of it sees."""
    seen = np.zeros(len(triangles), bool)
    for yaw in (-80, -50, -25, 0, 25, 50, 80):
        for pitch in (-40, 0, 40):
            turned = (vertices - vertices.mean(0)) @ matrix_from_euler(yaw, pitch, 0).T + (0, 0, 1)
            ids = visible_triangles(
                project(turned.astype(np.float32), 1 / 0.2, _VIEW_PX), triangles, _VIEW_PX, _VIEW_PX
            )
            seen[ids[ids >= 0]] = True
    return seen


def now_region(vertices: np.ndarray, landmarks: dict[int, np.ndarray]) -> np.ndarray:
    """(V,) bool: inside NoW's sphere, whose radius is 0.7 (outer eye distance + nose length)."""
    bridge, bottom = (landmarks[39] + landmarks[42]) / 2, landmarks[33]
    centre = bottom + _NOW_UP * (bridge - bottom)
    outer, nose = np.linalg.norm(landmarks[45] - landmarks[36]), np.linalg.norm(bridge - bottom)
    return np.linalg.norm(vertices - centre, axis=1) < _NOW_RADIUS * (outer + nose)


def meshmonk(data: Path, ict: LightStage, names: Container[str] | None = None) -> Iterator[ScanCase]:
    """The 30 SIMPOP faces and DemoFace of ../shared/data/scans/meshmonk; evaluation only.

    Their five landmarks lack the outer eye corners: NoW's sphere is carried over from the light-stage mean by them.

    Args:
        names: only those, such as "DemoFace_10K"; None for all.

    Raises:
        ConfigError: a file is missing.
    """
    folder = data / "scans" / "meshmonk"
    try:
        marks = {name: 1e-3 * np.loadtxt(folder / f"{name}Landmarks.csv", delimiter=",") for name in _LANDMARKED}
    except OSError as error:
        raise ConfigError(f"{folder}: no scans ({error}); give --data the folder that holds scans/") from error
    template = read_mesh(folder / "Template.obj")
    at = np.linalg.norm(1e-3 * template.vertices - marks["Template"][:, None], axis=2).argmin(1)
    paths = [*sorted((folder / "simulated_faces").glob("SIMPOP_*.obj")), folder / "DemoFace_10K.obj"]
    for path in paths:
        if names is not None and path.stem not in names:
            continue
        mesh = read_mesh(path)
        vertices = 1e-3 * mesh.vertices
        points = marks["DemoFace"] if path.name.startswith("Demo") else vertices[at]
        source = ict.neutral[ict.corners[list(FIVE)]]
        rotation, translation, scale = similarity(source, points)
        seven = {i: scale * rotation @ ict.neutral[ict.corners[i]] + translation for i in SEVEN}
        yield ScanCase(
            path.stem, Scan(vertices, mesh.triangles), dict(zip(FIVE, points, strict=True)), now_region(vertices, seven)
        )
