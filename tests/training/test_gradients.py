"""Gradients of the losses against central differences, in float64."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")

from facegpt_ros.language.describe import Descriptions  # noqa: E402
from facegpt_ros.model.face_head import Spread  # noqa: E402
from facegpt_ros.model.regressor import decode  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.attribute_loss import limits  # noqa: E402
from facegpt_ros.training.batches import Batches  # noqa: E402
from facegpt_ros.training.losses import PHOTO_WEIGHTS, RENDER_WEIGHTS, RegressorLoss, total  # noqa: E402
from facegpt_ros.training.second_view import CONSISTENCY_WEIGHTS, ConsistencyLoss, second_view  # noqa: E402
from facegpt_ros.training.spread_loss import render_spread  # noqa: E402
from facegpt_ros.training.warm_start import Outputs  # noqa: E402
from facegpt_ros.training.words_loss import WORDS_WEIGHTS, WordsLoss  # noqa: E402

_STEP = 1e-6


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


@pytest.fixture(scope="module")
def loss(model):
    loss = RegressorLoss(model, Outputs.of(model).layout).double()
    loss.geometry._slides = False  # where the contour lies carries no gradient, on purpose
    return loss


@pytest.fixture(scope="module")
def batch(model):
    made = Batches(model, [], 64, 4, 0.0, seed=11, steps=1)[0]
    present = made["theta"][:, Outputs.of(model).layout.presence] > 0.5
    return {name: made[name][present].double() for name in ("theta", "half_extent", "landmarks")}


def start(layout, batch):
    """Near the truth, at no kink: an error of a network that has learnt something."""
    shift = torch.from_numpy(np.random.default_rng(5).normal(0, 0.1, batch["theta"].shape))
    raw = batch["theta"] + shift
    raw[:, layout.expression] = raw[:, layout.expression].clamp(0.02, 0.98)
    return raw


def agrees(function, raw: "torch.Tensor", directions: int = 6) -> None:
    """The derivative of function along random directions of raw, which moves every coefficient."""
    raw = raw.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(raw), raw)
    assert gradient.abs().max() > 0
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for _ in range(directions):
            along = torch.randn(raw.shape, generator=generator, dtype=raw.dtype)
            expected = (function(raw + _STEP * along) - function(raw - _STEP * along)) / (2 * _STEP)
            assert float((gradient * along).sum()) == pytest.approx(float(expected), rel=2e-3, abs=1e-5)


@pytest.mark.parametrize("name", [name for name in RENDER_WEIGHTS if name != "presence"])
def test_each_term_on_renders(loss, batch, name):
    def function(raw):
        return loss.render_terms(raw, batch["theta"], batch["half_extent"], batch["landmarks"])[name]

    raw = start(loss.layout, batch)
    if name == "range":
        raw[:, loss.layout.expression] -= 0.3
    agrees(function, raw)


@pytest.mark.parametrize("name", list(CONSISTENCY_WEIGHTS))
def test_each_term_of_a_photo_seen_again(model, loss, batch, name):
    torch.manual_seed(3)
    view = second_view(torch.zeros(len(batch["theta"]), 8, 8, 3, dtype=torch.uint8), batch["half_extent"].float())
    consistency = ConsistencyLoss(model, loss.geometry).double()

    def function(both):
        first, second = (decode(loss.layout, part) for part in both.chunk(2))
        return consistency(first, second, view, batch["half_extent"])[name]

    agrees(function, torch.cat([start(loss.layout, batch), start(loss.layout, batch) + 0.05]))


@pytest.mark.parametrize("name", [name for name in PHOTO_WEIGHTS if name not in ("photometric", "perceptual")])
def test_each_term_on_photos(loss, batch, name):
    def function(raw):
        return loss.photo_terms(raw, batch["half_extent"], batch["landmarks"])[name]

    raw = start(loss.layout, batch)
    if name == "range":
        raw[:, loss.layout.expression] -= 0.3
    agrees(function, raw)


def test_the_loss_of_words(model, loss, batch):
    words = WordsLoss(model, loss.layout, loss.geometry).double()
    rng, descriptions = np.random.default_rng(3), Descriptions(model)
    wanted = torch.from_numpy(np.stack([limits(descriptions.sample(rng).asked) for _ in batch["theta"]])).double()
    agrees(lambda raw: total(words(raw, batch["theta"], wanted), WORDS_WEIGHTS), start(loss.layout, batch))


def test_the_spread_follows_errors(loss, batch):
    raw = start(loss.layout, batch)
    sizes = [68, 3, 1, loss.layout.n_expression]
    log_sigma = torch.randn(len(raw), sum(sizes), dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def function(said):
        terms = render_spread(loss.geometry, loss.layout, raw, Spread(*said.split(sizes, 1)), batch)
        return torch.stack(list(terms.values())).sum()

    agrees(function, log_sigma)
