import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")
pytest.importorskip("tokenizers", reason="training needs tokenizers")

from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.language.facts import face_facts, find  # noqa: E402
from facegpt_ros.model.language_model import LanguageModel  # noqa: E402
from facegpt_ros.model.lora import adapters  # noqa: E402
from facegpt_ros.model.tokenizer import FACE, Tokenizer  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.batches import Batches  # noqa: E402
from facegpt_ros.training.conversations import Talk, beside, face_of  # noqa: E402
from facegpt_ros.training.face_batches import FaceBatches  # noqa: E402
from facegpt_ros.training.facegpt import FaceTrainer  # noqa: E402
from facegpt_ros.training.facegpt_options import FaceGPTOptions  # noqa: E402
from facegpt_ros.training.loop import CHECKPOINT, load_checkpoint  # noqa: E402
from facegpt_ros.training.losses import total  # noqa: E402
from facegpt_ros.training.spread_loss import angles, negative_log_likelihood  # noqa: E402
from facegpt_ros.training.stages import STAGES, Stage  # noqa: E402
from tests.model.tiny_language import config, vocabulary  # noqa: E402


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


@pytest.fixture(scope="module")
def batch(model):
    frames = Batches(model, [], 64, 6, 0.25, seed=3, steps=10, twins=2)
    return FaceBatches(frames, Stage("", True, texts=4, others=3))[0]


@pytest.fixture(scope="module")
def words(model):
    frames = Batches(model, [], 64, 6, 0.25, seed=3, steps=10)
    return FaceBatches(frames, Stage("", True, frames=False, texts=4, others=1))[0]


def trainer(out, model, **changes) -> FaceTrainer:
    torch.manual_seed(1)
    language = LanguageModel(config(width=32)), Tokenizer(vocabulary())
    options = {"size": 64, "batch": 6, "steps": 10, "workers": 0, "rank": 4, "threads": 1, **changes}
    return FaceTrainer(FaceGPTOptions(out, [], **options), model, language)


def test_each_stage_lowers_its_loss_and_learns_only_what_it_should(tmp_path, model, batch, words):
    for stage, about in STAGES.items():
        run = trainer(tmp_path / stage, model, stage=stage, lr=3e-3, steps=10_000)
        run.elapsed, before = 0.0, {name: p.clone() for name, p in run.net.named_parameters()}
        losses = [run.advance(batch if about.frames else words)["total"] for _ in range(8)]
        assert losses[-1] < losses[0] - 0.02, stage
        moved = {name.split(".")[0] for name, p in run.net.named_parameters() if not torch.equal(p, before[name])}
        seeing = {"projector", "ours"} if about.frames else set()
        assert moved == {"head"} | seeing | ({"language"} if about.adapters else set())
        assert not any(
            ".base." in name or name.startswith("vision.")
            for name, p in run.net.named_parameters()
            if p.grad is not None
        )


def test_a_checkpoint_holds_what_is_ours_alone_and_resumes(tmp_path, model, batch):
    first = trainer(tmp_path, model, stage="look")
    first.advance(batch)
    first.save()
    held = load_checkpoint(tmp_path / CHECKPOINT)["net"]
    assert {name.split(".")[0] for name in held} == {"projector", "ours", "head", "language"}
    assert all(name.endswith((".up", ".down")) for name in held if name.startswith("language."))
    second = trainer(tmp_path, model, stage="look")
    assert second.step == 1
    first.advance(batch)
    second.advance(batch)
    assert torch.allclose(first.net.head.theta.weight, second.net.head.theta.weight, atol=1e-7)


def test_the_next_stage_starts_from_the_one_before(tmp_path, model, batch):
    first = trainer(tmp_path / "a", model)
    first.advance(batch)
    first.save()
    path = tmp_path / "a" / CHECKPOINT
    second = trainer(tmp_path / "b", model, stage="look", start_from=path)
    assert second.step == 0
    assert torch.equal(second.net.head.theta.weight, first.ema.head.theta.weight)
    with pytest.raises(WeightsError, match="rank 4"):
        trainer(tmp_path / "c", model, rank=8, start_from=path)


