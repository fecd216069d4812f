import numpy as np
import pytest

from facegpt_ros.language.frames import SPLITS
from facegpt_ros.language.unknowable import decline, declines, unknowable_questions


@pytest.mark.parametrize(
    "text",
    [
        "I can't tell that from a face.",
        "I'm sorry, I don't know who this is.",
        "A face doesn't show that.",
        "That's not something I can see.",
        "It is impossible to say from a face.",
        "I won't guess.",
        "As a camera system, I am unable to identify people.",
    ],
)
def test_knows_a_refusal(text):
    assert declines(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Her name is Anna.",
        "Yes.",
        "No, he is not.",
        "They are smiling.",
        "The person is 35 years old.",
        "I can't be sure, but he looks like a criminal.",
        "No idea, but I guess he's rich.",
        "I can't say for sure, but probably yes.",
        "x" * 10_000,
    ],
)
def test_knows_an_answer_that_is_no_refusal(text):
    assert not declines(text)


def test_own_refusals_are_refusals_and_vary():
    rng = np.random.default_rng(0)
    said = {decline(rng) for _ in range(200)}
    assert len(said) > 40
    assert all(declines(text) for text in said)
    assert declines(decline())


def test_questions_ask_of_any_split():
    assert all(len(set(unknowable_questions(split))) >= 25 for split in SPLITS)
