import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.sureness import confidence, landmark_sigma
from facegpt_ros.render.camera import Camera

MODEL = MorphableModel.load()
CAMERAS = {
    "pinhole": Camera.from_fov(640, 480, 60),
    "distorted": Camera(640, 480, 420, 420, 330, 236, (-0.25, 0.08, 0.001, 0.0, 0.0), "plumb_bob"),
}


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS.keys())
def test_sigma_in_the_image_is_how_far_landmarks_scatter_there(camera: Camera):
    identity, expression = np.zeros(len(MODEL.identity_names)), np.zeros(len(MODEL.expression_names))
    where = np.array([0.15, -0.1, 0.6])
    points = posed_landmarks(MODEL, identity, expression, matrix_from_euler(20, 5, 10), where)
    crop = CropCamera.from_points(camera, points)
    sigma = np.linspace(0.005, 0.03, 68)
    scattered = crop.project(points) + np.random.default_rng(0).normal(0, 1, (4000, 68, 2)) * sigma[:, None]
    pixels = crop.to_pixels(scattered) - camera.project(points)
    expected = np.sqrt(np.mean(pixels**2, axis=(0, 2)))
    assert np.allclose(landmark_sigma(crop, points, sigma), expected, rtol=0.05)


def test_confidence_falls_as_the_spread_grows_and_never_exceeds_presence():
    values = [confidence(0.9, np.full(68, sigma)) for sigma in (0.0, 0.01, 0.05, 0.2, 1.0, 50.0)]
    assert values[0] == 0.9 == confidence(0.9)
    assert values == sorted(values, reverse=True) and values[-1] < 0.001
    assert confidence(0.8, np.full(68, 0.1 * 4 / 3)) == pytest.approx(0.4)
    assert confidence(0.2, np.full(68, 0.03)) < confidence(0.4, np.full(68, 0.03))
