"""The real benchmarks' folders, made small: what is read, what is measured, what is said of a missing file."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from facegpt_ros.errors import ConfigError, ScanError
from facegpt_ros.evaluation.now import NowScorer
from facegpt_ros.evaluation.now_folder import now_shots, picked_points
from facegpt_ros.evaluation.realy_folder import REGIONS, realy_pictures, realy_scan, score_realy
from facegpt_ros.morphable.fit import visible
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.seer import Seer, face_at, unseen

MODEL = MorphableModel.load()
MARKS = np.random.default_rng(0).uniform(10, 40, (68, 2))
SCALE = 8.5  # mm a unit of REALY's scans


def write_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    path.write_text("\n".join([*lines, *(f"f {a} {b} {c}" for a, b, c in triangles + 1)]) + "\n")


def write_picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((48, 64, 3), 90, np.uint8))


@pytest.fixture(scope="module")
def alpha() -> np.ndarray:
    return np.random.default_rng(3).normal(0, 0.8, len(MODEL.identity_names))


@pytest.fixture(scope="module")
def head(alpha) -> np.ndarray:
    return NowScorer(MODEL).neutral(alpha).astype(np.float64)


@pytest.fixture(scope="module")
def now_master(tmp_path_factory, head) -> Path:
    """One subject with two pictures, as NoW's archives unpack; the scan is a head of the model, in mm."""
    folder = tmp_path_factory.mktemp("now")
    (folder / "imagepathsvalidation.txt").write_text("S1/multiview_neutral/IMG_1.jpg\nS1/selfie/IMG_2.jpg\n\n")
    for part in ("multiview_neutral/IMG_1.jpg", "selfie/IMG_2.jpg"):
        write_picture(folder / "final_release_version" / "iphone_pictures" / "S1" / part)
    mm = 1e3 * head + (0, 0, -400)
    write_obj(folder / "scans" / "S1" / "natural_head.000001.obj", mm, MODEL.triangles[visible(MODEL)])
    points = "".join(
        f' <point x="{x:.5f}" y="{y:.5f}" active="1" z="{z:.5f}" name="{i}"/>\n'
        for i, (x, y, z) in enumerate(NowScorer(MODEL).seven(mm))
    )
    marks = folder / "scans_lmks_onlypp" / "S1" / "picked.pp"
    marks.parent.mkdir(parents=True)
    marks.write_text(f"<!DOCTYPE PickedPoints>\n<PickedPoints>\n <DocumentData/>\n{points}</PickedPoints>\n")
    return folder


@pytest.fixture
def now(now_master, tmp_path) -> Path:
    return Path(shutil.copytree(now_master, tmp_path / "now"))


def test_now_pictures_come_with_the_scan_of_their_subject(now, alpha):
    shots = list(now_shots(MODEL, now, 60))
    assert [(s.name, s.group, s.person) for s in shots] == [
        ("S1/multiview_neutral/IMG_1.jpg", "multiview_neutral", "S1"),
        ("S1/selfie/IMG_2.jpg", "selfie", "S1"),
    ]
    assert shots[0].landmarks is None and shots[0].image.shape == (48, 64, 3)
    truth, mean = face_at(MARKS, MODEL, identity=alpha), face_at(MARKS, MODEL)
    figures = NowScorer(MODEL).score(Seer(MODEL, [[truth], [mean]]), shots, unseen)
    groups = figures["groups"]
    assert groups["multiview_neutral"]["estimate"]["median"] < 0.01
    assert groups["selfie"]["estimate"]["median"] == groups["selfie"]["mean_face"]["median"] > 0.5
    assert figures["limit"]["median"] < 0.4 < figures["mean_face"]["median"]


def test_now_may_lie_deeper_and_be_sampled(now, tmp_path):
    deeper = tmp_path / "deeper" / "NoW_Dataset" / "final_release_version"
    deeper.parent.mkdir(parents=True)
    shutil.copytree(now, deeper)
    shutil.move(str(deeper / "final_release_version" / "iphone_pictures"), str(deeper))
    assert [s.person for s in now_shots(MODEL, tmp_path / "deeper", 60, count=1)] == ["S1"]


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("imagepathsvalidation.txt", "imagepathsvalidation.txt"),
        ("scans", "scans"),
        ("scans/S1/natural_head.000001.obj", r"\*\.obj"),
        ("scans_lmks_onlypp/S1/picked.pp", r"\*\.pp"),
        ("final_release_version/iphone_pictures", "iphone_pictures"),
        ("final_release_version/iphone_pictures/S1/multiview_neutral/IMG_1.jpg", "IMG_1.jpg"),
    ],
)
def test_a_missing_part_of_now_is_named(now, gone, named):
    path = now / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ConfigError, match=named):
        list(now_shots(MODEL, now, 60))


