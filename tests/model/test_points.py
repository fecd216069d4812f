import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")

from facegpt_ros.model.points import POINTS, PointMaps  # noqa: E402


def maps(side, count=2):
    torch.manual_seed(0)
    return [torch.randn(count, c, k * side, k * side) for c, k in ((3, 4), (5, 2), (7, 1))]


@pytest.mark.parametrize("side", [2, 4, 7])
def test_every_point_lies_where_its_heatmap_does_on_average(side):
    net = PointMaps((3, 5, 7)).eval()
    points, sharpness = net(*maps(side))
    assert points.shape == (2, POINTS, 2) and sharpness.shape == (2, POINTS)
    heat = {}
    net.heat.register_forward_hook(lambda module, given, out: heat.update(out=out))
    net(*maps(side))
    share = heat["out"].flatten(2).softmax(2).view_as(heat["out"])
    cells = torch.arange(4 * side)
    at = 1.25 * ((2 * cells + 1) / (4 * side) - 1)  # the middle of each cell
    torch.testing.assert_close(points[..., 0], (share.sum(2) * at).sum(-1))
    torch.testing.assert_close(points[..., 1], (share.sum(3) * at).sum(-1))


def test_a_heatmap_of_one_cell_is_as_sharp_as_can_be():
    net = PointMaps((3, 5, 7)).eval()
    with torch.no_grad():
        net.heat.weight.zero_()
        net.heat.bias.zero_()
        points, sharpness = net(*maps(2))
        assert points.abs().max() < 1e-6 and sharpness.max() < 0.02  # nowhere more than elsewhere
        net.heat.weight.normal_(0, 1000)
        assert net(*maps(2))[1].mean() > 0.95
