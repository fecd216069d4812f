import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")
pytest.importorskip("efficientnet_lite_pytorch", reason="the tools of training are not installed")

from facegpt_ros.model import prompts  # noqa: E402
from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.generate import generate  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.model.tokenizer import FACE, Tokenizer  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402

ANSWER = f"in {FACE} the"


@pytest.fixture(scope="module")
def net():
    """Learnt by heart: says ANSWER to every request."""
    torch.manual_seed(2)
    vision = Regressor(ThetaLayout(7, 5, 3), pretrained=False)
    net = FaceGPT(vision, LanguageModel(config()), Tokenizer(vocabulary()), side=2).eval()
    torch.nn.init.normal_(net.head.theta.weight, 0, 0.1)
    learns = [*net.language.parameters(), net.ours]
    optimiser = torch.optim.Adam(learns, 3e-3)
    chats = [prompts.chat([(text, ANSWER)]) for text in ("in", "the thin", "hen?")]
    sequences = net.sequences(chats, [-1] * 3)
    asked = sequences.learnt[:, 1:]
    for _ in range(60):
        said = net.logits(net(sequences).hidden[:, :-1][asked])
        loss = torch.nn.functional.cross_entropy(said, sequences.ids[:, 1:][asked])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1
    return net


def test_answers_come_in_order_end_by_themselves_and_hold_their_face(net):
    asked = ["hen?", "in", "the thin"]
    answers = generate(net, [prompts.chat([(text, "")]) for text in asked], limit=20)
    assert [answer.text for answer in answers] == ["in  the"] * 3
    assert all(answer.finished and answer.raw is not None for answer in answers)
    whole = net.sequences([prompts.chat([(text, ANSWER)]) for text in asked], [-1] * 3)
    with torch.inference_mode():
        expected = net(whole).raw
    torch.testing.assert_close(torch.stack([a.raw for a in answers]), expected, atol=1e-4, rtol=1e-3)


def test_an_answer_about_an_image_begins_at_its_guess(net):
    crops = torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        tokens, guess = net.see(crops)
    asked = [prompts.chat([("in", "")], image=True)] * 2
    a, b = generate(net, asked, [1, 0], tokens, guess + 5, limit=20)
    for answer in (a, b):
        if answer.raw is not None:
            assert (answer.raw - net.mean).abs().mean() > 1


def test_a_limit_ends_an_answer_and_temperature_is_seeded(net):
    asked = [prompts.chat([("in", "")])]
    cut = generate(net, asked, limit=2)[0]
    assert not cut.finished

    def warm(seed):
        return generate(net, asked, limit=12, temperature=5.0, generator=torch.Generator().manual_seed(seed))[0].text

    assert warm(1) == warm(1)
    assert len({warm(seed) for seed in range(4)}) > 1
