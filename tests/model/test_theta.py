import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL, matrix_from_euler

LAYOUT = ThetaLayout(5, 4, 3)


def test_groups_tile_the_vector_without_gap_or_overlap():
    slices = [getattr(LAYOUT, n) for n in ("identity", "expression", "albedo", "illumination", "rotation", "offset")]
    covered = [i for s in slices for i in range(s.start, s.stop)] + [LAYOUT.log_scale, LAYOUT.presence]
    assert covered == list(range(LAYOUT.size))


def test_mean_is_a_frontal_neutral_face():
    estimate = LAYOUT.decode(LAYOUT.mean()[None])
    assert np.allclose(estimate.rotation[0], OPTICAL_FROM_MODEL_FRONTAL)
    assert not estimate.identity.any() and not estimate.expression.any()


def test_encode_is_the_inverse_of_decode():
    rng = np.random.default_rng(0)
    raw = rng.normal(0, 0.3, (6, LAYOUT.size)).astype(np.float32)
    raw[:, LAYOUT.expression] = rng.uniform(0, 1, (6, 4))
    raw[:, LAYOUT.log_scale] = 2
    first = LAYOUT.decode(raw)
    second = LAYOUT.decode(LAYOUT.encode(first))
    assert first.spread is None
    for name in vars(first).keys() - {"spread"}:
        assert np.allclose(getattr(first, name), getattr(second, name), atol=1e-5), name


def test_decodes_rotations_of_any_head_pose():
    rotation = matrix_from_euler(np.array([-70.0, 0, 60]), np.array([20.0, -35, 0]), np.array([10.0, 0, -30]))
    estimate = LAYOUT.decode(np.tile(LAYOUT.mean(), (3, 1)))
    raw = LAYOUT.encode(type(estimate)(**{**vars(estimate), "rotation": rotation}))
    assert np.allclose(LAYOUT.decode(raw).rotation, rotation, atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_has_presence_zero_and_finite_values(bad):
    raw = np.tile(LAYOUT.mean(), (2, 1))
    raw[:, LAYOUT.presence] = 5
    raw[0, 3] = bad
    estimate = LAYOUT.decode(raw)
    assert estimate.presence[0] == 0 and estimate.presence[1] > 0.9
    assert all(np.isfinite(value).all() for name, value in vars(estimate).items() if name != "spread")


def test_values_are_clipped_to_their_ranges_and_rotations_stay_rotations():
    raw = np.random.default_rng(1).normal(0, 50, (20, LAYOUT.size))
    raw[0, LAYOUT.rotation] = -np.array([1, 0, 0, 0, 1, 0])  # no direction left
    estimate = LAYOUT.decode(raw)
    assert np.abs(estimate.identity).max() <= 4 and estimate.expression.min() >= 0 and estimate.expression.max() <= 1
    assert np.allclose(np.linalg.det(estimate.rotation), 1, atol=1e-3)


def test_refuses_a_vector_of_another_layout():
    with pytest.raises(ModelError, match="needs"):
        LAYOUT.decode(np.zeros((1, LAYOUT.size + 1)))


def test_survives_json():
    assert ThetaLayout.from_json(LAYOUT.to_json()) == LAYOUT
    with pytest.raises(ModelError, match="export the weights again"):
        ThetaLayout.from_json('{"n": 1}')
