"""Deep3DFaceRecon's pose and light, held against its own formulas written out here in its own frame."""

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders.deep3d_vector import (
    CAMERA,
    Deep3DCoefficients,
    angles_and_translation,
    light_of,
)
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL
from facegpt_ros.render.shading import shade

RNG = np.random.default_rng(3)
MEAN = RNG.normal(size=(50, 3)) * 0.05


def vectors(count: int) -> np.ndarray:
    out = RNG.normal(size=(count, 257))
    out[:, 224:227] *= 0.4
    return out


def theirs(points_dm: np.ndarray, angles: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """(N, 3) in their frame, moved; x, y, z rotations in turn."""
    (a, b, c) = angles
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return points_dm @ (rz @ ry @ rx).T + translation


def test_split_and_join_are_inverse_for_one_vector_and_for_many():
    for vector in (vectors(1)[0], vectors(4)):
        parts = Deep3DCoefficients.split(vector)
        assert parts.identity.shape[-1] == parts.albedo.shape[-1] == 80
        assert parts.expression.shape[-1] == 64
        np.testing.assert_array_equal(parts.join(), vector)


def test_pose_puts_every_point_where_their_camera_sees_it():
    for vector in vectors(5):
        parts = Deep3DCoefficients.split(vector)
        q = theirs((MEAN - MEAN.mean(0)) * 10, parts.angles, parts.translation)
        column, row = 112 + 1015 * q[:, 0] / (10 - q[:, 2]), 111 - 1015 * q[:, 1] / (10 - q[:, 2])
        rotation, translation = parts.pose(MEAN)
        optical = MEAN @ rotation.T + translation
        fx, fy, cx, cy = CAMERA
        np.testing.assert_allclose(optical[:, 2] * 10, 10 - q[:, 2], atol=1e-9)
        np.testing.assert_allclose(fx * optical[:, 0] / optical[:, 2] + cx, column, atol=1e-6)
        np.testing.assert_allclose(fy * optical[:, 1] / optical[:, 2] + cy, row, atol=1e-6)


def test_pose_and_its_inverse_cancel():
    parts = Deep3DCoefficients.split(vectors(6))
    rotation, translation = parts.pose(MEAN)
    angles, moved = angles_and_translation(rotation, translation, MEAN)
    np.testing.assert_allclose(angles, parts.angles, atol=1e-9)
    np.testing.assert_allclose(moved, parts.translation, atol=1e-9)


def test_light_gives_the_colours_that_theirs_gives():
    parts = Deep3DCoefficients.split(vectors(1)[0])
    normals = RNG.normal(size=(40, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    x, y, z = normals.T
    a1, a2 = 2 * np.pi / np.sqrt(3), 2 * np.pi / np.sqrt(8)
    c0, c1, c2 = 1 / np.sqrt(4 * np.pi), np.sqrt(3 / (4 * np.pi)), 3 * np.sqrt(5) / np.sqrt(12 * np.pi)
    their_basis = np.stack(
        [
            np.pi * c0 * np.ones_like(x),
            -a1 * c1 * y,
            a1 * c1 * z,
            -a1 * c1 * x,
            a2 * c2 * x * y,
            -a2 * c2 * y * z,
            0.5 * a2 * c2 / np.sqrt(3) * (3 * z**2 - 1),
            -a2 * c2 * x * z,
            0.5 * a2 * c2 * (x**2 - y**2),
        ],
        1,
    )
    light = parts.light.reshape(3, 9) + 0.8 * np.eye(9)[0]
    ours = shade(np.ones((40, 3)), normals @ OPTICAL_FROM_MODEL_FRONTAL, parts.illumination())
    np.testing.assert_allclose(ours, their_basis @ light.T, atol=1e-9)
    np.testing.assert_allclose(light_of(parts.illumination()), parts.light, atol=1e-12)


def test_vectors_of_another_length_or_with_nan_are_refused():
    with pytest.raises(ModelError, match=r"\(256,\), not \(\.\.\., 257\)"):
        Deep3DCoefficients.split(np.zeros(256))
    with pytest.raises(ModelError, match="holds a NaN"):
        Deep3DCoefficients.split(np.full(257, np.nan))
    with pytest.raises(ModelError, match=r"angles has the shape \(2,\); give"):
        Deep3DCoefficients(*(np.zeros(n) for n in (80, 64, 80, 2, 27, 3))).join()
