"""The whole way of a tiny FaceGPT: torch → files → graphs on the device → θ, spread and words."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")
onnx = pytest.importorskip("onnx", reason="export needs onnx")
pytest.importorskip("onnxscript", reason="export needs onnxscript")
pytest.importorskip("gguf", reason="export needs gguf")
pytest.importorskip("tokenizers", reason="export needs tokenizers")
pytest.importorskip("efficientnet_lite_pytorch", reason="export needs efficientnet-lite-pytorch")

from safetensors import safe_open  # noqa: E402

from facegpt_ros.errors import ConfigError, ImageError, WeightsError  # noqa: E402
from facegpt_ros.model import prompts, regressor  # noqa: E402
from facegpt_ros.model.face_head import FaceHead  # noqa: E402
from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.facegpt_estimator import VISION_FILE, FaceGPTEstimator  # noqa: E402
from facegpt_ros.model.facegpt_file import sha256_of  # noqa: E402
from facegpt_ros.model.generate import generate  # noqa: E402
from facegpt_ros.model.lora import add_adapters  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training import export_facegpt  # noqa: E402
from facegpt_ros.training.facegpt import read_language  # noqa: E402
from tests.model.test_gguf_file import write  # noqa: E402

MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)
SIZE = 64
ASKED = prompts.chat([("in the", "")], image=True)


class Backbone(torch.nn.Module):
    """In place of EfficientNet: features of the same shape from one layer and one sum."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 16, 32, 32)
        self.wide = torch.nn.Conv2d(16, regressor.FEATURES, 1)

    def extract_features(self, x):
        x = torch.nn.functional.relu6(self.stem(x))
        return torch.nn.functional.relu6(self.wide(x + torch.nn.functional.relu6(x)))


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """Adapters, head and <FACE> that say something; learnt from nothing."""
    folder = tmp_path_factory.mktemp("language")
    torch.manual_seed(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regressor, "_efficientnet_lite0", lambda _: Backbone())
        vision = regressor.Regressor(LAYOUT, pretrained=False)
    language, tokenizer = read_language(write(folder / "m.gguf"))
    add_adapters(language, 3, 6.0)
    net = FaceGPT(vision, language, tokenizer, side=SIZE // 32).eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith(".up"):
                parameter.normal_(0, 0.05)
        net.head.theta.weight.normal_(0, 0.1)
        net.head.spread.weight.normal_(0, 0.1)
        net.head.asked.weight.normal_(0, 0.3)
        torch.nn.init.normal_(vision.head.weight, 0, 0.01)
    return net, folder / "m.gguf"


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (12, 4, 4, 3)).astype(np.uint8)
    return np.ascontiguousarray(smooth.repeat(SIZE // 4, 1).repeat(SIZE // 4, 2))


@pytest.fixture(scope="module")
def exit_head(net):
    """Of the first layer."""
    head = FaceHead(net[0].language.config.width, LAYOUT).eval()
    with torch.no_grad():
        head.theta.weight.normal_(0, 0.1)
        head.spread.weight.normal_(0, 0.1)
    return head


@pytest.fixture(scope="module")
def exported(net, crops, exit_head, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported")
    notes = {"language_sha256": sha256_of(net[1]), "model_sha256": MODEL.sha256, "stage": "talk"}
    said = ["the thin hen", "in"], crops[:8], notes, {1: exit_head}
    return out, export_facegpt.export(net[0], out, SIZE, 3, crops, *said)


@pytest.fixture(scope="module")
def estimators(net, exported, tmp_path_factory):
    """In fp32 and int8."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEGPT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield {
            precision: FaceGPTEstimator(exported[0] / export_facegpt.WEIGHTS_FILE, MODEL, net[1], precision=precision)
            for precision in ("fp32", "int8")
        }


def seen_by(estimator, net, crops):
    """Torch's θ and spread of what the exported vision graph sees: what is left is the language model's."""
    tokens, guess = (torch.from_numpy(part) for part in estimator.see(crops))
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(net, "see", lambda _: (tokens, guess))
        return net.estimate(torch.from_numpy(crops), net.frame_cache())


def test_the_files_hold_what_is_ours_in_half_and_say_what_they_belong_to(exported, net):
    out, report = exported
    assert {path.name for path in out.iterdir()} == {VISION_FILE, export_facegpt.WEIGHTS_FILE}
    with safe_open(str(out / export_facegpt.WEIGHTS_FILE), "np") as file:
        notes, dtypes = file.metadata(), {name: file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert {name.split(".")[0] for name in dtypes} == {"exit", "head", "language", "ours", "projector", "reach"}
    assert not any(name.startswith("vision.") or ".base." in name or "embedding" in name for name in dtypes)
    assert set(report["float16"]) == {"adapters", "head", "ours", "projector"}
    assert set(dtypes.values()) == {np.dtype(np.float16)}
    assert 0 < report["float16_moves_theta"] <= 1e-3
    assert notes["rank"] == "3" and notes["lora_scale"] == "2.0" and notes["stage"] == "talk" and notes["depth"] == "3"
    assert notes["vision_sha256"] == sha256_of(out / VISION_FILE)


def test_the_reach_is_of_what_is_read_behind_the_beginning(exported, net, crops):
    with safe_open(str(exported[0] / export_facegpt.WEIGHTS_FILE), "np") as file:
        held = {name: file.get_tensor(name) for name in file.keys() if name.startswith("reach.")}  # noqa: SIM118
    config = net[0].language.config
    assert len(held) == 4 * config.layers
    seen: list[torch.Tensor] = []
    layer = net[0].language.layers[1]
    hook = layer.mlp.gate.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        with torch.inference_mode():
            net[0].estimate(torch.from_numpy(crops))  # the beginning too
    finally:
        hook.remove()
    (x,) = seen
    before = len(net[0].tokens(prompts.frame_prefix()))
    behind, all_of_it = (part.abs().amax((0, 1)).numpy() for part in (x[:, before:], x))
    assert (held["reach.1.mlp"] >= behind * 0.999).all()  # float16; texts may reach farther
    assert (held["reach.1.mlp"] < all_of_it * 0.99).any()


def test_the_vision_graph_is_int8_where_it_convolves_and_near_torch(exported, net, crops, estimators):
    graph = onnx.load(str(exported[0] / VISION_FILE)).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("Conv") == 3
    makers = {name: node.op_type for node in graph.node for name in node.output}
    quantised = [makers.get(node.input[1]) == "DequantizeLinear" for node in graph.node if node.op_type == "Conv"]
    assert sum(quantised) == 2  # all but placed
    of_places, pooled = (
        [{makers.get(name) for name in node.input[:2]} for node in graph.node if node.op_type == kind]
        for kind in ("MatMul", "Gemm")
    )
    assert of_places == [{"DequantizeLinear"}] * 2
    assert len(pooled) == 3 and not any("DequantizeLinear" in kinds for kinds in pooled)
    with torch.inference_mode():
        tokens, guess = net[0].see(torch.from_numpy(crops))
    got_tokens, got_guess = estimators["fp32"].see(crops)
    assert np.abs(got_guess - guess.numpy()).max() < 0.05
    assert np.abs(got_tokens - tokens.numpy()).mean() < 0.1 * tokens.abs().mean()


@pytest.mark.parametrize(("precision", "bar"), [("fp32", 1e-4), ("int8", 0.05)])
def test_theta_and_spread_are_torchs_for_one_crop_and_for_many(net, crops, estimators, precision, bar):
    estimator = estimators[precision]
    raw, spread = seen_by(estimator, net[0], crops)
    expected = LAYOUT.decode(raw.numpy())
    for part in (slice(0, 1), slice(0, 12)):
        got = estimator.infer(crops[part])
        for name in ("identity", "expression", "albedo", "illumination", "rotation", "offset", "scale", "presence"):
            np.testing.assert_allclose(getattr(got, name), getattr(expected, name)[part], atol=bar, err_msg=name)
        for name, value in spread._asdict().items():
            wanted = np.exp(value.numpy()[part])
            np.testing.assert_allclose(getattr(got.spread, name).reshape(wanted.shape), wanted, rtol=2 * bar)
    assert got.spread.landmarks.shape == (12, 68) and got.spread.shape.shape == (12,)


@pytest.mark.parametrize("asks", [True, False])
def test_answers_are_torchs_with_and_without_an_image(net, crops, estimators, asks, monkeypatch):
    estimator = estimators["fp32"]
    tokens, guess = (torch.from_numpy(part) for part in estimator.see(crops[:1]))
    plain = prompts.chat([("the thin hen", "in"), ("?", "")])
    shift = 30.0 if asks else -30.0
    reads = estimator.reader._read
    monkeypatch.setattr(estimator.reader, "_read", lambda *parts: (r := reads(*parts))._replace(asked=r.asked + shift))
    for parts, seen, shown in ((ASKED, (tokens, guess), crops[:1]), (plain, (None, None), None)):
        with torch.inference_mode():
            out = net[0](net[0].sequences([prompts.to_read(parts)], [0 if shown is not None else -1]), *seen)
        said = estimator.say(parts, shown, limit=12)
        assert (said.raw is not None) == asks
        if asks:
            np.testing.assert_allclose(said.raw, out.raw[0], atol=1e-4)
            np.testing.assert_allclose(said.estimate.spread.landmarks, out.spread.landmarks.exp(), rtol=1e-3)
            assert said.text == prompts.HERE and said.finished and len(said.estimate) == 1
            continue
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(net[0].head.asked.bias, "data", net[0].head.asked.bias.data - 30)
            (expected,) = generate(net[0], [parts], [0 if shown is not None else -1], *seen, limit=12)
        assert said.text and said.text == expected.text and said.finished == expected.finished


def test_an_exit_says_what_torch_says_after_as_few_layers(net, exit_head, crops, exported, estimators, monkeypatch):
    early = net[0].early(1, exit_head)
    monkeypatch.setenv("FACEGPT_CACHE", str(estimators["fp32"].graphs.folder.parent.parent))
    estimator = FaceGPTEstimator(
        exported[0] / export_facegpt.WEIGHTS_FILE, MODEL, net[1], precision="fp32", layers=1
    )
    raw, spread = seen_by(estimator, early, crops)
    said = estimator.reader.frames(*estimator.see(crops))
    np.testing.assert_allclose(said.raw, raw, atol=2e-3 * np.abs(raw).max())
    np.testing.assert_allclose(np.log(said.estimate.spread.landmarks), spread.landmarks, atol=5e-3)
    assert np.abs(said.raw - estimators["fp32"].reader.frames(*estimator.see(crops)).raw).max() > 1e-2


def test_whether_a_face_is_asked_for_is_torchs(net, crops, estimators):
    tokens, guess = (torch.from_numpy(part) for part in estimators["fp32"].see(crops))
    for i in range(4):
        parts = prompts.to_read(prompts.chat([("the thin hen"[: 3 * i + 1], "")], image=True))
        with torch.inference_mode():
            expected = float(net[0](net[0].sequences([parts], [i]), tokens, guess).asked)
        for precision, bar in (("fp32", 1e-3), ("int8", 0.1)):
            speaker = estimators[precision]._speaking()
            read = speaker._read(parts[:-1], tokens[i : i + 1].numpy(), guess[i : i + 1].numpy())
            assert read.asked[0] == pytest.approx(expected, abs=bar * max(1, abs(expected)))


def test_text_is_foreseen_as_torch_does(net, estimators):
    text = "the thin hen in the thing"
    ids = torch.tensor([net[0].tokenizer.encode(text)])
    with torch.inference_mode():
        likely = torch.log_softmax(net[0].say(net[0].foresee(net[0].words(ids)))[0, :-1], -1)
    expected = likely.gather(1, ids[0, 1:, None])[:, 0]
    np.testing.assert_allclose(estimators["fp32"].likelihoods(text), expected, atol=1e-4)
    assert len(estimators["fp32"].likelihoods("t")) == 0


def test_chance_is_seeded_and_limits_hold(estimators):
    def warm(seed, limit=8):
        return estimators["int8"].say(prompts.chat([("in", "")]), limit=limit, temperature=3.0, seed=seed).text

    assert warm(1) == warm(1)
    assert len({warm(seed) for seed in range(5)}) > 1
    assert not estimators["int8"].say(prompts.chat([("in", "")]), limit=1).finished


@pytest.mark.parametrize(
    ("parts", "shown", "options", "error", "says"),
    [
        (ASKED, 0, {}, ConfigError, "room for 1 images, 0 came"),
        (prompts.chat([("in", "")]), 1, {}, ConfigError, "room for 0 images, 1 came"),
        (ASKED, 2, {}, ImageError, "2 crops came with one prompt"),
        ([], 0, {}, ConfigError, "the prompt is empty"),
        (prompts.chat([("q" * 3000, "")]), 0, {}, ConfigError, "together they may be 2048: give a shorter one"),
        (ASKED, 1, {"limit": 0}, ConfigError, "limit is 0"),
        (ASKED, 1, {"temperature": float("nan")}, ConfigError, "temperature nan"),
    ],
)
def test_prompts_without_sense_are_refused(estimators, crops, parts, shown, options, error, says):
    with pytest.raises(error, match=says):
        estimators["int8"].say(parts, crops[:shown] if shown else None, **options)


def test_a_group_that_half_moves_too_far_stays_whole(net, crops, tmp_path, monkeypatch):
    before = net[0].head.theta.weight.clone()
    with torch.no_grad():
        net[0].head.theta.weight[0, 0] = 1e6  # float16 ends at 65504
    tensors = {name: tensor for name, tensor in net[0].state_dict().items() if name.startswith(("head.", "ours"))}
    exact = export_facegpt._estimate(net[0], crops[:2])
    halves, moved = export_facegpt._halve(
        net[0], tensors, lambda: export_facegpt._moved(export_facegpt._estimate(net[0], crops[:2]), exact)
    )
    assert halves == {"ours"} and moved <= 1e-3 and net[0].head.theta.weight[0, 0] == 1e6
    with torch.no_grad():
        net[0].head.theta.weight.copy_(before)
    monkeypatch.setattr(export_facegpt, "MAX_MEGABYTES", 0.01)
    with pytest.raises(WeightsError, match="train a lower --rank"):
        export_facegpt.export(net[0], tmp_path, SIZE, 3, crops, [], crops[:2], {"language_sha256": ""})


def test_only_facegpts_own_model_is_exported(tmp_path, net, monkeypatch):
    import argparse

    monkeypatch.setattr(export_facegpt, "load_checkpoint", lambda _: {"base": "HuggingFaceTB/SmolVLM-256M-Instruct"})
    args = argparse.Namespace(run=tmp_path, out=tmp_path, vision=net[1], language=net[1], photos=[])
    with pytest.raises(WeightsError, match="trained HuggingFaceTB/SmolVLM-256M-Instruct; only FaceGPT's own"):
        export_facegpt.run(args)
