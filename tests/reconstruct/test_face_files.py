"""`facegpt reconstruct` with faces whose truth is known; with the shipped weights where there are any."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facegpt_ros.cli import main
from facegpt_ros.errors import ConfigError, ImageError
from facegpt_ros.morphable.pose import seen_yaw
from facegpt_ros.photo_file import read_photo
from facegpt_ros.reconstruct.names import make_folder
from facegpt_ros.render.camera import Camera
from tests.reconstruct.oracle import FOV, MODEL, Performer, face_of, names_in, photo, reconstruct_in, run_in, written


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, str]]:
    """Vertices (V, 3), triangles (F, 3), texture coordinates by corner (F, 3, 2), and the words of other lines."""
    rows: dict[str, list[list[str]]] = {}
    for line in path.read_text().splitlines():
        key, *words = line.split()
        rows.setdefault(key, []).append(words)
    corners = np.array([[word.split("/") for word in row] for row in rows["f"]], int) - 1  # (F, 3, 2)
    vt = np.array(rows["vt"], float)
    return (
        np.array(rows["v"], float),
        corners[..., 0],
        vt[corners[..., 1]],
        {k: " ".join(v[0]) for k, v in rows.items()},
    )


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all that becomes of one face."""
    folder = tmp_path_factory.mktemp("one")
    assert reconstruct_in(folder / "out", written(folder / "ada.png", photo())) == 0
    return folder / "out"


def test_writes_overlay_mesh_material_texture_and_coefficients(one: Path):
    assert names_in(one) == ["ada.json", "ada.mtl", "ada.obj", "ada.png", "ada_texture.png"]
    assert cv2.imread(str(one / "ada.png")).shape == (120, 160, 3)
    assert len(np.unique(cv2.imread(str(one / "ada.png")).reshape(-1, 3), axis=0)) > 50


def test_mesh_is_the_face_in_the_model_frame_with_its_texture(one: Path):
    vertices, triangles, uv, words = read_obj(one / "ada.obj")
    face = face_of(Camera.from_fov(160, 120, FOV))
    assert np.abs(vertices - MODEL.vertices(face.identity, face.expression)).max() < 1e-6
    assert np.array_equal(triangles, MODEL.triangles)
    assert np.abs(uv - MODEL.uv_corners).max() < 1e-6 and uv.min() >= 0 and uv.max() <= 1
    assert words["mtllib"] == "ada.mtl"
    material = (one / "ada.mtl").read_text()
    assert f"newmtl {words['usemtl']}\n" in material and "map_Kd ada_texture.png\n" in material
    texture = cv2.imread(str(one / "ada_texture.png"))
    assert texture.shape[0] == texture.shape[1] >= 512


def test_json_holds_theta_pose_and_camera(one: Path):
    document = json.loads((one / "ada.json").read_text())
    face = face_of(Camera.from_fov(160, 120, FOV))
    for group, values in document["theta"].items():
        assert len(values) == len(document["names"][group])
        assert np.abs(np.array(values) - getattr(face, group)).max() < 1e-4
    assert document["names"]["expression"] == list(MODEL.expression_names)
    pose = document["pose"]
    assert (pose["yaw_deg"], pose["pitch_deg"], pose["roll_deg"]) == (10, -5, 3)
    assert np.abs(Rotation.from_quat(pose["quaternion_xyzw"]).as_matrix() - face.rotation).max() < 1e-5
    assert document["camera"]["assumed"] and document["camera"]["fx"] == pytest.approx(
        80 / np.tan(np.radians(30)), abs=1e-3
    )
    assert document["model_id"] == "oracle@0" and document["morphable_model"]["sha256"] == MODEL.sha256
    assert document["face_id"] == "f0" and document["index"] == 0 and document["confidence"] == 0.9
    assert set(document["timing_ms"]) == {"read", "faces", "overlay", "texture", "mesh"}


