import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the reference needs torch")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")

import onnxruntime  # noqa: E402

from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model.kv_cache import KVCache  # noqa: E402
from facegpt_ros.model.language_graph import decode_graph, rotary  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.language_weights import LanguageWeights  # noqa: E402
from facegpt_ros.model.lora import adapters, add_adapters  # noqa: E402
from facegpt_ros.model.matrix import Matrix  # noqa: E402
from facegpt_ros.model.onnx_writer import OnnxWriter  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402


@pytest.fixture(scope="module")
def model():
    """With adapters that do something, and norms that are not all one."""
    torch.manual_seed(3)
    model = LanguageModel(config()).eval()
    add_adapters(model, 3, 6.0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".up"):
                parameter.normal_(0, 0.1)
            elif "norm" in name:
                parameter.uniform_(0.5, 1.5)
    return model


def numpy_weights(model) -> LanguageWeights:
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    weights = {
        name.replace(".base.", "."): value for name, value in state.items() if not name.endswith((".up", ".down"))
    }
    ups = {f"{name}.{part}": state[f"{name}.{part}"] for name, _ in adapters(model) for part in ("up", "down")}
    return LanguageWeights(model.config, weights, ups, 2.0)


def session(graph) -> onnxruntime.InferenceSession:
    onnx.checker.check_model(graph, full_check=True)
    assert (graph.opset_import[0].domain, graph.opset_import[0].version) == ("", 18)
    assert all(node.domain in ("", "com.microsoft") for node in graph.graph.node)
    return onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def decoder(model, precision="fp32", depth=None) -> onnxruntime.InferenceSession:
    weights, c = numpy_weights(model), config()
    layers = [weights.layer(i, precision) for i in range(depth or c.layers)]
    return session(decode_graph(c, layers, weights.norm, Matrix.of(weights.embedding, precision)))


def read(decode, pieces, batch):
    """Embeddings piece by piece → the graph's first output after each, and its keys and values."""
    layers = decode.get_inputs()[1].shape[0]
    keys = values = np.zeros((layers, batch, config().key_heads, 0, config().head_width), np.float32)
    said = []
    for piece in pieces:
        feeds = {"embeddings": piece, "past_keys": keys, "past_values": values}
        last, keys, values = decode.run(None, feeds)
        said.append(last)
    return said, keys, values


@torch.inference_mode()
@pytest.mark.parametrize("depth", [None, 2])
def test_prefill_pieces_and_single_tokens_say_what_torch_says(model, depth):
    x = torch.randn(2, 12, config().width)
    expected = model(x, depth=depth)
    pieces = [x[:, :5].numpy(), x[:, 5:9].numpy(), *(x[:, i : i + 1].numpy() for i in (9, 10, 11))]
    said, keys, values = read(decoder(model, depth=depth), pieces, 2)
    for logits, at in zip(said, (4, 8, 9, 10, 11), strict=True):
        np.testing.assert_allclose(logits, model.logits(expected[:, at]), atol=1e-4)
    cache = KVCache.of(config(), 2, 12)
    model(x, cache, depth)
    np.testing.assert_allclose(keys, cache.keys[:depth], atol=1e-4)
    np.testing.assert_allclose(values, cache.values[:depth], atol=1e-4)


@torch.inference_mode()
def test_layers_one_by_one_are_the_whole(model):
    weights, c = numpy_weights(model), config()
    x = torch.randn(1, 6, c.width)
    cache = KVCache.of(c, 1, 6)
    model(x, cache)
    hidden = x.numpy()
    empty = np.zeros((1, 1, c.key_heads, 0, c.head_width), np.float32)
    for i in range(c.layers):
        one = session(decode_graph(c, [weights.layer(i, "fp32")]))
        hidden, keys, _ = one.run(None, {"embeddings": hidden, "past_keys": empty, "past_values": empty})
        np.testing.assert_allclose(keys[0], cache.keys[i], atol=1e-4)


