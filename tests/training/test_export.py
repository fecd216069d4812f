import numpy as np
import pytest

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.theta import ThetaLayout

torch = pytest.importorskip("torch", reason="export needs torch")
pytest.importorskip("onnxscript", reason="export needs onnxscript")
pytest.importorskip("efficientnet_lite_pytorch", reason="export needs efficientnet-lite-pytorch")

from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.training.export import export_onnx, load_weights, onnx_infer, quantise, save_weights  # noqa: E402

LAYOUT = ThetaLayout(2, 2, 2)
METADATA = {"layout": LAYOUT.to_json(), "size": "32"}


class Tiny(torch.nn.Module):
    """The shape of a regressor in two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, 2, 1)
        self.head = torch.nn.Linear(8, LAYOUT.size)

    def forward(self, crops):
        x = (crops.permute(0, 3, 1, 2).float().flip(1) - 127) / 128
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))


def test_onnx_and_int8_agree_with_torch_at_any_batch_size_and_carry_the_layout(tmp_path):
    import onnx

    torch.manual_seed(0)
    net = Tiny().eval()
    crops = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3)).astype(np.uint8)
    full, small = tmp_path / "a.onnx", tmp_path / "b.onnx"
    export_onnx(net, full, 32, METADATA)
    quantise(full, small, crops, METADATA)
    expected = net(torch.from_numpy(crops)).detach().numpy()
    assert np.allclose(onnx_infer(full)(crops), expected, atol=1e-4)
    assert np.allclose(onnx_infer(full)(crops[:1]), expected[:1], atol=1e-4)
    assert np.abs(onnx_infer(small)(crops) - expected).max() < 0.03
    for path in (full, small):
        props = {p.key: p.value for p in onnx.load(str(path)).metadata_props}
        assert props == METADATA


def test_weights_survive_safetensors(tmp_path):
    net = Regressor(LAYOUT, pretrained=False).eval()
    save_weights(net.state_dict(), tmp_path / "w.safetensors", METADATA)
    again = load_weights(tmp_path / "w.safetensors")
    crops = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    assert torch.equal(net(crops), again(crops))


def test_a_file_that_is_no_weights_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="w.safetensors"):
        load_weights(path)