def test_landmarks_of_the_mesh_posed_and_projected_are_those_of_the_photo(one: Path):
    document = json.loads((one / "ada.json").read_text())
    points, pose, camera = np.array(document["landmarks_3d"]), document["pose"], document["camera"]
    assert points.shape == (68, 3)
    optical = Rotation.from_quat(pose["quaternion_xyzw"]).apply(points) + pose["translation_m"]
    pixels = optical[:, :2] / optical[:, 2:] * (camera["fx"], camera["fy"]) + (camera["cx"], camera["cy"])
    assert np.abs(pixels - document["landmarks_2d"]).max() < 0.02
    vertices = read_obj(one / "ada.obj")[0]
    corners, weights = MODEL.embedding()
    on_mesh = np.einsum("nci,nc->ni", vertices[corners], weights)
    assert np.abs(on_mesh - points)[17:].max() < 2e-6
    assert np.linalg.norm(on_mesh - points, axis=1).max() < 0.02  # the jaw slides with yaw


def test_neutral_takes_the_expression_out_of_mesh_and_landmarks_only(tmp_path: Path):
    image = written(tmp_path / "ada.png", photo())
    assert reconstruct_in(tmp_path / "out", image, neutral=True) == 0
    face, rest = face_of(Camera.from_fov(160, 120, FOV)), np.zeros(len(MODEL.expression_names))
    assert np.abs(read_obj(tmp_path / "out" / "ada.obj")[0] - MODEL.vertices(face.identity, rest)).max() < 1e-6
    document = json.loads((tmp_path / "out" / "ada.json").read_text())
    assert max(document["theta"]["expression"]) == 0.6 and document["expression_in_mesh"] == "neutral"
    points = MODEL.landmarks(face.identity, rest, yaw=seen_yaw(face.rotation, face.translation))
    assert np.abs(document["landmarks_3d"] - points).max() < 1e-6


