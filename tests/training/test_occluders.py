import numpy as np
import pytest

from facegpt_ros.training import occluders
from facegpt_ros.training.solid import empty_mask, lay, strands

FACE = np.array(
    [[x, y] for x, y in zip(np.linspace(-0.6, 0.6, 17), 0.6 - 2.2 * np.linspace(-0.6, 0.6, 17) ** 2, strict=True)]
    + [[x, -0.35] for x in np.linspace(-0.45, 0.45, 10)]
    + [[0, y] for y in np.linspace(-0.2, 0.1, 4)]
    + [[x, 0.15] for x in np.linspace(-0.1, 0.1, 5)]
    + [[-0.3 + 0.1 * np.cos(a), -0.2 - 0.04 * np.sin(a)] for a in np.linspace(np.pi, -np.pi, 7)[:6]]
    + [[0.3 + 0.1 * np.cos(a), -0.2 - 0.04 * np.sin(a)] for a in np.linspace(np.pi, -np.pi, 7)[:6]]
    + [[0.25 * np.cos(a), 0.35 - 0.06 * np.sin(a)] for a in np.linspace(np.pi, -np.pi, 13)[:12]]
    + [[0.2 * np.cos(a), 0.35 - 0.02 * np.sin(a)] for a in np.linspace(np.pi, -np.pi, 9)[:8]]
)


@pytest.mark.parametrize("name", ["glasses", "mask", "hat", "hair_strokes", "hand", "block"])
def test_each_thing_covers_some_of_the_crop_and_not_all_and_the_same_for_a_seed(name):
    changed = []
    for seed in range(12):
        crops = [np.full((96, 96, 3), 128, np.uint8) for _ in range(2)]
        for crop in crops:
            getattr(occluders, name)(crop, FACE, np.random.default_rng(seed))
        assert np.array_equal(*crops)
        changed.append((crops[0] != 128).any(2).mean())
    assert 0 < np.mean(changed) < 0.8


@pytest.mark.parametrize("name", ["glasses", "mask", "hat", "hair_strokes", "hand", "block"])
def test_a_face_outside_the_crop_is_no_error(name):
    for seed in range(5):
        crop = np.full((64, 64, 3), 128, np.uint8)
        getattr(occluders, name)(crop, FACE + [5.0, -3.0], np.random.default_rng(seed))


def test_a_laid_body_has_its_colour_inside_and_darkens_only_what_is_near():
    crop = np.full((60, 60, 3), 200, np.uint8)
    mask = empty_mask(crop)
    mask[20:40, 20:40] = 255
    lay(crop, mask, np.array([50.0, 100, 150]), np.random.default_rng(1), thickness=3, roundness=0.2)
    assert np.abs(crop[29:31, 29:31].astype(int) - (50, 100, 150)).max() < 20
    assert (crop[:8] == 200).all() and (crop[:, :8] == 200).all()
    outside = crop[mask == 0]
    assert outside.max() == 200 and outside.min() >= 60


def test_an_empty_mask_lays_nothing():
    crop = np.full((20, 20, 3), 7, np.uint8)
    lay(crop, empty_mask(crop), np.array([255.0] * 3), np.random.default_rng(0), 2)
    assert (crop == 7).all()


def test_strands_run_along_their_direction():
    crop = np.zeros((64, 64, 3), np.uint8)
    factor = strands(crop, np.array([1.0, 0.0]), np.random.default_rng(3))[..., 0]
    assert factor.shape == (64, 64) and np.abs(np.diff(factor, axis=1)).mean() < np.abs(np.diff(factor, axis=0)).mean()
