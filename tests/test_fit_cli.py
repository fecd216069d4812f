"""`facegpt fit` end to end with the shipped weights: scans and photos, good and hostile."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facegpt_ros import engines
from facegpt_ros.cli import main
from facegpt_ros.errors import WeightsError
from facegpt_ros.morphable.mesh_file import obj_text
from facegpt_ros.morphable.mesh_reader import read_mesh
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.viz.gallery import portrait

MODEL = MorphableModel.load()
TURN = Rotation.from_euler("xyz", [90, 5, -8], degrees=True).as_matrix()  # z up, as many scanners write


@pytest.fixture(scope="module", autouse=True)
def weights() -> None:
    for name in ("blazeface_short_range", "regressor"):
        try:
            engines.fetch(name, download=False)
        except WeightsError as error:
            pytest.skip(f"needs the weights: {error}")


def write_scan(path: Path, scale: float = 1000.0, broken: bool = False) -> np.ndarray:
    """Somebody's head in `scale` units per metre; returns the 68 landmarks (68, 3)."""
    identity = np.random.default_rng(6).normal(0, 0.6, len(MODEL.identity_names))
    rest = np.zeros(len(MODEL.expression_names))
    vertices = scale * (MODEL.vertices(identity, rest) @ TURN.T + (0.1, 0.2, -0.3))
    triangles = MODEL.triangles
    lines = obj_text(vertices, triangles, MODEL.uv_corners, None)
    if broken:
        lines += "v nan 0 0\nv 1 2 3\nf 1 1 2\nf 5 5 5\n"
    path.write_text(lines)
    return scale * (MODEL.landmarks(identity, rest) @ TURN.T + (0.1, 0.2, -0.3))


def photo(path: Path) -> None:
    rng = np.random.default_rng(1)
    identity = rng.normal(0, 0.6, len(MODEL.identity_names))
    vertices = MODEL.vertices(identity, np.zeros(len(MODEL.expression_names)))
    colours = MODEL.colours(rng.normal(0, 0.5, len(MODEL.albedo_names)))
    cv2.imwrite(str(path), portrait(MODEL, vertices, colours, size=320))


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1000.0), ("cm", 100.0), ("m", 1.0)])
def test_a_scan_without_landmarks_is_fitted_in_its_own_unit(tmp_path: Path, capsys, unit: str, scale: float):
    path = tmp_path / "scan.obj"
    write_scan(path, scale)
    assert main(["fit", str(path), "-o", str(tmp_path / "out")]) == 0
    said = json.loads((tmp_path / "out/scan.json").read_text())
    assert said["unit"] == unit and said["pose"]["scale"] == scale
    assert said["error_mm"]["median"] < 0.5 and said["landmarks"]["from"] == "estimated from renders"
    assert np.isfinite(said["theta"]["identity"]).all() and len(said["theta"]["identity"]) == len(MODEL.identity_names)
    fitted = read_mesh(tmp_path / "out/scan.obj")
    scanned = read_mesh(path)
    gap = np.linalg.norm(fitted.vertices - scanned.vertices, axis=1)[MODEL.regions["face"] > 0.5]
    assert 1e3 * np.median(gap) / scale < 2.0
    assert cv2.imread(str(tmp_path / "out/scan.png")).std() > 20
    assert f"unit {unit}" in capsys.readouterr().out


def test_landmarks_from_a_file_are_used(tmp_path: Path):
    marks = write_scan(tmp_path / "scan.obj", 37.0)
    rows = [f"{i} {x:.4f} {y:.4f} {z:.4f}" for i, (x, y, z) in enumerate(marks) if i in (36, 39, 42, 45, 33, 48, 54)]
    (tmp_path / "marks.txt").write_text("\n".join(rows))
    command = [
        "fit",
        str(tmp_path / "scan.obj"),
        "--landmarks",
        str(tmp_path / "marks.txt"),
        "-o",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--unit", "any"]) == 0
    said = json.loads((tmp_path / "out/scan.json").read_text())
    assert said["landmarks"]["from"] == "file" and said["pose"]["scale"] == pytest.approx(37, rel=0.2)
    assert main(command) == 1  # 37 units a metre is no unit


def test_what_is_broken_in_a_scan_is_left_out_and_said(tmp_path: Path, capsys):
    write_scan(tmp_path / "scan.obj", broken=True)
    assert main(["fit", str(tmp_path / "scan.obj"), "-o", str(tmp_path / "out")]) == 0
    said = "1 vertex that is no place in space, 2 triangles without area, 1 vertex of no triangle"
    assert said in capsys.readouterr().out
    assert json.loads((tmp_path / "out/scan.json").read_text())["left_out"] == said


def test_bad_files_are_named_with_a_cure_and_the_others_are_fitted(tmp_path: Path, capsys):
    ball = np.random.default_rng(0).normal(size=(400, 3))
    (tmp_path / "cloud.obj").write_text("\n".join("v {} {} {}".format(*p) for p in ball))
    (tmp_path / "cube.obj").write_text(
        "\n".join(f"v {x} {y} {z}" for x in (0, 1) for y in (0, 1) for z in (0, 1))
        + "\nf 1 2 4 3\nf 5 7 8 6\nf 1 5 6 2"
    )
    (tmp_path / "nothing.ply").write_bytes(b"")
    (tmp_path / "flat.stl").write_bytes(b"solid none\nendsolid none\n")
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((120, 120, 3), 90, np.uint8))
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam")
    photo(tmp_path / "person.jpg")
    bad = ["cloud.obj", "cube.obj", "nothing.ply", "flat.stl", "wall.png", "letter.txt", "gone.jpg"]
    assert main(["fit", *(str(tmp_path / name) for name in [*bad, "person.jpg"]), "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    for name, said in zip(
        bad,
        ("--landmarks", "no face is seen", "empty", "no vertices", "no face found", "no picture", "cannot be read"),
        strict=True,
    ):
        line = next(line for line in printed.err.splitlines() if name in line)
        assert said in line
    assert "1 of 8 fitted" in printed.out and "7 failed" in printed.out
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        *("person.png", "person.obj", "person.mtl", "person_texture.png", "person.json"),
    }


def test_a_photo_gives_theta_mesh_and_picture(tmp_path: Path):
    photo(tmp_path / "person.png")
    assert main(["fit", str(tmp_path / "person.png"), "-o", str(tmp_path / "out")]) == 0
    said = json.loads((tmp_path / "out/person.json").read_text())
    assert said["method"] == "analysis by synthesis" and len(said["theta"]["illumination"]) == 27
    assert abs(said["pose"]["yaw_deg"]) < 10
    sheet = cv2.imread(str(tmp_path / "out/person.png"))
    assert sheet.shape[1] == 4 * sheet.shape[0]


@pytest.mark.parametrize(
    "words", [["--landmarks", "marks.txt"], ["--prior-mm", "0"], ["--fov", "500"], ["--max-faces", "99"]]
)
def test_wrong_options_are_refused_before_anything_is_loaded(tmp_path: Path, capsys, words: list[str]):
    photo(tmp_path / "a.png")
    assert main(["fit", str(tmp_path / "a.png"), *words, "-o", str(tmp_path / "out")]) == 1
    assert "facegpt fit:" in capsys.readouterr().err


def test_help_names_formats_and_units(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for word in (".ply", "m,cm,mm", "nose tip", "--prior-mm"):
        assert word in said
