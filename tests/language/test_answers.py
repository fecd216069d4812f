from dataclasses import replace

import numpy as np
import pytest

from facegpt_ros.language.answers import answer_from_facts, contradicts, judge, topic_of
from facegpt_ros.language.expected import EITHER, GENERAL, MUCH, NEGATED, NO_FACE, UNKNOWABLE, WHAT, WHETHER, Expected
from facegpt_ros.language.fact import LEFT, RIGHT, Fact
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.questions import sample
from facegpt_ros.language.reading import read_answer
from facegpt_ros.language.topic_classifier import accuracy, labelled_questions
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.language.wording import worded
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, anybody, face


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


def fact(key, value, number=None, unit="", confidence=1.0, also=()):
    return Fact(key, value, confidence, number, unit, "f0001", also)


SMILES = ("slight", "broad")
SMILE = {value: (fact("smile", value),) for value in ("no", *SMILES)}
TURNED_LEFT = (fact("head_turn", LEFT, -30, "deg"),)
STRAIGHT = (fact("head_turn", "straight", 2, "deg"),)
WINK = (fact("eyes", "one closed"), fact("wink", "left eye"))
ASIDE = (fact("eye_contact", "no"), fact("gaze_side", RIGHT), fact("gaze_height", "down"))
CONTACT = (fact("eye_contact", "yes"), fact("gaze_side", "straight"), fact("gaze_height", "level"))
NEAR = (fact("distance", "close", 0.8, "m"),)
LIGHT = (fact("light_side", LEFT), fact("light_height", "above"))
NOSE = (fact("nose_width", "wide"), fact("nose_length", "average"))


def eyes(value):
    return fact("eyes", value, 50, "%"), fact("wink", "no")


def mouth(value, mm):
    return (fact("mouth", value, mm, "mm"),)


@pytest.mark.parametrize(
    ("text", "topic", "facts", "right"),
    [
        ("There's a hint of a smile.", "smile", SMILE["slight"], True),
        ("They are smiling broadly.", "smile", SMILE["slight"], False),
        ("He is grinning from ear to ear", "smile", SMILE["broad"], True),
        ("The person isn't smiling.", "smile", SMILE["no"], True),
        ("I don't see a smile.", "smile", SMILE["no"], True),
        ("No smile here", "smile", SMILE["broad"], False),
        ("left", "head_turn", TURNED_LEFT, True),  # a bare side is the viewer's
        ("right", "head_turn", TURNED_LEFT, False),
        ("To their own right.", "head_turn", TURNED_LEFT, True),
        ("To their own left", "head_turn", TURNED_LEFT, False),
        ("To the left side of the picture, that is their right", "head_turn", TURNED_LEFT, True),
        ("Not to the right but to the left.", "head_turn", TURNED_LEFT, True),
        ("not to the left", "head_turn", TURNED_LEFT, False),
        ("It isn't straight, it's turned to the left", "head_turn", TURNED_LEFT, True),
        ("It's not turned.", "head_turn", STRAIGHT, True),
        ("Neither left nor right.", "head_turn", STRAIGHT, True),
        ("Slightly left", "head_turn", STRAIGHT, False),
        ("Both eyes are shut.", "eyes", eyes("closed"), True),
        ("The eyes are open", "eyes", eyes("closed"), False),
        ("half closed", "eyes", eyes("open"), False),
        ("The left eye is closed.", "eyes", WINK, True),  # a bare side of a part of the body is its owner's
        ("The right eye is closed.", "eyes", WINK, False),
        ("One eye is shut, the other is open.", "eyes", WINK, True),
        ("Both eyes are closed", "eyes", WINK, False),
        ("lips are slightly parted", "mouth", mouth("slightly open", 5), True),
        ("The mouth is not closed, it is open.", "mouth", mouth("open", 12), True),
        ("The eyes are open.", "mouth", mouth("open", 12), False),
        ("The eyes are closed and the mouth is open.", "mouth", mouth("open", 12), True),
        ("Straight at you", "gaze", CONTACT, True),
        ("They look to the left", "gaze", CONTACT, False),
        ("down and to your right", "gaze", ASIDE, True),
        ("looking to their own left", "gaze", ASIDE, True),
        ("Down to the left", "gaze", ASIDE, False),
        ("at you", "gaze", ASIDE, False),
        ("80 cm away", "distance", NEAR, True),
        ("roughly a metre", "distance", NEAR, True),
        ("2.6 feet", "distance", NEAR, True),
        ("2 metres", "distance", NEAR, False),
        ("far away", "distance", NEAR, False),
        ("From above left", "light_direction", LIGHT, True),
        ("from below", "light_direction", LIGHT, False),
        ("The lamp is on your right", "light_direction", LIGHT, False),
        ("They're up", "brows", (fact("brows", "raised"),), True),
        ("furrowed", "brows", (fact("brows", "raised"),), False),
        ("cheerful", "expression", (fact("expression", "happy"),), True),
        ("unhappy", "expression", (fact("expression", "happy"),), False),
        ("not happy", "expression", (fact("expression", "happy"),), False),
        ("wide and of average length", "nose", NOSE, True),
        ("wide and long", "nose", NOSE, False),
        ("I see 2 people", "count", (fact("faces", "2", 2),), True),
        ("Nobody", "count", (fact("faces", "2", 2),), False),
        ("", "smile", SMILE["no"], False),
        ("bananas", "smile", SMILE["no"], False),
        ("x" * 10_000, "smile", SMILE["no"], False),
        ("not " * 3000 + "smiling", "smile", SMILE["no"], False),
    ],
)
def test_judges_what_is_said(text, topic, facts, right):
    assert judge(text, topic, Expected(WHAT, facts)) is right


