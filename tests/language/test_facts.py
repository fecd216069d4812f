from types import SimpleNamespace

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.language.fact import GUESS, LEFT, RIGHT, SURE, Doubt, graded
from facegpt_ros.language.facts import face_facts, face_ids, facts_text, find, relevant
from facegpt_ros.language.topics import PHRASES, TOPICS
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, anybody, face, lit


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


def value(model, key, spread=None, **looks):
    return find(face_facts(model, face(model, **looks), SIZE, spread), key).value


@pytest.mark.parametrize(
    ("looks", "key", "said"),
    [
        ({"yaw": 30}, "head_turn", RIGHT),  # its own left is the viewer's right
        ({"yaw": -30}, "head_turn", LEFT),
        ({"yaw": 4}, "head_turn", "straight"),
        ({"pitch": 20}, "head_pitch", "up"),
        ({"pitch": -20}, "head_pitch", "down"),
        ({"roll": 15}, "head_tilt", LEFT),  # tilted to its own right
        ({"yaw": 70}, "facing", "profile"),
        ({"yaw": 35}, "facing", "partly away"),
        ({}, "facing", "camera"),
        ({}, "eye_contact", "yes"),
        ({"yaw": 30}, "eye_contact", "no"),
        ({"acts": {"eyeLookOutLeft": 0.9, "eyeLookInRight": 0.9}}, "gaze_side", RIGHT),
        ({"acts": {"eyeLookUpLeft": 0.9, "eyeLookUpRight": 0.9}}, "gaze_height", "up"),
        ({"acts": {"eyeBlinkLeft": 1, "eyeBlinkRight": 1}}, "eyes", "closed"),
        ({"acts": {"eyeBlinkLeft": 1}}, "wink", "left eye"),
        ({"acts": {"eyeBlinkLeft": 1}}, "eyes", "one closed"),
        ({"acts": {"eyeBlinkRight": 1}}, "wink", "right eye"),
        ({"acts": {"eyeWideLeft": 1, "eyeWideRight": 1}}, "eyes", "wide open"),
        ({"acts": {"jawOpen": 0.8}}, "mouth", "wide open"),
        ({"acts": {"jawOpen": 0.8, "mouthClose": 0.7}}, "mouth", "closed"),  # the lips follow the jaw
        ({"acts": {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}}, "smile", "broad"),
        ({"acts": {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3}}, "smile", "slight"),
        ({"acts": {"mouthPucker": 0.9}}, "mouth_shape", "puckered"),
        ({"acts": {"tongueOut": 0.9, "jawOpen": 0.3}}, "tongue", "out"),
        ({"acts": {"browDownLeft": 0.8, "browDownRight": 0.8}}, "brows", "lowered"),
        ({"acts": {"browDownLeft": 0.9, "browDownRight": 0.9, "mouthPressLeft": 0.8, "mouthPressRight": 0.8}},
         "expression", "angry"),
        ({"acts": {"browInnerUp": 0.9, "browOuterUpLeft": 0.9, "browOuterUpRight": 0.9, "eyeWideLeft": 0.9,
                   "eyeWideRight": 0.9, "jawOpen": 0.7}}, "expression", "surprised"),
        ({"acts": {"mouthFunnel": 0.9}}, "expression", "mixed"),
        ({}, "expression", "neutral"),
        ({"light": lit((-1, 0, -0.3))}, "light_side", LEFT),  # optical frame: x to the viewer's right, y down
        ({"light": lit((0, -1, -0.8))}, "light_height", "above"),
        ({"light": lit((0, 1, -0.8))}, "light_height", "below"),
        ({"light": lit((0, 0, -1), 0.1, 0.8)}, "light_contrast", "soft"),
        ({"light": lit((-1, 0, -0.3), 1.0, 0.1)}, "light_contrast", "hard"),
        ({"light": 0.4 * lit((0, 0, -1))}, "light_brightness", "dim"),
        ({"light": lit((0, 0, -1), 0.8, 0.3, (1.0, 0.8, 0.6))}, "light_tint", "warm"),
        ({"at": (-0.3, 0, 0.8)}, "position_side", "left"),
        ({"at": (0, 0, 3.0)}, "distance", "far away"),
    ],
)  # fmt: skip
def test_says_what_a_face_does(model, looks, key, said):
    assert value(model, key, **looks) == said


def test_light_keeps_its_side_when_the_head_tilts(model):
    # φ is that of a camera whose x axis lies along the eyes: light from above it comes from a side of the image.
    assert value(model, "light_side", roll=-60, light=lit((0, -1, -0.3))) == RIGHT


def test_a_turned_head_at_the_border_is_seen_from_where_the_camera_is(model):
    # A head that looks against the optical axis from the right of the image is not turned to the camera.
    straight = find(face_facts(model, face(model, at=(0.5, 0, 0.8)), SIZE), "head_turn")
    assert straight.number == pytest.approx(np.degrees(np.arctan2(0.5, 0.8)), abs=1)


def test_shape_follows_the_named_axes(model):
    facts = face_facts(model, face(model, identity=model.axes.draw({"nose_width": 2.5})), SIZE)
    assert find(facts, "nose_width").value == "wide"
    assert find(facts, "nose_length").value == "average"


