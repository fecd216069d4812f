"""A photo seen again, and what holds the two views together."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")

from facegpt_ros.model.regressor import decode  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.landmarks import IBUG68_MIRROR  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training import second_view as module  # noqa: E402
from facegpt_ros.training.losses import FaceGeometry  # noqa: E402
from facegpt_ros.training.second_view import CONSISTENCY_WEIGHTS, ConsistencyLoss, SecondView, second_view  # noqa: E402

SIDE = 96


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


@pytest.fixture(scope="module")
def loss(model):
    geometry = FaceGeometry(model).double()
    geometry._slides = False  # which points the outline shows changes a little where a crop is framed anew
    return ConsistencyLoss(model, geometry).double()


@pytest.fixture(scope="module")
def layout(model):
    return ThetaLayout.of(model)


def faces(layout, count=5):
    """Raw θ of different faces, float64."""
    raw = torch.from_numpy(layout.mean() + np.random.default_rng(3).normal(0, 0.2, (count, layout.size)))
    raw[:, layout.expression] = raw[:, layout.expression].abs().clamp(0.02, 0.9)
    return raw


def test_points_of_the_second_view_are_found_in_the_first(monkeypatch):
    for name in ("_EXPOSURE", "_CAST", "_GAMMA"):
        monkeypatch.setattr(module, name, 0.0)
    torch.manual_seed(0)
    axis = 255 * np.arange(SIDE, dtype=np.float32) / (SIDE - 1)
    crop = np.stack([np.tile(axis, (SIDE, 1)), np.tile(axis[:, None], (1, SIDE)), np.zeros((SIDE, SIDE))], -1)
    crops = torch.from_numpy(np.repeat(crop[None].astype(np.uint8), 8, 0))  # blue says x, green says y
    view = second_view(crops, torch.full((8,), 0.2))
    assert 0 < view.mirrored.sum() < 8 and view.zoom.std() > 0.01
    pixels = np.random.default_rng(1).integers(30, 66, (68, 2))
    points = torch.from_numpy((2 * pixels + 1) / SIDE - 1).float()
    again = view.back(points.expand(8, -1, -1))
    for row in range(8):
        seen = view.crops[row][pixels[:, 1], pixels[:, 0]].numpy()[:, :2].astype(np.float64)
        expected = (2 * (seen / 255 * (SIDE - 1)) + 1) / SIDE - 1
        if view.mirrored[row]:
            expected = expected[list(IBUG68_MIRROR)]
        assert np.abs(again[row].numpy() - expected).max() < 0.02


def test_the_light_is_another_and_what_lies_outside_is_black():
    torch.manual_seed(4)
    crops = torch.full((16, SIDE, SIDE, 3), 128, dtype=torch.uint8)
    view = second_view(crops, torch.full((16,), 0.2))
    inside = view.crops[:, SIDE // 2, SIDE // 2].float()
    assert inside.std(0).min() > 5 and (view.crops == 0).any()
    assert view.crops.dtype == torch.uint8 and view.crops.shape == crops.shape
    assert torch.allclose(view.half_extent, 0.2 * view.zoom)


def reframed(layout, raw, view: SecondView):
    """What a perfect network says of the second view, where it is not mirrored."""
    out = raw.clone()
    turn, offset = view.turn.double(), raw[:, layout.offset] - view.shift.double()
    out[:, layout.offset] = (turn @ offset[..., None])[..., 0] / view.zoom.double()[:, None]
    out[:, layout.log_scale] -= torch.log(view.zoom.double())
    rotation = decode(layout, raw).rotation
    about = torch.eye(3, dtype=torch.float64).repeat(len(raw), 1, 1)
    about[:, :2, :2] = turn
    return decode(layout, out)._replace(rotation=about @ rotation)


def test_who_says_one_face_of_both_views_pays_nothing(layout, loss):
    raw, half_extent = faces(layout), torch.full((5,), 0.2, dtype=torch.float64)
    torch.manual_seed(2)
    view = second_view(torch.zeros(5, 8, 8, 3, dtype=torch.uint8), half_extent.float())
    view = view._replace(mirrored=torch.zeros(5, dtype=torch.bool), half_extent=half_extent * view.zoom.double())
    theta = decode(layout, raw)
    terms = loss(theta, reframed(layout, raw, view), view, half_extent)
    assert terms.keys() == CONSISTENCY_WEIGHTS.keys()
    # A crop that is shifted looks past its middle, which θ cannot say: what lies nearer or farther is off by a little.
    assert 0 < float(terms["same_landmarks"]) < 0.005
    assert all(float(terms[f"same_{name}"]) == 0 for name in ("shape", "expression", "albedo"))
    centred = view._replace(shift=torch.zeros(5, 2))
    assert float(loss(theta, reframed(layout, raw, centred), centred, half_extent)["same_landmarks"]) < 1e-6
    other = loss(theta, decode(layout, raw.flip(0)), view, half_extent)
    least = {"same_landmarks": 0.02, "same_shape": 0.3, "same_expression": 0.3, "same_albedo": 0.01}
    assert all(float(other[name]) > least[name] for name in terms)


def test_a_mirrored_face_smiles_on_the_other_side(model, layout, loss):
    names = list(model.expression_names)
    swapped = [name.replace("Left", "?").replace("Right", "Left").replace("?", "Right") for name in names]
    raw = faces(layout)
    raw[:, layout.identity] = raw[:, layout.albedo] = 0
    mirrored = raw.clone()
    mirrored[:, layout.expression] = raw[:, layout.expression][:, [names.index(name) for name in swapped]]
    half_extent = torch.full((5,), 0.2, dtype=torch.float64)
    eye = torch.eye(2).repeat(5, 1, 1)
    view = SecondView(
        torch.zeros(5, 8, 8, 3), half_extent, torch.zeros(5, 2), torch.ones(5), eye, torch.ones(5, dtype=torch.bool)
    )
    theta = decode(layout, raw)
    right = loss(theta, decode(layout, mirrored), view, half_extent)["same_expression"]
    wrong = loss(theta, theta, view, half_extent)["same_expression"]
    assert float(wrong) > 5 * float(right), "the model's own sides differ by little"
