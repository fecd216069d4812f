import numpy as np
import pytest

from facegpt_ros.evaluation.expression_scores import DONE, ActionVisibility, ExpressionScores, pearson, roc_auc
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler

MODEL = MorphableModel.load()
NAMES = MODEL.expression_names
AT = {name: i for i, name in enumerate(NAMES)}
AHEAD = np.array([0, 0, 0.6])


@pytest.fixture(scope="module")
def visible() -> ActionVisibility:
    return ActionVisibility(MODEL)


def scored(truth: np.ndarray, said: np.ndarray, shown: np.ndarray | None = None) -> dict:
    scores = ExpressionScores(NAMES)
    for row, (a, b) in enumerate(zip(truth, said, strict=True)):
        scores.add(a, b, np.ones(len(NAMES), bool) if shown is None else shown[row])
    return scores.as_json()


def activations(count: int = 200) -> np.ndarray:
    truth = np.random.default_rng(0).uniform(0, 1, (count, len(NAMES)))
    return np.where(truth > 0.4, truth, 0)


def test_the_truth_correlates_perfectly_and_tells_every_blink():
    truth = activations()
    figures = scored(truth, 0.5 * truth + 0.1)  # scale and offset are no matter of correlation
    assert figures["expression_corr"]["mean"] == pytest.approx(1)
    assert figures["expression_corr"]["actions"] == len(NAMES)
    assert figures["auc"] == {"blink": 1, "jaw_open": 1, "smile": 1}


def test_somebody_elses_expression_is_worth_what_chance_is():
    truth = activations()
    figures = scored(truth, np.random.default_rng(1).permutation(truth))
    assert abs(figures["expression_corr"]["mean"]) < 0.1
    assert all(0.35 < value < 0.65 for value in figures["auc"].values())


def test_an_estimate_that_never_changes_counts_as_nothing():
    figures = scored(activations(), np.full((200, len(NAMES)), 0.3))
    assert figures["expression_corr"]["mean"] == 0
    assert figures["auc"]["blink"] == 0.5


def test_an_action_that_hardly_occurs_has_no_correlation():
    truth = activations()
    truth[4:, AT["tongueOut"]] = 0
    figures = scored(truth, truth)
    assert figures["expression_corr"]["per_action"]["tongueOut"] is None
    assert figures["expression_corr"]["actions"] == len(NAMES) - 1


def test_pictures_that_cannot_show_an_action_do_not_count():
    truth = activations()
    shown = np.ones(truth.shape, bool)
    shown[::2, AT["jawOpen"]] = False
    said = truth.copy()
    said[::2, AT["jawOpen"]] = 1 - truth[::2, AT["jawOpen"]]
    figures = scored(truth, said, shown)
    assert figures["expression_corr"]["per_action"]["jawOpen"] == pytest.approx(1) and figures["auc"]["jaw_open"] == 1
    assert scored(truth, said)["auc"]["jaw_open"] < 0.8


def test_gaze_behind_a_closed_lid_does_not_count():
    truth = activations()
    truth[:, AT["eyeBlinkLeft"]] = np.arange(200) % 2
    said = truth.copy()
    said[1::2, AT["eyeLookUpLeft"]] = np.random.default_rng(2).uniform(0, 1, 100)
    assert scored(truth, said)["expression_corr"]["per_action"]["eyeLookUpLeft"] == pytest.approx(1)
    said[0::2, AT["eyeLookUpRight"]] = 0.5
    assert scored(truth, said)["expression_corr"]["per_action"]["eyeLookUpRight"] < 0.9


def test_auc_is_the_chance_that_a_positive_outscores_a_negative():
    rng = np.random.default_rng(3)
    scores, done = rng.integers(0, 6, 40) / 5, rng.random(40) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[done] for b in scores[~done]]
    assert roc_auc(scores, done) == pytest.approx(np.mean(pairs))
    assert roc_auc(scores, np.ones(40, bool)) is None
    assert 0.2 < DONE < 0.6


def test_pearson_is_numpys():
    a, b = np.random.default_rng(4).normal(size=(2, 50))
    assert pearson(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert pearson(a, -a) == pytest.approx(-1) and pearson(a, np.ones(50)) == 0


def test_from_ahead_every_action_is_seen_and_in_profile_the_near_side_only(visible):
    assert visible(MODEL.bases["mean"], matrix_from_euler(0, 0, 0), AHEAD).all()
    left_away = visible(MODEL.bases["mean"], matrix_from_euler(70, 0, 15), AHEAD)
    right_away = visible(MODEL.bases["mean"], matrix_from_euler(-70, 0, 15), AHEAD)
    for stem in ("eyeBlink", "mouthSmile", "browDown", "eyeLookUp"):
        assert left_away[AT[f"{stem}Right"]] and not left_away[AT[f"{stem}Left"]]
        assert right_away[AT[f"{stem}Left"]] and not right_away[AT[f"{stem}Right"]]
    assert left_away[AT["jawOpen"]]


def test_scores_of_no_face_are_none():
    assert ExpressionScores(NAMES).as_json() == {}
