import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.language.attribute_table import ATTRIBUTES
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.language.variety import vary
from facegpt_ros.morphable.model import MorphableModel


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def gap_mm(model, a, b) -> float:
    """Mean distance of the face's vertices."""
    rest = np.zeros(len(model.expression_names))
    apart = np.linalg.norm(model.vertices(a[0], rest) - model.vertices(b[0], rest), axis=1)
    return float(1000 * apart[model.regions["face"] > 0.5].mean())


def test_what_the_words_ask_for_stays_while_seeds_differ_visibly(model):
    descriptions = Descriptions(model, seed=3)
    for seed in range(12):
        described = descriptions.sample(split="val")
        keys = [wish.key for wish in described.asked]
        face = draw(model, described.values)
        before = read(model, *face)
        one, other = (vary(model, *face, keys, seed=s) for s in (2 * seed, 2 * seed + 1))
        for varied in (one, other):
            after = read(model, *varied)
            assert all(abs(after[key] - before[key]) <= 0.15 for key in keys)
            assert gap_mm(model, varied, face) > 1.0
        assert gap_mm(model, one, other) > 1.0
        assert np.abs(one[2] - other[2]).max() > 0.5


def test_words_that_nobody_has_read_keep_every_nameable_attribute(model):
    face = draw(model, {"nose_width": 1.5, "smile": 0.7, "skin_tone": -1.2, "skin_warmth": 0.5})
    before = read(model, *face)
    faces = [vary(model, *face, seed=seed) for seed in (1, 2)]
    for varied in faces:
        after = read(model, *varied)
        assert max(abs(after[key] - before[key]) for key in ATTRIBUTES) <= 0.15
    assert gap_mm(model, *faces) > 0.5


def test_warmth_stays_where_lightness_is_free(model):
    face = draw(model, {"skin_warmth": 0.8})
    for seed in range(5):
        varied = vary(model, *face, ["skin_warmth"], seed=seed)
        assert read(model, *varied)["skin_warmth"] == pytest.approx(0.8, abs=0.01)
        assert varied[2][0] != face[2][0]


def test_a_seed_is_a_face_and_no_amount_is_none(model):
    face = draw(model, {"age": 2.0})
    first, again = (vary(model, *face, ["age"], seed=4) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    still = vary(model, *face, ["age"], seed=4, amount=0)
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(still, face, strict=True))
    assert all(np.isfinite(part).all() for part in vary(model, *face, [], seed=1, amount=3))
    assert np.abs(vary(model, *face, [], seed=1, amount=3)[0]).max() <= 4.0 + 1e-5


def test_broken_wishes_are_named(model):
    face = draw(model, {})
    with pytest.raises(ModelError, match="amount is nan"):
        vary(model, *face, amount=float("nan"))
    with pytest.raises(ModelError, match="no attribute 'charm'"):
        vary(model, *face, ["charm"])
    with pytest.raises(ModelError, match="seed is -1"):
        vary(model, *face, seed=-1)
    with pytest.raises(ModelError, match="identity has shape"):
        vary(model, np.full(len(model.identity_names), np.nan), *face[1:])
    with pytest.raises(ModelError, match="one face"):
        vary(model, *(part[None] for part in face))