def test_a_run_goes_on_from_exported_weights(tmp_path, model, batch):
    from safetensors.torch import save_file

    first = trainer(tmp_path / "a", model, stage="look")
    first.advance(batch)
    held = {name: value.half().contiguous() for name, value in first.ema.state_dict().items() if first.held(name)}
    notes = {name: str(value) for name, value in {**first.identity(), "step": 1}.items()}
    path = tmp_path / "facegpt.safetensors"
    save_file(held, str(path), notes)
    second = trainer(tmp_path / "b", model, stage="talk", start_from=path)
    for name, value in second.net.state_dict().items():
        if second.held(name):
            assert torch.equal(value, held[name].float()), name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsError, match=r"facegpt\.safetensors holds no FaceGPT"):
        trainer(tmp_path / "c", model, stage="talk", start_from=path)


def test_conversations_are_read_in_groups_of_one_length_and_faces_keep_their_order(tmp_path, model, batch):
    run = trainer(tmp_path, model, stage="talk")
    talk = batch.talk
    groups = run.net.alike(talk.parts, 5)
    assert sorted(i for group in groups for i in group) == list(range(len(talk.parts)))
    lengths = [[len(run.net.tokens(talk.parts[i])) for i in group] for group in groups]
    assert all(max(a) <= min(b) for a, b in zip(lengths, lengths[1:], strict=False))
    torch.nn.init.normal_(run.net.head.theta.weight, 0, 0.3)
    with torch.no_grad():
        tokens, guess = run.net.see(batch.frames["crops"])
        together, _ = run._talk(talk, batch.frames, tokens, guess)
        run.net.alike = lambda asked, most: [[i] for i in reversed(range(len(asked)))]
        alone, _ = run._talk(talk, batch.frames, tokens, guess)
    assert float(together) == pytest.approx(float(alone), rel=1e-3)


def test_wrong_options_are_named(tmp_path):
    with pytest.raises(ConfigError, match="stage is 'sing'"):
        FaceGPTOptions(tmp_path, [], stage="sing")
    with pytest.raises(ConfigError, match="rank is 0"):
        FaceGPTOptions(tmp_path, [], rank=0)
    with pytest.raises(ConfigError, match="frozen is 2 of depth 2"):
        FaceGPTOptions(tmp_path, [], depth=2, frozen=2)


def test_only_the_layers_between_frozen_and_depth_are_adapted(tmp_path, model, words):
    run = trainer(tmp_path, model, stage="words", depth=2, frozen=1)
    layers = run.net.language.layers
    assert not list(adapters(layers[:1])) and len(list(adapters(layers))) == 7 == len(list(adapters(layers[1:2])))
    torch.nn.init.normal_(run.net.head.theta.weight, 0, 0.1)
    run._talk(words.talk, None, None, None)[0].backward()
    assert all(layer.up.grad is not None for _, layer in adapters(layers))
    with pytest.raises(WeightsError, match="frozen is 3; the model has 3 layers"):
        trainer(tmp_path / "other", model, stage="words", frozen=3)


def test_at_first_every_coordinate_of_the_hidden_states_counts_alike(tmp_path, model):
    run = trainer(tmp_path, model, stage="words", depth=2)
    nothing = np.zeros((0, Talk(model).layout.size), np.float32), np.zeros(0)
    asked = Talk(model).draw(np.random.default_rng(7), *nothing, Stage("", True, texts=60)).parts
    ids, image, face = run.net.sequences(asked, [-1] * len(asked))
    with torch.no_grad():
        read = run.net.read(run.net.embed(ids, image, None))
        normed = run.net.head.inner[0](read[face[:, 0], face[:, 1]])
    assert normed.std(0).median() == pytest.approx(1, abs=0.25)


def test_twins_share_identity_and_skin_and_nothing_else(model, batch):
    from facegpt_ros.model.theta import ThetaLayout

    layout = ThetaLayout.of(model)
    theta = batch.frames["theta"]
    for part in (layout.identity, layout.albedo):
        assert torch.equal(theta[0, part], theta[1, part])
        assert torch.equal(theta[2, part], theta[3, part])
        assert not torch.equal(theta[1, part], theta[2, part])
    assert not torch.equal(theta[0, layout.illumination], theta[1, layout.illumination])


def test_the_spread_of_least_loss_is_the_errors_own():
    error = torch.distributions.Laplace(0, 0.4 / math.sqrt(2)).sample((20000,)).abs()
    sigmas = torch.tensor([0.2, 0.3, 0.4, 0.5, 0.6])
    losses = torch.stack([negative_log_likelihood(error, sigma.log()) for sigma in sigmas])
    assert sigmas[losses.argmin()] == pytest.approx(0.4)


