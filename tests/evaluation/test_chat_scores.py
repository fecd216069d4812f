import numpy as np
import pytest

from facegpt_ros.evaluation.chat_scores import Case, cases, chat_scores, estimated_sight, faces_found, true_sight
from facegpt_ros.evaluation.scenes import SIZE, Scene, scenes
from facegpt_ros.evaluation.speaker import Said
from facegpt_ros.language.expected import UNKNOWABLE, WHAT, Expected
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.grounded import understand
from facegpt_ros.language.questions import Sample
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.seer import Seer
from tests.evaluation.talkers import Talker, layout_of

COUNT, UNKNOWABLES = 60, 15


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def pictures(model) -> list[Scene]:
    return list(scenes(model, "val", 15, 5))


@pytest.fixture(scope="module")
def asked(model, pictures):
    return cases(model, pictures, COUNT, UNKNOWABLES, "test")


def scores(model, asked, answer, see=None) -> dict:
    return chat_scores(Talker(layout_of(model), answer), asked, see or true_sight(model))


def test_who_knows_every_answer_is_right_and_never_interrupted(model, asked):
    right = {}
    for case in asked:
        question = understand(case.sample.question, face_facts(model, case.scene.faces, SIZE))
        right[f"{question.facts}\n".lstrip() + question.text] = case.sample.answer
    perfect = scores(model, asked, lambda text: Said(right[text]))
    assert perfect["correct"] == perfect["declined"] == 1 and perfect["declined_needlessly"] == 0
    assert perfect["correct_safeguarded"] >= 0.97 and perfect["declined_safeguarded"] >= 0.95
    assert perfect["stepped_in"] <= 0.05 and set(perfect["by_topic"].values()) == {1.0} and perfect["wrong"] == []


def test_a_liar_is_wrong_and_the_safeguard_helps(model, asked):
    lie = "Yes, a broad smile, eyes closed, in profile at 9 m, in dim and bluish light from the right. Her name is Eve."
    found = scores(model, asked, lambda text: Said(lie))
    assert found["correct"] < 0.3 and found["declined"] == 0
    assert found["correct_safeguarded"] > found["correct"] + 0.2 and found["declined_safeguarded"] > 0.6
    assert found["stepped_in"] > 0.4 and found["stepped_in_for"]["not declined"] > 0.6 * UNKNOWABLES
    assert 0 < len(found["wrong"]) <= 12


def test_the_mute_say_nothing_and_facts_speak_for_them(model, asked):
    found = scores(model, asked, lambda text: Said(""))
    assert found["correct"] == 0 and found["declined"] == 0 and found["stepped_in"] > 0.95
    assert found["correct_safeguarded"] == found["correct_by_rule"] > 0.8


def test_who_always_declines_declines_needlessly(model, asked):
    found = scores(model, asked, lambda text: Said("I can't tell that from a face."))
    assert found["declined"] == 1 and found["declined_needlessly"] > 0.5 and found["correct"] < 0.5


def test_questions_are_held_out_answerable_and_about_every_picture(asked, pictures):
    assert sum(case.sample.topic == UNKNOWABLE for case in asked) == UNKNOWABLES
    assert len({case.sample.question for case in asked}) > 0.8 * len(asked)
    assert {id(case.scene) for case in asked} == {id(one) for one in pictures}
    assert len({case.sample.topic for case in asked}) > 10


def test_an_estimator_that_sees_nobody_is_judged_by_the_truth(model, asked, pictures):
    class Blind(Seer):
        def process(self, image, camera, stamp_s):
            return []

    see = estimated_sight(Blind(model, []))
    assert faces_found(see, pictures) == 0 and faces_found(true_sight(model), pictures) == 1
    talker = Talker(layout_of(model), lambda text: Said("I see no face."))
    found = chat_scores(talker, asked, see)
    assert talker.seen == 0 and found["correct"] < 0.3


def test_a_question_comes_with_the_picture_of_whom_it_is_about(model, pictures):
    two = next(one for one in pictures if len(one.faces) > 1)
    facts = face_facts(model, two.faces, SIZE)
    for side, face in (("left", two.faces[0]), ("right", two.faces[-1])):
        one = Sample(f"Is the person on the {side} smiling?", "Yes.", "smile", Expected(WHAT, tuple(facts)))
        talker = Talker(layout_of(model), lambda text: Said("Yes."))
        chat_scores(talker, [Case(two, one)], true_sight(model))
        assert np.array_equal(talker.crops[0], two.crop(face, talker.crop_size))
