import json

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders import load_model
from facegpt_ros.morphable.theta_file import Theta, read_theta, write_theta
from tests.morphable.loaders import tiny


@pytest.fixture
def model(tmp_path):
    return load_model(tiny.write_ict_npz(tmp_path / "ict.npz"))


def written(tmp_path, content):
    path = tmp_path / "theta.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_lists_names_and_reconstructs_documents_are_read(tmp_path, model):
    for content in (
        {"identity": [1, 2, 3, 4, 5], "expression": {"jawOpen": 0.5}},
        {"theta": {"identity": [1, 2, 3, 4, 5], "expression": [0.5, 0, 0, 0], "albedo": []}, "face_id": "x"},
    ):
        theta = read_theta(written(tmp_path, content), model)
        np.testing.assert_array_equal(theta.identity, [1, 2, 3, 4, 5])
        np.testing.assert_array_equal(theta.expression, [0.5, 0, 0, 0])
        assert theta.albedo.shape == (0,)
        assert theta.rotation is None


@pytest.mark.parametrize("name", ["theta.json", "theta.npz"])
def test_what_is_written_is_read_back(name, tmp_path, model):
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    theta = Theta(np.arange(5) / 4, np.full(4, 0.25), np.zeros(0), turn, np.array([0.1, -0.2, 0.9]))
    write_theta(tmp_path / name, theta, model, {})
    back = read_theta(tmp_path / name, model)
    for field in ("identity", "expression", "rotation", "translation"):
        np.testing.assert_allclose(getattr(back, field), getattr(theta, field), atol=2e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"identity": [1, 2]}, r"identity has the shape \(2,\), not \(5,\), the number of ict_facekit's axes"),
        ({"expression": {"frown": 1}}, "expression names 'frown', which ict_facekit does not have"),
        ({"identity": ["a"] * 5}, "identity holds something that is no number"),
        ('{"identity": [NaN, 0, 0, 0, 0]}', "identity holds a value that is not finite"),
        ({"x": 1}, "holds none of identity, expression, albedo"),
        ([1], "holds a list, not an object"),
        ("{", "is no JSON"),
        ({"identity": [0] * 5, "pose": {"translation_m": [0, 0, 1]}}, "translation_m alone"),
        ({"identity": [0] * 5, "pose": {"translation_m": [0, 0, 1], "quaternion_xyzw": [0] * 4}}, "length 0, not 1"),
        ({"deep3d": [0] * 257}, r"ict_facekit has \(5, 4, 0\) axes, not \(80, 64, 80\)"),
        ({"deep3d": [0] * 3}, r"deep3d has the shape \(3,\), not \(257,\)"),
    ],
)
def test_what_cannot_be_used_is_named(content, message, tmp_path, model):
    with pytest.raises(ModelError, match=message):
        read_theta(written(tmp_path, content), model)


def test_missing_files_and_other_endings_are_named(tmp_path, model):
    for name in ("no.json", "no.npz"):
        with pytest.raises(ModelError, match=f"{name}: No such file"):
            read_theta(tmp_path / name, model)
    with pytest.raises(ModelError, match="theta.txt: coefficients are written as .json or .npz"):
        write_theta(tmp_path / "theta.txt", Theta(np.zeros(5), np.zeros(4), np.zeros(0)), model, {})
    with pytest.raises(ModelError, match="name a folder that exists"):
        write_theta(tmp_path / "no" / "theta.json", Theta(np.zeros(5), np.zeros(4), np.zeros(0)), model, {})


def test_deep3ds_vector_becomes_coefficients_and_a_pose(tmp_path):
    rng = np.random.default_rng(0)
    bases = {
        key: rng.normal(size=(3 * tiny.V, n)) * 1e-3 for key, n in (("idBase", 80), ("exBase", 64), ("texBase", 80))
    }
    model = load_model(tiny.write_front(tmp_path / "BFM_model_front.mat", **bases))
    vector = rng.normal(size=257) * 0.3
    theta = read_theta(written(tmp_path, {"deep3d": vector.tolist()}), model)
    np.testing.assert_allclose(theta.identity, vector[:80])
    np.testing.assert_allclose(theta.albedo, vector[144:224])
    np.testing.assert_allclose(np.linalg.det(theta.rotation), 1)
    assert 0.5 < theta.translation[2] < 1.5
