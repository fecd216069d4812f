"""One pipeline before several cameras: what they share, and what they must not."""

from __future__ import annotations

import numpy as np
import pytest

from facegpt_ros.config import PerceptionConfig
from facegpt_ros.errors import CameraError, ImageError
from facegpt_ros.face import CropEstimate
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.detect import Detection
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.perception.stream import View
from facegpt_ros.render.camera import Camera
from tests.perception.scene import MODEL, Person, Scene

CAMERAS = {
    "left": Camera.from_fov(640, 480, 60),
    "right": Camera.from_fov(320, 240, 80),
    "top": Camera(400, 300, 260, 260, 205, 148, (-0.2, 0.05, 0.0, 0.0, 0.0), "plumb_bob"),
}


class Rooms(Scene):
    """Other people before each camera; images are told apart by their size, crops by their camera."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **rooms: list[Person]) -> None:
        super().__init__(monkeypatch)
        self.rooms = rooms
        self.detected: list[str] = []
        self.fails = False

    def detect(self, image: np.ndarray, min_score: float) -> list[Detection]:
        name = next(name for name, c in CAMERAS.items() if (c.height, c.width) == image.shape[:2])
        self.detected.append(name)
        self.camera, self.people = CAMERAS[name], self.rooms[name]
        return super().detect(image, min_score)

    def infer(self, crops: np.ndarray) -> CropEstimate:
        if self.fails:
            self._cut = []
            raise RuntimeError("out of memory")
        return super().infer(crops)

    def _look(self, crop: CropCamera) -> tuple[np.ndarray, ...]:
        self.people = self.rooms[next(name for name, camera in CAMERAS.items() if camera is crop.camera)]
        return super()._look(crop)


def one_each() -> dict[str, list[Person]]:
    return {
        "left": [Person(np.array([0.1, 0, 0.7]))],
        "right": [Person(np.array([-0.2, 0.05, 0.9]), smile=0.7)],
        "top": [Person(np.array([0, 0, 0.8]))],
    }


def view(name: str, second: float = 0.0) -> View:
    camera = CAMERAS[name]
    return View(np.zeros((camera.height, camera.width, 3), np.uint8), camera, second, name)


def pipeline_of(rooms: Rooms, **config: object) -> FacePipeline:
    settings = {"max_faces": 1, "hysteresis_frames": 1, "smoothing": False, **config}
    return FacePipeline(PerceptionConfig(**settings), rooms, rooms, MODEL)


def test_faces_of_all_cameras_are_one_batch(monkeypatch: pytest.MonkeyPatch):
    rooms = Rooms(monkeypatch, **one_each())
    pipeline = pipeline_of(rooms)
    pipeline.process_all([view("left"), view("right"), view("top")])
    assert rooms.batches == [3, 3, 3] and rooms.detected == ["left", "right", "top"]  # a detected face: three looks
    pipeline.process_all([view("left", 0.1), view("right", 0.1), view("top", 0.1)])
    assert rooms.batches[3:] == [3] and len(rooms.detected) == 3


def test_a_camera_says_its_own_faces_in_its_own_frame_under_its_own_ids(monkeypatch: pytest.MonkeyPatch):
    rooms = Rooms(monkeypatch, **one_each())
    pipeline = pipeline_of(rooms)
    for second in range(3):
        names = ["left", "right", "top"] if second % 2 else ["top", "left", "right"]
        for name, faces in zip(names, pipeline.process_all([view(name, second) for name in names]), strict=True):
            (face,), (person,) = faces, rooms.rooms[name]
            assert face.face_id == f"{name}_f0001" and face.camera is CAMERAS[name]
            assert np.allclose(face.translation, person.translation, atol=1e-5)
            assert face.expression.max() == pytest.approx(person.smile)
            assert np.abs(face.landmarks - CAMERAS[name].project(person.points())).max() < 0.05


def test_a_camera_that_brings_no_image_keeps_its_faces_and_smoothing(monkeypatch: pytest.MonkeyPatch):
    rooms = Rooms(monkeypatch, **one_each())
    pipeline = pipeline_of(rooms, smoothing=True)
    alone = pipeline_of(rooms, smoothing=True)
    for frame in range(12):
        rooms.rooms["right"][0].translation = np.array([-0.2 + 0.01 * frame, 0.05, 0.9])
        slow = frame % 4 == 0
        both = [view("left", frame / 30)] + [view("right", frame / 30)] * slow
        faces = pipeline.process_all(both)
        if slow:
            (expected,) = alone.process_all([view("right", frame / 30)])
            assert np.array_equal(faces[1][0].translation, expected[0].translation)
            assert faces[1][0].face_id == "right_f0001"
    assert rooms.detected.count("right") == 2  # one for each pipeline


def test_a_new_face_is_looked_at_again_without_those_that_are_followed(monkeypatch: pytest.MonkeyPatch):
    rooms = Rooms(monkeypatch, **one_each())
    pipeline = pipeline_of(rooms)
    pipeline.process_all([view("left")])
    rooms.batches.clear()
    left, right = pipeline.process_all([view("left", 0.1), view("right", 0.1)])
    assert rooms.batches == [2, 1, 1]
    assert (left[0].face_id, right[0].face_id) == ("left_f0001", "right_f0001")


def test_a_detector_that_fails_on_one_image_leaves_the_other_cameras_alone(monkeypatch: pytest.MonkeyPatch):
    rooms = Rooms(monkeypatch, **one_each())
    pipeline = pipeline_of(rooms)
    del rooms.rooms["right"]
    left, right, top = pipeline.process_all([view("left"), view("right"), view("top")])
    assert [face.face_id for face in (*left, *top)] == ["left_f0001", "top_f0001"]
    assert isinstance(right, KeyError)


def test_a_failed_batch_forgets_nobody(monkeypatch: pytest.MonkeyPatch):
    rooms = Rooms(monkeypatch, **one_each())
    pipeline = pipeline_of(rooms)
    pipeline.process_all([view("left"), view("right")])
    rooms.fails = True
    with pytest.raises(RuntimeError, match="out of memory"):
        pipeline.process_all([view("left", 0.1), view("right", 0.1)])
    rooms.fails = False
    left, right = pipeline.process_all([view("left", 0.2), view("right", 0.2)])
    assert (left[0].face_id, right[0].face_id) == ("left_f0001", "right_f0001") and len(rooms.detected) == 2


def test_reset_forgets_the_faces_of_every_camera(monkeypatch: pytest.MonkeyPatch):
    pipeline = pipeline_of(Rooms(monkeypatch, **one_each()))
    pipeline.process_all([view("left"), view("right")])
    pipeline.reset()
    left, right = pipeline.process_all([view("left", 1), view("right", 1)])
    assert (left[0].face_id, right[0].face_id) == ("left_f0002", "right_f0002")


def test_a_view_refuses_what_is_no_image_of_its_camera():
    with pytest.raises(ImageError, match=r"\(240, 320\)"):
        View(np.zeros((240, 320), np.uint8), CAMERAS["right"], 0.0)
    with pytest.raises(CameraError, match="320x240 px, its camera 640x480"):
        View(np.zeros((240, 320, 3), np.uint8), CAMERAS["left"], 0.0)


def test_a_tracker_that_fails_leaves_the_other_cameras_alone(monkeypatch: pytest.MonkeyPatch):
    pipeline = pipeline_of(Rooms(monkeypatch, **one_each()))
    names = ("left", "right", "top")
    pipeline.process_all([view(name) for name in names])

    def fail(*_):
        raise ValueError("cost matrix holds NaN")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline._streams["right"].tracker, "update", fail)
        left, right, top = pipeline.process_all([view(name, 0.1) for name in names])
    assert [face.face_id for face in (*left, *top)] == ["left_f0001", "top_f0001"]
    assert isinstance(right, ValueError)
    (after,) = pipeline.process_all([view("right", 0.2)])
    assert [face.face_id for face in after] == ["right_f0001"]
