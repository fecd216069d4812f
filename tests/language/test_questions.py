import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.answers import judge
from facegpt_ros.language.expected import NEGATED, NO_FACE, WHETHER
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.frames import SPLITS, follow_ups, frames
from facegpt_ros.language.general import general_questions
from facegpt_ros.language.questions import sample, sample_dialogue
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.language.unknowable import UNKNOWABLE_QUESTIONS, unknowable_questions
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, anybody, face


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


def scenes(model, seed, count):
    """Facts of one to three faces each."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        people = [anybody(model, rng, f"f{k}") for k in range(1 if i % 3 else 2 + i % 2)]
        yield face_facts(model, people, SIZE), rng


def test_phrasings_are_many_and_no_split_shares_any():
    enough = 0
    for name in TOPICS:
        texts = {split: {frame.text for frame in frames(name, split)} for split in SPLITS}
        assert all(texts.values()), name
        assert not texts["train"] & texts["val"], name
        assert not texts["train"] & texts["test"], name
        assert not texts["val"] & texts["test"], name
        enough += sum(map(len, texts.values())) >= 25
    assert enough >= 14


def test_no_held_out_phrasing_stands_under_another_topic_in_training():
    trained = {frame.text.lower() for name in TOPICS for frame in frames(name, "train") if not frame.generic}
    held = {f.text.lower() for name in TOPICS for s in ("val", "test") for f in frames(name, s) if not f.generic}
    assert not trained & held


def test_follow_ups_and_other_questions_are_split_too():
    for of_split in (unknowable_questions, general_questions, lambda s: [f.text for f in follow_ups("eyes", s)]):
        train, val, test = (set(of_split(split)) for split in SPLITS)
        assert train and val and test
        assert not (train & val or train & test or val & test)
    assert sum(map(len, UNKNOWABLE_QUESTIONS.values())) >= 120


def test_refuses_a_split_that_is_none(model):
    with pytest.raises(ConfigError, match="validation"):
        frames("smile", "validation")


@pytest.mark.parametrize("split", SPLITS)
def test_answers_agree_with_the_facts(model, split):
    asked = set()
    for facts, rng in scenes(model, 5, 60):
        question, answer, topic, expected = sample(rng, split, facts)
        asked.add(topic)
        assert question and answer
        assert "{" not in question + answer
        assert judge(answer, topic, expected), (question, answer, expected)
    assert len(asked) >= 14


def test_the_same_seed_asks_the_same(model):
    facts = face_facts(model, face(model), SIZE)
    first, second = (
        [sample(np.random.default_rng(seed), "train", facts).question for seed in range(20)] for _ in range(2)
    )
    assert first == second
    assert len(set(first)) > 15


def test_half_of_the_questions_for_yes_or_no_are_true(model):
    yes = []
    for facts, rng in scenes(model, 6, 60):
        for topic in ("smile", "head_turn", "mouth", "light_direction"):
            expected = sample(rng, "train", facts, topic).expected
            if expected.kind in (WHETHER, NEGATED):
                yes.append(expected.fact.value in expected.asked)
    assert len(yes) > 50
    assert 0.3 < np.mean(yes) < 0.7


def test_negated_questions_are_answered_without_a_bare_yes_or_no(model):
    found = 0
    for facts, rng in scenes(model, 7, 80):
        one = sample(rng, "train", facts, "mouth")
        if one.expected.kind == NEGATED:
            found += 1
            assert not one.answer.lower().startswith(("yes", "no,", "no:")), one
    assert found


def test_of_several_people_questions_say_whom_they_mean(model):
    people = [face(model, face_id=f"f{i}", at=(0.4 * i - 0.4, 0, 1.2)) for i in range(3)]
    facts = face_facts(model, people, SIZE)
    rng = np.random.default_rng(0)
    for _ in range(60):
        one = sample(rng, "train", facts, "smile")
        named = ("left", "middle", "right")[["f0", "f1", "f2"].index(one.face)]
        assert named in one.question.lower(), one.question


def test_dialogues_ask_two_or_three_different_things(model):
    for facts, rng in scenes(model, 8, 30):
        turns = sample_dialogue(rng, "train", facts)
        assert 2 <= len(turns) <= 3
        for turn in turns:
            assert judge(turn.answer, turn.topic, turn.expected), turn


def test_low_confidence_is_said(model):
    facts = face_facts(model, face(model, confidence=0.5), SIZE)
    rng = np.random.default_rng(3)
    for _ in range(30):
        one = sample(rng, "train", facts, "smile")
        assert any(word in one.answer.lower() for word in ("sure", "hard", "certain", "easy", "can't")), one.answer


def test_without_a_face_it_says_so(model):
    facts = face_facts(model, [], SIZE)
    rng = np.random.default_rng(4)
    for topic in ("smile", "head_turn", "distance", "describe"):
        one = sample(rng, "test", facts, topic)
        assert one.expected.kind == NO_FACE
        assert "no face" in one.answer.lower() or "see" in one.answer.lower()
        assert judge(one.answer, topic, one.expected)
    count = sample(rng, "test", facts, "count")
    assert judge(count.answer, "count", count.expected), count.answer
