import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.language.attribute_table import ATTRIBUTES, EXPRESSION, IDENTITY, RIVALS
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.morphable.model import MorphableModel


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def typical(key: str) -> float:
    attribute = ATTRIBUTES[key]
    return min(0.7 * attribute.scale, 1.0) if attribute.kind == EXPRESSION else 1.5 * attribute.scale


def spot(model, point, values):
    """Where one of MediaPipe's points of the likeliest face lies, (3,) m."""
    identity, expression, _ = draw(model, values)
    return model.landmarks(identity, expression, "mediapipe478")[point]


@pytest.mark.parametrize("key", list(ATTRIBUTES))
def test_drawn_faces_read_back_as_asked(model, key):
    rng = np.random.default_rng(0)
    wanted = np.full(5, typical(key))
    faces = draw(model, {key: wanted}, rng)
    np.testing.assert_allclose(read(model, *faces)[key], wanted, atol=1e-3)


def test_the_mean_face_is_average_and_at_rest(model):
    values = read(model, *draw(model, {}))
    assert all(
        abs(values[key]) < 1e-6 for key, attribute in ATTRIBUTES.items() if attribute.kind in (IDENTITY, EXPRESSION)
    )


def test_faces_asked_for_different_things_are_drawn_together(model):
    nan = float("nan")
    values = {"nose_width": np.array([1.5, nan]), "smile": np.array([nan, 0.8]), "age": 2.0}
    identity, expression, albedo = draw(model, values, np.random.default_rng(0))
    assert identity.shape == (2, len(model.identity_names))
    assert albedo.shape == (2, len(model.albedo_names))
    read_back = read(model, identity, expression, albedo)
    assert read_back["nose_width"][0] == pytest.approx(1.5, abs=1e-3)
    assert read_back["smile"][1] == pytest.approx(0.8, abs=1e-3)
    assert read_back["smile"][0] < 0.2
    np.testing.assert_allclose(read_back["age"], 2, atol=1e-3)


def test_seeds_vary_the_rest_and_variety_scales_it(model):
    one, other = (draw(model, {"nose_width": 1.5}, np.random.default_rng(seed))[0] for seed in (1, 2))
    assert np.linalg.norm(one - other) > 5
    calm = [draw(model, {"nose_width": 1.5}, np.random.default_rng(seed), variety=0.1)[0] for seed in (1, 2)]
    assert np.linalg.norm(calm[0] - calm[1]) < 2


def test_random_faces_stay_people(model):
    identity, expression, albedo = draw(model, {"age": np.full(200, 2.5), "nose_width": 2.0}, np.random.default_rng(0))
    assert np.percentile(np.abs(identity).max(1), 95) < 4
    assert expression.min() >= 0 and expression.max() <= 1
    assert np.abs(albedo).max() < 4


def test_a_masculine_face_has_the_larger_jaw_and_nose(model):
    # Men's faces are longer and wider at the jaw; with the axis the wrong way round this fails.
    man, woman = (draw(model, {"masculinity": value})[0] for value in (2.0, -2.0))
    measures = dict(zip(model.axes.names, model.axes.describe(man) - model.axes.describe(woman), strict=True))
    assert measures["jaw_width"] > 0.3
    assert measures["face_length"] > 0.3
    assert measures["nose_length"] > 0.3


def test_a_smile_lifts_the_corners_of_the_mouth(model):
    assert spot(model, 61, {"smile": 0.9})[1] - spot(model, 61, {})[1] > 0.003
    assert spot(model, 61, {"mouth_corners_down": 0.9})[1] - spot(model, 61, {})[1] < -0.002


def test_a_wink_of_the_left_eye_closes_the_eye_on_the_persons_left(model):
    rest, wink = ({p: spot(model, p, values) for p in (159, 145, 386, 374)} for values in ({}, {"wink_left": 1.0}))
    assert rest[386][0] > 0 > rest[159][0]  # x points to the person's left
    assert wink[386][1] - wink[374][1] < 0.3 * (rest[386][1] - rest[374][1])
    assert wink[159][1] - wink[145][1] > 0.8 * (rest[159][1] - rest[145][1])


def test_dark_skin_is_darker(model):
    face = model.regions["face"] > 0.5
    dark, light = (model.colours(draw(model, {"skin_tone": value})[2])[face].mean() for value in (-1.5, 1.5))
    assert light - dark > 0.2


def test_what_is_not_asked_for_does_not_come_with_a_not(model):
    faces = draw(model, {"smile": 1.0, "squint": 0.0}, np.random.default_rng(0))
    assert read(model, *faces)["squint"] < 0.01


def test_rivals_are_expressions():
    assert all(ATTRIBUTES[key].kind == EXPRESSION for pair in RIVALS for key in pair)
    assert all(len(pair) == 2 for pair in RIVALS)


@pytest.mark.parametrize(
    "values",
    [{"charm": 1.0}, {"age": float("nan")}, {"age": np.array([np.inf])}, {"age": np.zeros(2), "smile": np.zeros(3)}],
)
def test_unknown_attributes_and_broken_values_are_refused(model, values):
    with pytest.raises(ModelError):
        draw(model, values)


def test_broken_faces_are_not_read(model):
    identity, expression, albedo = draw(model, {"age": np.zeros(2)})
    with pytest.raises(ModelError, match="identity"):
        read(model, identity * np.nan, expression, albedo)
    with pytest.raises(ModelError, match="same number"):
        read(model, identity[:1], expression, albedo)
    with pytest.raises(ModelError, match="albedo"):
        read(model, identity, expression, albedo[:, :-1])


def test_no_faces_are_drawn_where_none_are_asked_for(model):
    assert [len(part) for part in draw(model, {"age": np.zeros(0)})] == [0, 0, 0]
