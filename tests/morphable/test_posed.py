import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import euler_from_matrix, matrix_from_euler, seen_yaw
from facegpt_ros.morphable.posed import posed_landmarks
from tests.morphable.turned import with_sliding_jaw


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return with_sliding_jaw(MorphableModel.load())


def test_yaw_is_that_of_the_head_when_it_is_ahead_of_the_camera():
    angles = np.random.default_rng(0).uniform(-70, 70, (20, 3))
    yaw = seen_yaw(matrix_from_euler(*angles.T), np.array([0, 0, 0.7]))
    np.testing.assert_allclose(yaw, angles[:, 0], atol=1e-6)


def test_yaw_is_towards_the_camera_and_the_same_however_the_camera_turns():
    head, place = matrix_from_euler(20, 5, -10), np.array([0.3, -0.1, 0.8])
    turn = matrix_from_euler(35, -20, 50) @ np.diag([1, -1, -1])
    assert seen_yaw(turn @ head, turn @ place) == pytest.approx(seen_yaw(head, place))
    # To the camera's right, a head that looks straight ahead shows more of its right side.
    assert seen_yaw(matrix_from_euler(0, 0, 0), place) == pytest.approx(np.degrees(np.arcsin(0.3 / np.sqrt(0.74))))
    assert seen_yaw(matrix_from_euler(20, 0, 0), place) > euler_from_matrix(matrix_from_euler(20, 0, 0))[0]


def test_jaw_follows_the_yaw_and_the_rest_the_pose_alone(model):
    rng = np.random.default_rng(1)
    identity, expression = rng.normal(size=(2, len(model.identity_names))), np.zeros((2, len(model.expression_names)))
    rotation, translation = matrix_from_euler([0, 50], 0, 0), np.array([[0, 0, 0.5], [0, 0, 0.5]])
    points = posed_landmarks(model, identity, expression, rotation, translation)
    still = model.landmarks(identity, expression) @ rotation.transpose(0, 2, 1) + translation[:, None]
    np.testing.assert_allclose(points[0], still[0], atol=1e-6)
    np.testing.assert_allclose(points[1, 17:], still[1, 17:], atol=1e-6)
    np.testing.assert_allclose(points[1, :16], still[1, 1:17], atol=1e-6)
