import pytest

from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.person import face_asked_about, without_references
from facegpt_ros.morphable.model import MorphableModel
from tests.language.people import SIZE, face


@pytest.fixture(scope="module")
def three():
    model = MorphableModel.load()
    places = {"west": (-0.5, 0, 1.5), "centre": (0, 0, 0.9), "east": (0.5, 0, 1.5)}
    return face_facts(model, [face(model, face_id=name, at=at) for name, at in places.items()], SIZE)


@pytest.mark.parametrize(
    ("question", "who"),
    [
        ("Is the one on the left smiling?", "west"),
        ("is the right person smiling", "east"),
        ("What does the middle person do?", "centre"),
        ("the second from the left, is she looking at me?", "centre"),
        ("Is the first person from the right asleep?", "east"),
        ("Is the nearest one smiling?", "centre"),
        ("Is the rightmost face happy?", "east"),
        ("Is anybody smiling?", None),
        ("Is the head turned to the left?", None),
        ("Is the fifth person smiling?", None),
        ("", None),
        ("the one on the left " * 600, "west"),
        ("Is the person who is on the left smiling?", "west"),
        ("Is the man on the left-hand side smiling?", "west"),
        ("On the right: is she smiling?", "east"),
        ("right person: eyes open?", "east"),
        ("the boy on the right, what is he doing", "east"),
        ("Is the one closest to the camera smiling?", "centre"),
        ("Is face 2 smiling?", "centre"),
        ("Is number three smiling?", "east"),
        ("Is person 9 smiling?", None),
        ("Is the first one smiling?", "west"),
        ("And the last one?", "east"),
        ("Is the one furthest right smiling?", "east"),
        ("Is the light on the left?", None),
        ("Is the left eye closed?", None),
        ("Is the face on the left or the right?", None),
    ],
)
def test_finds_whom_a_question_means(three, question, who):
    assert face_asked_about(question, three) == who


def test_one_face_is_always_meant_and_none_never():
    model = MorphableModel.load()
    assert face_asked_about("the one on the right?", face_facts(model, face(model), SIZE)) == "f0001"
    assert face_asked_about("the one on the right?", face_facts(model, [], SIZE)) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("is the one on the left smiling", "is the person smiling"),
        ("the left person's head is up", "the person's head is up"),
        ("the head is turned to the left", "the head is turned to the left"),
        ("is the person on the left or on the right", "is the person on the left or on the right"),
        ("the nearest person is smiling", "the nearest person is smiling"),
    ],
)
def test_references_are_no_directions(text, plain):
    assert without_references(text) == plain
