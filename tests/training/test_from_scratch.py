"""A few minutes of training from scratch lower every loss on crops and words that were not trained on.

That they fall on what is trained on, test_regressor.py and test_facegpt.py show in seconds. Photos are renders whose
landmarks are known, so this needs no data; batches are those of a real run, each drawn once.
"""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")
pytest.importorskip("tokenizers", reason="training needs tokenizers")

from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.regressor import Regressor  # noqa: E402
from facegpt_ros.model.tokenizer import Tokenizer  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.batches import Batches  # noqa: E402
from facegpt_ros.training.export import save_weights  # noqa: E402
from facegpt_ros.training.face_batches import FaceBatches  # noqa: E402
from facegpt_ros.training.facegpt import FaceTrainer  # noqa: E402
from facegpt_ros.training.facegpt_options import FaceGPTOptions  # noqa: E402
from facegpt_ros.training.loop import CHECKPOINT  # noqa: E402
from facegpt_ros.training.regressor import Trainer, TrainingOptions  # noqa: E402
from facegpt_ros.training.stages import STAGES  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402
from tests.training.rendered_photos import write_rendered_photos  # noqa: E402

SIZE = 64  # px
BATCH = 12  # of FaceGPT
#: Of each stage: steps, learning rate, and the stage whose end it begins with, as in a real run.
COURSE = {"words": (60, 1e-2, ""), "align": (140, 1e-2, ""), "look": (90, 1e-2, "align"), "talk": (50, 5e-3, "look")}
SEED = 0

#: They are 0 where a run begins, at the mean face: priors, which hold back what the others ask for; what differs
#: between two pictures of one person, or two views of one picture; and what no word speaks of.
ZERO_AT_FIRST = {f"photos.{name}" for name in ("identity", "expression", "albedo", "white_light", "range")}
ZERO_AT_FIRST |= {"renders.range", "renders.twins", "words.rest", "photos.symmetry"}
ZERO_AT_FIRST |= {f"photos.same_{name}" for name in ("shape", "expression", "albedo")}
#: Losses that need not fall here, and why.
SLOW_IN_THE_CNN = {
    "renders.shape": "faces differ by millimetres, the faintest signal in a crop of 64 px: thousands of steps",
    "renders.vertices": "shape and expression in mm: of three runs with other seeds two were below the mean face",
    "renders.identity": "counts every coefficient alike, also those that no such crop shows",
    "renders.albedo": "as identity; the skin that is seen falls as colour",
    "renders.scale": "crops are framed alike: what is left to learn is a tenth, seen after turn and place",
    "photos.openings": "eyes and lips are open by a few pixels of 64",
    "renders.shading": "light is told apart after the skin it falls on",
}
_AFTER_POSE = "pose comes first: with a frozen encoder and this tiny language model it takes all of these steps"
_BYTES = "the tiny language model reads bytes and not words: it learns how faces from words are on average, not which"
SLOW_IN_FACEGPT = {
    **SLOW_IN_THE_CNN,
    "renders.colour": _AFTER_POSE,
    "photos.same_landmarks": "the mean face lies still, nearly where both views have one; who looks errs in both",
    "renders.expression_spread": "of absolute errors, which grow when squared ones fall: most actions are 0 in a face",
    "words.axes": _BYTES,
    "words.vertices": _BYTES,
    "words.expression": _BYTES,
    "words.albedo": _BYTES,
    "words.colour": _BYTES,
    "asked": "in talk as many ask as do not, so their share tells nothing; test_facegpt.py shows that it is learnt",
}


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


@pytest.fixture(scope="module")
def photos(tmp_path_factory, model):
    """A folder to train on, and one of other people."""
    folder = tmp_path_factory.mktemp("photos")
    return [
        write_rendered_photos(folder / name, model, count, seed)
        for name, count, seed in (("train", 48, SEED + 1), ("held_out", 24, SEED + 101))
    ]


@torch.no_grad()
def measured(trainer: Trainer | FaceTrainer, held_out: list) -> dict[str, float]:
    """Losses of the averaged weights, as inference runs them."""
    torch.manual_seed(SEED)  # photos are seen again alike before and after
    learnt, trainer.net = trainer.net, trainer.ema
    trainer.ema.train = lambda mode=True: trainer.ema
    trainer.descend = lambda loss: None
    try:
        terms = [trainer.update(held) for held in held_out]
    finally:
        trainer.net = learnt
        del trainer.descend, trainer.ema.train
    return {name: sum(each[name] for each in terms) / len(terms) for name in terms[0]}


