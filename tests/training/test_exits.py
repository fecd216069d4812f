from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")
pytest.importorskip("tokenizers", reason="training needs tokenizers")

from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model.facegpt import FaceGPT  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.model.tokenizer import Tokenizer  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training import exits  # noqa: E402
from facegpt_ros.training.exits import ExitOptions, ExitTrainer, read_exits  # noqa: E402
from facegpt_ros.training.loop import CHECKPOINT  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402

MODEL = MorphableModel.load()


@pytest.fixture(scope="module")
def teacher():
    """A network whose last layer adds something to the first guess."""
    torch.manual_seed(0)
    vision = Regressor(ThetaLayout.of(MODEL), pretrained=False)
    net = FaceGPT(vision, LanguageModel(config(32)), Tokenizer(vocabulary()), side=2).eval()
    with torch.no_grad():
        net.head.theta.weight.normal_(0, 0.3)
        net.head.spread.weight.normal_(0, 0.05)
    return net


@pytest.fixture
def options(tmp_path, monkeypatch):
    monkeypatch.setattr(exits, "_FIRST", 16)
    start = tmp_path / "taught.pt"
    torch.save({}, start)
    return ExitOptions(
        tmp_path / "exits", [], size=64, batch=8, steps=60, lr=5e-3, layers=(2, 1), start_from=start, threads=1,
        workers=0, evaluate_every=10**6,
    )  # fmt: skip


def test_exits_learn_what_the_last_layer_says_and_the_network_stays(options, teacher):
    trainer = ExitTrainer(options, MODEL, teacher)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    first = {name: value.item() for name, value in trainer._terms(trainer._kept).items()}
    for _ in range(6):
        last = trainer.update(trainer.dataset()[0])
    for count in (1, 2):
        assert first[f"theta.{count}"] > 0.5, "at first an exit says the first guess"
        assert last[f"theta.{count}"] < 0.3 * first[f"theta.{count}"]
        assert last[f"spread.{count}"] < 0.3 * first[f"spread.{count}"]
    assert all(torch.equal(tensor, before[name]) for name, tensor in teacher.state_dict().items())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_an_early_reader_is_the_network_cut_short(options, teacher):
    trainer = ExitTrainer(options, MODEL, teacher)
    crops = trainer.dataset()[0]["crops"]
    head = trainer.net.of(1)
    early = teacher.early(1, head)
    with torch.inference_mode():
        one, _ = early.estimate(crops, early.frame_cache())
        tokens, guess = teacher.see(crops)
        ids, image, face = teacher.frame_sequences(len(crops))
        state = teacher.language(teacher.embed(ids, image, tokens), None, 1)[face[:, 0], face[:, 1]]
        torch.testing.assert_close(one, head(state, guess).raw)
        torch.testing.assert_close(trainer._read(crops)["1"], state)
    assert (teacher.depth, early.depth) == (3, 1) and early.vision is teacher.vision and teacher.head is not head


def test_a_run_resumes_and_its_exits_are_for_its_network_alone(options, teacher, tmp_path, monkeypatch):
    monkeypatch.setattr("facegpt_ros.training.exits.trained", lambda *_: (teacher, {}))
    trainer = ExitTrainer(options, MODEL)
    trainer.advance(trainer.dataset()[0])
    trainer.save()
    assert ExitTrainer(options, MODEL).step == 1
    path = options.out / CHECKPOINT
    heads = read_exits(path, teacher, options.start_from)
    assert set(heads) == {1, 2}
    for count, head in heads.items():
        for name, tensor in trainer.ema.of(count).state_dict().items():
            assert torch.equal(head.state_dict()[name], tensor)
    with pytest.raises(WeightsError, match="has other exits"):
        ExitTrainer(replace(options, layers=(1,)), MODEL)
    torch.save({"later": 1}, options.start_from)
    with pytest.raises(WeightsError, match="has no exits of .*taught.pt; run `facegpt train exits"):
        read_exits(path, teacher, options.start_from)
    with pytest.raises(WeightsError, match="is of another network"):
        ExitTrainer(options, MODEL)


def test_options_without_sense_are_named(options, teacher):
    with pytest.raises(ConfigError, match="give one or more numbers from 1"):
        replace(options, layers=())
    with pytest.raises(ConfigError, match="as --start-from"):
        replace(options, start_from=None)
    with pytest.raises(ConfigError, match=r"layers are \[3\]; 3 read a face, give fewer"):
        ExitTrainer(replace(options, layers=(3,)), MODEL, teacher)
