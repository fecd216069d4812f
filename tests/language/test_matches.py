import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.attribute_table import ATTRIBUTES, EXPRESSION
from facegpt_ros.language.degrees import ACTIVATION, AVERAGE, NOT, SIGMA, SLIGHTLY, VERY, word_degree
from facegpt_ros.language.matches import Wish, compatible, present
from facegpt_ros.language.wish_notation import parse


@pytest.mark.parametrize("table", [SIGMA, ACTIVATION])
def test_what_is_drawn_for_a_word_counts_as_having_it(table):
    for degree in table.values():
        assert degree.present[0] < degree.drawn[0] <= degree.drawn[1] < degree.present[1]


@pytest.mark.parametrize("key", list(ATTRIBUTES))
def test_values_drawn_for_a_wish_have_it(key):
    rng = np.random.default_rng(0)
    expression = ATTRIBUTES[key].kind == EXPRESSION
    for degree in ACTIVATION if expression else SIGMA:
        for sign in (1, -1) if ATTRIBUTES[key].low else (1,):
            wish = Wish(key, sign, degree)
            assert all(wish.holds(wish.draw(rng)) for _ in range(20))


def test_the_share_of_what_is_named_counts_degrees_and_negations():
    asked = [Wish("nose_width"), Wish("age", -1, VERY), Wish("smile", 1, NOT), Wish("jaw_width", 1, SLIGHTLY)]
    values = {"nose_width": 0.9, "age": -1.0, "smile": 0.05, "jaw_width": 2.0}
    assert present(asked, values) == (2, 4)  # not very young; a jaw that is more than slightly wide


def test_not_wide_is_not_the_same_as_narrow():
    assert Wish("nose_width", 1, NOT).holds(0.0)
    assert not Wish("nose_width", -1).holds(0.0)


def test_one_face_is_not_asked_for_what_cannot_be():
    assert not compatible(Wish("age"), Wish("age", -1))
    assert not compatible(Wish("smile"), Wish("mouth_corners_down"))
    assert compatible(Wish("smile"), Wish("mouth_corners_down", 1, NOT))


def test_words_for_degrees_agree_with_what_they_ask_for():
    for value, degree in [(2.2, VERY), (0.6, SLIGHTLY), (0.1, AVERAGE)]:
        assert word_degree(value, expression=False) == degree
        assert Wish("nose_width", 1, degree).holds(value)


@pytest.mark.parametrize(
    "wish", [("charm", 1), ("smile", -1), ("stubble", -1), ("smile", 1, AVERAGE), ("age", 1, "hugely"), ("age", 0)]
)
def test_wishes_for_nothing_known_are_refused(wish):
    with pytest.raises(ConfigError):
        Wish(*wish)


def test_values_of_another_face_are_refused():
    with pytest.raises(ConfigError, match="lack"):
        present([Wish("age")], {})
    with pytest.raises(ConfigError, match="one face"):
        present([Wish("age")], {"age": np.zeros(3)})


def test_the_notation_tells_low_words_degrees_and_what_comes_along():
    asked, often = parse("-age smile+ frown! squint~?")
    assert asked == (Wish("age", -1), Wish("smile", 1, VERY), Wish("frown", 1, NOT))
    assert often == (Wish("squint", 1, SLIGHTLY),)
