"""What counts as a face in sight."""

import numpy as np
import pytest

from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.stream import boxes_in_sight
from facegpt_ros.perception.sureness import landmark_sigma, landmark_sigmas
from facegpt_ros.render.camera import Camera
from tests.perception.scene import Person

LENS = Camera(640, 480, 420, 420, 330, 236, (-0.25, 0.08, 0.001, 0.0, 0.0), "plumb_bob")


@pytest.mark.parametrize("camera", [Camera.from_fov(640, 480, 60), LENS], ids=["pinhole", "distorted"])
def test_only_faces_that_are_whole_before_the_camera_and_large_enough_have_a_box(camera: Camera):
    good, broken = Person(np.array([0.1, 0, 0.7])).points(), Person(np.array([0, 0, 0.7])).points()
    broken[3] = np.nan
    behind, tiny, outside = (Person(np.array(where)).points() for where in ([0, 0, -1.0], [0, 0, 60.0], [2.0, 0, 0.7]))
    boxes = boxes_in_sight(np.stack([broken, good, behind, tiny, outside]), camera)
    assert [box is not None for box in boxes] == [False, True, False, False, False]
    pixels = camera.project(good)
    assert boxes[1] == pytest.approx((*pixels.min(0), *pixels.max(0)))


@pytest.mark.parametrize("camera", [Camera.from_fov(640, 480, 60), LENS], ids=["pinhole", "distorted"])
def test_sigmas_of_several_faces_are_those_of_each_alone(camera: Camera):
    points = np.stack([Person(np.array([x, 0.05, 0.7])).points() for x in (-0.2, 0.0, 0.25)])
    crops, sigma = CropCamera.from_faces(camera, points), np.linspace(0.01, 0.05, 3 * 68).reshape(3, 68)
    for i, together in enumerate(landmark_sigmas(crops, points, sigma)):
        assert np.allclose(together, landmark_sigma(crops[i], points[i], sigma[i]), rtol=1e-6)
