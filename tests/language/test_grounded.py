from dataclasses import replace

import numpy as np
import pytest

from facegpt_ros.language.answers import judge
from facegpt_ros.language.expected import UNKNOWABLE
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.grounded import NOBODY, SILENT, UNDECLINED, answer, understand
from facegpt_ros.language.questions import sample
from facegpt_ros.language.unknowable import declines
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, face

SMILE = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def facts(model):
    return face_facts(model, face(model, yaw=30, acts=SMILE), SIZE)


def test_a_true_answer_is_left_alone(facts):
    said = answer("Is the person smiling?", facts, lambda asked: " Yes, broadly. ")
    assert said.text == said.own == "Yes, broadly." and said.replaced == ""


def test_a_lie_gives_way_to_the_facts(facts):
    said = answer("Is the person smiling?", facts, lambda asked: "No, the person is not smiling.")
    assert said.replaced == "smile" and "smil" in said.text and "not smiling" not in said.text
    assert answer("Is the person smiling?", facts, lambda asked: "").replaced == SILENT


def test_the_model_is_told_what_the_question_is_about(facts):
    asked = understand("Is the person smiling?", facts)
    assert asked.topic == "smile" and "smile broad" in asked.facts
    assert understand("What is the capital of France?", facts).facts == ""


def test_what_no_face_tells_is_declined_and_other_questions_are_the_models(facts):
    said = answer("What is his name?", facts, lambda asked: "His name is Peter.")
    assert said.replaced == UNDECLINED and declines(said.text)
    assert answer("What is the capital of France?", facts, lambda asked: "Paris.").text == "Paris."


def test_what_no_face_tells_is_not_answered_by_other_things(facts):
    for own in ("The person is smiling broadly.", "Their name is Peter.", "Yes, they are smiling broadly."):
        assert answer("Is he a nice person by nature?", facts, lambda asked, own=own: own).replaced == UNDECLINED


@pytest.mark.parametrize(
    ("asked", "own", "why"),
    [
        ("How many faces are there?", "I can't tell: there are no faces.", "faces"),
        ("How many faces are there?", "That can't be read from a face, so I won't guess.", SILENT),
        ("Is the person smiling?", "The face is", SILENT),
        ("Is the person smiling?", "I'm glad to hear that. The head is turned to your right.", SILENT),
        ("Is the person smiling?", "Yes.", ""),
        ("Describe the face.", "The person is smiling broadly.", SILENT),
        ("Describe the face.", "The person is smiling broadly. Their head is turned to your right.", ""),
    ],
)
def test_words_are_kept_only_where_they_tell_what_was_asked(facts, asked, own, why):
    said = answer(asked, facts, lambda _: own)
    assert said.replaced == why
    assert (said.text == own) == (why == "")


def test_what_is_not_sure_is_not_said_flatly(facts):
    asked = "Is the person smiling?"
    unsure = [replace(fact, confidence=0.5) if fact.key == "smile" else fact for fact in facts]
    assert answer(asked, unsure, lambda _: "No, there is no smile.").replaced == SILENT


def test_nobody_smiles_where_there_is_nobody(model):
    nobody = face_facts(model, [], SIZE)
    said = answer("Is the person smiling?", nobody, lambda asked: "Yes, a broad smile.")
    assert said.replaced == NOBODY and "no" in said.text.lower()
    assert answer("Is the person smiling?", nobody, lambda asked: "I see no face.").replaced == ""


def test_of_several_each_is_answered_for(model):
    smiling, grim = face(model, at=(-0.3, 0, 1), acts=SMILE, face_id="a"), face(model, at=(0.3, 0, 1), face_id="b")
    facts = face_facts(model, [smiling, grim], SIZE)
    assert understand("Is the person on the left smiling?", facts).face == "a"
    said = answer("Is the person on the right smiling?", facts, lambda asked: "Yes, broadly.")
    assert said.replaced == "smile"
    assert "left face" in understand("Is anybody smiling?", facts).facts
    assert answer("Is the person smiling?", facts, lambda asked: "Yes, broadly.", face="b").replaced == "smile"
    told = understand("Is the person smiling?", facts, face="a").about
    assert [(fact.face, fact.value) for fact in told if fact.key == "smile"] == [("a", "broad")]
    assert understand("Is the person on the left smiling?", facts, face="gone").face == "a"


def test_a_liar_becomes_mostly_right(facts):
    rng, own, safe = np.random.default_rng(5), 0, 0
    pairs = [sample(rng, "val", facts) for _ in range(60)]
    pairs = [one for one in pairs if one.topic != UNKNOWABLE]
    for one in pairs:
        said = answer(one.question, facts, lambda asked: "No smile, eyes shut, in profile, and the light is cool.")
        own += judge(said.own, one.topic, one.expected)
        safe += judge(said.text, one.topic, one.expected)
    assert safe > own
