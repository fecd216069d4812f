import pytest

from facegpt_ros.language.expected import GENERAL, UNKNOWABLE
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.grounding import grounded, understand
from facegpt_ros.language.unknowable import declines
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, face


@pytest.fixture(scope="module")
def two():
    model = MorphableModel.load()
    smiling = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}
    people = [face(model, face_id="a", at=(-0.3, 0, 1), acts=smiling), face(model, face_id="b", at=(0.3, 0, 1))]
    return face_facts(model, people, SIZE)


def test_what_agrees_is_kept(two):
    asked = understand("Is the one on the left smiling?", two)
    assert (asked.topic, asked.face) == ("smile", "a")
    assert {fact.value for fact in asked.facts if fact.key == "smile"} == {"broad"}
    assert grounded(asked, " Yes, a big smile. ", two) == ("Yes, a big smile.", True)


@pytest.mark.parametrize("answer", ["No.", "The person is not smiling.", "", "   "])
def test_what_is_wrong_or_empty_is_said_from_the_facts(two, answer):
    text, kept = grounded(understand("Is the one on the left smiling?", two), answer, two)
    assert not kept
    assert "smil" in text and "not" not in text


def test_what_no_face_tells_is_declined(two):
    asked = understand("Is the person on the left a criminal?", two)
    assert asked.topic == UNKNOWABLE
    text, kept = grounded(asked, "Yes, obviously.", two)
    assert declines(text) and not kept
    assert grounded(asked, "I can't tell that from a face.", two)[1]


def test_general_answers_are_left_alone(two):
    asked = understand("What is the capital of France?", two)
    assert asked.topic == GENERAL and not asked.facts
    assert grounded(asked, "Paris.", two) == ("Paris.", True)


def test_no_face_is_said_whatever_the_model_says():
    nobody = face_facts(MorphableModel.load(), [], SIZE)
    asked = understand("Is the person smiling?", nobody)
    assert grounded(asked, "Yes, broadly.", nobody) == ("I see no face.", False)
    assert [fact.value for fact in asked.facts] == ["0"]
    count = understand("How many faces do you see?", nobody)
    assert grounded(count, "I see two faces.", nobody)[1] is False
    assert grounded(count, "None.", nobody)[1]


def test_an_empty_question_is_about_nothing(two):
    asked = understand("", two)
    assert (asked.topic, asked.facts) == (None, ())
    assert grounded(asked, "Hello.", two) == ("Hello.", True)
