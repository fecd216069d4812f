import re
from collections import Counter

import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.attribute_table import ATTRIBUTES
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.language.degrees import NOT
from facegpt_ros.language.describe import Descriptions, describe_face, describe_with_wishes
from facegpt_ros.language.expression_words import EXPRESSIONS
from facegpt_ros.language.look_words import LOOKS
from facegpt_ros.language.matches import Wish, present
from facegpt_ros.language.pools import SPLITS, Picker
from facegpt_ros.language.shape_words import SHAPES
from facegpt_ros.language.situations import SITUATIONS
from facegpt_ros.language.tone_words import TONES
from facegpt_ros.language.traits import Trait, all_traits, forms
from facegpt_ros.language.wish_notation import parse
from facegpt_ros.morphable.model import MorphableModel

#: Of these a face says nothing, and no text may.
UNTOLD = (
    r"\b(african|asian|caucasian|european|arab|jewish|race|ethnic\w*|ill|sick|healthy|disease|drunk|honest|stupid|clever"
    r"|criminal|gay|intelligent|lazy)\b"
)


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def samples(model):
    descriptions = Descriptions(model, seed=0)
    return {split: [descriptions.sample(split=split) for _ in range(150)] for split in SPLITS}


@pytest.mark.parametrize("split", SPLITS)
def test_faces_are_as_their_texts_say(model, samples, split):
    for sample in samples[split]:
        values = read(model, sample.identity, sample.expression, sample.albedo)
        hits, total = present(sample.asked, values)
        assert hits == total, sample.text


def test_whole_frames_are_held_out(samples):
    frames = {split: {sample.frame for sample in samples[split]} for split in SPLITS}
    assert not frames["train"] & frames["val"] and not frames["train"] & frames["test"]
    assert not frames["val"] & frames["test"]
    assert len(frames["train"]) > 60


def test_texts_differ_and_name_many_things(samples):
    texts = [sample.text for split in SPLITS for sample in samples[split]]
    assert len(set(texts)) > 0.95 * len(texts)
    named = Counter(wish.key for split in SPLITS for sample in samples[split] for wish in sample.asked)
    assert len(named) > 0.8 * len(ATTRIBUTES)
    negated = sum(wish.degree == NOT for sample in samples["train"] for wish in sample.asked)
    assert negated > 10


def test_texts_are_clean(samples):
    for split in SPLITS:
        for sample in samples[split]:
            assert sample.text.strip() == sample.text
            assert not re.search(r"[{}^=]|  | ,|\.\.", sample.text), sample.text
            assert not re.search(r"\ba (?:a|an|the)\b|\bwho who\b", sample.text), sample.text
            assert len(sample.text) < 500


def test_texts_tell_nothing_that_a_face_does_not(samples):
    sayings = " ; ".join(saying for row, _ in SITUATIONS for saying in row)
    rows = " ; ".join(p for row in (*SHAPES, *TONES, *EXPRESSIONS, *LOOKS)
                      for p in (*row.predicates, *row.with_, *row.be, *row.adjective))  # fmt: skip
    texts = " ; ".join(sample.text for split in SPLITS for sample in samples[split])
    assert not re.findall(UNTOLD, f"{rows} ; {texts}".lower())
    assert not re.findall(UNTOLD, sayings.lower())


def test_a_seed_gives_the_same_texts_and_faces(model):
    one, other = (Descriptions(model, seed=3).sample() for _ in range(2))
    assert one.text == other.text and one.asked == other.asked
    np.testing.assert_array_equal(one.identity, other.identity)


def test_every_trait_can_be_said_in_some_form():
    pick = Picker(np.random.default_rng(0))
    for trait in all_traits():
        made = forms(trait)
        assert made, trait
        assert all(make(pick) for make in made.values())


@pytest.mark.parametrize("row", [*SHAPES, *TONES, *EXPRESSIONS, *LOOKS], ids=lambda row: row.wishes)
def test_every_row_asks_for_something_that_can_be(row):
    asked, _ = parse(row.wishes)
    assert asked and len({wish.key for wish in asked}) == len(asked)


@pytest.mark.parametrize("sayings, wishes", SITUATIONS)
def test_every_situation_shows_on_a_face(model, sayings, wishes):
    asked, often = parse(wishes, at_least=True)
    rng = np.random.default_rng(0)
    face = draw(model, {wish.key: wish.draw(rng) for wish in asked}, rng)
    assert present(asked, read(model, *face)) == (len(asked), len(asked)), sayings
    assert not {wish.key for wish in asked} & {wish.key for wish in often}


def test_descriptions_of_given_faces_are_true(model):
    rng = np.random.default_rng(1)
    for _ in range(40):
        face = draw(model, {"smile": float(rng.uniform(0, 1)), "age": float(rng.normal(0, 2))}, rng)
        values = {key: float(value) for key, value in read(model, *face).items()}
        text, told = describe_with_wishes(values, rng)
        assert present(told, values) == (len(told), len(told)), text


def test_what_is_most_striking_is_told(model):
    values = dict.fromkeys(ATTRIBUTES, 0.0) | {"nose_width": 3.0}
    rng = np.random.default_rng(0)
    told = [describe_with_wishes(values, rng, most=2)[1] for _ in range(20)]
    assert sum(any(wish.key == "nose_width" for wish in wishes) for wishes in told) >= 18


def test_a_negation_is_worded_as_one():
    pick = Picker(np.random.default_rng(0))
    negative = [t for t in all_traits() if t.wishes == (Wish("nose_width", 1, NOT),)]
    assert negative
    texts = [make(pick) for trait in negative for make in (forms(trait)["whose"],) for _ in range(10)]
    assert all(re.search(r"\b(not|anything but|far from|by no means)\b", text) for text in texts)


def test_incomplete_values_and_unknown_splits_are_refused(model):
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="values lack"):
        describe_face({"age": 1.0}, rng)
    with pytest.raises(ConfigError, match="age is nan"):
        describe_face(dict.fromkeys(ATTRIBUTES, 0.0) | {"age": float("nan")}, rng)
    with pytest.raises(ConfigError, match="most is 0"):
        describe_face(dict.fromkeys(ATTRIBUTES, 0.0), rng, most=0)
    with pytest.raises(ConfigError, match="split"):
        Descriptions(model).sample(split="dev")


def test_traits_are_all_distinct():
    traits = all_traits()
    assert len({(t.kind, t.pool, t.degree) for t in traits}) == len(traits)
    assert all(isinstance(t, Trait) and t.wishes for t in traits)
