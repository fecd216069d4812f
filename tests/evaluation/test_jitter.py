from dataclasses import replace

import numpy as np
import pytest

from facegpt_ros.evaluation.jitter import (
    NOISE,
    PATH_FRAMES,
    SETTLE,
    deviation,
    follow,
    path_jitter,
    roughness,
    still_jitter,
)
from facegpt_ros.evaluation.motion import Still, path, still_renders
from facegpt_ros.evaluation.renders import Render, Studio, held_out_people
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.camera import Camera
from tests.evaluation.seer import Seer, face_at, unseen

MODEL = MorphableModel.load()
MARKS = np.random.default_rng(0).uniform(100, 200, (68, 2))
CAMERA = Camera.from_fov(64, 48, 60)
STILL = Still("still", np.full((48, 64, 3), 100, np.uint8), CAMERA, MARKS)
FRAMES = 60


def test_deviation_and_roughness_are_the_size_of_independent_noise():
    noise = np.random.default_rng(1).normal(0, 2, (4000, 5, 3))
    assert deviation(noise) == pytest.approx(2 * 3**0.5, rel=0.02)
    assert roughness(noise) == pytest.approx(2 * 3**0.5, rel=0.02)


def test_what_only_drifts_or_rests_is_not_rough():
    time = np.linspace(0, 5, 50)[:, None, None]
    assert roughness(time * np.ones((1, 4, 3))) < 1e-12 and deviation(np.ones((9, 4, 3))) == 0
    assert deviation(time * np.ones((1, 4, 3))) > 1


def rested(faces: list[Face]) -> dict:
    return still_jitter(Seer(MODEL, ([f] for f in faces)), [STILL], unseen, frames=len(faces) - SETTLE)


def test_a_face_that_stays_as_it_is_has_no_jitter():
    figures = rested([face_at(MARKS, MODEL)] * 20)
    assert max(figures[key] for key in ("head_mm", "position_mm", "landmarks_px")) < 1e-6
    assert figures["rotation_deg"] < 1e-3 and figures["lost"] == 0 and figures["faces"] == 1


def test_known_noise_in_each_part_is_found_in_that_part():
    rng = np.random.default_rng(2)
    shifts = rng.normal(0, 0.002, (FRAMES + SETTLE, 3))
    faces = [face_at(MARKS, MODEL, translation=np.array([0, 0, 1.0]) + shift) for shift in shifts]
    figures = rested(faces)
    spread = shifts[SETTLE:] - shifts[SETTLE:].mean(0)
    assert (
        figures["position_mm"] == pytest.approx(1e3 * np.sqrt((spread**2).sum(1).mean())) and figures["head_mm"] < 1e-6
    )

    figures = rested([face_at(MARKS + rng.normal(0, 0.5, (68, 2)), MODEL) for _ in shifts])
    assert figures["landmarks_px"] == pytest.approx(0.5 * 2**0.5, rel=0.06) and figures["position_mm"] < 1e-6

    turns = rng.normal(0, 1.5, len(shifts))
    figures = rested([face_at(MARKS, MODEL, rotation=matrix_from_euler(angle, 0, 0)) for angle in turns])
    assert figures["rotation_deg"] == pytest.approx(turns[SETTLE:].std(), rel=0.01)


def test_noise_of_one_coefficient_moves_vertices_by_its_axis():
    values = np.random.default_rng(3).normal(0, 0.2, FRAMES + SETTLE)
    faces = []
    for value in values:
        identity = np.zeros(len(MODEL.identity_names))
        identity[0] = value
        faces.append(face_at(MARKS, MODEL, identity=identity))
    axis = MODEL.bases["identity"][0].reshape(-1, 3)[MODEL.regions["face"] > 0.5]
    expected = 1e3 * values[SETTLE:].std() * np.sqrt((axis**2).sum(1).mean())
    assert rested(faces)["head_mm"] == pytest.approx(expected, rel=1e-2)


def test_frames_without_the_face_are_lost_not_still():
    answers = [[face_at(MARKS, MODEL)]] * 10 + [[]] * 15
    figures = still_jitter(Seer(MODEL, answers), [STILL], unseen, frames=20)
    assert figures["lost"] == pytest.approx(0.75) and figures["faces"] == 1
    assert still_jitter(Seer(MODEL, [[]] * 25), [STILL], unseen, frames=20) == {"faces": 0, "frames": 20, "lost": 1.0}


