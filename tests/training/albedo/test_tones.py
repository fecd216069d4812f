import numpy as np

from facegpt_ros.morphable.monk import MONK, monk_coordinates
from facegpt_ros.training.albedo.light import exposures
from facegpt_ros.training.albedo.tones import balance, reaching, tone_coordinates


def test_rare_kinds_of_faces_count_more():
    rng = np.random.default_rng(0)
    many, few = rng.normal(0, 0.2, (180, 3)), rng.normal(4, 0.2, (5, 3))
    weights = balance(np.vstack([many, few]))
    assert weights[180:].mean() > 1.8 * weights[:180].mean()
    assert abs(weights.mean() - 1) < 1e-6


def test_tone_coordinates_are_uncorrelated_and_the_first_is_lightness():
    rng = np.random.default_rng(1)
    tones = np.clip(rng.uniform(0.2, 0.9, (50, 1)) * (1, 0.8, 0.7) + rng.normal(0, 0.02, (50, 3)), 0, 1)
    weights = rng.uniform(0.5, 2, 50)
    coordinates = tone_coordinates(tones, weights)
    np.testing.assert_allclose((coordinates * weights[:, None]).T @ coordinates / weights.sum(), np.eye(3), atol=1e-6)
    assert np.corrcoef(coordinates[:, 0], tones.sum(1))[0, 1] > 0.99


def test_lengthened_axes_reach_every_tone_of_the_scale():
    mean = np.array([0.72, 0.55, 0.46])
    axes = np.array([[0.09, 0.095, 0.1], [0.02, 0.0, -0.04], [0.01, -0.008, 0.002]])
    _, before = monk_coordinates(mean, axes)
    wide = reaching(mean, axes)
    coordinates, after = monk_coordinates(mean, wide)
    assert np.abs(coordinates).max() <= 2.5
    assert after.max() < 0.1 < before.max()
    assert len(MONK) == 10 and (np.diff(MONK.sum(1))[3:] < 0).all()


def test_most_of_a_dark_photo_is_dark_skin_and_a_little_of_it_little_light():
    rng = np.random.default_rng(2)
    tones = np.exp(rng.normal(-0.6, 0.4, (60, 1))) * (1.2, 1.0, 0.9)
    gain = exposures(tones, np.ones(60))
    darkest, lightest = tones.sum(1).argmin(), tones.sum(1).argmax()
    assert 0.75 < gain[darkest].mean() < 0.99
    assert 1.01 < gain[lightest].mean() < 1.35
