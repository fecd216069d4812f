import numpy as np
import pytest

from facegpt_ros.morphable.gaze import gaze_rotation
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL

NAMES = [f"eyeLook{way}{side}" for way in ("Up", "Down", "In", "Out") for side in ("Left", "Right")]


def gaze(**activation):
    expression = [activation.get(name, 0.0) for name in NAMES]
    return gaze_rotation(OPTICAL_FROM_MODEL_FRONTAL, np.array(expression), NAMES)


def test_frontal_gaze_at_rest_looks_into_the_camera_with_x_to_the_subjects_right():
    # In the image the subject's right is on the left.
    np.testing.assert_allclose(gaze(), np.array([[-1, 0, 0], [0, 1, 0], [0, 0, -1]]), atol=1e-12)


@pytest.mark.parametrize(
    ("activation", "axis", "sign"),
    [
        ({"eyeLookOutLeft": 1, "eyeLookInRight": 1}, 0, 1),  # to the subject's left: right in the image
        ({"eyeLookInLeft": 1, "eyeLookOutRight": 1}, 0, -1),
        ({"eyeLookUpLeft": 1, "eyeLookUpRight": 1}, 1, -1),
        ({"eyeLookDownLeft": 1, "eyeLookDownRight": 1}, 1, 1),
    ],
)
def test_eyes_turn_the_gaze(activation, axis, sign):
    rotation = gaze(**activation)
    assert np.sign(rotation[axis, 2]) == sign and abs(rotation[axis, 2]) > 0.1
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_a_model_without_eye_names_looks_straight():
    rotation = gaze_rotation(np.eye(3), np.ones(1), ["jawOpen"])
    np.testing.assert_allclose(rotation[:, 2], [0, 0, 1])
