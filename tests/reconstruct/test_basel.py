"""--mat: what Deep3DFaceRecon's own formulas make of the file is the face that was seen."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from facegpt_ros.cli import main
from facegpt_ros.errors import ModelError
from facegpt_ros.face import Face
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.reconstruct.basel import BaselConverter, load_basel
from facegpt_ros.reconstruct.image import ImageWorker, Job
from facegpt_ros.reconstruct.names import make_folder
from facegpt_ros.reconstruct.source import Photo
from facegpt_ros.render.camera import Camera
from tests.morphable.loaders import tiny
from tests.reconstruct.oracle import MODEL, Oracle, face_of, names_in, photo, written

SHAPES = {"id": 80, "exp": 64, "tex": 80, "angle": 3, "gamma": 27, "trans": 3}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own model, as much as fits into the layout of BFM_model_front.mat."""
    bases, v = MODEL.bases, MODEL.n_vertices

    def columns(basis: np.ndarray, count: int) -> np.ndarray:
        out = np.zeros((3 * v, count), np.float32)
        out[:, : len(basis)] = basis[:count].T
        return out

    corners, weights = MODEL.embedding()
    path = tmp_path_factory.mktemp("bfm") / "BFM_model_front.mat"
    content = {
        "meanshape": bases["mean"].reshape(1, -1) * 10,
        "idBase": columns(bases["identity"], 80) * 10,
        "exBase": columns(bases["expression"], 64) * 10,
        "meantex": bases["albedo_mean"].reshape(1, -1) * 255,
        "texBase": columns(bases["albedo"], 80) * 255,
        "tri": MODEL.triangles + 1,
        "keypoints": corners[np.arange(68), weights.argmax(1)][None] + 1,
    }
    savemat(path, content)
    return path


@pytest.fixture(scope="module")
def converter(front: Path) -> BaselConverter:
    return BaselConverter(front, MODEL)


def seen(camera: Camera, place: tuple[float, float, float], yaw: float) -> Face:
    """Somebody within the first 80 axes, about as far away as Deep3DFaceRecon's camera is."""
    face = face_of(camera)
    identity = np.where(np.arange(len(face.identity)) < 80, 0.7 * face.identity, 0).astype(np.float32)
    rotation, translation = matrix_from_euler(yaw, -5, 4), np.array(place)
    landmarks = camera.project(posed_landmarks(MODEL, identity, face.expression, rotation, translation))
    changed = {"identity": identity, "rotation": rotation, "translation": translation, "landmarks": landmarks}
    return replace(face, **changed)


def theirs(content: dict[str, np.ndarray], front: Path) -> np.ndarray:
    """lm68 (68, 2) by Deep3DFaceRecon's formulas, written out here: dm, y up, a camera at z = 10 that looks back."""
    model = loadmat(front)
    mean = model["meanshape"].reshape(-1, 3)
    flat = model["idBase"] @ content["id"][0] + model["exBase"] @ content["exp"][0]
    shape = flat.reshape(-1, 3) + mean - mean.mean(0)
    a, b, c = content["angle"][0]
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    moved = shape @ (rz @ ry @ rx).T + content["trans"][0]
    points = moved[model["keypoints"].ravel() - 1]
    image = points[:, :2] / (10 - points[:, 2:]) * 1015 + 112
    return np.stack([image[:, 0], 223 - image[:, 1]], 1)


@pytest.mark.parametrize(("place", "yaw"), [((0.05, -0.04, 1.0), 20), ((-0.2, 0.1, 0.9), -15)])
def test_their_formulas_show_the_face_where_it_is_in_the_photo(
    place: tuple[float, float, float], yaw: float, converter: BaselConverter, front: Path
):
    illumination = np.zeros((9, 3))
    illumination[0], illumination[2] = 2.8, (0.1, 0.2, 0.3)
    face = replace(seen(Camera.from_fov(640, 480, 50.0), place, yaw), illumination=illumination.ravel())
    converted = converter.convert(face)
    content = {key: value for key, value in loadmat(io.BytesIO(converted.mat)).items() if not key.startswith("_")}
    assert {key: value.shape for key, value in content.items()} == {
        **{key: (1, count) for key, count in SHAPES.items()},
        "lm68": (1, 68, 2),
    }
    assert all(value.dtype == np.float32 for value in content.values())
    lm68 = content["lm68"][0]
    assert np.abs(lm68 - theirs(content, front)).max() < 0.02
    width, height, scale, column, row_from_below = converted.about["trans_params"]
    assert (width, height) == (640, 480)
    in_photo = (lm68 - (112, 111)) / scale + (column, height - 1 - row_from_below)
    vertices = MODEL.vertices(face.identity, face.expression)[loadmat(front)["keypoints"].ravel() - 1]
    wanted = face.camera.project(vertices @ face.rotation.T + face.translation)
    off = (in_photo - wanted) / np.linalg.norm(wanted[36] - wanted[45])
    # Points of a carried face slide along its surface; together they stay where they were.
    assert np.abs(off.mean(0)).max() < 0.012 and np.linalg.norm(off, axis=1).mean() < 0.04
    assert abs(np.std(in_photo, axis=0) / np.std(wanted, axis=0) - 1).max() < 0.04
    assert converted.about["error_mm"] < 0.3
    gamma = content["gamma"].reshape(3, 9)  # without the ambient 0.8 that they add
    assert np.abs(gamma[:, 0] - 2.0).max() < 1e-6 and np.abs(np.abs(gamma[:, 2]) - (0.1, 0.2, 0.3)).max() < 1e-6


@pytest.mark.usefixtures("quick")
def test_a_mat_lies_beside_every_face_and_the_json_says_how_it_was_aligned(
    converter: BaselConverter, front: Path, tmp_path: Path
):
    make_folder(tmp_path / "out")
    worker = ImageWorker(Job(tmp_path / "out", fov_deg=60.0, basel=front), Oracle(), converter)
    outcome = worker.do(Photo("us", written(tmp_path / "us.png", photo(1, 320, 240))))
    assert outcome.files == "us.png, us.obj + .json + .mat" and "us.mat" in names_in(tmp_path / "out")
    said = json.loads((tmp_path / "out" / "us.json").read_text())["deep3d"]
    assert said["file"] == "us.mat" and said["trans_params"][:2] == [320, 240]


def test_another_model_or_none_is_said_before_anything_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture):
    image = str(written(tmp_path / "ada.png", photo()))
    assert main(["reconstruct", image, "-o", str(tmp_path / "out"), "--mat", str(tmp_path / "none.mat")]) == 1
    assert f"{tmp_path / 'none.mat'}: No such file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModelError, match=r"has \(5, 4, 3\) identity.*BFM_model_front.mat"):
        load_basel(tiny.write_front(tmp_path / "small.mat"))
