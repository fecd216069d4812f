import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.evaluation.speaker import Said
from facegpt_ros.evaluation.text_scores import TEXT_SEEDS, attribute_scores, generate_faces, parameters
from facegpt_ros.evaluation.text_sheet import text_tiles
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.talkers import Talker, layout_of

COUNT = 40


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def drawn(model) -> dict[str, np.ndarray]:
    """Text of the test split → raw θ of a face that is as it says."""
    descriptions, rng, layout = Descriptions(model), np.random.default_rng(TEXT_SEEDS["test"]), layout_of(model)
    faces = {}
    for _ in range(COUNT):
        one = descriptions.sample(rng, "test")
        faces[one.text] = layout.mean()
        for where, value in zip(
            ("identity", "expression", "albedo"), (one.identity, one.expression, one.albedo), strict=True
        ):
            faces[one.text][getattr(layout, where)] = value
    return faces


def test_whoever_draws_what_is_said_scores_one(model, drawn):
    speaker = Talker(layout_of(model), lambda text: Said("Here it is:", drawn[text]))
    scores = attribute_scores(model, generate_faces(speaker, model, COUNT, "test"))
    assert scores["share"] == scores["all_of_a_text"] == 1 and scores["without_face"] == 0
    assert scores["named"] >= scores["texts"] == COUNT
    assert scores["mean_face"] < 0.7 and scores["other_texts"] < 0.8
    assert set(scores["by_kind"]) == {"identity", "expression", "albedo"}


def test_whoever_always_draws_the_mean_face_scores_as_it_does(model):
    speaker = Talker(layout_of(model), lambda text: Said("", layout_of(model).mean()))
    scores = attribute_scores(model, generate_faces(speaker, model, COUNT, "test"))
    assert scores["share"] == scores["mean_face"] == scores["other_texts"]


def test_no_face_and_a_broken_one_have_nothing(model):
    answers = iter([None, np.full(layout_of(model).size, np.nan)] * COUNT)
    speaker = Talker(layout_of(model), lambda text: Said("I'd rather not.", next(answers)))
    faces = generate_faces(speaker, model, 6, "test")
    scores = attribute_scores(model, faces)
    assert scores["share"] == 0 and scores["without_face"] == 1 and faces[0].said == "I'd rather not."
    assert attribute_scores(model, [])["share"] is None


def test_few_texts_are_the_first_of_many_and_splits_differ(model):
    speaker = Talker(layout_of(model), lambda text: Said(""))
    few, many = (generate_faces(speaker, model, count, "test") for count in (2, 5))
    assert [one.described.text for one in few] == [one.described.text for one in many[:2]]
    assert generate_faces(speaker, model, 1, "val")[0].described.text != few[0].described.text


def test_a_network_of_another_model_is_refused(model):
    speaker = Talker(ThetaLayout(3, 4, 5), lambda text: Said(""))
    with pytest.raises(ModelError, match="one release"):
        generate_faces(speaker, model, 1, "test")


def test_tiles_show_the_face_and_say_what_was_asked(model, drawn):
    speaker = Talker(layout_of(model), lambda text: Said("", drawn[text]))
    faces = generate_faces(speaker, model, 3, "test")
    faces.append(type(faces[0])(faces[0].described, None))
    tiles = text_tiles(model, faces, 4)
    assert len(tiles) == 4 and len({tile.shape for tile in tiles}) == 1
    assert all((tile[256:] < 100).any() for tile in tiles)
    assert tiles[0][:256].std() > 20 and tiles[-1][:256].std() == 0
    assert parameters(layout_of(model), None) is None
