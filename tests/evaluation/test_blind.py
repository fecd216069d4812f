import numpy as np
import pytest

from facegpt_ros.evaluation.blind import JUDGEABLE, BlindReader, blind_scores, known_faces, learn_scales
from facegpt_ros.evaluation.text_scores import Generated
from facegpt_ros.language.attribute_table import ATTRIBUTES, IDENTITY
from facegpt_ros.language.attributes import draw
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.viz.gallery import portrait, portrait_camera, skin
from tests.evaluation.seer import Seer, face_at

LANDMARKS = np.random.default_rng(0).uniform(200, 300, (68, 2))


class Eye(Seer):
    """Sees 0.7 of what is there of identity and skin, and nothing of expressions; now and then nobody."""

    def __init__(self, model: MorphableModel) -> None:
        super().__init__(model, [])
        self.shown, self.turn = None, 0

    def process(self, image, camera, stamp_s):
        identity, _, albedo = self.shown
        self.turn += 1
        if self.turn % 5 == 0:
            return []
        return [face_at(LANDMARKS, self.model, identity=0.7 * identity, albedo=0.7 * albedo)]


class Quick(BlindReader):
    """Tells its eye what it shows, and does not draw it."""

    def pictures(self, face):
        for _ in range(3):
            self.pipeline.shown = face
            yield np.zeros((480, 480, 3), np.uint8)


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


def test_pictures_show_the_face_alone_from_three_sides(reader):
    honest = BlindReader(reader.pipeline, reader.model)
    wide, narrow, again = (
        list(honest.pictures(draw(reader.model, {"nose_width": value}))) for value in (2.5, -2.5, 2.5)
    )
    assert len(wide) == 3
    for a, b, c in zip(wide, narrow, again, strict=True):
        assert np.array_equal(a, c) and not np.array_equal(a, b)
        assert np.ptp(a[0], axis=0).max() == 0 and a.std() > 20


def test_portraits_are_taken_by_their_camera(reader):
    model = reader.model
    face = draw(model, {})
    camera = portrait_camera(480)
    picture = portrait(model, model.vertices(face[0], face[1]), skin(model, face[2]), size=480)
    # Landmarks in portrait's frame: the head turns about its middle, 1 m before the camera.
    points = (model.landmarks(face[0], face[1]) - (0, 0.01, -0.07)) * (1, -1, -1) + (0, 0, 1.0)
    nose, brow = camera.project(points)[30], camera.project(points)[27]
    assert abs(nose[0] - 239.5) < 4 and 150 < brow[1] < nose[1] < 330
    jaw = camera.project(points)[:17]
    row = int(jaw[4, 1])
    skin_px = np.flatnonzero(np.abs(picture[row].astype(int) - 217).max(1) > 12)
    assert skin_px.min() == pytest.approx(jaw[:, 0].min(), abs=25) and skin_px.max() == pytest.approx(
        jaw[:, 0].max(), abs=25
    )
