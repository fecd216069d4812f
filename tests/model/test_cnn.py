"""The CNN estimator on tiny graphs: what it answers, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ImageError, WeightsError
from facegpt_ros.model.cnn import CnnEstimator
from facegpt_ros.model.estimator import load_estimator
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

onnx = pytest.importorskip("onnx")
from tests.backends.onnx_graphs import SIZE, save_graph  # noqa: E402

MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)
NOTES = {"layout": LAYOUT.to_json(), "size": str(SIZE), "model_sha256": MODEL.sha256}
BLACK = np.zeros((1, SIZE, SIZE, 3), np.uint8)


def answer(**groups: float) -> np.ndarray:
    """The mean face's raw θ with some of its groups replaced."""
    raw = LAYOUT.mean()
    for name, value in groups.items():
        raw[getattr(LAYOUT, name)] = value
    return raw


def weights(folder: Path, raw: np.ndarray | None = None, **changes: str | None) -> Path:
    """A graph that gives this raw θ for a black crop; metadata may be changed, or left out by None."""
    notes = {name: text for name, text in {**NOTES, **changes}.items() if text is not None}
    return save_graph(folder / "regressor.onnx", answer() if raw is None else raw, notes)


def test_gives_theta_of_every_crop(tmp_path: Path):
    estimator = CnnEstimator(weights(tmp_path, answer(identity=0.5, expression=0.25, presence=4.0)), MODEL)
    assert estimator.crop_size == SIZE
    estimate = estimator.infer(np.repeat(BLACK, 3, 0))
    assert len(estimate) == 3 and estimate.identity.shape == (3, len(MODEL.identity_names))
    assert np.allclose(estimate.identity, 0.5) and np.allclose(estimate.expression, 0.25)
    assert np.allclose(estimate.presence, 1 / (1 + np.exp(-4)))


def test_its_id_tells_weights_apart(tmp_path: Path):
    first = CnnEstimator(weights(tmp_path), MODEL).model_id
    assert first == CnnEstimator(weights(tmp_path), MODEL).model_id
    second = CnnEstimator(weights(tmp_path, answer(albedo=0.1)), MODEL).model_id
    assert first != second and first.startswith("cnn@") and len(first) == len("cnn@") + 8


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_answer_that_is_not_finite_is_no_face(tmp_path: Path, bad: float):
    estimate = CnnEstimator(weights(tmp_path, answer(albedo=bad, presence=9.0)), MODEL).infer(BLACK)
    assert estimate.presence[0] == 0
    assert estimate.spread is None
    assert all(np.isfinite(value).all() for name, value in vars(estimate).items() if name != "spread")


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, SIZE, SIZE, 3), np.float32),
        np.zeros((1, 2 * SIZE, SIZE, 3), np.uint8),
        np.zeros((1, SIZE, SIZE), np.uint8),
        np.zeros((SIZE, SIZE, 3), np.uint8),
    ],
)
def test_refuses_crops_of_another_size_or_type(tmp_path: Path, crops: np.ndarray):
    with pytest.raises(ImageError, match=rf"give uint8 \(N, {SIZE}, {SIZE}, 3\)"):
        CnnEstimator(weights(tmp_path), MODEL).infer(crops)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"layout": None}, "no regressor of this package"),
        ({"size": None}, "no regressor of this package"),
        ({"size": "large"}, "no regressor of this package"),
        ({"layout": "{}"}, "not a θ layout"),
        ({"layout": json.dumps({"n_identity": 3, "n_expression": 52, "n_albedo": 33})}, "retrain it"),
        ({"model_sha256": "0" * 64}, "trained on morphable model 00000000"),
        ({"size": "64"}, "regressor.onnx"),  # not what the graph takes
    ],
)
def test_refuses_weights_that_are_not_for_this_model(tmp_path: Path, changes: dict[str, str | None], why: str):
    with pytest.raises(WeightsError, match=r"regressor\.onnx") as said:
        CnnEstimator(weights(tmp_path, **changes), MODEL)
    assert why in str(said.value)


def test_weights_without_a_model_hash_are_taken(tmp_path: Path):
    assert len(CnnEstimator(weights(tmp_path, model_sha256=None), MODEL).infer(BLACK)) == 1


def test_refuses_a_graph_whose_output_is_not_its_layout_when_loading(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"regressor\.onnx: .*\(1, 7\)"):
        CnnEstimator(weights(tmp_path, np.zeros(7)), MODEL)


def test_refuses_a_graph_that_takes_floats(tmp_path: Path):
    path = save_graph(tmp_path / "regressor.onnx", answer(), NOTES, dtype=onnx.TensorProto.FLOAT)
    with pytest.raises(WeightsError, match=r"regressor\.onnx"):
        CnnEstimator(path, MODEL)


def test_the_parameter_names_other_weights(tmp_path: Path):
    estimator = load_estimator(EstimatorConfig(name="cnn", weights=str(weights(tmp_path))), MODEL)
    assert estimator.crop_size == SIZE
    estimator.close()
    with pytest.raises(WeightsError, match="closed"):
        estimator.infer(BLACK)
    with pytest.raises(WeightsError, match=r"elsewhere\.onnx: no such file"):
        load_estimator(EstimatorConfig(name="cnn", weights=str(tmp_path / "elsewhere.onnx")), MODEL)
