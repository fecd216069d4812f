from dataclasses import replace

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.contour import JAW
from facegpt_ros.morphable.fit_landmarks import LandmarkFitter
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler, rotation_angle_deg, seen_yaw
from facegpt_ros.render.camera import Camera
from tests.morphable.turned import with_sliding_jaw

COUNT = 6
CAMERA = Camera.from_fov(640, 480, 60)


@pytest.fixture(scope="module", params=["shipped", "sliding"])
def model(request) -> MorphableModel:
    model = MorphableModel.load()
    return model if request.param == "shipped" else with_sliding_jaw(model)


@pytest.fixture(scope="module")
def people(model):
    """identity, expression, rotation, translation of COUNT faces in front of CAMERA."""
    rng = np.random.default_rng(3)
    identity = rng.normal(size=(COUNT, len(model.identity_names)))
    expression = rng.uniform(0, 0.7, (COUNT, len(model.expression_names)))
    expression *= rng.random(expression.shape) < 0.1
    yaw = np.linspace(-50, 50, COUNT)
    rotation = matrix_from_euler(yaw, rng.uniform(-20, 20, COUNT), rng.uniform(-40, 40, COUNT))
    translation = np.stack([*rng.uniform(-0.1, 0.1, (2, COUNT)), rng.uniform(0.4, 0.8, COUNT)], -1)
    return identity, expression, rotation, translation


def seen(model, people, scheme="ibug68", camera=CAMERA):
    identity, expression, rotation, translation = people
    points = model.landmarks(identity, expression, scheme)
    yaw = seen_yaw(rotation, translation)
    rows = JAW if scheme == "ibug68" else np.array(IBUG68_FROM_MEDIAPIPE)[JAW]
    points[:, rows] = model.landmarks(identity, expression, yaw=yaw)[:, JAW]
    return camera.project(points @ rotation.transpose(0, 2, 1) + translation[:, None])


def shape_error_mm(model, fit, people) -> np.ndarray:
    """Mean distance of the 478 points (N,) with position and size taken out: one camera cannot tell them."""

    def shape(identity, expression):
        points = model.landmarks(identity, expression, "mediapipe478").astype(float)
        points -= points.mean(1, keepdims=True)
        return points / np.sqrt((points**2).sum(2).mean(1))[:, None, None]

    gap = shape(fit.identity, fit.expression) - shape(*people[:2])
    return 1e3 * 0.07 * np.linalg.norm(gap, axis=-1).mean(1)


@pytest.mark.parametrize("scheme", ["ibug68", "mediapipe478"])
def test_recovers_pose_and_shape_from_projected_landmarks(model, people, scheme):
    fit = LandmarkFitter(model, scheme, noise=0.002).fit(seen(model, people, scheme), CAMERA)
    assert fit.error.max() < 0.003
    assert rotation_angle_deg(fit.rotation, people[2]).max() < 1.5
    mean_face = replace(fit, identity=0 * fit.identity, expression=0 * fit.expression)
    assert shape_error_mm(model, fit, people).mean() < 0.6 * shape_error_mm(model, mean_face, people).mean()


def test_fitted_landmarks_are_those_of_the_fitted_parameters(model, people):
    fit = LandmarkFitter(model).fit(seen(model, people), CAMERA)
    found = (fit.identity, fit.expression, fit.rotation, fit.translation)
    np.testing.assert_allclose(fit.landmarks, seen(model, found), atol=0.01)
    assert fit.expression.min() >= 0 and fit.expression.max() <= 1


def test_a_wrong_landmark_hardly_moves_the_fit(model, people):
    pixels = seen(model, people)
    fitter = LandmarkFitter(model)
    clean = fitter.fit(pixels, CAMERA)
    spoilt = pixels.copy()
    spoilt[:, 33] += 60
    dirty = fitter.fit(spoilt, CAMERA)
    rest = np.arange(68) != 33
    assert np.linalg.norm(dirty.landmarks - clean.landmarks, axis=-1)[:, rest].mean() < 0.8  # px
    assert rotation_angle_deg(clean.rotation, dirty.rotation).mean() < 3


