import numpy as np
import pytest

from facegpt_ros.evaluation.blind import JUDGEABLE, BlindReader, blind_scores, known_faces, learn_scales
from facegpt_ros.evaluation.text_scores import Generated
from facegpt_ros.language.attribute_table import ATTRIBUTES, IDENTITY
from facegpt_ros.language.attributes import draw
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.seer import Seer, face_at


class Eye(Seer):
    """Sees 0.7 of what is there of identity and skin, and nothing of expressions; now and then nobody."""

    def __init__(self, model: MorphableModel) -> None:
        super().__init__(model, [])
        self.shown, self.turn = None, 0

    def process(self, image, camera, stamp_s):
        (identity, _, albedo), landmarks = self.shown
        self.turn += 1
        if self.turn % 5 == 0:
            return []
        return [face_at(landmarks, self.model, identity=0.7 * identity, albedo=0.7 * albedo)]


class Quick(BlindReader):
    """Tells its eye what it shows, and does not draw it."""

    def pictures(self, face):
        landmarks = np.random.default_rng(0).uniform(200, 300, (68, 2))
        for _ in range(3):
            self.pipeline.shown = face, landmarks
            yield np.zeros((480, 640, 3), np.uint8), landmarks


@pytest.fixture(scope="module")
def reader() -> Quick:
    model = MorphableModel.load()
    return Quick(Eye(model), model)


@pytest.fixture(scope="module")
def scales(reader):
    return learn_scales(reader, known_faces(reader.model, 1))


def test_the_scale_of_a_short_sighted_reader_is_learnt(reader, scales):
    assert set(scales) == set(ATTRIBUTES)
    for key, scale in scales.items():
        if ATTRIBUTES[key].kind == IDENTITY:
            assert scale.slope == pytest.approx(0.7, abs=0.01) and scale.correlation > 0.99
            assert scale.truth(0.7) == pytest.approx(1.0, abs=0.05)
    assert not scales["smile"].judgeable and scales["nose_width"].judgeable and 0 < JUDGEABLE < 1


def test_true_faces_score_as_the_reader_finds_them_and_mean_faces_lower(reader, scales):
    descriptions, rng = Descriptions(reader.model), np.random.default_rng(1)
    described = [descriptions.sample(rng, "val") for _ in range(30)]
    true = [Generated(one, (one.identity, one.expression, one.albedo)) for one in described]
    scores = blind_scores(reader, scales, true)
    assert scores["ratio"] == 1 and scores["of_true_faces"] > 0.95 and 0.3 < scores["judged"] < 1
    assert "smile" in scores["beyond_the_reader"] and "nose_width" in scores["judgeable"]
    plain = draw(reader.model, {})
    dull = blind_scores(reader, scales, [Generated(one, plain) for one in described])
    assert dull["ratio"] < 0.7 and dull["share"] == pytest.approx(scores["mean_face"])
    mute = blind_scores(reader, scales, [Generated(one, None) for one in described])
    assert mute["share"] == mute["ratio"] == 0


def test_pictures_show_the_face_alone_and_nothing_else_that_differs(reader):
    model = reader.model
    honest = BlindReader(reader.pipeline, model)
    wide, narrow, again = (list(honest.pictures(draw(model, {"nose_width": value}))) for value in (2.5, -2.5, 2.5))
    assert len(wide) == 3
    for (a, marks), (b, _), (c, _) in zip(wide, narrow, again, strict=True):
        assert np.array_equal(a, c) and not np.array_equal(a, b)
        assert (a[0] == 190).all() and marks.min() > 0 and marks[:, 0].max() < 640
        assert np.ptp(marks[:, 0]) > 100
