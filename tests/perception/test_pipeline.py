"""The pipeline on a scene whose truth is known: a detector and an estimator that read it instead of the image."""

from __future__ import annotations

import numpy as np
import pytest

from facegpt_ros.config import Config, PerceptionConfig
from facegpt_ros.errors import CameraError, ImageError, WeightsError
from facegpt_ros.face import Face
from facegpt_ros.morphable.pose import matrix_from_euler, rotation_angle_deg
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.pipeline import FacePipeline, build_pipeline
from facegpt_ros.render.camera import Camera
from tests.perception.scene import CAMERA, MODEL, Person, Scene

WIDE = Camera(640, 480, 420, 420, 330, 236, (-0.25, 0.08, 0.001, 0.0, 0.0), "plumb_bob")
IMAGE = np.zeros((480, 640, 3), np.uint8)
AT_ONCE = {"hysteresis_frames": 1, "smoothing": False}


def _pipeline(scene: Scene, **config: object) -> FacePipeline:
    return FacePipeline(PerceptionConfig(**config), scene, scene, MODEL)


def _run(pipeline: FacePipeline, scene: Scene, frames: int = 1, start: int = 0) -> list[list[Face]]:
    return [pipeline.process(IMAGE, scene.camera, (start + index) / 30) for index in range(frames)]


def _ids(faces: list[Face]) -> list[str]:
    return [face.face_id for face in faces]


@pytest.mark.parametrize("camera", [CAMERA, WIDE], ids=["pinhole", "distorted"])
def test_gives_pose_landmarks_and_box_in_the_source_image(camera: Camera, monkeypatch: pytest.MonkeyPatch):
    person = Person(np.array([0.2, -0.1, 0.7]), matrix_from_euler(25, -10, 15), smile=0.8)
    scene = Scene(monkeypatch, person, camera=camera)
    ((face,),) = _run(_pipeline(scene, **AT_ONCE), scene)
    assert np.allclose(face.translation, person.translation, atol=1e-5)
    assert rotation_angle_deg(face.rotation, person.rotation) < 0.01
    expected = camera.project(person.points())
    assert np.abs(face.landmarks - expected).max() < 0.05
    assert np.allclose(face.roi, (*expected.min(0), *np.ptp(expected, axis=0)), atol=0.05)
    assert face.confidence == 0.95 and face.camera is camera
    assert face.identity[0] == 1 and face.expression.max() == pytest.approx(0.8)


def test_a_spread_comes_with_its_face_in_pixels_and_lowers_its_confidence(monkeypatch: pytest.MonkeyPatch):
    near, far = Person(np.array([-0.2, 0, 0.7])), Person(np.array([0.3, 0, 1.4]))
    scene = Scene(monkeypatch, near, far)
    assert _run(_pipeline(scene, **AT_ONCE), scene)[0][0].landmark_spread is None
    scene.sigma = 0.02
    faces = _run(_pipeline(scene, **AT_ONCE), scene)[0]
    one, two = (next(f for f in faces if np.sign(f.translation[0]) == side) for side in (-1, 1))
    assert one.spread.shape == pytest.approx(0.02) and two.spread.shape == pytest.approx(0.04)
    side = np.ptp(one.landmarks, axis=0).max()  # 4/3 crop units
    assert one.landmark_spread.shape == (68,)
    assert one.landmark_spread.mean() == pytest.approx(0.02 * side * 3 / 4, rel=0.1)
    assert two.landmark_spread.mean() == pytest.approx(one.landmark_spread.mean(), rel=0.1)  # twice as far and unsure
    assert two.confidence < one.confidence < 0.95


def test_follows_a_moving_face_with_one_detection(monkeypatch: pytest.MonkeyPatch):
    person = Person(np.array([-0.2, 0.0, 0.7]))
    scene = Scene(monkeypatch, person)
    pipeline = _pipeline(scene, max_faces=1)
    for index in range(40):
        person.translation = np.array([-0.2 + 0.01 * index, 0.0, 0.7])
        faces = _run(pipeline, scene, start=index)[0]
        assert _ids(faces) == (["f0001"] if index >= 3 else [])
    assert scene.detections == 1
    assert scene.batches == [1, 1, 1] + [1] * 39  # a detected face is looked at three times


def test_looks_for_more_faces_only_every_few_frames(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([0, 0, 0.7])))
    _run(_pipeline(scene, detect_every=5), scene, 11)
    assert scene.detections == 3


def test_never_looks_for_more_when_told_not_to(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([0, 0, 0.7])))
    _run(_pipeline(scene, detect_every=0), scene, 40)
    assert scene.detections == 1


