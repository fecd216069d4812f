"""torch runs the graphs that ONNX Runtime runs, and says the same numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")

from facegpt_ros.backends.onnx_runtime import OnnxRuntime  # noqa: E402
from facegpt_ros.backends.torch_graph import TorchGraph  # noqa: E402
from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.onnx_writer import OnnxWriter  # noqa: E402
from tests.backends import tiny_graphs  # noqa: E402

DEVICES = ["cpu", "cuda"]


@pytest.fixture(params=DEVICES)
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    return request.param


def same(ours, theirs, bar):
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert ours[name].dtype == value.dtype and ours[name].shape == value.shape
        largest = max(np.abs(value).max(), 0.2)  # log odds near 0 have no size of their own
        assert np.abs(ours[name] - value).max() <= bar * largest, name


@pytest.mark.parametrize(("precision", "bar"), [("fp32", 1e-3), ("fp16", 1e-2)])
def test_theta_is_onnxruntimes_for_every_shape_whatever_ran_before(precision, bar, device):
    graph = tiny_graphs.face(precision)
    ours, theirs = TorchGraph(graph, device=device), OnnxRuntime.of_bytes(graph, "face")
    feeds = [tiny_graphs.face_inputs(*shape) for shape in ((1,), (3,), (1, 9, 2))]
    changed = [{name: value * 0.5 for name, value in given.items()} for given in feeds]
    for given in (*feeds, *changed, *feeds):  # read, then run again, on a GPU by its CUDA graph
        same(ours.run(given), theirs.run(given), bar)


def test_words_are_onnxruntimes_while_the_cache_grows(device):
    graph = tiny_graphs.decode("fp32")
    ours, theirs = TorchGraph(graph, device=device), OnnxRuntime.of_bytes(graph, "decode")
    given = tiny_graphs.decode_inputs(5, 0)
    for _ in range(20):
        out = theirs.run(given)
        same(ours.run(given), out, 1e-3)
        given = {**tiny_graphs.decode_inputs(1, 1), "past_keys": out["keys"], "past_values": out["values"]}
    assert len(ours._plans) == 16  # of 20 shapes: the oldest are let go


def _writes(kind, *constants, **attributes):
    def write(graph, x):
        return graph.op(kind, x, *(graph.constant(value) for value in constants), **attributes)

    return write


WEIGHT = np.random.default_rng(1).normal(0, 1, (4, 2, 3, 3)).astype(np.float32)
SQUARE = np.random.default_rng(2).normal(0, 1, (6, 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "write"),
    [
        ((2, 6, 7, 5), _writes("Slice", [-1], [-(2**31)], [1], [-1])),
        ((2, 6, 7, 5), _writes("Slice", [1, 0], [2**31, -2], [1, 3], [2, 1])),
        ((1, 4, 7, 8), _writes("Conv", WEIGHT, pads=[0, 1, 2, 0], strides=[2, 1], group=2)),
        ((1, 2, 7, 8), _writes("Conv", WEIGHT, np.ones(4, np.float32), pads=[1, 1, 1, 1], dilations=[1, 2])),
        ((2, 6), _writes("Gemm", SQUARE, np.ones(5, np.float32), alpha=0.5, beta=2.0)),
        ((6, 2), _writes("Gemm", SQUARE, transA=1)),
        ((3, 4, 5), _writes("Gather", [2, -1, 0], axis=1)),
        ((3, 4, 5), _writes("Gather", np.array(-1), axis=2)),
        ((3, 4, 5), _writes("Gather", np.array([[0, 1], [2, 2]]))),
        ((3, 4, 5), _writes("Unsqueeze", [0, -1])),
        ((3, 1, 5), _writes("Squeeze", [1])),
        ((3, 4, 5), _writes("Reshape", [0, -1])),
        ((3, 1, 5), _writes("Expand", [2, 1, 4, 1])),
        ((3, 4), _writes("Tile", [2, 3])),
        ((3, 4), _writes("Clip", np.array(-0.5, np.float32), np.array(0.5, np.float32))),
        ((3, 4), _writes("LayerNormalization", np.arange(4.0, dtype=np.float32), np.ones(4, np.float32), epsilon=0.1)),
        ((3, 4, 5), _writes("ReduceMean", [0, 2], keepdims=0)),
        ((3, 4, 5), lambda graph, x: graph.op("Sub", *graph.split(x, [2, 2], 1))),
        ((3, 4), lambda graph, x: graph.op("Cast", graph.op("Cast", x, to=10), to=1)),
        ((3, 4), lambda graph, x: graph.op("Relu", graph.op("Erf", graph.op("Transpose", x, perm=[1, 0])))),
    ],
)
def test_each_op_does_what_onnxruntimes_does(shape, write):
    graph = OnnxWriter("one")
    out = write(graph, graph.input("x", list(shape)))
    graph.output("y", out, [f"d{i}" for i in range(8)])
    graph._graph.output[0].type.tensor_type.ClearField("shape")
    model = graph.model().SerializeToString()
    x = np.random.default_rng(3).normal(0, 1, shape).astype(np.float32)
    ours, theirs = TorchGraph(model, device="cpu").infer(x), OnnxRuntime.of_bytes(model, "one").infer(x)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_graph_that_it_cannot_run_is_named_with_the_cure(tmp_path):
    with pytest.raises(WeightsError, match=r"decode: torch does not run its ONNX op DynamicQuantizeLinear; .*fp16"):
        TorchGraph(tiny_graphs.decode("int8"), name="decode")
    with pytest.raises(WeightsError, match=r"gone\.onnx: no such file"):
        TorchGraph(tmp_path / "gone.onnx")
    for content in (b"", b"these are words, no graph"):
        (tmp_path / "words.onnx").write_bytes(content)
        with pytest.raises(WeightsError, match=r"words\.onnx: no ONNX graph"):
            TorchGraph(tmp_path / "words.onnx")


def test_inputs_that_do_not_fit_and_a_closed_graph_are_named():
    graph = TorchGraph(tiny_graphs.face("fp32"), name="face")
    given = tiny_graphs.face_inputs(1)
    with pytest.raises(WeightsError, match=r"face: torch failed on .*\(1, 7\)"):
        graph.run({**given, "guess": given["guess"][:, :7]})
    with pytest.raises(WeightsError, match="the input past_keys is missing"):
        graph.run({name: value for name, value in given.items() if name != "past_keys"})
    graph.close()
    with pytest.raises(WeightsError, match="closed"):
        graph.run(given)


def test_without_torch_the_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(WeightsError, match="needs the package torch: pip install torch"):
        TorchGraph(b"")
