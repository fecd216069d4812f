import cv2
import numpy as np
import pytest

from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.landmarks import IBUG68_MIRROR
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.backgrounds import Backgrounds
from facegpt_ros.training.framing import standard_framing, to_crop_units
from facegpt_ros.training.photos import mirrored
from facegpt_ros.training.sampling import (
    portrait_expressions,
    project,
    sample_expressions,
    sample_scenes,
    within_reach,
)
from facegpt_ros.training.synthetic import Synthesizer


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def synthesizer(model) -> Synthesizer:
    return Synthesizer(model, Backgrounds(0, count=4))


def test_labels_reproduce_the_landmarks_through_the_run_time_lift(model):
    scenes = sample_scenes(model, np.random.default_rng(0), 12)
    layout = ThetaLayout.of(model)
    estimate = layout.decode(layout.encode(scenes.theta))
    for i in range(12):
        crop = CropCamera(Camera.from_fov(64, 64, 60), np.eye(3), float(scenes.half_extent[i]))
        rotation, translation = crop.lift(estimate, i)
        again = crop.project(
            posed_landmarks(model, estimate.identity[i], estimate.expression[i], rotation, translation)
        )
        assert np.abs(again - scenes.landmarks[i]).max() < 1e-3


def test_faces_are_framed_as_the_tracker_frames_them(model):
    scenes = sample_scenes(model, np.random.default_rng(1), 200)
    box = np.ptp(scenes.landmarks, axis=1).max(1)
    assert abs(np.median(box) - 4 / 3) < 0.12
    assert np.abs(scenes.landmarks.mean((0, 1))).max() < 0.15


def test_framing_agrees_with_the_run_time_crop(model):
    scenes = sample_scenes(model, np.random.default_rng(2), 8)
    camera = Camera.from_fov(640, 480, 20)  # narrow: turning the camera hardly changes the picture
    for landmarks in scenes.landmarks:
        pixels = np.array([320, 240]) + 60 * landmarks
        crop = CropCamera.from_landmarks(camera, pixels)
        seen = crop.project(np.concatenate([camera.undistort(pixels), np.ones((68, 1))], 1))
        ours = to_crop_units(pixels[None], standard_framing(pixels[None]))[0]
        assert np.abs(ours - seen).max() < 0.02


def test_the_mesh_is_drawn_where_the_landmarks_say(model, synthesizer):
    """The rendered silhouette of the face region covers the label landmarks of a frontal face."""
    from facegpt_ros.render.batch import project as to_pixels
    from facegpt_ros.render.rasterize import rasterize

    scenes = sample_scenes(model, np.random.default_rng(3), 4)
    size = 128
    for i in range(4):
        vertices = model.vertices(scenes.theta.identity[i], scenes.theta.expression[i])
        seen = vertices @ scenes.theta.rotation[i].T + scenes.translation[i]
        pixels = to_pixels(seen, 1 / float(scenes.half_extent[i]), size)
        ids, _ = rasterize(pixels, model.triangles, size, size)
        covered = cv2.dilate((ids >= 0).astype(np.uint8), np.ones((3, 3)))
        at = np.round((scenes.landmarks[i] + 1) * size / 2 - 0.5).astype(int)
        inside = ((at >= 0) & (at < size)).all(1)
        assert covered[at[inside, 1], at[inside, 0]].mean() > 0.97


def test_the_same_seed_draws_the_same_batch(synthesizer):
    a, b = (synthesizer.batch(np.random.default_rng(5), 3, 64) for _ in range(2))
    for x, y in zip(a, b, strict=True):
        assert np.array_equal(x, y)


def test_some_samples_show_no_face(synthesizer):
    batch = synthesizer.batch(np.random.default_rng(6), 80, 64)
    absent = batch.theta[:, synthesizer.layout.presence] == 0
    assert 0 < absent.sum() < 20


def test_projection_of_the_sellion_is_the_offset(model):
    scenes = sample_scenes(model, np.random.default_rng(7), 5)
    origin = np.zeros((5, 1, 3))
    at = project(origin, scenes.theta.rotation, scenes.translation, scenes.half_extent)[:, 0]
    assert np.allclose(at, scenes.theta.offset, atol=1e-6)


def test_mirroring_landmarks_twice_changes_nothing():
    assert [IBUG68_MIRROR[i] for i in IBUG68_MIRROR] == list(range(68))
    crop = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    landmarks = np.random.default_rng(0).normal(0, 1, (68, 2))
    again = mirrored(*mirrored(crop, landmarks))
    assert np.array_equal(again[0], crop) and np.allclose(again[1], landmarks)


def test_lips_are_only_closed_over_an_open_jaw(model):
    names = model.expression_names
    drawn = np.concatenate(
        [draw(names, np.random.default_rng(0), 500) for draw in (sample_expressions, portrait_expressions)]
    )
    closed, jaw = drawn[:, names.index("mouthClose")], drawn[:, names.index("jawOpen")]
    assert closed.max() > 0 and (closed <= jaw + 0.1).all()
    assert drawn.min() >= 0 and drawn.max() <= 1


def test_photographed_people_smile_and_look_at_the_camera(model):
    drawn = portrait_expressions(model.expression_names, np.random.default_rng(1), 400)
    mean = dict(zip(model.expression_names, drawn.mean(0), strict=True))
    assert mean["mouthSmileLeft"] > 0.2
    assert max(value for name, value in mean.items() if name.startswith("eyeLook")) < 0.1
    assert mean["tongueOut"] == 0


def test_mixtures_stay_within_what_a_face_can_do(model):
    names, none = model.expression_names, np.zeros((1, len(model.identity_names)))
    single = np.eye(len(names), dtype=np.float32)
    np.testing.assert_allclose(within_reach(model, single), single)
    wild = np.zeros((1, len(names)), np.float32)
    wild[0, [names.index(name) for name in ("jawOpen", "mouthFunnel", "mouthLowerDownLeft", "mouthLowerDownRight")]] = 1
    tamed = within_reach(model, 1.5 * wild)
    assert tamed[0, names.index("jawOpen")] < 1.4
    rest = model.landmarks(none, 0 * wild)
    moved = [np.linalg.norm(model.landmarks(none, pose) - rest, axis=-1).max() for pose in (1.5 * wild, tamed)]
    assert moved[1] < 0.95 * moved[0]