@pytest.mark.parametrize(
    ("text", "kind", "value", "right"),
    [
        ("Yes", WHETHER, "broad", True),
        ("No.", WHETHER, "broad", False),
        ("Yes, they are.", WHETHER, "slight", True),
        ("He isn't.", WHETHER, "no", True),
        ("Not at all.", WHETHER, "no", True),
        ("They do not.", WHETHER, "broad", False),
        ("I don't think they are smiling.", WHETHER, "no", True),
        ("Yes, they aren't smiling.", WHETHER, "no", False),
        ("The person is smiling.", WHETHER, "no", False),
        ("They are smiling.", NEGATED, "broad", True),
        ("Right, no smile.", NEGATED, "no", True),
        ("Right, they are not smiling.", NEGATED, "broad", False),
        ("Yes.", NEGATED, "broad", False),  # yes, they are not? yes, they are?
        ("No.", NEGATED, "no", False),
    ],
)
def test_judges_yes_and_no(text, kind, value, right):
    assert judge(text, "smile", Expected(kind, SMILE[value], "smile", frozenset(SMILES))) is right


@pytest.mark.parametrize(
    ("text", "topic", "facts", "right"),
    [
        ("About 30 degrees to the left", "head_turn", TURNED_LEFT, True),
        ("30°", "head_turn", TURNED_LEFT, True),
        ("About 60 degrees to the left", "head_turn", TURNED_LEFT, False),
        ("30 degrees to the right", "head_turn", TURNED_LEFT, False),
        ("it's turned left", "head_turn", TURNED_LEFT, False),
        ("not at all, it is straight", "head_turn", STRAIGHT, True),
        ("3 cm", "mouth", mouth("wide open", 30), True),
        ("3 mm", "mouth", mouth("wide open", 30), False),
        ("close", "distance", NEAR, False),
    ],
)
def test_amounts_need_a_number_within_tolerance(text, topic, facts, right):
    assert judge(text, topic, Expected(MUCH, facts)) is right


def test_doubt_is_right_only_where_there_is_doubt():
    doubtful = Expected(WHAT, (fact("smile", "slight", 0.3, "", 0.5, ("no",)),))
    assert judge("I can't tell for sure, but maybe a slight smile", "smile", doubtful)
    assert judge("I'm not sure", "smile", doubtful)
    assert judge("no smile", "smile", doubtful)
    assert not judge("a broad smile", "smile", doubtful)
    assert not judge("I'm not sure", "smile", Expected(WHAT, SMILE["broad"]))


def test_neither_is_right_when_both_choices_are_wrong():
    asked = frozenset((LEFT, RIGHT))
    assert judge("Neither, it is straight.", "head_turn", Expected(EITHER, STRAIGHT, "head_turn", asked))
    assert not judge("Neither.", "head_turn", Expected(EITHER, TURNED_LEFT, "head_turn", asked))


def test_without_a_face_only_saying_so_is_right():
    assert judge("I see no face.", "smile", Expected(NO_FACE))
    assert judge("I don't see anyone", "eyes", Expected(NO_FACE))
    assert not judge("They are smiling.", "smile", Expected(NO_FACE))


def test_general_answers_are_not_judged():
    assert judge("Paris.", GENERAL, Expected(GENERAL))


def test_contradictions_are_named(model):
    smiling = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}
    facts = face_facts(model, face(model, yaw=30, acts=smiling), SIZE)
    assert contradicts("The person smiles and the head is turned to your right.", facts) is None
    assert contradicts("The person is not smiling.", facts) == "smile"
    assert contradicts("A smiling face, turned to your left.", facts) == "head_turn"
    assert contradicts("The eyes are closed.", facts) == "eyes"
    assert contradicts("The distance is about 5 m.", facts) == "distance"
    assert contradicts("They have an open mouth.", facts) == "mouth"
    assert contradicts("Paris is the capital of France, on the left bank and the right.", facts) is None
    assert contradicts("", facts) is None


