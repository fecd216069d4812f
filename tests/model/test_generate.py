import pytest

torch = pytest.importorskip("torch", reason="torch is for training only; it is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")
pytest.importorskip("efficientnet_lite_pytorch", reason="the tools of training are not installed")

from facegpt_ros.model import prompts  # noqa: E402
from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.generate import generate  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.lora import add_adapters  # noqa: E402
from facegpt_ros.model.prompts import HERE  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.model.tokenizer import Tokenizer  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402

FACES, OTHERS = ("in", "the thin"), ("hen?", "hen hen the")


def chat(text, **more):
    return prompts.chat([(text, "")], **more)


@pytest.fixture(scope="module")
def net():
    """Learnt by heart which of these texts ask for a face; its words are as untrained as it is."""
    torch.manual_seed(2)
    language = LanguageModel(config()).requires_grad_(False)
    add_adapters(language, 4, 8.0)
    net = FaceGPT(Regressor(ThetaLayout(7, 5, 3), pretrained=False), language, Tokenizer(vocabulary()), side=2).eval()
    torch.nn.init.normal_(net.head.theta.weight, 0, 0.1)
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 3e-3)
    sequences = net.sequences([prompts.to_read(chat(text)) for text in FACES + OTHERS], [-1] * 4)
    truth = torch.tensor([1.0, 1.0, 0.0, 0.0])
    for _ in range(60):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(sequences).asked, truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1
    return net


def test_a_face_comes_where_it_is_asked_for_and_words_where_not(net):
    asked = [OTHERS[0], FACES[1], FACES[0], OTHERS[1]]
    answers = generate(net, [chat(text) for text in asked], limit=8)
    assert [answer.raw is not None for answer in answers] == [False, True, True, False]
    assert [answer.text == HERE for answer in answers] == [False, True, True, False]
    with torch.inference_mode():
        expected = net(net.sequences([prompts.to_read(chat(text)) for text in asked[1:3]], [-1] * 2)).raw
    torch.testing.assert_close(torch.stack([a.raw for a in answers[1:3]]), expected, atol=1e-4, rtol=1e-3)


def test_words_are_the_language_models_own_which_knows_of_a_picture_the_facts_alone(net):
    crops = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        seen = net.see(crops)
    asked = chat(OTHERS[0], image=True, facts="in the hen")
    (said,) = generate(net, [asked], [0], *seen, limit=6)
    ids = net.tokenizer.template("<|im_start|>user\nin the hen\nhen?<|im_end|>\n<|im_start|>assistant\n")
    plain, tokens = LanguageModel(config()), []
    held = net.language.state_dict().items()
    plain.load_state_dict({n.replace(".base.", "."): v for n, v in held if not n.endswith((".up", ".down"))})
    with torch.inference_mode():
        for _ in range(6):
            hidden = plain(plain.embed(torch.tensor([[*ids, *tokens]])))
            tokens.append(int(plain.logits(hidden[:, -1]).argmax(1)))
    assert said.raw is None and said.text == net.tokenizer.decode(tokens).strip()


def test_an_answer_about_an_image_begins_at_its_guess(net):
    crops = torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        tokens, guess = net.see(crops)
        sequences = net.sequences([prompts.to_read(chat("in", image=True))] * 2, [1, 0])
        raw = net(sequences, tokens, guess + 5).raw
    assert (raw - net.mean).abs().mean() > 1


def test_a_limit_ends_an_answer_and_temperature_is_seeded(net):
    asked = [chat(OTHERS[0])]
    assert not generate(net, asked, limit=2)[0].finished

    def warm(seed):
        return generate(net, asked, limit=12, temperature=5.0, generator=torch.Generator().manual_seed(seed))[0].text

    assert warm(1) == warm(1)
    assert len({warm(seed) for seed in range(4)}) > 1
