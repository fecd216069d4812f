"""BlazeFace on real pictures."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from facegpt_ros import engines
from facegpt_ros.errors import ConfigError, ImageError, WeightsError
from facegpt_ros.perception.detect import AutoDetector, BlazeFace, load_detector

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
# Middles of the eyes in astronaut.png, read off the picture.
RIGHT_EYE, LEFT_EYE = (203.5, 101), (244.5, 108)


def _fetched(name: str) -> Path:
    try:
        return engines.fetch(name, download=False)
    except WeightsError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return cv2.imread(str(_fetched("astronaut")))


@lru_cache(maxsize=3)
def _detector(name: str) -> AutoDetector | BlazeFace:
    _fetched("blazeface_short_range"), _fetched("blazeface_full_range")
    return load_detector(name)


@pytest.mark.parametrize("name", ["short_range", "full_range", "auto"])
def test_finds_one_face_and_its_eyes_in_source_pixels(name: str, astronaut: np.ndarray):
    (face,) = _detector(name).detect(astronaut)
    assert face.score > 0.7
    assert np.abs(face.keypoints[:2] - (RIGHT_EYE, LEFT_EYE)).max() < 5
    x0, y0, x1, y1 = face.box
    assert all(x0 < x < x1 and y0 < y < y1 for x, y in face.keypoints[:4])


def test_pixels_follow_a_shift_of_the_image(astronaut: np.ndarray):
    (there,) = _detector("short_range").detect(astronaut[:, :300])
    (here,) = _detector("short_range").detect(np.ascontiguousarray(astronaut[20:, 40:300]))
    assert np.abs(there.keypoints[:4] - here.keypoints[:4] - (40, 20)).max() < 6


def test_finds_a_far_face_with_full_range(astronaut: np.ndarray):
    image = np.full((720, 1280, 3), 90, np.uint8)
    image[150:662, 500:1012] = astronaut
    assert not _detector("short_range").detect(image)
    (face,) = _detector("auto").detect(image)
    assert np.abs(face.keypoints[:2] - np.add((RIGHT_EYE, LEFT_EYE), (500, 150))).max() < 8


def test_finds_a_face_that_fills_the_image(astronaut: np.ndarray):
    assert len(_detector("auto").detect(np.ascontiguousarray(astronaut[70:146, 187:263]))) == 1


def test_finds_each_of_two_faces_once(astronaut: np.ndarray):
    both = np.hstack([astronaut[:300, 80:380], astronaut[:300, 80:380]])
    faces = _detector("auto").detect(np.ascontiguousarray(both))
    assert sorted(round(face.keypoints[0, 0]) // 300 for face in faces) == [0, 1]


def test_finds_none_where_there_is_none():
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert _detector("auto").detect(noise) == []
    assert _detector("auto").detect(np.zeros((16, 4000, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (np.zeros((64, 64), np.uint8), r"uint8 \(64, 64\)"),
        (np.zeros((64, 64, 3), np.uint16), "uint16"),
        (np.zeros((64, 64, 4), np.uint8), r"\(64, 64, 4\)"),
        (np.zeros((15, 64, 3), np.uint8), "64x15 px"),
        (np.zeros((0, 0, 3), np.uint8), "0x0 px"),
    ],
)
def test_refuses_what_is_no_colour_image_and_says_what_it_is(image: np.ndarray, what: str):
    with pytest.raises(ImageError, match=what):
        _detector("short_range").detect(image)


def test_refuses_unknown_variant_and_other_files(tmp_path: Path):
    with pytest.raises(ConfigError, match="mid_range"):
        load_detector("mid_range")
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"TFL3 not really")
    with pytest.raises(WeightsError, match=r"broken\.tflite"):
        BlazeFace("short_range", broken)
    with pytest.raises(WeightsError, match="full_range"):
        BlazeFace("full_range", _fetched("blazeface_short_range"))


@pytest.mark.parametrize("name", ["congress", "sfhq"])
def test_finds_99_percent_of_the_validation_portraits(name: str):
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    with open(folder / "split.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    found = 0
    for row in rows:
        faces = _detector("auto").detect(cv2.imread(str(folder / "images" / row["file"])))
        eyes = np.array([[row["le_x"], row["le_y"]], [row["re_x"], row["re_y"]]], np.float64)
        apart = np.linalg.norm(eyes[1] - eyes[0])
        found += any(np.linalg.norm(face.keypoints[:2] - eyes, axis=1).max() < 0.2 * apart for face in faces)
    assert found >= 0.99 * len(rows)


def test_finds_the_one_face_of_a_video_in_every_tenth_frame():
    video = cv2.VideoCapture(str(_fetched("carphone")))
    frames = [frame for index in range(120) if (frame := video.read()[1]) is not None and index % 10 == 0]
    assert [len(_detector("auto").detect(frame)) for frame in frames] == [1] * 12
