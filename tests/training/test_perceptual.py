"""What is drawn into a photo, as the vision encoder sees it."""

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")

from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.perceptual import PerceptualLoss  # noqa: E402


@pytest.fixture(scope="module")
def pictures():
    """Drawn and photo (3, 3, 32, 32), and a mask over their middle."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 3, 6, 6, generator=generator)
    drawn, photo = (torch.nn.functional.interpolate(part, (32, 32), mode="bilinear") for part in coarse)
    mask = torch.zeros(3, 32, 32, dtype=torch.bool)
    mask[:, 8:24, 8:24] = True
    return drawn, photo, mask


@pytest.fixture(scope="module")
def loss():
    torch.manual_seed(0)
    encoder = Regressor(ThetaLayout.of(MorphableModel.load()), pretrained=True).eval().requires_grad_(False)
    return PerceptualLoss(encoder, 64)


def test_what_looks_alike_costs_nothing_and_what_does_not_costs(loss, pictures):
    drawn, photo, mask = pictures
    assert float(loss(photo, photo, mask)) == pytest.approx(0, abs=1e-5)
    assert float(loss(drawn, photo, torch.zeros_like(mask))) == pytest.approx(0, abs=1e-5)
    whole, half = float(loss(drawn, photo, mask)), float(loss((drawn + photo) / 2, photo, mask))
    assert whole > 1.5 * half > 0.01


def test_the_gradient_is_that_of_differences_and_reaches_what_is_seen_alone(loss, pictures):
    drawn, photo, mask = pictures
    drawn = drawn.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(drawn, photo, mask), drawn)
    outside = ~mask[:, None].expand_as(gradient)
    assert gradient[outside].abs().max() == 0 and gradient.abs().max() > 0
    with torch.no_grad():
        along = gradient / gradient.norm()
        step = 1e-3
        rise = loss(drawn + step * along, photo, mask) - loss(drawn - step * along, photo, mask)
    assert float(rise / (2 * step)) == pytest.approx(float(gradient.norm()), rel=0.1)  # float32, and kinks of ReLU


def test_the_encoder_does_not_learn_and_is_no_part_of_the_loss(loss):
    assert not list(loss.parameters()) and not loss.state_dict()
