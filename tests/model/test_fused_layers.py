import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the reference needs torch")
pytest.importorskip("onnx", reason="onnx is not installed")

import onnxruntime  # noqa: E402

from facegpt_ros.backends.onnx_runtime import OnnxRuntime  # noqa: E402
from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.decoder import Decoder  # noqa: E402
from facegpt_ros.model.fused_layers import can_fuse, fused_decode_graph, fused_hidden  # noqa: E402
from facegpt_ros.model.language_graph import decode_graph, last_hidden, write_layers  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.language_weights import LanguageWeights  # noqa: E402
from facegpt_ros.model.matrix import Matrix  # noqa: E402
from facegpt_ros.model.onnx_writer import OnnxWriter  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402

RNG = np.random.default_rng(7)


@pytest.fixture(scope="module")
def weights() -> LanguageWeights:
    torch.manual_seed(3)
    model = LanguageModel(config())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.uniform_(0.5, 1.5)
    return LanguageWeights(config(), {name: value.numpy() for name, value in model.state_dict().items()})


def reading(weights: LanguageWeights, fused: bool) -> onnxruntime.InferenceSession:
    """A graph of the hidden state after the last position of each of several sequences."""
    c, layers = config(), [weights.layer(index, "fp32") for index in range(config().layers)]
    graph = OnnxWriter("reading")
    if fused:
        hidden = fused_hidden(graph, c, layers, weights.norm)
    else:
        x, _, _ = write_layers(graph, c, layers, all_positions=False, shared=True)
        hidden = last_hidden(graph, c, x, weights.norm)
    graph.output("hidden", hidden, ["B", c.width])
    return onnxruntime.InferenceSession(graph.model().SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("faces", "tokens", "before"), [(1, 1, 0), (1, 7, 5), (3, 7, 5), (8, 2, 0), (2, 1, 4)])
def test_several_sequences_in_one_row_say_what_each_says_by_plain_operators(weights, faces, tokens, before):
    c = config()
    past = RNG.normal(size=(2, c.layers, 1, c.key_heads, before, c.head_width)).astype(np.float32)
    x = RNG.normal(size=(faces, tokens, c.width)).astype(np.float32)
    feeds = {"embeddings": x, "past_keys": past[0], "past_values": past[1]}
    plain, fused = (reading(weights, how).run(None, feeds)[0] for how in (False, True))
    np.testing.assert_allclose(fused, plain, atol=2e-5, rtol=1e-3)
    alone = reading(weights, True).run(None, feeds | {"embeddings": x[-1:]})[0]
    np.testing.assert_allclose(fused[-1:], alone, atol=2e-5)  # it saw nothing of the others


class Graphs:
    """What Decoder takes of BuiltGraphs."""

    config = config()

    def __init__(self, path, model):
        self.decode = path
        path.write_bytes(model.SerializeToString())


def test_words_written_in_place_are_those_of_a_cache_that_grows(weights, tmp_path):
    layers = [weights.layer(index, "fp32") for index in range(config().layers)]
    words = Matrix.of(weights.embedding, "fp32")
    growing = Decoder(Graphs(tmp_path / "a.onnx", decode_graph(config(), layers, weights.norm, words)))
    in_place = Decoder(Graphs(tmp_path / "b.onnx", fused_decode_graph(config(), layers, weights.norm, words)))
    for _ in range(2):  # the second sequence knows nothing of the first
        growing.begin(70)
        in_place.begin(70)
        for count in (5, 3, 1, 1, 60):
            piece = RNG.normal(size=(1, count, config().width)).astype(np.float32)
            np.testing.assert_allclose(in_place.read(piece), growing.read(piece), atol=1e-4)


def test_more_than_there_is_room_for_is_refused(weights, tmp_path):
    layers = [weights.layer(index, "fp32") for index in range(config().layers)]
    graph = fused_decode_graph(config(), layers, weights.norm, Matrix.of(weights.embedding, "fp32"))
    decoder = Decoder(Graphs(tmp_path / "b.onnx", graph))
    decoder.begin(64)
    decoder.read(np.zeros((1, 64, config().width), np.float32))
    with pytest.raises(WeightsError, match=r"room for 64 positions, 65 are read"):
        decoder.read(np.zeros((1, 1, config().width), np.float32))


def test_runs_in_place_need_an_open_graph(weights, tmp_path):
    layers = [weights.layer(0, "fp32")]
    path = tmp_path / "b.onnx"
    graph = fused_decode_graph(config(), layers, weights.norm, Matrix.of(weights.embedding, "fp32"))
    path.write_bytes(graph.SerializeToString())
    backend = OnnxRuntime(path)
    run = backend.in_place({})
    with pytest.raises(WeightsError, match=r"b\.onnx: the graph failed on float32 \(1, 2, 7\)"):
        run({"embeddings": np.zeros((1, 2, 7), np.float32)})
    backend.close()
    with pytest.raises(WeightsError, match="closed"):
        backend.in_place({})


def test_what_onnxruntimes_attention_does_not_take_stays_plain():
    assert can_fuse(config())
    assert not can_fuse(config().__class__(layers=1, width=24, heads=3, key_heads=1, hidden=8, vocabulary=4))