def test_every_frame_has_fresh_sensor_noise():
    seen: list[np.ndarray] = []

    class Watcher(Seer):
        def process(self, image, camera, stamp_s):
            seen.append(image.astype(float))
            return []

    frames = [(STILL.image, CAMERA, MARKS)] * 4
    assert not list(follow(Watcher(MODEL, []), frames, np.random.default_rng(0)))
    difference = seen[0] - seen[1]
    assert difference.std() == pytest.approx(NOISE * 2**0.5, rel=0.05) and abs(difference.mean()) < 0.3


@pytest.fixture(scope="module")
def walk() -> list[Render]:
    """The beginning of a path."""
    studio, people = Studio(MODEL, 3), held_out_people(MODEL, "val")
    return path(studio, people[0], np.random.default_rng(0), PATH_FRAMES, only=set(range(16)))


def told(frame: Render, rng: np.random.Generator, px: float = 0.0, metres: float = 0.0) -> Face:
    """What is true of a frame, with noise; the person's own shape is told by no α, so the mean face stands for it."""
    return face_at(
        frame.landmarks + rng.normal(0, px, (68, 2)),
        MODEL,
        expression=frame.expression,
        rotation=frame.rotation,
        translation=frame.translation + rng.normal(0, metres, 3) if metres else frame.translation,
    )


def test_the_true_path_has_no_jitter_and_known_noise_its_own(walk):
    rng = np.random.default_rng(5)
    mean = [replace(frame, neutral=MODEL.bases["mean"]) for frame in walk]
    figures = path_jitter(Seer(MODEL, ([told(f, rng)] for f in mean)), [mean], unseen, smoothing=False)
    assert figures["faces"] == 1 and figures["lost"] == 0
    assert figures["px"] == 0 and figures["error_px"] == 0 and figures["head_mm"] < 0.01
    assert figures["mm"] < 0.01 and figures["error_mm"] < 0.05

    figures = path_jitter(Seer(MODEL, ([told(f, rng, px=2.0)] for f in mean)), [mean], unseen, smoothing=False)
    assert figures["px"] == pytest.approx(2 * 2**0.5, rel=0.1) and figures["head_mm"] < 0.01

    figures = path_jitter(Seer(MODEL, ([told(f, rng, metres=0.01)] for f in mean)), [mean], unseen, smoothing=False)
    assert figures["mm"] == pytest.approx(10 * 3**0.5, rel=0.4)


def test_a_path_is_followed_with_smoothing_as_asked_and_leaves_the_pipeline_as_it_was(walk):
    rng = np.random.default_rng(6)
    seer = Seer(MODEL, ([told(f, rng)] for f in walk))
    path_jitter(seer, [walk], unseen, smoothing=False)
    assert set(seer.smoothed) == {False} and seer.config.smoothing


def test_a_path_with_gaps_has_no_second_differences(walk):
    rng = np.random.default_rng(7)
    answers = [[told(f, rng)] if i != 12 else [] for i, f in enumerate(walk)]
    figures = path_jitter(Seer(MODEL, answers), [walk], unseen, smoothing=True)
    assert figures["faces"] == 0 and figures["lost"] > 0


def test_a_path_is_smooth_and_only_the_head_moves(walk):
    marks = np.array([frame.landmarks for frame in walk])
    steps = np.linalg.norm(np.diff(marks, axis=0), axis=-1)
    assert steps.max() < 25 and steps.mean() > 0.5
    assert roughness(marks) < 0.25 * steps.mean()
    corner = [frame.image[:20, :20] for frame in walk]
    assert all(np.array_equal(corner[0], other) for other in corner)
    assert len({frame.image.tobytes() for frame in walk}) == len(walk)


def test_stills_are_one_frame_of_a_path_and_the_same_each_time():
    studio, people = Studio(MODEL, 3), held_out_people(MODEL, "val")
    (some,) = path(studio, people[0], np.random.default_rng(1), PATH_FRAMES, only={7})
    assert np.array_equal(some.image, path(studio, people[0], np.random.default_rng(1), PATH_FRAMES, only={7})[0].image)
    first, again = (next(still_renders(MODEL, "test", 1)) for _ in range(2))
    assert np.array_equal(first.image, again.image) and np.array_equal(first.landmarks, again.landmarks)
