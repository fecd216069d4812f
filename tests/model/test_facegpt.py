import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")
pytest.importorskip("efficientnet_lite_pytorch", reason="the tools of training are not installed")

from facegpt_ros.model import prompts  # noqa: E402
from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.lora import adapters, add_adapters  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.model.tokenizer import Tokenizer  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402


@pytest.fixture(scope="module")
def facegpt():
    torch.manual_seed(5)
    vision = Regressor(ThetaLayout(7, 5, 3), pretrained=False)
    torch.nn.init.normal_(vision.head.weight, 0, 0.05)
    return FaceGPT(vision, LanguageModel(config()), Tokenizer(vocabulary()), side=2).eval()


@pytest.fixture(scope="module")
def crops():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8))


@pytest.fixture
def trained(facegpt):
    """With a head that says something."""
    torch.manual_seed(6)
    with torch.no_grad():
        facegpt.head.theta.weight.normal_(0, 0.1)
    yield facegpt
    torch.nn.init.zeros_(facegpt.head.theta.weight)


@torch.inference_mode()
def test_an_untrained_one_says_what_the_vision_encoder_says(facegpt, crops):
    raw, spread = facegpt.estimate(crops)
    torch.testing.assert_close(raw, facegpt.vision(crops))
    assert spread.landmarks.shape == (3, 68)
    assert spread.expression.shape == (3, 5)


@torch.inference_mode()
def test_the_cached_prompt_says_the_same(trained, crops):
    plain, spread = trained.estimate(crops)
    cached, other = trained.estimate(crops, trained.frame_cache())
    assert (plain - trained.vision(crops)).abs().max() > 1e-3
    torch.testing.assert_close(cached, plain, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(other.landmarks, spread.landmarks, atol=1e-4, rtol=1e-3)


@torch.inference_mode()
def test_a_face_from_words_begins_at_the_mean_and_hears_the_words(trained):
    chats = [prompts.to_read(prompts.chat([(text, "")])) for text in ("an old man", "a smile")]
    sequences = trained.sequences(chats, [-1, -1])
    raw = trained(sequences).raw
    assert sequences.face[:, 0].tolist() == [0, 1]
    assert (raw[0] - raw[1]).abs().max() > 1e-4
    torch.nn.init.zeros_(trained.head.theta.weight)
    torch.testing.assert_close(trained(sequences).raw, trained.mean.expand(2, -1))


@torch.inference_mode()
def test_padding_and_neighbours_change_nothing(trained, crops):
    tokens, guess = trained.see(crops)
    mixed = [
        prompts.to_read(prompts.chat([("who?", "")], image=True)),
        prompts.frame(),
        prompts.to_read(prompts.chat([("a very long request " * 3, "")])),
    ]
    together = trained(trained.sequences(mixed, [2, 0, -1]), tokens, guess).raw
    for i, row in enumerate([2, 0, -1]):
        alone = trained(trained.sequences([mixed[i]], [row]), tokens, guess).raw
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-3)


def test_every_part_gets_a_gradient_from_the_face(trained, crops):
    trained.zero_grad()
    trained.estimate(crops)[0].square().mean().backward()
    for part in (
        trained.projector,
        trained.ours,
        trained.head.theta,
        trained.language.layers[0],
        trained.vision.placed,
    ):
        parameters = [part] if isinstance(part, torch.nn.Parameter) else list(part.parameters())
        assert all(p.grad is not None and p.grad.abs().max() > 0 for p in parameters), part


@torch.inference_mode()
def test_words_are_the_language_models_own_whatever_its_adapters_learnt():
    torch.manual_seed(7)
    language = LanguageModel(config())
    ids = torch.randint(0, 200, (2, 9))
    before = language.logits(language(language.embed(ids)))
    add_adapters(language.layers[1:2], 3, 6.0)
    net = FaceGPT(Regressor(ThetaLayout(7, 5, 3), pretrained=False), language, Tokenizer(vocabulary()), 2, 2).eval()
    for _, adapter in adapters(language):
        adapter.up.normal_(0, 0.3)
    x = net.words(ids)
    torch.testing.assert_close(net.say(net.foresee(x)), before)
    deep, cut = net.read(x), language(x, depth=2)
    torch.testing.assert_close(deep, cut)
    assert (net.read(x) - language(x)).abs().max() > 0.1
    for _, adapter in adapters(language):
        adapter.up.zero_()
    assert (net.read(x) - deep).abs().max() > 1e-3  # the adapters did something