def test_a_spread_never_excuses_an_error():
    error, log_sigma = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    negative_log_likelihood(error, log_sigma).backward()
    assert error.grad is None
    assert log_sigma.grad.abs().sum() > 0


def test_angles_between_two_poses_are_told_apart():
    from facegpt_ros.model.regressor import Theta
    from facegpt_ros.morphable.pose import matrix_from_euler

    def at(yaw, pitch, roll):
        rotation = torch.from_numpy(matrix_from_euler(yaw, pitch, roll)).float()[None]
        return Theta(*([None] * 4), rotation, None, None, None)

    for i, turned in enumerate(([3, 0, 0], [0, 3, 0], [0, 0, 3])):
        got = torch.rad2deg(angles(at(*turned), at(0, 0, 0)))[0]
        assert got[i] == pytest.approx(3, abs=0.01)
        assert got.sum() == pytest.approx(3, abs=0.05)


def test_conversations_end_with_a_face_and_those_that_ask_for_it_come_first(model, batch):
    talk = batch.talk
    assert len(talk.parts) == len(talk.image) == 7
    assert talk.asked.tolist() == [True] * 4 + [False] * 3
    assert len(talk.of_image) + len(talk.of_words) == 4 and len(talk.wanted) == len(talk.of_words)
    assert talk.image[: len(talk.of_image)] == talk.of_image
    assert all(parts[-1].text == FACE and sum(FACE in part.text for part in parts) == 1 for parts in talk.parts)


def test_whether_a_face_is_asked_for_is_learnt(tmp_path, model, words):
    run = trainer(tmp_path, model, stage="words", lr=1e-2, steps=10_000)
    missed = [run.advance(words)["asked"] for _ in range(40)]
    assert missed[0] == pytest.approx(math.log(2), abs=1e-3) and missed[-1] < 0.5 * missed[0]


def test_words_that_ask_for_more_cost_more(model):

    from facegpt_ros.language.attributes import draw
    from facegpt_ros.training.attribute_loss import limits
    from facegpt_ros.training.losses import FaceGeometry
    from facegpt_ros.training.words_loss import WORDS_WEIGHTS, WordsLoss

    layout = Talk(model).layout
    loss = WordsLoss(model, layout, FaceGeometry(model))
    raws = []
    for width in (0.0, 1.0, 2.0):
        raw = layout.mean()
        raw[layout.identity] = draw(model, {"nose_width": width})[0]
        raws.append(torch.from_numpy(raw)[None])
    nothing = torch.from_numpy(limits(()))[None]
    costs = [float(total(loss(raws[0], raw, nothing), WORDS_WEIGHTS)) for raw in raws]
    assert costs[0] == pytest.approx(0, abs=5e-3)
    assert costs[2] > 1.9 * costs[1] > 0.1
    assert np.isfinite(costs).all()


def test_faces_beside_each_other_keep_their_shape_and_their_order(model, batch):
    theta, half_extent = batch.frames["theta"].numpy(), batch.frames["half_extent"].numpy()
    talk = Talk(model)
    estimate = talk.layout.decode(theta)
    faces = [beside(face_of(model, estimate, row, half_extent[row]), row) for row in range(2)]
    facts = face_facts(model, faces, (1024, 512))
    assert [fact.value for fact in facts if fact.key == "order"] == ["left", "right"]
    assert find(facts, "faces").number == 2
    points = model.landmarks(estimate.identity[1], estimate.expression[1])
    seen = faces[1].camera.project(points @ faces[1].rotation.T + faces[1].translation)
    assert abs(seen - faces[1].landmarks).max() < 1e-3


def test_a_stage_without_pictures_draws_none_and_is_judged_by_words(tmp_path, model, words):
    assert words.frames is None and set(words.talk.image) == {-1}
    assert len(words.talk.of_words) == 4 and not words.talk.of_image
    measured = trainer(tmp_path, model, stage="words").validate()
    assert set(measured) == {"text_attributes", "text_attributes_mean_face", "asked", "unasked"}
    assert measured["asked"] == measured["unasked"] == 0  # untrained, it is as likely as not
    assert measured["text_attributes"] == measured["text_attributes_mean_face"] < 0.5  # untrained, it says the mean