def test_all_faces_of_a_frame_are_one_batch(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([-0.2, 0, 0.7])), Person(np.array([0.2, 0, 0.7])))
    pipeline = _pipeline(scene, max_faces=2)
    frames = _run(pipeline, scene, 6)
    assert _ids(frames[-1]) == ["f0001", "f0002"]
    assert scene.batches == [2, 2, 2] + [2] * 5
    assert scene.detections == 1


def test_a_face_that_comes_later_gets_the_next_id_and_only_it_is_looked_at_again(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([-0.2, 0, 0.7])))
    pipeline = _pipeline(scene, detect_every=5, **AT_ONCE)
    _run(pipeline, scene, 3)
    scene.people.append(Person(np.array([0.2, 0, 0.7])))
    assert _ids(_run(pipeline, scene, 3, start=3)[-1]) == ["f0001", "f0002"]
    assert scene.batches[-3:] == [2, 1, 1]


def test_each_look_is_framed_by_the_estimate_before(monkeypatch: pytest.MonkeyPatch):
    person = Person(np.array([0.1, 0, 0.7]), matrix_from_euler(50, 15, 0))
    scene = Scene(monkeypatch, person)
    _run(_pipeline(scene, **AT_ONCE), scene)
    first, *later = (crop.project(person.points()) for (crop,) in scene.cuts)
    assert np.abs(first.min(0) + first.max(0)).max() > 0.05
    assert len(later) == 2
    for seen in later:
        assert np.abs(seen.min(0) + seen.max(0)).max() < 0.01
        assert np.ptp(seen, axis=0).max() == pytest.approx(4 / 3, abs=0.01)


def test_face_that_vanishes_is_not_published_stale_and_returns_under_its_id(monkeypatch: pytest.MonkeyPatch):
    person = Person(np.array([0, 0, 0.7]))
    scene = Scene(monkeypatch, person)
    pipeline = _pipeline(scene, max_faces=1)
    assert _ids(_run(pipeline, scene, 5)[-1]) == ["f0001"]
    scene.people.clear()
    assert _run(pipeline, scene, 3, start=5) == [[], [], []]
    scene.people.append(person)
    assert _ids(_run(pipeline, scene, 1, start=8)[0]) == ["f0001"]
    scene.people.clear()
    _run(pipeline, scene, 4, start=9)
    scene.people.append(person)
    assert [_ids(faces) for faces in _run(pipeline, scene, 4, start=13)] == [[], [], [], ["f0002"]]


def test_missing_face_is_looked_for_while_another_is_followed(monkeypatch: pytest.MonkeyPatch):
    one, two = Person(np.array([-0.2, 0, 0.7])), Person(np.array([0.2, 0, 0.7]))
    scene = Scene(monkeypatch, one, two)
    pipeline = _pipeline(scene, detect_every=300)
    _run(pipeline, scene, 5)
    scene.people.remove(two)
    assert _ids(_run(pipeline, scene, 1, start=5)[0]) == ["f0001"]
    scene.people.append(two)
    assert _ids(_run(pipeline, scene, 1, start=6)[0]) == ["f0001", "f0002"]
    _run(pipeline, scene, 20, start=7)
    assert scene.detections == 2


def test_face_below_the_confidence_or_out_of_the_image_is_lost(monkeypatch: pytest.MonkeyPatch):
    person = Person(np.array([0, 0, 0.7]))
    scene = Scene(monkeypatch, person)
    pipeline = _pipeline(scene, **AT_ONCE)
    assert len(_run(pipeline, scene)[0]) == 1
    person.presence = 0.4
    assert _run(pipeline, scene, start=1)[0] == []
    person.presence = 0.95
    assert len(_run(pipeline, scene, start=2)[0]) == 1
    for index in range(20):
        person.translation = np.array([0.03 * index, 0, 0.7])
        faces = _run(pipeline, scene, start=3 + index)[0]
    assert faces == []


def test_box_of_a_face_at_the_border_stays_inside_the_image(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([-0.38, 0, 0.7])))
    ((face,),) = _run(_pipeline(scene, **AT_ONCE), scene)
    x, y, width, height = face.roi
    assert x == 0 and face.landmarks[:, 0].min() < 0
    assert width > 0 and x + width <= 639 and y + height <= 479


