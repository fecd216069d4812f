import logging

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.linear import LinearModel

TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def tiny(**changes) -> LinearModel:
    """Four vertices, two identity axes, one expression, one albedo axis, one landmark."""
    arrays = {
        "mean": np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float),
        "identity": np.arange(24).reshape(2, 4, 3) / 10,
        "expression": np.ones((1, 4, 3)),
        "albedo_mean": np.full((4, 3), 0.5),
        "albedo": np.full((1, 12), 0.1),
        "triangles": TRIANGLES,
        "identity_names": ["a", "b"],
        "expression_names": ["jawOpen"],
        "albedo_names": ["light"],
        "embeddings": {"ibug68": (np.array([1]), np.array([[0.5, 0.5, 0]]))},
    }
    return LinearModel(name="tiny", version="1", licence="test", **{**arrays, **changes})


def test_shape_is_linear_in_the_coefficients():
    model = tiny()
    expected = model.bases["mean"] + 2 * np.arange(12).reshape(4, 3) / 10 - np.arange(12, 24).reshape(4, 3) / 10 + 0.5
    np.testing.assert_allclose(model.vertices([2, -1], [0.5]), expected, atol=2e-4)  # 16 bits of metres


def test_one_face_and_a_batch_agree_and_the_mean_is_untouched():
    model = tiny()
    batch = model.vertices(np.array([[1, 2], [0, -1]]), np.array([[0.2], [1]]))
    np.testing.assert_allclose(batch[1], model.vertices([0, -1], [1]), atol=2e-4)
    np.testing.assert_allclose(model.vertices(np.zeros((3, 2)), [0])[2], model.bases["mean"])


def test_landmark_lies_between_the_corners_of_its_triangle():
    model = tiny()
    np.testing.assert_allclose(model.landmarks([0, 0], [0])[0], (0.5, 0.5, 0), atol=1e-7)


def test_coefficients_far_outside_the_prior_are_clipped_and_that_is_said_once(caplog):
    model = tiny()
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(model.vertices([50, 0], [0]), model.vertices([6, 0], [0]))
        model.vertices([-70, 0], [0])
        np.testing.assert_array_equal(model.vertices([0, 0], [-9]), model.vertices([0, 0], [-1]))
        np.testing.assert_array_equal(model.colours([99]), model.colours([6]))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert said[0].startswith("tiny: identity coefficient 50 is far outside the prior and was clipped to -6..6")
    assert said[1].startswith("tiny: expression coefficient -9 ")


def test_expressions_in_standard_deviations_get_the_limits_of_a_prior(caplog):
    model = tiny(activations=False)
    assert not np.array_equal(model.vertices([0, 0], [5]), model.vertices([0, 0], [2]))
    assert not caplog.records


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_coefficients_that_are_not_finite_are_refused(bad):
    with pytest.raises(ModelError, match="identity holds a value that is not finite"):
        tiny().vertices([bad, 0], [0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": np.zeros((4, 2))}, r"mean shape is \(4, 2\), not \(V, 3\)"),
        ({"mean": np.full((4, 3), np.nan)}, "mean shape is .* or holds a NaN"),
        ({"identity": np.zeros((3, 12))}, r"identity basis is \(3, 12\) with 4 vertices and 2 names"),
        ({"albedo": np.full((1, 12), np.inf)}, "albedo basis"),
        ({"albedo_mean": np.zeros((3, 3))}, "mean colour has 3 vertices, the shape 4"),
        ({"triangles": TRIANGLES + 1}, r"triangles index vertices outside 0\.\.3; buy another"),
        ({"triangles": np.zeros((2, 4))}, r"triangles are \(2, 4\)"),
        ({"embeddings": {"x": (np.array([2]), np.ones((1, 3)))}}, r"landmarks x lie on triangles outside 0\.\.1"),
        ({"embeddings": {"x": (np.array([0]), np.ones((2, 3)))}}, "landmarks x: "),
    ],
)
def test_broken_arrays_are_refused_by_name_with_the_cure(changes, message):
    with pytest.raises(ModelError, match=message):
        tiny(cure="buy another", **changes)


def test_a_model_without_landmarks_says_so():
    with pytest.raises(ModelError, match="tiny has no landmarks of scheme 'ibug68' .it has: none"):
        tiny(embeddings=None).landmarks([0, 0], [0])


def test_model_without_expressions_or_albedo_still_evaluates():
    model = tiny(
        expression=np.zeros((0, 12)), expression_names=[], albedo=np.zeros((0, 12)), albedo_names=[], embeddings={}
    )
    assert model.vertices([0, 0], []).shape == (4, 3)
    np.testing.assert_allclose(model.colours([]), 0.5)
