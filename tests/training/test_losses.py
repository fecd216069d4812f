import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from facegpt_ros.model.regressor import decode  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.losses import FaceGeometry, RegressorLoss, seen_yaw  # noqa: E402
from facegpt_ros.training.sampling import sample_scenes  # noqa: E402
from facegpt_ros.training.validation import landmarks_of  # noqa: E402
from tests.morphable.turned import with_sliding_jaw  # noqa: E402

COUNT = 16


@pytest.fixture(scope="module", params=["fixed", "sliding"])
def model(request) -> MorphableModel:
    model = MorphableModel.load()
    fixed = model.with_landmarks({scheme: model.surface_points(scheme) for scheme in model.schemes})
    return with_sliding_jaw(fixed) if request.param == "sliding" else fixed


@pytest.fixture(scope="module")
def layout(model) -> ThetaLayout:
    return ThetaLayout.of(model)


def test_landmarks_in_torch_are_those_of_numpy(model, layout):
    scenes = sample_scenes(model, np.random.default_rng(0), COUNT)
    raw = layout.encode(scenes.theta)
    h = torch.from_numpy(scenes.half_extent).float()
    ours = FaceGeometry(model).projected_landmarks(decode(layout, torch.from_numpy(raw)), h).numpy()
    np.testing.assert_allclose(ours, landmarks_of(model, layout.decode(raw), scenes.half_extent), atol=2e-4)
    np.testing.assert_allclose(ours, scenes.landmarks, atol=2e-4)


def test_labels_without_error_cost_nothing_on_the_jaw_of_turned_heads(model, layout):
    scenes = sample_scenes(model, np.random.default_rng(1), COUNT)
    raw = torch.from_numpy(layout.encode(scenes.theta))
    h, landmarks = (torch.from_numpy(part).float() for part in (scenes.half_extent, scenes.landmarks))
    assert RegressorLoss(model, layout).render_terms(raw, raw, h, landmarks)["landmarks"] < 1e-4


def test_no_gradient_asks_the_head_to_turn_so_that_its_outline_fits(layout):
    raw = torch.from_numpy(layout.mean())[None].requires_grad_()
    assert not seen_yaw(decode(layout, raw), torch.ones(1)).requires_grad