def test_estimate_that_is_not_finite_loses_the_face_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    person, other = Person(np.array([-0.2, 0, 0.7])), Person(np.array([0.2, 0, 0.7]))
    scene = Scene(monkeypatch, person, other)
    pipeline = _pipeline(scene, **AT_ONCE)
    assert len(_run(pipeline, scene)[0]) == 2
    person.scale_error = np.nan
    assert [face.translation[0] > 0 for face in _run(pipeline, scene, start=1)[0]] == [True]


def test_smoothing_acts_on_what_is_published_and_not_on_the_crop(monkeypatch: pytest.MonkeyPatch):
    person = Person(np.array([-0.1, 0, 0.7]))
    scene = Scene(monkeypatch, person)
    pipeline = _pipeline(scene, max_faces=1, hysteresis_frames=1)
    for index in range(6):
        person.translation = np.array([-0.1 + 0.02 * index, 0, 0.7])
        (face,) = _run(pipeline, scene, start=index)[0]
    lag = person.translation[0] - face.translation[0]
    assert 0 < lag < 0.02
    posed = posed_landmarks(MODEL, face.identity, face.expression, face.rotation, face.translation)
    assert np.abs(face.landmarks - CAMERA.project(posed)).max() < 1e-2
    assert np.allclose(pipeline._streams[""].tracker.tracks[0].points, person.points(), atol=1e-4)


def test_lower_limit_of_faces_holds_from_the_next_frame(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([-0.2, 0, 0.7])), Person(np.array([0.2, 0, 0.7])))
    pipeline = _pipeline(scene, **AT_ONCE)
    assert len(_run(pipeline, scene)[0]) == 2
    pipeline.config = PerceptionConfig(max_faces=1, **AT_ONCE)
    assert _ids(_run(pipeline, scene, start=1)[0]) == ["f0001"]


def test_empty_scene_never_reaches_the_estimator(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch)
    assert _run(_pipeline(scene), scene, 3) == [[], [], []]
    assert scene.batches == [] and scene.detections == 3


def test_reset_forgets_faces_but_not_their_count(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch, Person(np.array([0, 0, 0.7])))
    pipeline = _pipeline(scene, **AT_ONCE)
    _run(pipeline, scene)
    pipeline.reset()
    assert _ids(_run(pipeline, scene)[0]) == ["f0002"]
    pipeline.close()
    assert scene.closed and pipeline.model_id == "oracle"


def test_refuses_grey_and_tiny_images_and_a_camera_of_another_size(monkeypatch: pytest.MonkeyPatch):
    scene = Scene(monkeypatch)
    pipeline = _pipeline(scene)
    with pytest.raises(ImageError, match=r"\(480, 640\)"):
        pipeline.process(IMAGE[..., 0], CAMERA, 0.0)
    with pytest.raises(ImageError, match="8x8 px"):
        pipeline.process(IMAGE[:8, :8], CAMERA, 0.0)
    with pytest.raises(CameraError, match="320x240 px, its camera 640x480"):
        pipeline.process(IMAGE[:240, :320], CAMERA, 0.0)


class Coming:
    """A preparation that has an estimator when the test says so."""

    def __init__(self) -> None:
        self.ready: Scene | None = None
        self.closed = False

    def take(self) -> Scene | None:
        estimator, self.ready = self.ready, None
        return estimator

    def close(self) -> None:
        self.closed = True


def test_a_prepared_estimator_takes_over_between_two_frames(monkeypatch: pytest.MonkeyPatch):
    first, second = (Scene(monkeypatch, Person(np.array([0, 0, 0.7]))) for _ in range(2))
    first.model_id, second.model_id, coming = "cnn", "facegpt", Coming()
    monkeypatch.setattr(CropCamera, "extract", lambda crop, image, size: _extract_for(crop, size))

    def _extract_for(crop: CropCamera, size: int) -> np.ndarray:
        return (second if first.closed else first)._extract(crop, size)

    pipeline = FacePipeline(PerceptionConfig(**AT_ONCE), first, first, MODEL, coming)
    before = pipeline.process(IMAGE, CAMERA, 0.0)
    assert pipeline.model_id == "cnn" and not first.closed
    coming.ready = second
    after = pipeline.process(IMAGE, CAMERA, 0.1)
    assert pipeline.model_id == "facegpt" and first.closed and second.batches == [1]
    assert [face.face_id for face in after] == [face.face_id for face in before]
    pipeline.close()
    assert coming.closed and second.closed


def test_build_without_fetched_weights_names_the_cure_and_stays_offline(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path))
    monkeypatch.setattr("subprocess.run", lambda *a, **k: pytest.fail("something was started"))
    with pytest.raises(WeightsError, match="facegpt engines prepare blazeface_short_range"):
        build_pipeline(Config())
