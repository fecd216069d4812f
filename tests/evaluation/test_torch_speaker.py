import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")
pytest.importorskip("efficientnet_lite_pytorch", reason="the tools of training are not installed")

from facegpt_ros.errors import ConfigError, ImageError, WeightsError  # noqa: E402
from facegpt_ros.evaluation.base_language import likelihoods  # noqa: E402
from facegpt_ros.evaluation.open_speaker import open_speaker  # noqa: E402
from facegpt_ros.evaluation.speaker import say_all  # noqa: E402
from facegpt_ros.evaluation.torch_speaker import TorchSpeaker  # noqa: E402
from facegpt_ros.model import prompts  # noqa: E402
from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.generate import generate  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.lora import adapters, add_adapters  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.model.tokenizer import Tokenizer  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training import networks  # noqa: E402
from facegpt_ros.training.warm_start import METADATA_KEY, Outputs  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402

RANK = 4


def build(layout: ThetaLayout, depth: int | None = None) -> FaceGPT:
    torch.manual_seed(4)
    language = LanguageModel(config())
    add_adapters(language, RANK, 2.0 * RANK)
    net = FaceGPT(Regressor(layout, pretrained=False), language, Tokenizer(vocabulary()), side=2, depth=depth).eval()
    with torch.no_grad():
        for _, adapter in adapters(net.language):
            adapter.up.normal_(0, 0.3)
        net.head.theta.weight.normal_(0, 0.1)
    return net


@pytest.fixture(scope="module")
def speaker() -> TorchSpeaker:
    return TorchSpeaker(build(ThetaLayout(7, 5, 3), depth=2), 64, "tiny")


def test_answers_are_those_of_the_network_in_the_order_of_the_prompts(speaker):
    asked = [prompts.chat([(text, "")]) for text in ("the thin thing", "in", "hen hen hen hen", "the")]
    said = speaker.say(asked, limit=6)
    for prompt, answer in zip(asked, said, strict=True):
        alone = generate(speaker.net, [prompt], limit=6)[0]
        assert answer.text == alone.text and answer.finished == alone.finished
        assert (answer.raw is None) == (alone.raw is None)


def test_every_prompt_sees_its_own_picture(speaker):
    rng = np.random.default_rng(1)
    crops = rng.integers(0, 255, (3, 64, 64, 3), np.uint8)
    asked = [prompts.chat([(text, "")], image=True) for text in ("the thin thing", "in", "the")]
    together = speaker.say(asked, crops, limit=4)
    mixed = say_all(speaker, [prompts.chat([("in", "")]), *asked], [None, *crops], limit=4)
    assert [one.text for one in together] == [one.text for one in mixed[1:]]
    with pytest.raises(ImageError, match="3 images and none"):
        speaker.say(asked)
    with pytest.raises(ImageError, match="for 3 prompts"):
        speaker.say(asked, crops[:2])
    with pytest.raises(ImageError, match="float64"):
        speaker.say(asked, crops.astype(float))


def test_text_is_foreseen_as_by_the_language_model_alone_to_its_full_depth(speaker):
    texts, net = ["the thin hen", "in the in", "t"], speaker.net
    bare = LanguageModel(config()).eval()
    bare.load_state_dict(
        {name.replace(".base.", "."): value for name, value in net.language.state_dict().items()
         if not name.endswith((".up", ".down"))}
    )  # fmt: skip
    found = speaker.read(texts)
    expected = likelihoods(texts, net.tokenizer, lambda ids: bare.logits(bare(bare.embed(ids))))
    for text, own, theirs in zip(texts, found, expected, strict=True):
        assert len(own) == len(net.tokenizer.encode(text)) - 1
        np.testing.assert_allclose(own, theirs, atol=1e-4)
    ids = torch.tensor([net.tokenizer.encode(texts[0])])
    with torch.inference_mode():
        likely = torch.log_softmax(bare.logits(bare(bare.embed(ids))), -1)[0]
    assert found[0][1] == pytest.approx(float(likely[1, ids[0, 2]]), abs=1e-4)


def test_a_checkpoint_is_loaded_whole_or_not_at_all(tmp_path, monkeypatch):
    model = MorphableModel.load()
    outputs = Outputs.of(model)
    net = build(outputs.layout)
    state_dict = net.state_dict().items()
    ours = [name for name, _ in state_dict if not name.startswith(("vision.", "language."))]
    held = {name: value for name, value in state_dict if name in ours or name.endswith((".up", ".down"))}
    state = {"ema": held, "size": 64, "rank": RANK, "depth": 0, "frozen": 0, "stage": "talk", "step": 7}
    state[METADATA_KEY] = outputs.to_json()
    monkeypatch.setattr(networks, "load_weights", lambda path: build(outputs.layout).vision)
    monkeypatch.setattr(networks, "read_language", lambda path: (bare(), Tokenizer(vocabulary())))

    def bare():
        torch.manual_seed(4)
        return LanguageModel(config()).eval()

    def saved(**changes):
        torch.save({**state, **changes}, tmp_path / "checkpoint.pt")
        return tmp_path / "checkpoint.pt"

    loaded = open_speaker(saved(), model, vision=tmp_path / "any")
    assert loaded.crop_size == 64 and loaded.layout == outputs.layout and "talk, step 7" in loaded.model_id
    asked = [prompts.chat([("the", "")])]
    assert loaded.say(asked, limit=5)[0].text == TorchSpeaker(net, 64, "").say(asked, limit=5)[0].text
    with pytest.raises(WeightsError, match="another morphable model"):
        open_speaker(saved(**{METADATA_KEY: "{}"}), model, vision=tmp_path / "any")
    with pytest.raises(WeightsError, match="trained with idefics3"):
        open_speaker(saved(base="idefics3 576×30"), model, vision=tmp_path / "any")
    with pytest.raises(WeightsError, match="lacks"):
        open_speaker(saved(ema={k: v for k, v in held.items() if k != "ours"}), model, vision=tmp_path / "any")
    with pytest.raises(WeightsError, match="no FaceGPT"):
        torch.save({"net": {}}, tmp_path / "checkpoint.pt")
        open_speaker(tmp_path / "checkpoint.pt", model)
    with pytest.raises(ConfigError, match="--checkpoint"):
        open_speaker(None, model)
    with pytest.raises(ConfigError, match="checkpoint.pt of"):
        open_speaker(tmp_path / "x.gguf", model)
