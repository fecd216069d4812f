import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

import onnxruntime  # noqa: E402

from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.language_graph import last_hidden, write_layers  # noqa: E402
from facegpt_ros.model.language_weights import LanguageWeights  # noqa: E402
from facegpt_ros.model.onnx_writer import OnnxWriter  # noqa: E402
from facegpt_ros.model.smooth_quant import READERS  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402

C = config()
INPUTS = {"attention": C.width, "output": C.heads * C.head_width, "mlp": C.width, "down": C.hidden}


@pytest.fixture
def weights():
    """With channels that are a hundred times as large as the others, as trained models have them."""
    rng = np.random.default_rng(5)
    rows = {"query": C.heads * C.head_width, "key": C.key_heads * C.head_width, "gate": C.hidden, "up": C.hidden}
    rows |= {"value": rows["key"], "output": C.width, "down": C.width}
    out = {"norm.weight": np.ones(C.width), "embedding.weight": rng.normal(size=(C.vocabulary, C.width))}
    for layer in range(C.layers):
        for name, names in READERS.items():
            for full in names:
                out[f"layers.{layer}.{full}.weight"] = rng.normal(0, 0.1, (rows[full.split(".")[1]], INPUTS[name]))
        for norm in ("attention_norm", "mlp_norm"):
            out[f"layers.{layer}.{norm}.weight"] = np.where(rng.random(C.width) < 0.05, 60, 0.6)
        out[f"layers.{layer}.mlp.up.weight"][7] *= 40
        out[f"layers.{layer}.attention.value.weight"][3] *= 40
    return {name: array.astype(np.float32) for name, array in out.items()}


def hidden(weights: LanguageWeights, precision: str, x: np.ndarray) -> np.ndarray:
    graph = OnnxWriter("reading")
    layers = [weights.layer(index, precision) for index in range(C.layers)]
    out, _, _ = write_layers(graph, C, layers, all_positions=False, shared=True)
    graph.output("hidden", last_hidden(graph, C, out, weights.norm), ["B", C.width])
    session = onnxruntime.InferenceSession(graph.model().SerializeToString(), providers=["CPUExecutionProvider"])
    none = np.zeros((C.layers, 1, C.key_heads, 0, C.head_width), np.float32)
    return session.run(None, {"embeddings": x, "past_keys": none, "past_values": none})[0]


@pytest.fixture
def x():
    return np.random.default_rng(6).normal(size=(4, 7, C.width)).astype(np.float32)


def reach_of(weights) -> dict[str, np.ndarray]:
    """What these weights lead to: norms and rows that are large."""
    out = {}
    for layer in range(C.layers):
        own = {name.removeprefix(f"layers.{layer}."): value for name, value in weights.items()}
        values = np.abs(own["attention.value.weight"]).max(1).reshape(C.key_heads, 1, C.head_width)
        out[f"{layer}.attention"], out[f"{layer}.mlp"] = (own[f"{n}_norm.weight"] for n in ("attention", "mlp"))
        out[f"{layer}.output"] = values.repeat(C.heads // C.key_heads, 1).reshape(-1)
        out[f"{layer}.down"] = np.abs(own["mlp.up.weight"]).max(1)
    return out


def test_the_layer_says_the_same_and_int8_loses_much_less(weights, x):
    plain, smooth = LanguageWeights(C, weights), LanguageWeights(C, weights, reach=reach_of(weights))
    exact = hidden(plain, "fp32", x)
    np.testing.assert_allclose(hidden(smooth, "fp32", x), exact, atol=2e-4, rtol=1e-3)
    lost = [np.abs(hidden(one, "int8", x) - exact).mean() / np.abs(exact).mean() for one in (plain, smooth)]
    assert 0 < lost[1] < lost[0] / 2


def test_heads_that_share_values_are_divided_alike(weights):
    reach = reach_of(weights)
    reach["0.output"] = np.random.default_rng(1).uniform(0, 9, INPUTS["output"])  # another for each head
    x = np.random.default_rng(2).normal(size=(1, 3, C.width)).astype(np.float32)
    exact = hidden(LanguageWeights(C, weights), "fp32", x)
    np.testing.assert_allclose(hidden(LanguageWeights(C, weights, reach=reach), "fp32", x), exact, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"1.down": None}, r"the reach of down is \(0,\), its matrix has 48 inputs"),
        ({"1.mlp": np.ones(3)}, r"the reach of mlp is \(3,\)"),
        ({"1.output": np.full(INPUTS["output"], -1.0)}, "the reach of output"),
    ],
)
def test_the_reach_of_another_model_is_refused(weights, change, says):
    reach = {name: value for name, value in (reach_of(weights) | change).items() if value is not None}
    found = LanguageWeights(C, weights, reach=reach)
    found.layer(0, "fp32")
    with pytest.raises(WeightsError, match=says):
        found.layer(1, "fp32")


def test_channels_that_nothing_reaches_stay_finite(weights, x):
    reach = {name: np.zeros_like(value) for name, value in reach_of(weights).items()}
    assert np.isfinite(hidden(LanguageWeights(C, weights, reach=reach), "int8", x)).all()
