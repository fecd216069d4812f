import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facegpt_ros.morphable.pose import (
    FACE_FROM_MODEL,
    OPTICAL_FROM_MODEL_FRONTAL,
    euler_from_matrix,
    matrix_from_euler,
    quaternion_from_matrix,
    rotation_angle_deg,
)

angle = st.floats(-80, 80)


def matrix_from_quaternion(x, y, z, w):
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def test_axis_swap_maps_out_left_up():
    np.testing.assert_array_equal(FACE_FROM_MODEL @ (0, 0, 1), (1, 0, 0))  # out of the face is x
    np.testing.assert_array_equal(FACE_FROM_MODEL @ (1, 0, 0), (0, 1, 0))  # the subject's left is y
    np.testing.assert_array_equal(FACE_FROM_MODEL @ (0, 1, 0), (0, 0, 1))  # up is z
    assert np.linalg.det(FACE_FROM_MODEL) == pytest.approx(1)


def test_frontal_head_looks_into_the_camera():
    np.testing.assert_array_equal(OPTICAL_FROM_MODEL_FRONTAL @ (0, 0, 1), (0, 0, -1))
    np.testing.assert_array_equal(OPTICAL_FROM_MODEL_FRONTAL @ (0, 1, 0), (0, -1, 0))


@pytest.mark.parametrize(
    ("angles", "axis", "goes"),
    [
        ((30, 0, 0), (0, 0, 1), lambda p: p[0] > 0.4),  # turned to its own left: the nose points right in the image
        ((0, 30, 0), (0, 0, 1), lambda p: p[1] < -0.4),  # looks up: the nose points up in the image
        ((0, 0, 30), (1, 0, 0), lambda p: p[1] < -0.4),  # tilts to its own right: its left side goes up
    ],
)
def test_signs_of_the_angles(angles, axis, goes):
    assert goes(matrix_from_euler(*angles) @ axis)


@given(angle, angle, angle)
def test_euler_angles_survive_the_round_trip(yaw, pitch, roll):
    np.testing.assert_allclose(euler_from_matrix(matrix_from_euler(yaw, pitch, roll)), (yaw, pitch, roll), atol=1e-6)


@given(st.floats(-180, 180), angle, st.floats(-180, 180))
def test_quaternions_are_unit_and_give_the_matrix_back(yaw, pitch, roll):
    matrix = matrix_from_euler(yaw, pitch, roll)
    q = quaternion_from_matrix(matrix)
    assert np.linalg.norm(q) == pytest.approx(1)
    np.testing.assert_allclose(matrix_from_quaternion(*q), matrix, atol=1e-6)


def test_rotation_angle_is_the_geodesic_one():
    assert rotation_angle_deg(matrix_from_euler(0, 0, 0), matrix_from_euler(25, 0, 0)) == pytest.approx(25)
