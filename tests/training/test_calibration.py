import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")
pytest.importorskip("tokenizers", reason="training needs tokenizers")

from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.regressor import Regressor, decode  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.model.tokenizer import Tokenizer  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.calibration import NARROWEST, WITHIN, calibrate  # noqa: E402
from facegpt_ros.training.losses import FaceGeometry  # noqa: E402
from facegpt_ros.training.validation import Validation  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402


def test_after_calibration_as_many_errors_lie_within_one_sigma_as_should_and_theta_stays():
    torch.manual_seed(0)
    model = MorphableModel.load()
    vision = Regressor(ThetaLayout.of(model), pretrained=False)
    net = FaceGPT(vision, LanguageModel(config()), Tokenizer(vocabulary()), side=2).eval()
    val = Validation(model, {}, 64, renders=64)
    crops, half_extent, landmarks = next(val.labelled())
    with torch.inference_mode():
        before, _ = net.estimate(torch.from_numpy(crops))
    report = calibrate(net, model, val)
    assert set(report) == {"landmarks", "angles", "shape", "expression"}
    with torch.inference_mode():
        raw, spread = net.estimate(torch.from_numpy(crops))
        geometry = FaceGeometry(model)
        said = geometry.projected_landmarks(decode(net.layout, raw), torch.from_numpy(half_extent)).numpy()
    torch.testing.assert_close(raw, before)
    inside = np.abs(said - landmarks) <= spread.landmarks.exp().numpy()[..., None]
    assert abs(inside.mean() - WITHIN) < 0.01
    again = calibrate(net, model, val)
    # Of this network, which moves no face, most activations are exactly right: no spread is narrow enough for them.
    assert report["expression"]["factor"] == NARROWEST
    assert all(abs(part["factor"] - 1) < 0.02 for name, part in again.items() if name != "expression")
    assert abs(again["landmarks"]["before"] - WITHIN) < 0.01