def test_several_faces_are_numbered_the_largest_first(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert reconstruct_in(tmp_path / "out", written(tmp_path / "us.png", photo(2))) == 0
    parts = [f"us_{index}{end}" for index in range(2) for end in (".json", ".mtl", ".obj", "_texture.png")]
    assert names_in(tmp_path / "out") == sorted(["us.png", *parts])
    documents = [json.loads((tmp_path / "out" / f"us_{index}.json").read_text()) for index in range(2)]
    assert [document["index"] for document in documents] == [0, 1]
    assert documents[0]["roi"]["height"] > documents[1]["roi"]["height"]
    assert "2 faces from 1 image" in capsys.readouterr().out


def test_same_names_do_not_overwrite_each_other_or_the_photo(tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = tmp_path / "out"
    images = [
        written(tmp_path / "a" / "ada.png", photo()),
        written(tmp_path / "b" / "ADA.jpg", photo()),
        written(folder / "mine.png", photo()),
    ]
    before = images[2].read_bytes()
    assert reconstruct_in(folder, *images) == 0
    assert {"ada.obj", "ADA-2.obj", "mine-2.obj", "mine-2.png"} <= set(names_in(folder))
    assert images[2].read_bytes() == before
    assert "ADA.jpg: 1 face: ADA-2.png" in capsys.readouterr().out


def test_each_image_is_seen_as_the_first_of_its_stream(tmp_path: Path):
    performer = Performer()
    images = [written(tmp_path / f"{name}.png", photo(0)) for name in "ab"]
    run_in(tmp_path, *images, performer=performer)
    assert performer.oracle.resets == 2


def test_bad_images_are_named_with_a_cure_and_the_others_done(tmp_path: Path, capsys: pytest.CaptureFixture):
    good = written(tmp_path / "good.jpg", photo())
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    whole = written(tmp_path / "whole.jpg", noise).read_bytes()
    bad = {
        "cut.jpg": (whole[: len(whole) // 2], "cut off"),
        "cut.png": (written(tmp_path / "w.png", noise).read_bytes()[:500], "cut off"),
        "empty.jpg": (b"", "empty"),
        "words.jpg": (b"these are words", "save it as a JPEG or PNG"),
        "nobody.png": (written(tmp_path / "n.png", photo(0)).read_bytes(), "no face found"),
        "tiny.png": (written(tmp_path / "t.png", photo(1, 8, 8)).read_bytes(), "too small"),
    }
    for name, (content, _) in bad.items():
        (tmp_path / name).write_bytes(content)
    images = [*(tmp_path / name for name in bad), tmp_path / "missing.png", good]
    assert reconstruct_in(tmp_path / "out", *images) == 1
    said = capsys.readouterr()
    lines = said.err.splitlines()
    for name, (_, why) in bad.items():
        assert [line for line in lines if line.startswith(str(tmp_path / name)) and why in line], name
    assert "missing.png: cannot be read (No such file" in said.err
    assert "1 face from 1 image" in said.out and "7 images failed" in said.out
    assert names_in(tmp_path / "out") == ["good.json", "good.mtl", "good.obj", "good.png", "good_texture.png"]


def test_a_file_that_cannot_be_written_is_named_and_nothing_half_stays(tmp_path: Path, capsys: pytest.CaptureFixture):
    image = written(tmp_path / "ada.png", photo())
    (tmp_path / "out" / "ada.mtl").mkdir(parents=True)  # a folder in the way, which even root cannot replace
    assert reconstruct_in(tmp_path / "out", image) == 1
    said = capsys.readouterr().err
    assert f"{image}: " in said and "cannot be written" in said and "-o" in said
    left = [path.name for path in (tmp_path / "out").rglob("*")]
    assert not [name for name in left if name.endswith((".part", ".obj", ".json"))]


def test_an_output_folder_that_cannot_be_made_is_said_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="choose another folder with -o"):
        make_folder(tmp_path / "file" / "out")
    image = str(written(tmp_path / "ada.png", photo()))
    assert main(["reconstruct", image, "-o", str(tmp_path / "file" / "out")]) == 1
    assert main(["reconstruct", image, "-o", str(tmp_path / "out"), "--fov", "500"]) == 1
    said = capsys.readouterr().err
    assert "choose another folder with -o" in said and "500" in said


def test_a_photo_is_turned_upright_by_its_orientation_tag(tmp_path: Path):
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30] = 255
    jpeg = written(tmp_path / "plain.jpg", image).read_bytes()
    # APP1 with one TIFF entry: orientation 6, turn by 90° clockwise to see it upright.
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + tiff
    (tmp_path / "turned.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    upright = read_photo(tmp_path / "turned.jpg")
    assert upright.shape == (60, 40, 3)
    assert upright[:20].mean() > 250 and upright[40:].mean() < 5


def test_a_whole_jpeg_may_hold_a_thumbnail_and_be_followed_by_more(tmp_path: Path):
    jpeg = written(tmp_path / "plain.jpg", photo()).read_bytes()
    (tmp_path / "more.jpg").write_bytes(jpeg + b"a short video" * 100)
    assert read_photo(tmp_path / "more.jpg").shape == (120, 160, 3)
    thumbnail = b"\xff\xe1" + struct.pack(">H", len(jpeg) + 2) + jpeg
    framed = jpeg[:2] + thumbnail + jpeg[2:]
    (tmp_path / "framed.jpg").write_bytes(framed)
    assert read_photo(tmp_path / "framed.jpg").shape == (120, 160, 3)
    (tmp_path / "framed.jpg").write_bytes(framed[:-40])
    with pytest.raises(ImageError, match="cut off"):
        read_photo(tmp_path / "framed.jpg")


@pytest.mark.parametrize(
    "image", [photo()[..., 0], np.full((120, 160, 3), 257, np.uint16), np.dstack([photo()] * 2)[..., :4]]
)
def test_grey_deep_and_transparent_pictures_become_colour(tmp_path: Path, image: np.ndarray):
    read = read_photo(written(tmp_path / "odd.png", image))
    assert read.shape == (120, 160, 3) and read.dtype == np.uint8 and (read == 1).all()


def test_reconstructs_the_demo_portrait_with_the_shipped_weights(portrait: Path, tmp_path: Path):
    assert main(["reconstruct", str(portrait), "-o", str(tmp_path)]) == 0
    document = json.loads((tmp_path / f"{portrait.stem}.json").read_text())
    eyes = np.array(document["landmarks_2d"])[[36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47]].reshape(2, 6, 2).mean(1)
    # Middles of the eyes, read off the picture.
    assert np.abs(eyes - [(203.5, 101), (244.5, 108)]).max() < 8
    assert 0.3 < document["pose"]["translation_m"][2] < 3 and abs(document["pose"]["yaw_deg"]) < 45
