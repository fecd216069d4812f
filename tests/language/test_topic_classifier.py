import pytest

from facegpt_ros.language.expected import GENERAL, UNKNOWABLE
from facegpt_ros.language.more_phrasings import MORE_PHRASINGS
from facegpt_ros.language.question_words import plain_question, same_verbs
from facegpt_ros.language.topic_classifier import accuracy, labelled_questions, topic_of
from facegpt_ros.language.topics import TOPICS

_OTHER_WORDS = [
    ("is the gentleman's jaw hanging open", "mouth"),
    ("Could you count the visitors' faces?", "count"),
    ("What hue has the lamp?", "light_tint"),
    ("Do her eyes rest on the lens?", "gaze"),
    ("Are his eyebrows pulled down in a frown?", "brows"),
    ("Is there much distance between us, in metres?", "distance"),
    ("Does that face beam with a smile?", "smile"),
]


@pytest.mark.parametrize(("question", "topic"), _OTHER_WORDS)
def test_other_words_for_the_same_are_understood(question, topic):
    assert topic_of(question) == topic


@pytest.mark.parametrize(
    "question",
    [
        "Is the person smiling?",
        "Are they smiling?",
        "is she smiling",
        "Is the one on the left smiling?",
        "Hello! Is the person in the picture smiling?",
        "Robot, is the visitor smiling? Please answer briefly.",
        "ARE THEY SMILING? THANKS.",
        "Am I smiling?",
    ],
)
def test_who_is_meant_and_how_politely_changes_no_topic(question):
    assert topic_of(question) == "smile"


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Tell me about her.", "describe"),
        ("Tell me about her nose.", "nose"),
        ("Where in the picture is the person?", "position"),
        ("Is the person in the picture a vegetarian?", UNKNOWABLE),
        ("How old does she look?", "apparent_age"),
        ("Exactly how old is she?", UNKNOWABLE),
        ("Do they look at me?", "gaze"),
        ("Do they like me?", UNKNOWABLE),
        ("Why do people smile?", GENERAL),
        ('Write a poem about "an old man with a wide nose".', GENERAL),
        ("How do I mend a bicycle?", GENERAL),
    ],
)
def test_what_a_face_tells_is_told_from_what_it_does_not(question, topic):
    assert topic_of(question) == topic


def test_questions_of_every_topic_are_understood_in_held_out_phrasings():
    pairs = labelled_questions("val", generic=0)
    assert accuracy(pairs) > 0.96
    for name in (*TOPICS, UNKNOWABLE, GENERAL):
        assert accuracy([pair for pair in pairs if pair[1] == name]) >= 0.6, name


def test_no_further_phrasing_is_held_out():
    assert set(MORE_PHRASINGS) == {*TOPICS, UNKNOWABLE}
    further = {bare(question) for questions in MORE_PHRASINGS.values() for question in questions}
    assert len(further) > 750
    for split in ("val", "test"):
        assert not further & {bare(question) for question, _ in labelled_questions(split, generic=0)}


def bare(question: str) -> str:
    return " ".join(same_verbs(plain_question(question).split()))


@pytest.mark.parametrize(
    "text", ["", " ", "?" * 900, "\ud800 \x00", "the the " * 4000, "her " * 2000, '"' * 999, '"a" ' * 300]
)
def test_plain_questions_are_short_whatever_comes_in(text):
    assert len(plain_question(text)) <= 1200