def check(before: dict[str, float], after: dict[str, float], slow: dict[str, str]) -> None:
    """Every loss has fallen but for those that are named above."""
    assert before.keys() == after.keys()
    told = "\n".join(f"{name:28} {before[name]:9.4f} {after[name]:9.4f}" for name in before)
    print(told)
    risen = [name for name in before if name not in {*ZERO_AT_FIRST, *slow} and after[name] >= before[name]]
    assert not risen, f"{risen} did not fall:\n{told}"
    assert all(before[name] == pytest.approx(0, abs=1e-6) for name in ZERO_AT_FIRST & before.keys())


@pytest.fixture(scope="module")
def cnn(tmp_path_factory, model, photos):
    """A CNN that has learnt for a while, and its losses before and after."""
    steps, batch = 300, 16
    options = TrainingOptions(
        tmp_path_factory.mktemp("cnn"), [photos[0]], size=SIZE, batch=batch, steps=steps, lr=4e-4, seed=SEED,
        workers=0, cool_down=0.8, photometric_every=1,
    )  # fmt: skip
    trainer = Trainer(options, model)
    source = Batches(model, [photos[1]], SIZE, batch, options.photo_share, seed=999, steps=4)
    held_out = [source[i] for i in range(len(source))]

    before = measured(trainer, held_out)
    for drawn in trainer.batches(0):
        trainer.advance(drawn)
    return trainer.ema, before, measured(trainer, held_out)


def test_the_cnn_lowers_each_loss(cnn):
    check(*cnn[1:], SLOW_IN_THE_CNN)


@pytest.fixture(scope="module")
def eyes(tmp_path_factory, cnn):
    """The trained CNN with an untrained output: it says the mean face; what is better came by the language model."""
    net = cnn[0]
    fresh = Regressor(net.layout, pretrained=False).state_dict()
    state = {
        name: fresh[name] if name.startswith(("head.", "refine.2.")) else value
        for name, value in net.state_dict().items()
    }
    path = tmp_path_factory.mktemp("eyes") / "regressor.safetensors"
    save_weights(state, path, {"layout": net.layout.to_json()})
    return path


def tiny_language() -> tuple[LanguageModel, Tokenizer]:
    """Its random layers weigh more against its embeddings than torch would have it: pictures get through to <FACE>."""
    language = LanguageModel(config(width=32))
    for name, parameter in language.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, 0, 0.1 if name.startswith("embedding") else 0.3)
    return language, Tokenizer(vocabulary())


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Where the run of each stage lies; those that were trained hold a checkpoint."""
    return {stage: tmp_path_factory.mktemp(stage) for stage in STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_of_facegpt_leaves_each_loss_lower_than_an_untrained_network_has_it(
    stage, model, photos, eyes, runs, tmp_path
):
    steps, lr, before_it = COURSE[stage]
    if before_it and not (runs[before_it] / CHECKPOINT).exists():
        pytest.skip(f"begins with what stage {before_it} has learnt, whose test did not run before")

    def trainer(out: Path, start_from: Path | None) -> FaceTrainer:
        torch.manual_seed(SEED)
        options = FaceGPTOptions(
            out, [photos[0]], size=SIZE, batch=BATCH, steps=steps, lr=lr, seed=SEED, workers=0, cool_down=0.6,
            stage=stage, vision=eyes, rank=4, start_from=start_from,
        )  # fmt: skip
        return FaceTrainer(options, model, tiny_language())

    untrained = trainer(tmp_path, None)
    learning = trainer(runs[stage], runs[before_it] / CHECKPOINT if before_it else None)
    frames = Batches(model, [photos[1]], SIZE, BATCH, learning.options.photo_share, 999, 4, learning._twins)
    source = FaceBatches(frames, STAGES[stage])
    held_out = [source[i] for i in range(len(source))]
    begun = measured(learning, held_out)
    for drawn in learning.batches(0):
        learning.advance(drawn)
    learning.save()
    after = measured(learning, held_out)
    check(measured(untrained, held_out), after, SLOW_IN_FACEGPT)
    assert after["total"] < begun["total"], "the stage itself taught nothing"
