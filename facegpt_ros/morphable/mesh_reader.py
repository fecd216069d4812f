"""Meshes and point clouds from files that users bring: .obj, .ply and .stl, text or binary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ScanError
from facegpt_ros.morphable.ply_reader import fans, parse_ply

#: Endings of files that hold scans.
MESH_SUFFIXES = (".obj", ".ply", ".stl")
_STL_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_STL_HEADER = 84


@dataclass(frozen=True)
class RawMesh:
    """What a file says.

    Attributes:
        vertices: (V, 3) float64, the file's unit; may hold NaN.
        triangles: (F, 3) int64, polygons cut into fans, every index a vertex; (0, 3) for a cloud of points.
    """

    vertices: np.ndarray
    triangles: np.ndarray


def read_mesh(path: Path) -> RawMesh:
    """The mesh of a file, by its ending.

    Raises:
        ScanError: missing, empty, cut off, no such mesh, or a triangle of vertices that are not there.
    """
    readers = {".obj": _parse_obj, ".ply": parse_ply, ".stl": _parse_stl}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise ScanError(f"{path}: no scan by its ending; save it as {', '.join(MESH_SUFFIXES)}")
    if path.is_dir():
        raise ScanError(f"{path}: a folder; name the files in it")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScanError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    if not data:
        raise ScanError(f"{path}: the file is empty; copy it again")
    try:
        vertices, triangles = readers[suffix](data)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise ScanError(f"{path}: no {suffix} mesh that can be read ({error}); export it again") from error
    if not len(vertices):
        raise ScanError(f"{path}: holds no vertices; export the scan itself, not an empty scene")
    if len(triangles) and (triangles.min() < 0 or triangles.max() >= len(vertices)):
        raise ScanError(
            f"{path}: triangles name vertices {triangles.min()} to {triangles.max()}, the file has {len(vertices)}; "
            "export it again"
        )
    return RawMesh(vertices, triangles)


def _parse_obj(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    vertices: list[list[bytes]] = []
    sizes: list[int] = []
    flat: list[int] = []
    for line in data.replace(b"\\\n", b" ").replace(b"\\\r\n", b" ").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == b"v":
            if len(words) < 4:
                raise ValueError(f"a vertex of {len(words) - 1} numbers")
            vertices.append(words[1:4])
        elif words[0] == b"f":
            corners = [int(word.split(b"/", 1)[0]) for word in words[1:]]
            if 0 in corners:
                raise ValueError("a face that names vertex 0; they count from 1")
            # A negative number counts back from the last vertex so far.
            flat += [c - 1 if c > 0 else len(vertices) + c for c in corners]
            sizes.append(len(corners))
    triangles = fans(np.array(sizes, np.int64), np.array(flat, np.int64))
    return np.array(vertices, np.float64).reshape(-1, 3), triangles


def _parse_stl(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    count = int.from_bytes(data[80:_STL_HEADER], "little") if len(data) >= _STL_HEADER else -1
    expected = _STL_HEADER + count * _STL_FACET.itemsize
    # Some binary files begin with "solid" too: the size decides.
    if count >= 0 and expected == len(data):
        corners = np.frombuffer(data, _STL_FACET, count, _STL_HEADER)["corners"].astype(np.float64)
    elif data.lstrip()[:5].lower() == b"solid":
        words = [line.split()[1:4] for line in data.splitlines() if line.lstrip()[:6].lower() == b"vertex"]
        corners = np.array(words, np.float64).reshape(-1, 3, 3)
    else:
        raise ValueError(f"{len(data)} bytes, {expected} by its header; it may be cut off")
    if not len(corners):
        return np.empty((0, 3)), np.empty((0, 3), np.int64)
    # Every triangle brings its own corners: the same place is one vertex.
    vertices, used = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    return vertices, used.reshape(-1, 3).astype(np.int64)
