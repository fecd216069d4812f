"""FaceGPT on the robot: tiny files, no torch. tests/training/test_export_facegpt.py compares it with torch."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("gguf", reason="gguf is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from safetensors import safe_open  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

from facegpt_ros import engines, recipes  # noqa: E402
from facegpt_ros.config import Config, EstimatorConfig  # noqa: E402
from facegpt_ros.errors import ConfigError, ImageError, WeightsError  # noqa: E402
from facegpt_ros.model.estimator import load_estimator  # noqa: E402
from facegpt_ros.model.facegpt_estimator import VISION_FILE, FaceGPTEstimator  # noqa: E402
from facegpt_ros.model.spread import decode_spread  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from tests.model.test_gguf_file import write  # noqa: E402
from tests.model.tiny_facegpt import SIZE, save_facegpt  # noqa: E402

MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)


@pytest.fixture
def language(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))
    return write(tmp_path / "m.gguf")


@pytest.fixture
def crops():
    colours = np.random.default_rng(5).integers(0, 256, (3, 1, 1, 3)).astype(np.uint8)
    return np.ascontiguousarray(colours.repeat(SIZE, 1).repeat(SIZE, 2))


def test_says_theta_and_spread_of_every_crop_whatever_its_neighbours(tmp_path, language, crops):
    estimator = FaceGPTEstimator(save_facegpt(tmp_path, language, LAYOUT), MODEL, language, precision="fp32")
    assert estimator.crop_size == SIZE and estimator.model_id.startswith("facegpt@")
    assert estimator.provider == "CPUExecutionProvider"
    together = estimator.infer(crops)
    assert len(together) == 3 and together.spread.expression.shape == (3, LAYOUT.n_expression)
    assert np.abs(together.identity[0] - together.identity[1]).max() > 1e-3
    for i in range(3):
        alone = estimator.infer(crops[i : i + 1])
        np.testing.assert_allclose(alone.identity, together.identity[i : i + 1], atol=1e-5)
        np.testing.assert_allclose(alone.spread.landmarks, together.spread.landmarks[i : i + 1], rtol=1e-4)
    with pytest.raises(ImageError, match=rf"give uint8 \(N, {SIZE}, {SIZE}, 3\)"):
        estimator.infer(crops[:, ::2])
    estimator.close()
    with pytest.raises(WeightsError, match="closed"):
        estimator.infer(crops)


def only_exit(path: Path, count: int, folder: Path) -> Path:
    """Weights whose one head is an exit of others'."""
    folder.mkdir()
    shutil.copy(path.with_name(VISION_FILE), folder)
    with safe_open(str(path), framework="np") as file:
        notes, held = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    own = {name: array for name, array in held.items() if not name.startswith(("exit.", "head."))}
    exit_ = f"exit.{count}."
    own |= {name.removeprefix(exit_): array for name, array in held.items() if name.startswith(exit_)}
    save_file(own, str(folder / path.name), {**notes, "depth": str(count)})
    return folder / path.name


def test_frames_are_read_after_as_few_layers_as_asked_and_words_after_all(tmp_path, language, crops):
    path = save_facegpt(tmp_path, language, LAYOUT, exits=(1, 2))
    full = FaceGPTEstimator(path, MODEL, language, precision="fp32", layers=3)
    prompt = [full.graphs.embedding()[None, 5:9].astype(np.float32), None]
    words = full.reader.prompt(*prompt).raw
    for count in (1, 2):
        early = FaceGPTEstimator(path, MODEL, language, precision="fp32", layers=count)
        alone = FaceGPTEstimator(
            only_exit(path, count, tmp_path / f"{count}"), MODEL, language, precision="fp32"
        )
        one, other = early.infer(crops), alone.infer(crops)
        assert early.reader.layers == alone.reader.layers == count
        np.testing.assert_allclose(one.identity, other.identity, atol=1e-5)
        np.testing.assert_allclose(one.spread.landmarks, other.spread.landmarks, rtol=1e-4)
        assert np.abs(one.identity - full.infer(crops).identity).max() > 1e-3
        np.testing.assert_allclose(early.reader.prompt(*prompt).raw, words, atol=1e-6)
        early.close()
        with pytest.raises(WeightsError, match="closed"):
            early.reader.prompt(*prompt)


def test_how_many_layers_read_a_frame_is_the_recipes_choice_where_the_weights_can(tmp_path, language, monkeypatch):
    path = save_facegpt(tmp_path, language, LAYOUT, exits=(1, 2))
    for wanted, taken in ((2, 2), (0, 3), (9, 3)):
        monkeypatch.setattr(recipes, "of_this_machine", lambda w=wanted: replace(recipes.read("cpu"), layers=w))
        assert FaceGPTEstimator(path, MODEL, language).reader.layers == taken
    with pytest.raises(ConfigError, match="estimator.layers is 7; these weights read frames after 1 or 2 or 3 layers"):
        FaceGPTEstimator(path, MODEL, language, layers=7)


