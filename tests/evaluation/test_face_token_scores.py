import numpy as np
import pytest

from facegpt_ros.evaluation.face_token_scores import asked_prompts, face_token_scores
from facegpt_ros.evaluation.renders import Studio, held_out_people
from facegpt_ros.evaluation.scenes import scene
from facegpt_ros.evaluation.speaker import Said
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.talkers import Talker, layout_of


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def pictures(model):
    studio, people = Studio(model, 1), held_out_people(model, "val")
    return [scene(studio, people, np.random.default_rng(seed), 1) for seed in range(2)]


def test_a_face_when_asked_and_only_then_is_told_from_its_opposite(model, pictures):
    face = Said("It is", layout_of(model).mean())
    asked = asked_prompts(model, pictures, 64, 30, "test", True)
    unasked = asked_prompts(model, pictures, 64, 60, "test", False)
    wanted = {one.request.text for one in asked}

    def good(text):
        return face if any(text.endswith(want) for want in wanted) else Said("No.")

    for answer, right in ((good, (1, 0)), (lambda text: face, (1, 1)), (lambda text: Said(""), (0, 0))):
        speaker = Talker(layout_of(model), answer)
        scores = [face_token_scores(speaker, some) for some in (asked, unasked)]
        assert tuple(one["share"] for one in scores) == right
    assert scores[0]["by_kind"] == {"image": 0, "words": 0} and len(scores[0]["wrong"]) == 10
    assert scores[1]["prompts"] == 60 and scores[1]["wrong"] == []


def test_what_speaks_of_a_picture_comes_with_one(model, pictures):
    asked = asked_prompts(model, pictures, 64, 30, "val", True)
    assert all((one.crop is not None) == (one.request.kind == "image") for one in asked)
    unasked = asked_prompts(model, pictures, 64, 80, "val", False)
    beside = [one.crop is not None for one in unasked if one.request.kind not in ("about the image", "not to see")]
    assert 0.2 < np.mean(beside) < 0.8
    assert all(one.crop is not None for one in unasked if one.request.kind == "about the image")
    assert {one.request.kind for one in unasked} >= {"instruction", "sum", "small talk", "about the image"}
    speaker = Talker(layout_of(model), lambda text: Said(""))
    face_token_scores(speaker, unasked)
    assert speaker.seen == sum(one.crop is not None for one in unasked)
