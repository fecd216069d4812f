import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.axes import MEASURES, SLIDERS, SemanticAxes, learn_sliders
from facegpt_ros.morphable.model import MorphableModel


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def axes(model) -> SemanticAxes:
    return model.axes


def read_from_mesh(model, axes, identity):
    """Values on every axis of a face, of which only its vertices are known."""
    rest = np.zeros(len(model.expression_names))
    mean = np.zeros(len(model.identity_names))
    shift = model.vertices(identity, rest).astype(np.float64) - model.vertices(mean, rest)
    basis = model.bases["identity"].astype(np.float64)
    return axes.describe(np.linalg.lstsq(basis.T, shift.ravel(), rcond=None)[0])


@pytest.mark.parametrize("name", [*SLIDERS, *MEASURES])
@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_an_axis_moves_and_the_others_stay(model, axes, name, value):
    identity = axes.draw({name: value})
    at = axes.names.index(name)
    read = read_from_mesh(model, axes, identity)
    assert read[at] == pytest.approx(value, abs=0.05)
    assert np.abs(np.delete(read, at)).max() < 0.15
    # And the millimetres agree, measured on the mesh itself.
    mean = np.zeros_like(identity)
    moved_mm = 1000 * (axes.measure(identity) - axes.measure(mean)) / axes.unit_mm[len(SLIDERS) :]
    expected = np.zeros(len(MEASURES))
    if name in MEASURES:
        expected[at - len(SLIDERS)] = value
    assert np.abs(moved_mm - expected).max() < 0.15


def test_a_face_described_and_drawn_again_has_the_same_description(axes):
    values = dict(zip(axes.names, np.random.default_rng(0).normal(0, 1, len(axes.names)), strict=True))
    np.testing.assert_allclose(axes.describe(axes.draw(values)), list(values.values()), atol=1e-6)


def test_seeds_vary_what_no_word_says(axes):
    one, other = (axes.draw({"nose_width": 2.0}, np.random.default_rng(seed)) for seed in (1, 2))
    assert np.linalg.norm(one - other) > 5
    at = axes.names.index("nose_width")
    assert axes.describe(one)[at] == pytest.approx(2.0) == axes.describe(other)[at]


def test_a_wide_nose_is_wide(model, axes):
    rest = np.zeros(len(model.expression_names))

    def width(value):
        points = model.landmarks(axes.draw({"nose_width": value}), rest, "mediapipe478")
        return points[294, 0] - points[64, 0]

    assert width(2) - width(-2) > 0.010  # m


def test_no_axis_asks_for_an_unlikely_face(axes):
    assert axes.cost.max() < 3  # standard deviations of the model's people, for 1 on one axis


@pytest.mark.parametrize("values", [{"charm": 1.0}, {"age": float("nan")}])
def test_unknown_names_and_broken_values_are_refused(axes, values):
    with pytest.raises(ModelError, match="axes are age"):
        axes.draw(values)


def test_axes_of_another_model_are_refused(model):
    with pytest.raises(ModelError, match="axes are"):
        SemanticAxes(model, np.zeros((3, 5)))


def test_sliders_are_learnt_from_what_they_did():
    rng = np.random.default_rng(0)
    identity = rng.normal(size=(4000, 6))
    values = {name: identity[:, k] + rng.normal(0, 0.1, 4000) for k, name in enumerate(SLIDERS)}
    readout = learn_sliders(identity, values)
    np.testing.assert_allclose(readout, np.eye(3, 6), atol=0.06)