@torch.inference_mode()
def test_int8_is_near_and_says_what_onnxruntimes_own_quantisation_says(model, tmp_path):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    x = torch.randn(2, 7, config().width)
    full = decode_graph(config(), [numpy_weights(model).layer(i, "fp32") for i in range(3)], numpy_weights(model).norm)
    onnx.save(full, str(tmp_path / "a.onnx"))
    quantize_dynamic(
        tmp_path / "a.onnx", tmp_path / "b.onnx", ["MatMul"], per_channel=True, weight_type=QuantType.QInt8
    )
    theirs = onnxruntime.InferenceSession(str(tmp_path / "b.onnx"), providers=["CPUExecutionProvider"])
    empty = np.zeros((3, 2, config().key_heads, 0, config().head_width), np.float32)
    their_hidden = theirs.run(["hidden"], {"embeddings": x.numpy(), "past_keys": empty, "past_values": empty})[0]
    weights = numpy_weights(model)
    ours = session(decode_graph(config(), [weights.layer(i, "int8") for i in range(3)], weights.norm))
    assert {initial.data_type for initial in decode_int8(model).graph.initializer} >= {onnx.TensorProto.INT8}
    hidden = read(ours, [x.numpy()], 2)[0][0]
    np.testing.assert_allclose(hidden, their_hidden, atol=0.02)
    assert 1e-4 < np.abs(hidden - model(x)[:, -1].numpy()).max() < 0.1


def test_blocks_survive_a_position_that_is_far_larger_than_the_others():
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 1, (5, 45)).astype(np.float32)  # 45: no whole number of blocks
    x = rng.normal(0, 1, (2, 3, 45)).astype(np.float32)
    x[0, 0] *= 1e4
    error = {}
    for precision in ("int8", "int8_blocks"):
        graph = OnnxWriter(precision)
        out = Matrix.of(weight, precision).multiply(graph, graph.input("x", ["B", "T", 45]))
        graph.output("y", out, ["B", "T", 5])
        off = np.abs(session(graph.model()).run(None, {"x": x})[0] - x @ weight.T)
        off[0, 0] /= 1e4
        error[precision] = off.max()
    assert error["int8_blocks"] < 0.15 and error["int8"] > 1  # of about 7


@torch.inference_mode()
def test_half_is_nearer_than_int8_and_of_plain_ops(model):
    x = torch.randn(2, 7, config().width)
    weights = numpy_weights(model)
    off = {}
    for precision in ("fp16", "int8"):
        graph = decode_graph(config(), [weights.layer(i, precision) for i in range(3)], weights.norm)
        if precision == "fp16":
            assert {node.domain for node in graph.graph.node} == {""}
            assert all(i.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for i in graph.graph.input)
        off[precision] = np.abs(read(session(graph), [x.numpy()], 2)[0][0] - model(x)[:, -1].numpy()).max()
    assert 1e-6 < off["fp16"] < 5e-3 and off["fp16"] < 0.3 * off["int8"]


def decode_int8(model):
    weights = numpy_weights(model)
    return decode_graph(config(), [weights.layer(0, "int8")], weights.norm)


def test_int8_keeps_columns_of_zeros_and_never_leaves_its_range():
    weight = np.zeros((3, 4), np.float32)
    weight[1] = [1e-30, -1e-30, 0, 0]
    weight[2] = [1000, -1000, 3, 0]
    matrix = Matrix.of(weight, "int8")
    assert np.isfinite(matrix.scale).all() and (matrix.values[:, 0] == 0).all()
    assert matrix.values[:, 2].tolist() == [127, -127, 0, 0]
    with pytest.raises(ConfigError, match="precision is 'int3'; use int8, int8_blocks, fp16 or fp32"):
        Matrix.of(weight, "int3")


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("layers.0.mlp.up.up", (48, 3), "belongs to no layer"),  # alone
        ("layers.9.mlp.up.up", (48, 3), "belongs to no layer"),
        ("layers.0.mlp.gate.up", (40, 3), r"\(40, 3\)"),
    ],
)
def test_adapters_of_another_model_are_refused(model, name, shape, says):
    weights = numpy_weights(model)
    held = {} if "gate" not in name else {"layers.0.mlp.gate.down": np.zeros((3, 32), np.float32)}
    with pytest.raises(WeightsError, match=says):
        LanguageWeights(config(), weights._weights, {**held, name: np.zeros(shape, np.float32)})


def test_positions_beyond_the_context_are_refused():
    with pytest.raises(WeightsError, match="position 2048 lies beyond the 2048"):
        rotary(config(), np.arange(2049))
