import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("tokenizers", reason="training needs tokenizers")
pytest.importorskip("efficientnet_lite_pytorch", reason="training needs efficientnet-lite-pytorch")
pytest.importorskip("transformers", reason="larger models need transformers")

from facegpt_ros.errors import ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model.hub_vlm import HubVLM  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.batches import Batches  # noqa: E402
from facegpt_ros.training.face_batches import FaceBatches  # noqa: E402
from facegpt_ros.training.facegpt import FaceTrainer  # noqa: E402
from facegpt_ros.training.facegpt_options import FaceGPTOptions  # noqa: E402
from facegpt_ros.training.loop import CHECKPOINT, load_checkpoint  # noqa: E402
from facegpt_ros.training.stages import Stage  # noqa: E402
from tests.model.tiny_hub import save_tiny  # noqa: E402

KINDS = ("idefics3", "llava")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    return {kind: save_tiny(root / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


@pytest.fixture(scope="module")
def batch(model):
    frames = Batches(model, [], 64, 4, 0.25, seed=3, steps=10)
    return FaceBatches(frames, Stage("", True, texts=3, others=2))[0]


def trainer(out, model, folder, **changes) -> FaceTrainer:
    options = {"size": 64, "batch": 4, "steps": 10_000, "workers": 0, "rank": 4, "threads": 1, "lr": 3e-3, **changes}
    return FaceTrainer(FaceGPTOptions(out, [], vlm=str(folder), **options), model)


@pytest.mark.parametrize("kind", KINDS)
def test_stages_lower_their_loss_and_learn_what_is_ours_alone(tmp_path, folders, model, batch, kind):
    for stage, learns in (("align", {"ours", "head"}), ("talk", {"ours", "head", "language"})):
        run = trainer(tmp_path / stage, model, folders[kind], stage=stage)
        assert isinstance(run.net, HubVLM)
        before = {name: p.clone() for name, p in run.net.named_parameters()}
        losses = [run.advance(batch)["total"] for _ in range(6)]
        assert losses[-1] < losses[0] - 0.02, stage
        moved = {name for name, p in run.net.named_parameters() if not torch.equal(p, before[name])}
        assert {name.split(".")[0] for name in moved} == learns
        assert all(name.endswith((".up", ".down")) for name in moved if name.startswith("language."))
        told = run.infer(batch.frames["crops"][:2].numpy())
        assert abs(told - run.outputs.layout.mean()).max() > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_is_small_resumes_and_fits_its_own_base_alone(tmp_path, folders, model, batch, kind):
    first = trainer(tmp_path / "a", model, folders[kind], stage="talk")
    first.advance(batch)
    first.save()
    held = load_checkpoint(tmp_path / "a" / CHECKPOINT)["net"]
    assert {name.split(".")[0] for name in held} == {"ours", "head", "language"}
    assert all(name.endswith((".up", ".down")) for name in held if name.startswith("language."))
    second = trainer(tmp_path / "a", model, folders[kind], stage="talk")
    assert second.step == 1
    first.advance(batch)
    second.advance(batch)
    assert torch.allclose(first.net.head.theta.weight, second.net.head.theta.weight, atol=1e-6)
    third = trainer(tmp_path / "b", model, folders[kind], stage="look", start_from=tmp_path / "a" / CHECKPOINT)
    assert third.step == 0
    other = folders[KINDS[1 - KINDS.index(kind)]]
    with pytest.raises(WeightsError, match=f"trained with base {kind} 32×2 .*, this run has base"):
        trainer(tmp_path / "a", model, other, stage="talk")


def test_half_precision_learns_in_full(tmp_path, folders, model, batch):
    run = trainer(tmp_path, model, folders["llava"], stage="talk", bf16=True)
    losses = [run.advance(batch)["total"] for _ in range(4)]
    assert losses[-1] < losses[0]
    learnt = {p.dtype for p in run.net.parameters() if p.requires_grad}
    assert learnt == {torch.float32}
    assert run.net.language.dtype == torch.bfloat16


def test_one_of_two_who_speak_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"vlm is 'a/b' and language 'x\.gguf'"):
        FaceGPTOptions(tmp_path, [], vlm="a/b", language="x.gguf")
