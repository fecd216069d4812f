import numpy as np
import pytest

from facegpt_ros.model.theta import ThetaLayout

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")

from facegpt_ros.model.regressor import Regressor, decode  # noqa: E402

LAYOUT = ThetaLayout(5, 4, 3)


def test_torch_and_numpy_decode_alike():
    raw = np.random.default_rng(0).normal(0, 2, (16, LAYOUT.size)).astype(np.float32)
    ours, theirs = decode(LAYOUT, torch.from_numpy(raw)), LAYOUT.decode(raw)
    for name in ("identity", "expression", "albedo", "illumination", "rotation", "offset", "scale"):
        assert np.allclose(getattr(ours, name).numpy(), getattr(theirs, name), atol=1e-4), name
    assert np.allclose(torch.sigmoid(ours.presence_logit).numpy(), theirs.presence, atol=1e-6)


def test_an_activation_out_of_range_still_receives_gradient():
    raw = torch.zeros(1, LAYOUT.size)
    raw[0, LAYOUT.expression] = -2
    raw.requires_grad_()
    decode(LAYOUT, raw).expression.sum().backward()
    assert (raw.grad[0, LAYOUT.expression] == 1).all()


@pytest.mark.parametrize("size", [64, 96])
def test_starts_at_the_mean_face_at_any_crop_size(size):
    net = Regressor(LAYOUT, pretrained=False).eval()
    crops = torch.randint(0, 255, (2, size, size, 3), dtype=torch.uint8)
    assert np.allclose(net(crops).detach().numpy(), LAYOUT.mean(), atol=1e-5)


def test_gradient_reaches_the_layers_that_are_not_frozen():
    net = Regressor(LAYOUT, pretrained=False)
    net.freeze_early(3)
    net.train()
    torch.nn.init.normal_(net.head.weight)
    net(torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8)).square().sum().backward()
    assert net.backbone._conv_stem.weight.grad is None
    assert net.backbone._blocks[3]._depthwise_conv.weight.grad.abs().sum() > 0
    assert not net.backbone._blocks[0]._bn1.training and net.backbone._blocks[3]._bn1.training