def test_a_bare_yes_is_understood_from_the_question(model):
    facts = face_facts(model, face(model), SIZE)
    assert contradicts("Yes.", facts, "smile", question="Is the person smiling?") == "smile"
    assert contradicts("No.", facts, "smile", question="Is the person smiling?") is None
    assert contradicts("Yes.", facts, "smile", question="Is the person NOT smiling?") is None
    assert contradicts("No", facts, "eyes", question="Are the eyes open?") == "eyes"


def test_what_is_not_sure_contradicts_nothing(model):
    facts = face_facts(model, face(model, confidence=0.4), SIZE)
    assert contradicts("The person is smiling broadly.", facts) is None


def test_several_people_are_told_apart(model):
    smiling = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}
    people = [face(model, face_id="a", at=(-0.3, 0, 1), acts=smiling), face(model, face_id="b", at=(0.3, 0, 1))]
    facts = face_facts(model, people, SIZE)
    assert contradicts("The person on the right is smiling.", facts) == "smile"
    assert contradicts("The person on the left is smiling.", facts) is None
    assert contradicts("Yes, a big smile.", facts, "smile", question="Is the one on the left smiling?") is None


def test_own_answers_never_contradict_the_facts(model):
    rng = np.random.default_rng(12)
    for _ in range(60):
        facts = face_facts(model, anybody(model, rng), SIZE)
        one = sample(rng, "train", facts)
        assert contradicts(one.answer, facts, one.topic, question=one.question) is None, one
        assert contradicts(one.answer, facts) is None, one


def test_answers_for_another_face_are_wrong(model):
    rng = np.random.default_rng(14)
    people = [face_facts(model, anybody(model, rng), SIZE) for _ in range(40)]
    values = {key: {f.value for facts in people for f in facts if f.key == key} for key in {f.key for f in people[0]}}
    tried = 0
    for facts in people * 5:
        one = sample(rng, "test", facts)
        sure = [f for f in one.expected.facts if f.confidence > 0.8 and not f.also and one.expected.kind == WHAT]
        if one.topic == "describe" or not sure:
            continue
        true = sure[int(rng.integers(len(sure)))]
        for other in values[true.key] - {true.value}:
            lie = replace(true, value=other, number=true.number and 2.5 * true.number)
            answer = worded(one.topic, replace(one.expected, facts=(lie,)), rng)
            tried += 1
            assert not judge(answer, one.topic, one.expected), (one.question, answer, true)
    assert tried > 50


@pytest.mark.parametrize("topic", [name for name in TOPICS if not TOPICS[name].several])
def test_plain_answers_are_right(model, topic):
    rng = np.random.default_rng(13)
    for _ in range(12):
        facts = face_facts(model, anybody(model, rng), SIZE)
        own = tuple(f for f in facts if f.key in TOPICS[topic].keys)
        text = answer_from_facts(topic, facts)
        assert judge(text, topic, Expected(WHAT, own)), (text, own)


def test_plain_answers_without_what_they_need(model):
    nobody = face_facts(model, [], SIZE)
    assert answer_from_facts("smile", nobody) == "I see no face."
    assert answer_from_facts("count", nobody) == "I see no faces."
    assert answer_from_facts("nearest", face_facts(model, face(model), SIZE)) == "I see only one person."
    assert answer_from_facts("no such topic", nobody) == "I see no face."


def test_plain_answers_keep_to_the_question(model):
    facts = face_facts(model, face(model, identity=model.axes.draw({"nose_width": 2.5})), SIZE)
    assert "long" in answer_from_facts("nose", facts, question="Is the nose long?") or "length" in answer_from_facts(
        "nose", facts, question="Is the nose long?"
    )


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Is the person NOT smiling", "smile"),
        ("IS THE PERSON SMILING?", "smile"),
        ("what about the one on the left, is she smiling?", "smile"),
        ("is my mouth open", "mouth"),
        ("how far am I from you", "distance"),
        ("Where am I looking?", "gaze"),
        ("is he smiling " * 800, "smile"),  # 10 kB
        ("Is he gay?", UNKNOWABLE),
        ("what's the capital of Spain", GENERAL),
        ("", None),
        ("?!", None),
        ("\x00\n", None),
    ],
)
def test_topics_of_questions(question, topic):
    assert topic_of(question) == topic


def test_topics_of_held_out_phrasings():
    assert accuracy(labelled_questions("val")) > 0.97
    assert accuracy(labelled_questions("val", generic=0)) > 0.92
    assert accuracy(labelled_questions("test")) > 0.95
    assert accuracy(labelled_questions("test", generic=0)) > 0.88


@pytest.mark.parametrize("text", ["left " * 5000, "(" * 9000, "neither nor " * 900, "1" * 5000 + " m", "\ud800"])
def test_reading_survives_anything(text):
    assert read_answer(text, ("head_turn", "distance")).hedged is False
