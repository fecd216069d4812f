"""Scans as users bring them: formats, units, broken parts."""

import struct
from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.errors import ScanError
from facegpt_ros.morphable.landmark_file import read_landmarks
from facegpt_ros.morphable.mesh_reader import RawMesh, read_mesh
from facegpt_ros.morphable.scan import Scan, cleaned, read_scan, unit_of

# A pyramid on a square: one polygon of four corners, four of three.
VERTICES = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [1, 1, 1.5]])
TRIANGLES = np.array([[0, 3, 2], [0, 2, 1], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
QUAD, SIDES = [0, 3, 2, 1], [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]


def obj() -> bytes:
    lines = ["# made by a test", "mtllib nothing.mtl", *("v {} {} {} 0.5 0.5 0.5".format(*v) for v in VERTICES)]
    lines += ["vt 0 0", "vn 0 0 1", "f " + " ".join(f"{i + 1}/1/1" for i in QUAD)]
    return "\r\n".join([*lines, *("f {} {} {}".format(*(i - 5 for i in side)) for side in SIDES)]).encode()


def ply(order: str) -> bytes:
    header = (
        f"ply\nformat {order} 1.0\ncomment by a test\nelement vertex 5\nproperty float x\nproperty double y\n"
        "property float z\nproperty uchar red\nelement face 5\nproperty list uchar int vertex_indices\n"
        "property float quality\nend_header\n"
    ).encode()
    if order == "ascii":
        rows = ["{} {} {} 200".format(*v) for v in VERTICES]
        rows += [" ".join(map(str, [len(f), *f, 0.5])) for f in (QUAD, *SIDES)]
        return header + "\n".join(rows).encode() + b"\n"
    sign = "<" if "little" in order else ">"
    body = b"".join(struct.pack(sign + "fdfB", *v, 200) for v in VERTICES)
    return header + body + b"".join(struct.pack(f"{sign}B{len(f)}if", len(f), *f, 0.5) for f in (QUAD, *SIDES))


def stl_binary() -> bytes:
    facets = b"".join(struct.pack("<12fH", 0, 0, 0, *VERTICES[t].ravel(), 0) for t in TRIANGLES)
    return b"solid, or so it says".ljust(80, b" ") + struct.pack("<I", len(TRIANGLES)) + facets


def stl_text() -> bytes:
    out = ["solid pyramid"]
    for triangle in TRIANGLES:
        out += ["facet normal 0 0 1", "outer loop", *("vertex {} {} {}".format(*VERTICES[i]) for i in triangle)]
        out += ["endloop", "endfacet"]
    return "\n".join([*out, "endsolid pyramid"]).encode()


FILES = {
    "mesh.obj": obj(),
    "text.ply": ply("ascii"),
    "little.ply": ply("binary_little_endian"),
    "big.PLY": ply("binary_big_endian"),
    "binary.stl": stl_binary(),
    "text.stl": stl_text(),
}


def corners_of(vertices: np.ndarray, triangles: np.ndarray) -> set:
    """Triangles as sets of places: independent of order and of which diagonal halves the square."""
    return {frozenset(map(tuple, vertices[t].tolist())) for t in triangles}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_mesh(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(FILES[name])
    mesh = read_mesh(tmp_path / name)
    assert len(mesh.vertices) == 5 and len(mesh.triangles) == 6
    assert corners_of(mesh.vertices, mesh.triangles) == corners_of(VERTICES, TRIANGLES)
    a, b, c = mesh.vertices[mesh.triangles].transpose(1, 0, 2)
    assert np.einsum("fi,fi->", a, np.cross(b, c)) / 6 == pytest.approx(2 * 2 * 1.5 / 3)  # wound outwards


@pytest.mark.parametrize("name", FILES)
def test_a_cut_off_file_is_refused_or_read_in_part_but_never_crashes(tmp_path: Path, name: str):
    for share in (0.1, 0.3, 0.5, 0.7, 0.95):
        (tmp_path / name).write_bytes(FILES[name][: int(share * len(FILES[name]))])
        try:
            assert np.isfinite(read_mesh(tmp_path / name).vertices).all()
        except ScanError as error:
            assert name in str(error)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.obj", b"", "empty"),
        ("scene.obj", b"# nothing in here\n", "no vertices"),
        ("words.obj", b"v one two three\n", "export it again"),
        ("zero.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n", "vertex 0"),
        ("far.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "vertices 0 to 8, the file has 3"),
        ("noise.ply", bytes(range(256)), "no header"),
        (
            "greedy.ply",
            b"ply\nformat ascii 1.0\nelement vertex 4000000000\nproperty float x\nend_header\n",
            "4000000000",
        ),
        ("odd.ply", b"ply\nformat middle_endian 1.0\nend_header\n", "middle_endian"),
        ("short.stl", b"x" * 80 + struct.pack("<I", 1000) + b"x" * 50, "cut off"),
        ("photo.jpg", b"\xff\xd8", "by its ending"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, name: str, data: bytes, said: str):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ScanError, match=said) as error:
        read_mesh(tmp_path / name)
    assert name in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    (tmp_path / "folder.obj").mkdir()
    for path, said in ((tmp_path / "none.ply", "cannot be read"), (tmp_path / "folder.obj", "a folder")):
        with pytest.raises(ScanError, match=said):
            read_scan(path)


def test_leaves_out_what_is_broken_and_says_how_much():
    vertices = np.vstack([VERTICES, [[np.nan, 0, 0], [np.inf, 1, 1], [1e30, 0, 0], [5, 5, 5]]])
    triangles = np.vstack([TRIANGLES, [[0, 1, 5], [1, 1, 2], [0, 0, 0], [6, 7, 2]]])
    scan = cleaned(RawMesh(vertices, triangles))
    assert corners_of(scan.vertices, scan.triangles) == corners_of(VERTICES, TRIANGLES)
    assert len(scan.vertices) == 5
    said = "3 vertices that are no place in space, 2 triangles without area, 1 vertex of no triangle"
    assert scan.left_out == said


def test_a_clean_scan_is_left_as_it_is_and_nothing_is_said():
    scan = cleaned(RawMesh(VERTICES, TRIANGLES))
    assert np.array_equal(scan.vertices, VERTICES) and np.array_equal(scan.triangles, TRIANGLES) and not scan.left_out


def test_a_cloud_keeps_its_points():
    scan = cleaned(RawMesh(np.vstack([VERTICES, [[np.nan] * 3]]), np.empty((0, 3), int)))
    assert len(scan.vertices) == 5 and len(scan.triangles) == 0
    assert scan.left_out == "1 vertex that is no place in space"


@pytest.mark.parametrize(
    ("vertices", "triangles", "said"),
    [
        (np.full((4, 3), np.nan), np.array([[0, 1, 2]]), "none of 4 vertices"),
        (VERTICES, np.array([[0, 0, 1], [2, 2, 2]]), "no area"),
    ],
)
def test_a_scan_of_nothing_is_refused(vertices, triangles, said):
    with pytest.raises(ScanError, match=said):
        cleaned(RawMesh(vertices, triangles))


@pytest.mark.parametrize(("unit", "size"), [("m", 1.0), ("cm", 100.0), ("mm", 1000.0)])
@pytest.mark.parametrize("person", [0.7, 1.0, 1.4])
def test_tells_the_unit_by_the_size_of_the_face(unit: str, size: float, person: float):
    assert unit_of(person * size) == unit


@pytest.mark.parametrize("scale", [0.3, 5.0, 30.0, 300.0, 4000.0])
def test_a_size_of_no_unit_is_refused_with_a_cure(scale: float):
    with pytest.raises(ScanError, match="--unit"):
        unit_of(scale)


def test_samples_evenly_by_area_and_only_within_reach():
    near = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]])
    scan = Scan(np.vstack([near, 3 * near + 5, near + 100]), np.arange(9).reshape(-1, 3))
    points, normals = scan.sample(1000, np.zeros(3), 20)
    assert normals is not None and np.allclose(normals, [0, 0, 1])
    assert (points[:, 2] < 50).all() and (points[:, 2] > 1).mean() == pytest.approx(0.9, abs=0.01)
    assert len(scan.sample(10, np.full(3, 1e3), 5)[0]) == 0


