import json
import shutil
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")
pytest.importorskip("transformers", reason="transformers is for larger models only; it is not installed")

from facegpt_ros.errors import ImageError, WeightsError  # noqa: E402
from facegpt_ros.model import prompts  # noqa: E402
from facegpt_ros.model.generate import generate  # noqa: E402
from facegpt_ros.model.hub_files import hub_folder  # noqa: E402
from facegpt_ros.model.hub_pixels import HubPixels  # noqa: E402
from facegpt_ros.model.hub_vlm import HubVLM  # noqa: E402
from facegpt_ros.model.lora import adapters, merge_adapters  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from tests.model.tiny_hub import KINDS, save_tiny  # noqa: E402

LAYOUT = ThetaLayout(7, 5, 3)
IMAGE_TOKENS = {"idefics3": 4, "smolvlm": 4, "llava": 16}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    return {kind: save_tiny(root / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def nets(folders):
    torch.manual_seed(1)
    nets = {kind: HubVLM.load(str(folder), LAYOUT) for kind, folder in folders.items()}
    for net in nets.values():
        torch.nn.init.normal_(net.head.theta.weight, 0, 0.3)
    return nets


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def net(nets, kind):
    return nets[kind]


@pytest.fixture(scope="module")
def crops():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8))


@torch.inference_mode()
def test_a_face_begins_at_the_mean_and_the_image_moves_it(net, kind, crops):
    image_tokens, guess = net.see(crops)
    assert image_tokens.shape == (3, IMAGE_TOKENS[kind], 32)
    assert torch.equal(guess, net.mean.expand(3, -1))
    raw, spread = net.estimate(crops)
    assert raw.shape == (3, LAYOUT.size)
    assert spread.landmarks.shape == (3, 68)
    assert (raw - net.mean).abs().max() > 1e-2
    assert (raw[0] - raw[1]).abs().max() > 1e-3


@torch.inference_mode()
def test_all_is_as_the_whole_model_of_transformers_reads_it(net, kind, crops):
    ids, image, _ = net.sequences([prompts.chat([("in the", "thin")], image=True)], [0])
    tokens, _ = net.see(crops)
    hidden = net.read(net.embed(ids, image, tokens))
    hub, ids = net.language, ids.clone()
    ids[ids == -1] = hub.config.image_token_id
    pixels = net.pixels(crops[:1])
    theirs = hub(input_ids=ids, pixel_values=pixels if kind == "llava" else pixels[:, None], use_cache=False).logits
    torch.testing.assert_close(net.say(hidden), theirs, atol=1e-4, rtol=1e-3)


@torch.inference_mode()
def test_words_alone_say_a_face(net):
    chats = [prompts.to_read(prompts.chat([(text, "")])) for text in ("an old man", "a smile")]
    raw = net(net.sequences(chats, [-1, -1])).raw
    assert (raw[0] - raw[1]).abs().max() > 1e-3


@torch.inference_mode()
def test_the_cached_prompt_padding_and_neighbours_change_nothing(net, crops):
    plain, spread = net.estimate(crops)
    cached, other = net.estimate(crops, net.frame_cache())
    torch.testing.assert_close(cached, plain, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(other.landmarks, spread.landmarks, atol=1e-4, rtol=1e-3)
    tokens, guess = net.see(crops)
    long, short = (prompts.chat([(text, "")], image=image) for text, image in (("who? " * 9, True), ("hen", False)))
    mixed = [prompts.frame(), prompts.to_read(long), prompts.to_read(short)]
    together = net(net.sequences(mixed, [1, 0, -1]), tokens, guess).raw
    torch.testing.assert_close(together[0], plain[1], atol=1e-4, rtol=1e-3)
    for i, row in enumerate([1, 0, -1]):
        alone = net(net.sequences([mixed[i]], [row]), tokens, guess).raw
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-3)


@torch.inference_mode()
def test_answers_are_what_reading_the_whole_again_says(net):
    asked = prompts.chat([("in the", "")])
    answer = generate(net, [asked], limit=6)[0]
    ids, said = net.tokens(asked), []
    for _ in range(6):
        hidden = net.foresee(net.words(torch.tensor([[*ids, *said]])))
        said.append(int(net.say(hidden[:, -1]).argmax(1)))
        if said[-1] == net.tokenizer.end:
            break
    assert answer.text == net.tokenizer.decode([i for i in said if i != net.tokenizer.end]).strip()


def test_adapters_are_on_the_language_model_alone_and_merge(folders, kind, crops):
    net = HubVLM.load(str(folders[kind]), LAYOUT)
    torch.nn.init.normal_(net.head.theta.weight, 0, 0.3)
    before, _ = net.estimate(crops)
    assert net.add_adapters(rank=4, alpha=8) == 7 * 2
    torch.testing.assert_close(net.estimate(crops)[0], before)
    net.estimate(crops)[0].square().mean().backward()
    learnt = {name for name, p in net.named_parameters() if p.grad is not None}
    assert all(name.startswith("head.") or name == "ours" or name.endswith((".up", ".down")) for name in learnt)
    assert not any("vision" in name or "connector" in name or "projector" in name for name in learnt)
    with torch.inference_mode():
        for _, adapter in adapters(net):
            adapter.up.normal_(0, 0.2)
        changed, _ = net.estimate(crops)
        assert (changed - before).abs().max() > 1e-2
        assert merge_adapters(net) == 14
        torch.testing.assert_close(net.estimate(crops)[0], changed, atol=1e-4, rtol=1e-3)


