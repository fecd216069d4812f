"""NoW's protocol: what it forgives, what it does not, and how a scan comes before the camera."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facegpt_ros.evaluation.demo_face import NAME, carried, demo_face, demo_shots
from facegpt_ros.evaluation.now import NowScorer, Shot, TrueFace, largest
from facegpt_ros.evaluation.renders import held_out_people, renders
from facegpt_ros.evaluation.scans import SEVEN, ScanCase, now_region
from facegpt_ros.evaluation.shape import best_fit
from facegpt_ros.morphable.fit import visible
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import vertex_normals
from tests.evaluation.seer import Seer, face_at, unseen

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MODEL = MorphableModel.load()
REST = np.zeros(len(MODEL.expression_names))
TURN, SHIFT = Rotation.from_rotvec([0.4, -1.1, 0.3]).as_matrix(), np.array([300.0, -80, 20])


@pytest.fixture(scope="module")
def scorer() -> NowScorer:
    return NowScorer(MODEL)


@pytest.fixture(scope="module")
def alpha() -> np.ndarray:
    return np.random.default_rng(5).normal(0, 0.8, len(MODEL.identity_names))


@pytest.fixture(scope="module")
def scanned(scorer, alpha) -> TrueFace:
    """Somebody of the model as a scan in millimetres, in a pose of its own: the outside of the head only."""
    head = 1e3 * scorer.neutral(alpha).astype(np.float64) @ TURN.T + SHIFT
    outside = np.unique(MODEL.triangles[visible(MODEL)])
    inside = now_region(head, dict(zip(SEVEN, scorer.seven(head), strict=True)))
    keep = np.zeros(len(head), bool)
    keep[outside] = True
    return TrueFace(head[keep & inside], scorer.seven(head), 1.0)


def test_the_truth_has_no_error_in_any_unit_and_pose(scorer, alpha, scanned):
    head = scorer.neutral(alpha)
    assert scorer.distances(head, scanned).max() < 1e-2
    assert scorer.distances(7.3 * head @ TURN + (1, 2, 3), scanned).max() < 1e-2


def test_another_face_is_off_by_what_its_surface_is(scorer, alpha, scanned):
    head = scorer.neutral(alpha)
    mean = scorer.distances(MODEL.bases["mean"], scanned)
    assert 0.5 < np.median(mean) < 4
    wave = np.sign(np.sin(head[:, 0] / 0.012) * np.sin(head[:, 1] / 0.012))
    off = head + 1e-3 * wave[:, None] * vertex_normals(head, MODEL.triangles)
    assert np.median(scorer.distances(off, scanned)) == pytest.approx(1, rel=0.35)


def test_the_size_is_settled_once_by_the_landmarks(scorer, scanned):
    """Twice the size scores alike; a head that is only deeper is no better for being stretched."""
    mean = MODEL.bases["mean"].astype(np.float64)
    plain = np.median(scorer.distances(mean, scanned))
    assert np.median(scorer.distances(2 * mean, scanned)) == pytest.approx(plain, rel=1e-3)
    assert np.median(scorer.distances(mean * (1, 1, 1.6), scanned)) > 2 * plain


def shot(truth: TrueFace, alpha: np.ndarray, name: str = "a", group: str = "g", **more) -> Shot:
    image = np.zeros((48, 64, 3), np.uint8)
    limit = NowScorer(MODEL).neutral(alpha)
    return Shot(name, group, image, Camera.from_fov(64, 48, 60), truth, "somebody", lambda: limit, **more)


def test_rows_are_the_mean_face_the_estimate_and_the_limit(scorer, alpha, scanned):
    marks = np.random.default_rng(0).uniform(10, 40, (68, 2))
    half, small = face_at(marks, MODEL, identity=0.5 * alpha), face_at(marks[:] * 0.3, MODEL, identity=9 * alpha)
    answers = [[small, half], [face_at(marks, MODEL)], []]
    shots = [shot(scanned, alpha, "a", "one"), shot(scanned, alpha, "b", "two"), shot(scanned, alpha, "c", "two")]
    told: list[tuple] = []
    figures = scorer.score(Seer(MODEL, answers), shots, lambda *what: told.append(what))
    assert figures["images"] == 3 and figures["found"] == pytest.approx(2 / 3)
    assert figures["limit"]["median"] < 1e-2 < figures["estimate"]["median"] < figures["mean_face"]["median"]
    one, two = figures["groups"]["one"], figures["groups"]["two"]
    assert two["below_mean_face"] == pytest.approx(0, abs=1e-9) and two["found"] == 0.5
    assert one["below_mean_face"] > 0.3
    assert [name for name, *_ in told] == ["a", "b", "c"] and told[2][2] is None


def test_the_face_at_known_landmarks_is_taken_not_the_largest(scorer, alpha, scanned):
    marks = np.random.default_rng(0).uniform(10, 20, (68, 2))
    right, big = face_at(marks, MODEL, identity=alpha), face_at(30 + 3 * marks, MODEL)
    assert largest([right, big]) is big and largest([]) is None
    figures = scorer.score(Seer(MODEL, [[big, right]]), [shot(scanned, alpha, landmarks=marks)], unseen)
    assert figures["estimate"]["median"] < 1e-2 and "groups" not in figures


def test_people_are_scored_against_their_own_heads(scorer):
    people = held_out_people(MODEL, "val")
    shown = list(renders(MODEL, people, 2, 4, yaw_deg=40))
    faces = [face_at(r.landmarks, MODEL, identity=best_fit(MODEL, r.neutral)) for r in shown]
    figures = scorer.score(Seer(MODEL, ([f] for f in faces)), scorer.shots_of_people(shown), unseen)
    assert figures["estimate"]["median"] == pytest.approx(figures["limit"]["median"], rel=1e-3)
    assert figures["limit"]["median"] < 0.2 < figures["mean_face"]["median"]
    exchanged = [face_at(r.landmarks, MODEL, identity=f.identity) for r, f in zip(shown, faces[::-1], strict=True)]
    worse = scorer.score(Seer(MODEL, ([f] for f in exchanged)), scorer.shots_of_people(shown), unseen)
    assert worse["estimate"]["median"] > 5 * figures["estimate"]["median"]


def test_a_carried_scan_shows_the_scans_surface_beyond_what_the_model_can(scorer, alpha):
    """A bump that no coefficient makes is in what is rendered, and in the truth, but not in the model's own limit."""
    head = scorer.neutral(alpha).astype(np.float64)
    cheek = np.linalg.norm(head - head[MODEL.regions["cheeks"].argmax()], axis=1)
    bump = 0.0015 * np.exp(-((cheek / 0.012) ** 2))
    bumped = head + bump[:, None] * vertex_normals(head.astype(np.float32), MODEL.triangles)
    placed = bumped @ TURN.T + 1e-3 * SHIFT
    marks = dict(zip(SEVEN, scorer.seven(placed), strict=True))
    outside = Scan(placed, MODEL.triangles[visible(MODEL)].astype(np.int64))
    face = carried(MODEL, ScanCase("bumped", outside, marks, now_region(placed, marks)))
    raised = (bump > 0.0008) & (MODEL.regions["face"] > 0.9)
    assert raised.sum() > 5
    gaps = {
        name: np.linalg.norm((mesh - bumped)[raised], axis=1).mean()
        for name, mesh in (("carried", face.neutral), ("fitted", face.fitted))
    }
    assert gaps["carried"] < 0.7 * gaps["fitted"]
    assert face.truth.mm == 1e3 and len(face.truth.points) > 500
    assert np.median(scorer.distances(face.neutral, face.truth)) < np.median(scorer.distances(face.fitted, face.truth))


def test_the_real_scan_is_rendered_and_measured():
    if not DATA.is_dir():
        pytest.skip("needs the scan of ../shared/data, which is not part of the package")
    face, scorer = demo_face(MODEL, DATA), NowScorer(MODEL)
    (picture,) = demo_shots(MODEL, face, 1, 3, 40)
    assert picture.image.shape == (480, 640, 3) and picture.person == NAME
    medians = [
        np.median(scorer.distances(mesh, face.truth)) for mesh in (face.neutral, face.fitted, MODEL.bases["mean"])
    ]
    assert medians[0] < medians[1] < 0.5 < medians[2]