def test_unknown_landmarks_are_left_out(model, people):
    pixels = seen(model, people)
    pixels[:, :17] = np.nan
    fit = LandmarkFitter(model).fit(pixels, CAMERA)
    assert np.isfinite(fit.error).all() and fit.error.max() < 0.01
    assert np.isfinite(fit.landmarks).all()


def test_the_first_468_of_mediapipes_points_will_do(model, people):
    fit = LandmarkFitter(model, "mediapipe478").fit(seen(model, people, "mediapipe478")[:, :468], CAMERA)
    assert fit.landmarks.shape == (COUNT, 468, 2) and fit.error.max() < 0.01


def test_stays_near_the_mean_face_when_landmarks_are_noise(model, people):
    """With a prior, scatter does not become a caricature."""
    pixels = seen(model, people) + np.random.default_rng(0).normal(0, 2.0, (COUNT, 68, 2))
    fit = LandmarkFitter(model, noise=0.05).fit(pixels, CAMERA)
    assert (fit.identity**2).mean() < 1 and np.abs(fit.identity).max() < 3.5


def test_a_start_needs_fewer_steps(model, people):
    pixels = seen(model, people)
    fitter = LandmarkFitter(model)
    full = fitter.fit(pixels, CAMERA)
    again = fitter.fit(pixels, CAMERA, start=full, iterations=2)
    assert np.abs(again.landmarks - full.landmarks).max() < 0.5
    assert again.error.mean() <= full.error.mean() * 1.05


def test_a_lens_and_a_camera_for_each_image_are_heeded(model, people):
    lens = Camera(640, 480, 420.0, 420.0, 320.0, 240.0, (-0.25, 0.06, 0.0, 0.0, 0.0), "plumb_bob")
    near, far = (tuple(part[:1] for part in people),) * 2
    pixels = np.concatenate([seen(model, near, camera=lens), seen(model, far)])
    fit = LandmarkFitter(model, noise=0.002).fit(pixels, [lens, CAMERA])
    assert fit.error.max() < 0.003
    assert rotation_angle_deg(fit.rotation[0], fit.rotation[1]) < 1


def test_expressions_in_standard_deviations_may_be_negative(model, people):
    bases = model.bases
    rows = slice(0, 4)
    linear = LinearModel(
        name="sigma",
        version="1",
        licence="CC0-1.0",
        mean=bases["mean"],
        identity=bases["identity"][:10],
        expression=bases["identity"][10:14],
        albedo_mean=bases["albedo_mean"],
        albedo=bases["albedo"],
        triangles=model.triangles,
        identity_names=model.identity_names[:10],
        expression_names=["a", "b", "c", "d"],
        albedo_names=model.albedo_names,
        embeddings={"ibug68": model._embedding["ibug68"]},
        activations=False,
    )
    expression = np.tile([-1.5, 0.5, 1.0, -0.5], (4, 1))
    found = (np.zeros((4, 10)), expression, people[2][rows], people[3][rows])
    fit = LandmarkFitter(linear, noise=0.001).fit(seen(linear, found), CAMERA)
    assert fit.error.max() < 0.003
    assert (fit.expression[:, 0] < -0.5).all()


def test_what_cannot_be_fitted_is_named(model):
    fitter = LandmarkFitter(model)
    with pytest.raises(ModelError, match=r"shape \(2, 70, 2\)"):
        fitter.fit(np.zeros((2, 70, 2)), CAMERA)
    with pytest.raises(ModelError, match="image 0 lie in one point"):
        fitter.fit(np.zeros((1, 68, 2)), CAMERA)
    with pytest.raises(ModelError, match="image 0 has 0 landmarks"):
        fitter.fit(np.full((1, 68, 2), np.nan), CAMERA)
    with pytest.raises(ModelError, match="3 cameras for the landmarks of 1 images"):
        fitter.fit(np.zeros((1, 68, 2)), [CAMERA] * 3)
    with pytest.raises(ModelError, match="no landmarks of scheme 'dlib5'"):
        LandmarkFitter(model, "dlib5")
