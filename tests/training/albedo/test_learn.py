import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texture_layout import texture_layout
from facegpt_ros.training.albedo.chart import Chart
from facegpt_ros.training.albedo.command import skin_masks
from facegpt_ros.training.albedo.learn import AlbedoLearner
from facegpt_ros.training.albedo.photo_textures import fitted_photos, unwrapped
from tests.training.albedo.synthetic import photo_folder

PHOTOS = 20


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def chart(model) -> Chart:
    return Chart(model, *texture_layout(model.bases["mean"], model.triangles, model.regions), 96)


@pytest.fixture(scope="module")
def learnt(model, chart, tmp_path_factory):
    """The learner after its run, what it learnt, and the true albedos (P, N, 3) of its photos."""
    folder = tmp_path_factory.mktemp("photos") / "made"
    skins = photo_folder(folder, model, PHOTOS)
    photos = unwrapped(fitted_photos(model, [folder], "train"), chart)
    template = chart.at(model.bases["albedo_mean"])
    learner = AlbedoLearner(photos, chart, template, skin_masks(chart), count=8, say=lambda line: None)
    return learner, learner.run(), np.stack([chart.at(model.colours(skin)) for skin in skins])


def up_to_exposure(guess: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance after one factor: a photo alone cannot tell dark skin from little light."""
    return float(np.abs(guess * (truth.mean() / guess.mean()) - truth).mean())


def test_each_albedo_is_nearer_to_the_truth_than_the_mean_is(learnt):
    learner, _, truth = learnt
    mean = truth.mean(0)
    errors, by_mean, exposed = [], [], []
    for i, true in enumerate(truth):
        albedo, trust = learner.unlit(i)
        sure = trust > 0.8
        errors.append(up_to_exposure(albedo[sure], true[sure]))
        by_mean.append(up_to_exposure(mean[sure], true[sure]))
        exposed.append(albedo[sure].mean() / true[sure].mean())
    assert np.mean(errors) < 0.5 * np.mean(by_mean)
    assert np.min(exposed) > 0.75 and np.max(exposed) < 1.25


def test_dark_photos_of_dark_skin_stay_dark(learnt):
    learner, result, truth = learnt
    skin = learner.masks.skin / learner.masks.skin.sum()
    true_tones = np.einsum("n,pnc->pc", skin, truth).mean(1)
    assert np.corrcoef(true_tones, result.tones.mean(1))[0, 1] > 0.85


def test_light_from_one_side_leaves_no_light_and_dark_half_in_the_mean(learnt, chart):
    _, result, _ = learnt
    left = chart.at(chart.model.bases["mean"])[:, 0] > 0.01
    right = chart.at(chart.model.bases["mean"])[:, 0] < -0.01
    brightness = result.mean.mean(1)
    assert brightness[left].mean() == pytest.approx(brightness[right].mean(), rel=0.02)


def test_axes_are_of_one_standard_deviation_tones_first(learnt):
    _, result, truth = learnt
    lightness = np.abs(result.basis[0].mean())
    assert len(result.basis) == 8
    # The photos' spread, or more: tone axes are widened until they reach the ends of the scale.
    assert lightness > 0.8 * truth.mean((1, 2)).std()
    assert lightness > 5 * np.abs(result.basis[3:].mean((1, 2))).max()
