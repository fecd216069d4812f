from dataclasses import replace

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.evaluation.coverage import CoverageScores
from facegpt_ros.evaluation.scores import Scores
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.seer import face_at

MODEL = MorphableModel.load()
TRUTH = np.random.default_rng(0).uniform(0, 100, (68, 2))


def covered(sigma: np.ndarray, error: float = 2.0, faces: int = 60) -> float | None:
    rng = np.random.default_rng(1)
    scores = CoverageScores()
    for _ in range(faces):
        face = face_at(TRUTH + rng.normal(0, error, (68, 2)), MODEL)
        scores.add(replace(face, landmark_spread=sigma), TRUTH)
    return scores.share()


@pytest.mark.parametrize("shape", [(68,), (68, 2)])
def test_a_spread_of_the_errors_own_size_covers_two_thirds(shape):
    assert covered(np.full(shape, 2.0)) == pytest.approx(0.683, abs=0.015)


def test_a_spread_too_small_or_large_shows():
    assert covered(np.full(68, 1.0)) == pytest.approx(0.383, abs=0.02)
    assert covered(np.full(68, 6.0)) > 0.99 and covered(np.zeros(68)) == 0


def test_an_estimator_without_a_spread_has_no_coverage():
    scores = CoverageScores()
    scores.add(face_at(TRUTH, MODEL), TRUTH)
    assert scores.share() is None
    assert Scores().as_json()["coverage_68"] is None


@pytest.mark.parametrize("bad", [np.ones(67), -np.ones(68), np.full(68, np.nan), np.ones((68, 3))])
def test_a_spread_that_is_none_is_refused(bad):
    with pytest.raises(ModelError, match="landmark_spread"):
        covered(bad, faces=1)
