"""One-euro: steady at rest, quick in motion, unharmed by stamps."""

from __future__ import annotations

import numpy as np
import pytest

from facegpt_ros.morphable.pose import matrix_from_euler, rotation_angle_deg
from facegpt_ros.perception.smoothing import FaceSmoother, FaceState, OneEuroFilter, RotationFilter

STEP = 1 / 30
MIN_CUTOFF, BETA = 1.5, 0.3


def _state(x: float = 0.0, yaw: float = 0.0, jaw: float = 0.0) -> FaceState:
    return FaceState(
        rotation=matrix_from_euler(yaw, 0, 0),
        translation=np.array([x, 0, 0.6]),
        identity=np.full(3, x, np.float32),
        expression=np.full(2, jaw, np.float32),
        albedo=np.zeros(2, np.float32),
        illumination=np.zeros(27, np.float32),
    )


def test_matches_the_paper_on_a_step():
    """The second sample worked out by hand from equations 1 to 4 of the paper."""
    filtered = OneEuroFilter()
    filtered(np.array([0.0]), STEP, 1.0, 0.5)
    alpha_speed = 1 / (1 + 1 / (2 * np.pi * 1.0 * STEP))
    speed = alpha_speed * (1 / STEP)
    alpha = 1 / (1 + 1 / (2 * np.pi * (1.0 + 0.5 * speed) * STEP))
    assert filtered(np.array([1.0]), STEP, 1.0, 0.5)[0] == pytest.approx(alpha)


def test_noise_of_a_resting_value_shrinks_by_more_than_half():
    rng = np.random.default_rng(0)
    noisy = rng.normal(0, 0.1, (300, 1))
    filtered = OneEuroFilter()
    smooth = np.array([filtered(value, STEP, MIN_CUTOFF, BETA) for value in noisy])
    assert smooth[30:].std() < 0.45 * noisy[30:].std()


def test_fast_motion_lags_less_than_a_frame():
    filtered = OneEuroFilter(unit=0.01)
    for index in range(30):
        value = filtered(np.array([index * 0.02]), STEP, MIN_CUTOFF, BETA)  # 0.6 a second
    assert 29 * 0.02 - value[0] < 0.02


def test_rotation_stays_a_rotation_and_arrives():
    rng = np.random.default_rng(1)
    filtered = RotationFilter()
    for _ in range(50):
        value = filtered(matrix_from_euler(*rng.uniform(-180, 180, 3)), STEP, MIN_CUTOFF, BETA)
        assert np.allclose(value @ value.T, np.eye(3), atol=1e-9) and np.linalg.det(value) > 0
    for _ in range(120):
        value = filtered(matrix_from_euler(40, 10, 5), STEP, MIN_CUTOFF, BETA)
    assert rotation_angle_deg(value, matrix_from_euler(40, 10, 5)) < 0.1


def test_rotation_noise_shrinks():
    rng = np.random.default_rng(2)
    filtered, raw, smooth = RotationFilter(), [], []
    for yaw in rng.normal(0, 0.5, 200):
        value = filtered(matrix_from_euler(yaw, 0, 0), STEP, MIN_CUTOFF, BETA)
        raw.append(abs(yaw))
        smooth.append(rotation_angle_deg(value, matrix_from_euler(0, 0, 0)))
    assert np.mean(smooth[20:]) < 0.7 * np.mean(raw[20:])


def test_first_state_passes_unchanged_and_keeps_dtypes():
    first = FaceSmoother().smooth(_state(0.1, 20, 0.4), 5.0, MIN_CUTOFF, BETA)
    expected = _state(0.1, 20, 0.4)
    for name, value in vars(expected).items():
        assert np.allclose(getattr(first, name), value) and getattr(first, name).dtype == value.dtype


def test_stamp_that_goes_back_starts_anew():
    smoother = FaceSmoother()
    for index in range(10):
        smoother.smooth(_state(0.0), 100 + index * STEP, MIN_CUTOFF, BETA)
    assert np.allclose(smoother.smooth(_state(0.3), 2.0, MIN_CUTOFF, BETA).translation, (0.3, 0, 0.6))


def test_stamps_that_stand_still_do_not_freeze_the_face():
    smoother = FaceSmoother()
    for index in range(40):
        state = _state(0.2, 30, 1.0) if index else _state()
        out = smoother.smooth(state, 0.0, MIN_CUTOFF, BETA)
    assert abs(out.translation[0] - 0.2) < 0.01 and abs(out.expression[0] - 1) < 0.01
    assert all(np.isfinite(value).all() for value in vars(out).values())


def test_after_a_long_gap_the_new_value_counts():
    smoother = FaceSmoother()
    smoother.smooth(_state(0.0), 0.0, MIN_CUTOFF, BETA)
    assert smoother.smooth(_state(0.2), 60.0, MIN_CUTOFF, BETA).translation[0] == pytest.approx(0.2, abs=0.001)


def test_a_blink_of_four_frames_survives():
    smoother, closed = FaceSmoother(), []
    for index in range(40):
        out = smoother.smooth(_state(jaw=1.0 if 20 <= index < 24 else 0.0), index * STEP, MIN_CUTOFF, BETA)
        closed.append(out.expression[0])
    assert max(closed) > 0.8 and closed[-1] < 0.15