@torch.inference_mode()
def test_fewer_layers_and_half_precision_run(folders, kind, crops, net):
    with pytest.raises(WeightsError, match="depth is 3; the model has 2 layers"):
        HubVLM.load(str(folders[kind]), LAYOUT, depth=3)
    short = HubVLM.load(str(folders[kind]), LAYOUT, depth=1)
    short.head.load_state_dict(net.head.state_dict())
    words = net.words(torch.arange(9)[None])
    torch.testing.assert_close(short.foresee(words), net.foresee(words))  # words take all layers
    assert (short.read(words) - net.read(words)).abs().max() > 1e-3
    assert (short.estimate(crops)[0] - net.estimate(crops)[0]).abs().max() > 1e-3
    half = HubVLM.load(str(folders[kind]), LAYOUT, dtype=torch.bfloat16)
    half.precision = torch.bfloat16
    half.load_state_dict({k: v for k, v in net.state_dict().items() if k.startswith(("head.", "ours"))}, strict=False)
    assert half.base == net.base
    assert half.ours.dtype == torch.float32
    near, far = half.estimate(crops, half.frame_cache())[0], net.estimate(crops)[0]
    assert near.dtype == torch.float32
    assert (near - far).abs().mean() < 0.1 * (far - net.mean).abs().mean()


def test_a_given_vision_encoder_says_first_guesses(folders, crops):
    pytest.importorskip("efficientnet_lite_pytorch", reason="the tools of training are not installed")
    from facegpt_ros.model.regressor import Regressor

    vision = Regressor(LAYOUT, pretrained=False).eval()
    torch.nn.init.normal_(vision.head.weight, 0, 0.05)
    net = HubVLM.load(str(folders["llava"]), LAYOUT, vision)
    with torch.inference_mode():
        torch.testing.assert_close(net.estimate(crops)[0], vision(crops))


def test_pixels_are_as_the_processor_says(folders, crops):
    pixels = HubPixels.of(folders["llava"], 64)(crops)
    rgb = crops.numpy()[..., ::-1].transpose(0, 3, 1, 2) / 255
    expected = (rgb - np.reshape([0.5, 0.4, 0.3], (3, 1, 1))) / np.reshape([0.5, 0.25, 0.2], (3, 1, 1))
    np.testing.assert_allclose(pixels.numpy(), expected, atol=1e-5)
    flat = torch.full((1, 64, 64, 3), 255, dtype=torch.uint8)
    small = HubPixels.of(folders["llava"], 32)(flat)
    np.testing.assert_allclose(small[0, :, 5, 5].numpy(), [1, 2.4, 3.5], atol=1e-5)
    with pytest.raises(ImageError, match="float32"):
        HubPixels.of(folders["llava"], 32)(flat.float())
    with pytest.raises(ImageError, match="give uint8"):
        HubPixels.of(folders["llava"], 32)(flat[:, :32])


def test_what_is_missing_or_unknown_is_named(folders, tmp_path, monkeypatch):
    def copy(name, **changes):
        folder = tmp_path / name
        shutil.copytree(folders["llava"], folder)
        config = json.loads((folder / "config.json").read_text()) | changes
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    def refused(folder, match):
        with pytest.raises(WeightsError, match=match):
            HubVLM.load(str(folder), LAYOUT)

    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "config.json is missing")
    refused(copy("other", model_type="qwen2_vl"), "model_type is 'qwen2_vl'; known are idefics3, smolvlm, llava")
    for name, match in (
        ("model.safetensors", "holds no safetensors"),
        ("tokenizer.json", "tokenizer.json is missing"),
        ("preprocessor_config.json", "preprocessor_config.json is missing"),
    ):
        folder = copy(f"no_{name}")
        (folder / name).unlink()
        refused(folder, match)
    broken = copy("broken")
    (broken / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00nonsense")
    refused(broken, "holds no such model")
    (broken / "config.json").write_text("[1]")
    refused(broken, "holds list, not an object")
    deviant = copy("deviant")
    (deviant / "preprocessor_config.json").write_text('{"image_mean": 0.5, "image_std": [1, 1, 0]}')
    refused(deviant, "image_mean is 0.5")
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused(folders["llava"], "transformers cannot be imported; larger models need `pip install")


def test_weights_that_lack_some_are_refused(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(folders["idefics3"], tmp_path / "less")
    state = load_file(str(folder / "model.safetensors"))
    name = next(name for name in state if "connector" in name)
    del state[name]
    save_file(state, str(folder / "model.safetensors"), {"format": "pt"})
    with pytest.raises(WeightsError, match="its weights lack"):
        HubVLM.load(str(folder), LAYOUT)


def test_a_hub_id_without_a_network_says_what_to_do(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="nobody/nothing: no such folder here, and it cannot be had from the hub"):
        hub_folder("nobody/nothing")
    for name in ("", "/nowhere/at/all", "a b/c"):
        with pytest.raises(WeightsError, match="neither a folder nor a hub id"):
            hub_folder(name)
