import pickle

import numpy as np
import pytest

from facegpt_ros.morphable.loaders import load_model
from tests.morphable.loaders import tiny

JAW = tiny.MEAN[:, 1] < -0.04


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("flame") / "generic_model.pkl"
    content = tiny.flame_content()
    content["posedirs"] = content["posedirs"] * 0
    path.write_bytes(pickle.dumps(content, 2))
    return load_model(path)


def theta(model, **pose):
    expression = np.zeros(len(model.expression_names))
    for name, value in pose.items():
        expression[model.expression_names.index(name)] = value
    return np.zeros(300), expression


def test_twelve_pose_coefficients_follow_the_expressions(model):
    assert len(model.expression_names) == 112
    assert model.expression_names[103:106] == ("jaw_x", "jaw_y", "jaw_z")


def test_jaw_turns_rigidly_about_its_joint_and_leaves_the_rest(model):
    rest, open_ = model.vertices(*theta(model)), model.vertices(*theta(model, jaw_x=0.4))
    np.testing.assert_array_equal(open_[~JAW], rest[~JAW])
    joint = tiny.MEAN[30]  # the regressor of the tiny model takes this vertex
    c, s = np.cos(0.4), np.sin(0.4)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    np.testing.assert_allclose(open_[JAW], (rest[JAW] - joint) @ turn.T + joint, atol=1e-6)


def test_linear_bases_are_the_derivatives_of_the_pose_at_rest(model):
    small = 0.01
    moved = model.vertices(*theta(model, neck_y=small)) - model.vertices(*theta(model))
    row = model.bases["expression"][model.expression_names.index("neck_y")].reshape(-1, 3)
    np.testing.assert_allclose(moved, small * row, atol=2e-5)
    assert np.abs(row).max() > 0.01


def test_batches_agree_with_single_faces_and_joints_follow_the_identity(model):
    rng = np.random.default_rng(0)
    identity = np.zeros((3, 300))
    identity[:, :5] = rng.normal(size=(3, 5))
    expression = np.zeros((3, 112))
    expression[:, 100:] = rng.normal(size=(3, 12)) * 0.2
    batch = model.vertices(identity, expression)
    for i in range(3):
        np.testing.assert_allclose(batch[i], model.vertices(identity[i], expression[i]), atol=1e-6)


def test_pose_correctives_are_added(tmp_path):
    content = tiny.flame_content()
    path = tmp_path / "flame.pkl"
    path.write_bytes(pickle.dumps(content, 4))
    model = load_model(path)
    plain = tmp_path / "plain.pkl"
    plain.write_bytes(pickle.dumps({**content, "posedirs": content["posedirs"] * 0}, 4))
    pose = theta(model, jaw_x=0.3)
    moved = model.vertices(*pose) - load_model(plain).vertices(*pose)
    c, s = np.cos(0.3) - 1, np.sin(0.3)
    features = np.zeros(36)
    features[9:18] = (0, 0, 0, 0, c, -s, 0, s, c)  # of the jaw, the second joint after the root
    expected = content["posedirs"] @ features
    np.testing.assert_allclose(moved[~JAW], expected[~JAW], atol=1e-6)


def test_angles_beyond_a_right_angle_are_clipped(model):
    np.testing.assert_array_equal(
        model.vertices(*theta(model, jaw_x=5)), model.vertices(*theta(model, jaw_x=np.pi / 2))
    )