def test_landmarks_come_with_or_without_indices(tmp_path: Path):
    path = tmp_path / "marks.txt"
    path.write_text("# eyes, nose, mouth\n1,2,3\n4;5;6\n7 8 9\n10 11 12\n13 14 15\n")
    marks = read_landmarks(path)
    assert list(marks) == [39, 42, 30, 48, 54] and marks[30].tolist() == [7, 8, 9]
    path.write_text("36 1 2 3\n45 4 5 6\n30 7 8 9\n")
    assert {i: m.tolist() for i, m in read_landmarks(path).items()} == {36: [1, 2, 3], 45: [4, 5, 6], 30: [7, 8, 9]}


@pytest.mark.parametrize(
    "text", ["", "1 2 3\n4 5 6\n", "a b c\n", "99 1 2 3\n1 1 2 3\n2 1 2 3\n", "1 nan 2 3\n2 1 2 3\n3 1 1 1\n"]
)
def test_landmarks_that_are_none_are_refused(tmp_path: Path, text: str):
    path = tmp_path / "marks.txt"
    path.write_text(text)
    with pytest.raises(ScanError, match="marks.txt"):
        read_landmarks(path)
    with pytest.raises(ScanError, match="cannot be read"):
        read_landmarks(tmp_path / "none.txt")