def test_torch_says_what_onnxruntime_says_and_who_computes(tmp_path, language, crops):
    pytest.importorskip("torch", reason="torch is not installed")
    path = save_facegpt(tmp_path, language, LAYOUT)
    ours = FaceGPTEstimator(path, MODEL, language, precision="auto", backend="torch")
    theirs = FaceGPTEstimator(path, MODEL, language, precision="fp32")
    assert "torch" in ours.provider and (ours.problem, ours.provider_note) == ("", "")
    one, other = ours.infer(crops), theirs.infer(crops)
    np.testing.assert_allclose(one.identity, other.identity, atol=1e-3 * np.abs(other.identity).max())
    np.testing.assert_allclose(one.spread.landmarks, other.spread.landmarks, rtol=1e-3)
    np.testing.assert_allclose(ours.likelihoods("in the thin"), theirs.likelihoods("in the thin"), rtol=1e-3)


def test_faces_go_on_when_what_computes_them_is_lost(tmp_path, language, crops, monkeypatch):
    pytest.importorskip("torch", reason="torch is not installed")
    from facegpt_ros.backends.torch_graph import TorchGraph

    estimator = FaceGPTEstimator(
        save_facegpt(tmp_path, language, LAYOUT), MODEL, language, precision="fp32", backend="torch"
    )
    before = estimator.infer(crops)

    def lost(self, inputs):
        raise RuntimeError("CUDA error: device lost")

    monkeypatch.setattr(TorchGraph, "run", lost)
    after = estimator.infer(crops)
    np.testing.assert_allclose(after.identity, before.identity, atol=1e-4)
    assert estimator.provider == "CPUExecutionProvider" and estimator.problem.endswith("CUDA error: device lost")
    estimator.close()


def test_neither_frames_nor_words_need_torch_or_the_builders_packages(tmp_path, language):
    import subprocess

    path = save_facegpt(tmp_path, language, LAYOUT)
    FaceGPTEstimator(path, MODEL, language)
    code = f"""
import sys
for name in ("torch", "gguf", "onnx"):
    sys.modules[name] = None
from pathlib import Path
import numpy as np
from facegpt_ros.model import prompts
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator
from facegpt_ros.morphable.model import MorphableModel
estimator = FaceGPTEstimator(Path({str(path)!r}), MorphableModel.load(), Path({str(language)!r}))
crops = np.zeros((1, {SIZE}, {SIZE}, 3), np.uint8)
assert estimator.infer(crops).spread is not None
print(estimator.say(prompts.chat([("in", "")], image=True), crops, limit=3).finished)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "building" not in done.stderr


def test_refuses_files_that_do_not_belong_together(tmp_path, language):
    path = save_facegpt(tmp_path, language, LAYOUT, model_sha256="0" * 64)
    with pytest.raises(WeightsError, match="trained on morphable model 00000000"):
        FaceGPTEstimator(path, MODEL, language)
    path = save_facegpt(tmp_path, language, ThetaLayout(7, 5, 3))
    with pytest.raises(WeightsError, match="retrain it"):
        FaceGPTEstimator(path, MODEL, language)
    path = save_facegpt(tmp_path, language, LAYOUT, image_tokens="5")
    with pytest.raises(WeightsError, match="makes 6 image tokens, not the 5"):
        FaceGPTEstimator(path, MODEL, language)
    vision = path.with_name(VISION_FILE)
    vision.write_bytes(vision.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="copy both from one export"):
        FaceGPTEstimator(path, MODEL, language)
    vision.unlink()
    with pytest.raises(WeightsError, match="belongs beside"):
        FaceGPTEstimator(path, MODEL, language)


def test_the_parameter_names_it_and_missing_weights_name_the_cure(tmp_path, language, monkeypatch):
    assert Config().estimator.name == "facegpt"
    with monkeypatch.context() as other_version:
        other_version.setattr(engines, "read_manifest", dict)
        cure = r"estimator.weights to a facegpt.safetensors .* or estimator.name to cnn"
        with pytest.raises(WeightsError, match=cure):
            load_estimator(EstimatorConfig(name="facegpt"), MODEL)
    with pytest.raises(WeightsError, match="facegpt engines prepare language_model"):  # the rest is shipped
        load_estimator(EstimatorConfig(name="facegpt"), MODEL)
    path = save_facegpt(tmp_path, language, LAYOUT)
    with pytest.raises(WeightsError, match="facegpt engines prepare language_model"):
        load_estimator(EstimatorConfig(name="facegpt", weights=str(path)), MODEL)
    monkeypatch.setattr(engines, "fetch", lambda name, download: language)
    config = EstimatorConfig(name="facegpt", weights=str(path), precision="fp32")
    assert load_estimator(config, MODEL).infer(np.zeros((1, SIZE, SIZE, 3), np.uint8)).spread is not None
    with pytest.raises(WeightsError, match="elsewhere: no such file; check estimator.weights"):
        load_estimator(EstimatorConfig(name="facegpt", weights=str(tmp_path / "elsewhere")), MODEL)


def test_a_spread_that_is_not_finite_is_as_unsure_as_can_be():
    said = np.zeros((2, 77), np.float32)
    said[0] = np.nan
    said[1, :3] = np.inf, -np.inf, -50
    spread = decode_spread(said, 5)
    assert spread.landmarks[0] == pytest.approx(np.full(68, np.exp(4)))
    assert spread.landmarks[1, :4] == pytest.approx([np.exp(4), np.exp(4), np.exp(-8), 1])
    assert spread.shape.shape == (2,) and spread.expression.shape == (2, 5)
    assert np.isfinite(spread.expression).all()
