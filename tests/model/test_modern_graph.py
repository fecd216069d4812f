"""The modern decode graph against the portable one: by onnx's reference, by ONNX Runtime, and built by TensorRT."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
if onnx.defs.onnx_opset_version() < 24:
    pytest.skip(f"onnx {onnx.__version__} does not know opset 24", allow_module_level=True)

from onnx.reference import ReferenceEvaluator  # noqa: E402

from facegpt_ros import recipes  # noqa: E402
from facegpt_ros.backends.onnx_runtime import OnnxRuntime  # noqa: E402
from facegpt_ros.backends.tensorrt_build import build_engine, graph_name  # noqa: E402
from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model.matrix import Matrix  # noqa: E402
from facegpt_ros.model.modern_graph import cache_names, modern_decode_graph  # noqa: E402
from tests.backends import tiny_graphs  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402

CAPACITY = 24


def modern(precision="fp16", capacity=CAPACITY):
    weights, c = tiny_graphs.language(), config()
    layers = [weights.layer(index, precision) for index in range(c.layers)]
    return modern_decode_graph(c, layers, weights.norm, Matrix.of(weights.embedding, precision), capacity)


def by_reference(model):
    names = [entry.name for entry in model.graph.output]
    evaluator = ReferenceEvaluator(model)
    return lambda feeds: dict(zip(names, evaluator.run(None, feeds), strict=True))


def by_onnxruntime(model):
    try:
        return OnnxRuntime.of_bytes(model.SerializeToString(), "modern").run
    except WeightsError as error:
        pytest.skip(f"this ONNX Runtime does not know opset 24: {error}")


@pytest.mark.parametrize("runner", [by_reference, by_onnxruntime])
def test_says_the_portable_graphs_words_through_prefill_and_single_tokens(runner):
    model, c = modern(), config()
    run, portable = runner(model), OnnxRuntime.of_bytes(tiny_graphs.decode("fp32"), "decode")
    rng = np.random.default_rng(4)
    caches = {
        name: np.full((1, c.key_heads, CAPACITY, c.head_width), 7, np.float16) for name, _ in cache_names(c.layers)
    }
    keys = values = np.zeros((c.layers, 1, c.key_heads, 0, c.head_width), np.float32)
    written = 0
    for length in (5, 3, 1, 1, CAPACITY - 10):
        x = rng.normal(0, 1, (1, length, c.width)).astype(np.float32)
        out = run({"embeddings": x, "written": np.array([written]), **caches})
        expected = portable.run({"embeddings": x, "past_keys": keys, "past_values": values})
        keys, values, written = expected["keys"], expected["values"], written + length
        assert np.abs(out["logits"] - expected["logits"]).max() < 1e-2 * np.abs(expected["logits"]).max()
        caches = {past: out[present] for past, present in cache_names(c.layers)}
        for layer in range(c.layers):
            for part, whole in (("key", keys), ("value", values)):
                held = caches[f"past_{part}_{layer}"]
                np.testing.assert_allclose(held[:, :, :written], whole[layer], atol=0.01 * np.abs(whole).max())
                assert (held[:, :, written:] == 7).all()  # what is not written is not touched, and was not read
    assert written == CAPACITY


def test_sequences_of_different_lengths_share_a_batch():
    model, c = modern(), config()
    run, rng = by_onnxruntime(model), np.random.default_rng(5)
    shape = (1, c.key_heads, CAPACITY, c.head_width)
    singles = []
    for length in (6, 2):
        empty = {name: np.zeros(shape, np.float16) for name, _ in cache_names(c.layers)}
        x = rng.normal(0, 1, (1, length, c.width)).astype(np.float32)
        out = run({"embeddings": x, "written": np.array([0]), **empty})
        singles.append({past: out[present] for past, present in cache_names(c.layers)})
    x = rng.normal(0, 1, (2, 1, c.width)).astype(np.float32)
    both = {name: np.concatenate([one[name] for one in singles]) for name in singles[0]}
    together = run({"embeddings": x, "written": np.array([6, 2]), **both})["logits"]
    for row, length in enumerate((6, 2)):
        alone = run({"embeddings": x[row : row + 1], "written": np.array([length]), **singles[row]})["logits"]
        np.testing.assert_allclose(together[row : row + 1], alone, atol=0.02)


def test_is_of_opset_24_and_every_cache_is_an_input_and_an_output_without_a_copy():
    model, c = modern(), config()
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 24)]
    makers = {name: node for node in model.graph.node for name in node.output}
    for past, present in cache_names(c.layers):
        assert makers[present].op_type == "TensorScatter" and makers[present].input[0] == past
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Attention") == c.layers and "Concat" not in kinds and "Softmax" not in kinds
    assert graph_name(model.SerializeToString(), "") == "decode_modern"


def test_what_it_cannot_be_made_of_is_refused():
    with pytest.raises(ConfigError, match="capacity is 4096; the language model reads 1 to 2048 positions"):
        modern(capacity=4096)
    with pytest.raises(ConfigError, match="the modern graphs are fp16, the layers float32"):
        modern("fp32")


def test_tensorrt_rtx_builds_it_with_its_own_cache_update():
    rtx = pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed: pip install tensorrt-rtx")
    graph = modern(capacity=2048).SerializeToString()
    assert len(build_engine(rtx, graph, "decode_modern", recipes.read("agx_orin"))) > 10_000
