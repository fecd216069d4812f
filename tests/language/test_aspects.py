import pytest

from facegpt_ros.language.answers import answer_from_facts
from facegpt_ros.language.aspects import asks_amount, keys_meant
from facegpt_ros.language.facts import face_facts
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, face


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.mark.parametrize(
    ("topic", "question", "keys"),
    [
        ("eyes", "Is he winking?", ("wink",)),
        ("eyes", "Are both eyes open?", ()),
        ("mouth_shape", "Is her tongue out?", ("tongue",)),
        ("gaze", "Is she looking at me?", ("eye_contact",)),
        ("gaze", "Is the person on the left looking up?", ()),
        ("light_direction", "Does the light come from above?", ("light_height",)),
        ("light_direction", "Is the one on the right lit from below?", ("light_height",)),
        ("light_direction", "The light comes from the front, right?", ("light_side",)),
        ("describe", "What is the left person doing?", ()),
        ("no such topic", "Is he winking?", ()),
    ],
)
def test_what_a_question_has_words_of_its_own_for_is_meant(topic, question, keys):
    assert keys_meant(topic, question) == keys


@pytest.mark.parametrize(
    ("topic", "question", "amount"),
    [
        ("head_turn", "By how many degrees is the head turned?", True),
        ("head_turn", "Which way is the head turned?", False),
        ("smile", "How much is she smiling?", False),  # nothing measures a smile
        ("distance", "How many metres is it to him?", True),
        ("mouth", "What is the gap between the lips?", True),
        ("no such topic", "How many degrees?", False),
    ],
)
def test_amounts_are_asked_for_where_there_are_numbers(topic, question, amount):
    assert asks_amount(topic, question) is amount


def test_plain_answers_give_numbers_to_who_asks_for_them(model):
    facts = face_facts(model, face(model, yaw=30), SIZE)
    assert "30 degrees" in answer_from_facts("head_turn", facts, question="How many degrees is the head turned?")
    assert "degrees" not in answer_from_facts("head_turn", facts, question="Is the head turned?")


def test_plain_answers_tell_of_a_wink_that_is_none_and_then_of_the_eyes(model):
    facts = face_facts(model, face(model), SIZE)
    assert answer_from_facts("eyes", facts, question="Is he winking?") == (
        "The person is not winking. The person's eyes are open."
    )
    assert "wink" not in answer_from_facts("eyes", facts, question="Are the eyes open?")
