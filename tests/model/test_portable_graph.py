"""The shipped networks as plain float graphs, against the int8 that ships."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from facegpt_ros import engines  # noqa: E402
from facegpt_ros.backends.onnx_runtime import OnnxRuntime  # noqa: E402
from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model.onnx_writer import OnnxWriter  # noqa: E402
from facegpt_ros.model.portable_graph import portable_graph  # noqa: E402


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (3, 8, 8, 3)).astype(np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, 1).repeat(16, 2))


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("name", ["facegpt_vision", "regressor"])
def test_the_shipped_networks_say_in_float_what_they_say_in_int8(name, precision, crops):
    path = engines.fetch(name, download=False)
    graph = portable_graph(path.read_bytes(), precision, name)
    model = onnx.load_model_from_string(graph)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    assert not any("Quantize" in node.op_type or "Dequantize" in node.op_type for node in model.graph.node)
    ours, theirs = OnnxRuntime.of_bytes(graph, name), OnnxRuntime(path)
    assert ours.metadata == theirs.metadata
    for output, value in theirs.run({"crops": crops}).items():
        mine = ours.run({"crops": crops})[output]
        assert mine.shape == value.shape
        spread = value.std()
        # The activations' rounding is gone, so they differ; noise of another picture would be 1.4.
        assert 1e-5 < np.sqrt(np.square(mine - value).mean()) / spread < 0.12, output


def test_half_moves_the_networks_little(crops):
    graph = engines.fetch("facegpt_vision", download=False).read_bytes()
    full, half = (
        OnnxRuntime.of_bytes(portable_graph(graph, p, "v"), p).run({"crops": crops}) for p in ("fp32", "fp16")
    )
    for name, value in full.items():
        assert 1e-6 < np.abs(half[name] - value).max() < 0.02 * np.abs(value).max()


def quantised(scale_is_held: bool = True) -> OnnxWriter:
    graph = OnnxWriter("one")
    x = graph.input("x", ["N", 2])
    scale = graph.constant(np.array(0.5, np.float32))
    if not scale_is_held:
        scale = graph.op("Abs", scale)
    zero = graph.constant(np.array(3, np.uint8))
    mid = graph.op("DequantizeLinear", graph.op("QuantizeLinear", x, scale, zero), scale, zero)
    weights = graph.constant(np.array([[2, -4], [1, 0]], np.int8))
    scales, zeros = graph.constant(np.array([1.0, 10.0], np.float32)), graph.constant(np.array([0, 1], np.int8))
    graph.output("y", graph.op("MatMul", mid, graph.op("DequantizeLinear", weights, scales, zeros, axis=1)), ["N", 2])
    return graph


def test_a_pair_clips_at_the_ends_of_its_range_and_weights_keep_their_axis():
    graph = portable_graph(quantised().model().SerializeToString(), "fp32", "tiny")
    out = OnnxRuntime.of_bytes(graph, "tiny").infer(np.array([[1e9, 0.3], [-1e9, 1.0]], np.float32))
    weights = np.array([[2, -50], [1, -10]])
    np.testing.assert_allclose(out, np.array([[126, 0.3], [-1.5, 1]]) @ weights, rtol=1e-6)


def test_what_it_cannot_rewrite_is_named():
    with pytest.raises(ConfigError, match="precision is 'int8'; a graph of plain ops is fp16 or fp32"):
        portable_graph(b"", "int8", "tiny")
    with pytest.raises(WeightsError, match="tiny: no ONNX graph"):
        portable_graph(b"these are words", "fp32", "tiny")
    with pytest.raises(WeightsError, match="tiny: the scale v.* is computed"):
        portable_graph(quantised(False).model().SerializeToString(), "fp32", "tiny")
