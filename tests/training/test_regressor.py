import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")

from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model.regressor import decode  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.batches import Batches  # noqa: E402
from facegpt_ros.training.loop import CHECKPOINT, schedule  # noqa: E402
from facegpt_ros.training.losses import RENDER_WEIGHTS, RegressorLoss, total  # noqa: E402
from facegpt_ros.training.photometric import PhotometricLoss  # noqa: E402
from facegpt_ros.training.regressor import Trainer, TrainingOptions  # noqa: E402


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def batch(model):
    return Batches(model, [], 64, 4, 0.25, seed=3, steps=10)[0]


def options(out, **changes) -> TrainingOptions:
    return TrainingOptions(
        out, [], **{"size": 64, "batch": 4, "steps": 10, "workers": 0, "pretrained": False, **changes}
    )


def test_the_label_itself_has_no_loss(model, batch):
    loss = RegressorLoss(model, layout_of(model))
    present = batch["theta"][:, loss.layout.presence] > 0.5
    terms = loss.render_terms(batch["theta"], batch["theta"], batch["half_extent"], batch["landmarks"])
    assert present.any()
    for name in ("landmarks", "rotation", "offset", "scale", "expression", "identity", "colour", "shading", "range"):
        assert terms[name] < 1e-4, name
    assert terms["vertices"] < 0.02  # mm


def layout_of(model):
    from facegpt_ros.model.theta import ThetaLayout

    return ThetaLayout.of(model)


def test_gradient_reaches_every_group(model, batch):
    loss = RegressorLoss(model, layout_of(model))
    raw = torch.from_numpy(loss.layout.mean()).repeat(len(batch["theta"]), 1).requires_grad_()
    total(loss.render_terms(raw, batch["theta"], batch["half_extent"], batch["landmarks"]), RENDER_WEIGHTS).backward()
    for name in ("identity", "expression", "albedo", "illumination", "rotation", "offset"):
        assert raw.grad[:, getattr(loss.layout, name)].abs().sum() > 0, name
    assert torch.isfinite(raw.grad).all()


def test_photometric_loss_pulls_on_colour_and_light(model, batch):
    layout = layout_of(model)
    raw = torch.from_numpy(layout.mean()).repeat(2, 1).requires_grad_()
    value = PhotometricLoss(model, 32)(decode(layout, raw), batch["half_extent"][:2], batch["crops"][:2])
    value.backward()
    assert value > 0 and raw.grad[:, layout.albedo].abs().sum() > 0 and raw.grad[:, layout.illumination].abs().sum() > 0


def test_resuming_continues_with_the_same_weights_and_step(tmp_path, model, batch):
    first = Trainer(options(tmp_path), model)
    first.advance(batch)
    first.elapsed = 12.0
    first.save()
    second = Trainer(options(tmp_path), model)
    assert (second.step, second.elapsed) == (1, 12.0)
    for a, b in zip(first.net.state_dict().values(), second.net.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    first.advance(batch)
    second.advance(batch)
    assert torch.allclose(first.net.head.weight, second.net.head.weight, atol=1e-6)


def test_a_few_steps_lower_the_loss(tmp_path, model, batch):
    trainer = Trainer(options(tmp_path, resume="never", steps=1000), model)
    losses = [trainer.advance(batch)["total"] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_a_broken_checkpoint_is_named(tmp_path, model):
    (tmp_path / CHECKPOINT).write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsError, match=CHECKPOINT):
        Trainer(options(tmp_path), model)


def test_nothing_to_resume_is_an_error_when_demanded(tmp_path, model):
    with pytest.raises(WeightsError, match="nothing to resume"):
        Trainer(options(tmp_path, resume="must"), model)


def test_a_size_the_network_cannot_take_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="multiple of 32"):
        options(tmp_path, size=100)


def test_the_learning_rate_warms_up_stays_and_cools_down():
    assert schedule(0) < 0.1 and schedule(0.5) == 1 and schedule(1) == pytest.approx(0.01)


def test_a_face_that_never_moves_has_no_correlation_with_expressions():
    from facegpt_ros.training.validation import _correlation

    truth = np.random.default_rng(0).random((50, 4))
    truth[:, 3] = 0  # never seen: counts neither way
    assert _correlation(truth * 0.3 + 0.1, truth) == pytest.approx(1)
    assert _correlation(np.zeros((50, 4)), truth) == 0
    assert abs(_correlation(np.random.default_rng(1).random((50, 4)), truth)) < 0.3