def test_hostile_files_of_now_are_refused(now):
    marks = now / "scans_lmks_onlypp" / "S1" / "picked.pp"
    good = marks.read_text()
    assert picked_points(marks).shape == (7, 3)
    for bad in (good.replace('name="3"', 'name="2"'), good.replace('x="', 'x="nan', 1), "<PickedPoints/>"):
        marks.write_text(bad)
        with pytest.raises(ConfigError, match=r"picked\.pp"):
            picked_points(marks)
    marks.write_text(good.replace('x="', 'w="', 1))
    with pytest.raises(ConfigError, match="no x, y and z"):
        picked_points(marks)
    marks.write_text(good)
    (now / "imagepathsvalidation.txt").write_text("../../S1/selfie/IMG_2.jpg\n")
    with pytest.raises(ConfigError, match="not subject/challenge/picture"):
        list(now_shots(MODEL, now, 60))
    (now / "imagepathsvalidation.txt").write_text("S1/selfie/IMG_2.jpg\n")
    (now / "scans" / "S1" / "natural_head.000001.obj").write_text("v 1 2\n")
    with pytest.raises(ScanError):
        list(now_shots(MODEL, now, 60))


@pytest.fixture
def realy(tmp_path, head) -> Path:
    """Scan 2 of REALY with two views; its regions are parts of a head of the model, in its odd unit."""
    folder = tmp_path / "realy"
    units = 1e3 / SCALE * head
    corners, weights = MODEL.embedding()
    keypoints = np.einsum("nci,nc->ni", units[corners], weights)
    none = np.zeros((0, 3), int)
    write_obj(folder / "REALY_HIFI3D_keypoints" / "2.obj", np.vstack([keypoints, np.zeros((17, 3))]), none)
    face = (MODEL.regions["face"] > 0.5) & (MODEL.regions["skin"] > 0.5)
    for i, region in enumerate(REGIONS):
        part = units[np.flatnonzero(face)[i::4]]
        write_obj(folder / "REALY_scan_region" / "2" / f"{region}.obj", part, none)
    (folder / "metrical_scale.txt").write_text(f"9.9\n{SCALE}\n")
    for name in ("2.jpg", "2_1.jpg"):
        write_picture(folder / "REALY_image" / "crop_image_frontal_512x512" / name)
    return folder


def test_realy_regions_are_measured_in_millimetres(realy, alpha):
    assert [number for number, _ in realy_pictures(realy)] == [2, 2]
    truth, mean = face_at(MARKS, MODEL, identity=alpha), face_at(MARKS, MODEL)
    right = score_realy(Seer(MODEL, [[truth], [truth]]), realy, 60)
    assert right["found"] == 1 and max(right["estimate"].values()) < 0.02
    assert right["mean_face"]["all"] == pytest.approx(np.mean([right["mean_face"][r] for r in REGIONS]))
    plain = score_realy(Seer(MODEL, [[mean], []]), realy, 60)
    assert plain["estimate"] == plain["mean_face"] and plain["found"] == 0.5
    # Distances of a head of the model to another, brought to mm by the scale of its own line.
    assert 0.4 < plain["estimate"]["all"] < 4
    assert realy_scan(realy, 2)["nose"].mm == SCALE
    assert score_realy(Seer(MODEL, [[mean]]), realy, 60, count=1)["images"] == 1


@pytest.mark.parametrize(
    "gone",
    ["REALY_HIFI3D_keypoints/2.obj", "REALY_scan_region/2/cheek.obj", "metrical_scale.txt", "REALY_image"],
)
def test_a_missing_part_of_realy_is_named(realy, gone):
    path = realy / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ConfigError, match=Path(gone).name):
        score_realy(Seer(MODEL, [[face_at(MARKS, MODEL)]] * 2), realy, 60)


def test_hostile_files_of_realy_are_refused(realy):
    (realy / "metrical_scale.txt").write_text("9.9\n")
    with pytest.raises(ConfigError, match="no size of scan 2"):
        realy_scan(realy, 2)
    (realy / "metrical_scale.txt").write_text("9.9\nnan\n")
    with pytest.raises(ConfigError, match="no size of scan 2"):
        realy_scan(realy, 2)
    write_obj(realy / "REALY_HIFI3D_keypoints" / "2.obj", np.zeros((5, 3)), np.zeros((0, 3), int))
    with pytest.raises(ConfigError, match="5 keypoints"):
        realy_scan(realy, 2)
    write_picture(realy / "REALY_image" / "crop_image_frontal_512x512" / "face.jpg")
    with pytest.raises(ConfigError, match="<id>"):
        realy_pictures(realy)