def test_distance_of_an_assumed_camera_is_less_sure(model):
    known, assumed = (
        find(face_facts(model, face(model, assumed=flag), SIZE), "distance").confidence for flag in (False, True)
    )
    assert known > 0.9
    assert GUESS < assumed < SURE


def test_the_gaze_of_closed_eyes_is_not_known(model):
    shut = face_facts(model, face(model, acts={"eyeBlinkLeft": 1, "eyeBlinkRight": 1}), SIZE)
    assert find(shut, "eye_contact").confidence == 0


def test_confidence_grows_with_the_distance_from_the_threshold():
    sure = [graded("k", x, 2.0, (10.0,), ("a", "b")).confidence for x in (10.0, 11.0, 14.0, 30.0)]
    assert sure == sorted(sure)
    assert sure[0] == pytest.approx(0.5)
    assert sure[-1] == pytest.approx(1)


def test_what_is_near_a_threshold_may_be_called_either():
    assert graded("k", 10.5, 2.0, (10.0,), ("a", "b")).possible == {"a", "b"}
    assert graded("k", 30.0, 2.0, (10.0,), ("a", "b")).possible == {"b"}


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -1.0])
def test_a_spread_that_says_nothing_leaves_nothing_sure(model, nothing):
    spread = Doubt(nothing, np.full(len(model.identity_names), nothing), np.full(len(model.expression_names), nothing),
                    nothing, np.full(len(model.albedo_names), nothing), nothing)  # fmt: skip
    of_image = ("faces", "order", "position_side", "position_height", "size")
    for fact in face_facts(model, face(model, yaw=40, acts={"jawOpen": 1}), SIZE, spread):
        assert 0 <= fact.confidence <= 1
        assert fact.key in of_image or fact.confidence < SURE, fact


def test_what_the_estimator_says_of_its_errors_counts(model):
    def turned(degrees, activation):
        errors = np.full(len(model.expression_names), activation)
        spread = SimpleNamespace(angles=np.radians(np.full(3, degrees)), shape=np.array(0.5), expression=errors)
        return face_facts(model, face(model, yaw=14, acts={"jawOpen": 0.5}), SIZE, spread)

    for key in ("head_turn", "mouth"):
        sure, unsure = (find(turned(*errors), key).confidence for errors in ((1, 0.02), (9, 0.4)))
        assert sure > 0.95
        assert unsure < 0.75


def test_confidence_of_the_face_bounds_that_of_its_facts(model):
    facts = face_facts(model, face(model, confidence=0.4), SIZE)
    assert max(fact.confidence for fact in facts) <= 0.4


def test_several_faces_stand_in_order_and_are_compared(model):
    smiling = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}
    people = [
        face(model, face_id="near_right", at=(0.2, 0, 0.8)),
        face(model, face_id="far_left", at=(-0.5, 0, 1.5), acts=smiling),
    ]
    facts = face_facts(model, people, SIZE)
    assert face_ids(facts) == ["far_left", "near_right"]
    assert find(facts, "faces").value == "2"
    assert find(facts, "nearest").value == "right"
    assert find(facts, "most_smiling").value == "left"
    assert find(facts, "smile", "far_left").value == "broad"
    text = facts_text(relevant(facts, "smile"))
    assert text == "left face: smile broad | right face: smile no"


def test_nobody_smiles_most_when_nobody_smiles(model):
    people = [face(model, face_id="a", at=(-0.3, 0, 1)), face(model, face_id="b", at=(0.3, 0, 1))]
    assert find(face_facts(model, people, SIZE), "most_smiling").value == "nobody"


def test_no_face_is_a_fact(model):
    facts = face_facts(model, [], SIZE)
    assert [(fact.key, fact.value) for fact in facts] == [("faces", "0")]


def test_prompt_text_is_short_and_marks_doubt(model):
    rng = np.random.default_rng(0)
    facts = face_facts(model, anybody(model, rng), SIZE)
    for name in TOPICS:
        assert len(facts_text(relevant(facts, name)).split()) <= 45, name
    assert facts_text([graded("smile", 0.2, 0.3, (0.2, 0.5), ("no", "slight", "broad"))]).endswith("??")
    assert facts_text([]) == "nothing known"


def test_every_value_has_words(model):
    rng = np.random.default_rng(1)
    for _ in range(30):
        people = [anybody(model, rng, f"f{i}", at=(0.3 * i - 0.3, 0, 1.0 + i)) for i in range(3)]
        for fact in face_facts(model, people, SIZE):
            if fact.key not in ("order", "weight"):
                phrases = PHRASES[fact.key]
                assert phrases.told(fact.value) or phrases.sentences.get(fact.value), (fact.key, fact.value)


def test_refuses_what_is_not_finite(model):
    broken = face(model)
    broken.expression[3] = np.nan
    with pytest.raises(ModelError, match="expression of face f0001"):
        face_facts(model, broken, SIZE)
    with pytest.raises(ModelError, match="image size"):
        face_facts(model, face(model), (0, 480))
    with pytest.raises(ModelError, match="2 spreads"):
        face_facts(model, face(model), SIZE, [None, None])
