"""What `facegpt triton export` writes: graphs that say what the estimator says, and which weights they are of."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facegpt_ros import engines
from facegpt_ros.cli import main
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError, WeightsError
from facegpt_ros.model.estimator import load_estimator
from facegpt_ros.model.spread import decode_spread
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.serving import repository
from facegpt_ros.serving.repository import Batching, export
from tests.serving.tiny import tiny_facegpt

ort = pytest.importorskip("onnxruntime")
MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)


@pytest.fixture
def facegpt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EstimatorConfig:
    return tiny_facegpt(tmp_path, LAYOUT, monkeypatch)


def graph_of(folder: Path) -> Path:
    (graph,) = folder.glob("*/model.onnx")
    return graph


def test_the_cnn_goes_as_it_is_and_the_config_says_what_robots_check(tmp_path: Path):
    folder = export(tmp_path, EstimatorConfig(name="cnn", threads=3), MODEL)
    assert folder == tmp_path / "facegpt_ros_cnn"
    graph = graph_of(folder)
    assert graph.read_bytes() == engines.fetch("regressor", download=False).read_bytes()
    text = (folder / "config.pbtxt").read_text()
    assert f"versions: [ {graph.parent.name} ]" in text and 'backend: "onnxruntime"' in text
    assert "max_batch_size: 64" in text and "max_queue_delay_microseconds: 0" in text
    said = {key: json.loads(value) for key, value in re.findall(r'key: "(\w+)" value \{ string_value: (".*") \}', text)}
    local = load_estimator(EstimatorConfig(name="cnn"), MODEL)
    assert said == {
        "layout": LAYOUT.to_json(),
        "model_sha256": MODEL.sha256,
        "model_id": local.model_id,
        "intra_op_thread_count": "3",
    }
    assert f"dims: [ {local.crop_size}, {local.crop_size}, 3 ]" in text
    assert not list(folder.rglob("model.py"))


@pytest.mark.parametrize("layers", [0, 1])
def test_facegpt_is_one_graph_that_says_what_the_estimator_says(tmp_path: Path, facegpt: EstimatorConfig, layers: int):
    facegpt = replace(facegpt, layers=layers)
    folder = export(tmp_path / "models", facegpt, MODEL)
    estimator = load_estimator(facegpt, MODEL)
    crops = np.random.default_rng(0).integers(0, 256, (3, estimator.crop_size, estimator.crop_size, 3)).astype(np.uint8)
    session = ort.InferenceSession(str(graph_of(folder)), providers=["CPUExecutionProvider"])
    theta, spread = session.run(["theta", "spread"], {"crops": crops})
    here, there = estimator.infer(crops), LAYOUT.decode(theta)
    for name in ("identity", "expression", "albedo", "rotation", "offset", "scale", "presence"):
        assert np.allclose(getattr(there, name), getattr(here, name), rtol=1e-3, atol=1e-5), name
    assert np.allclose(decode_spread(spread, LAYOUT.n_expression).landmarks, here.spread.landmarks, rtol=1e-3)
    assert np.ptp(theta, axis=0).max() > 0.01, "the crops make no difference"
    estimator.close()


def test_other_weights_are_another_version_in_place_of_the_first(tmp_path: Path, facegpt: EstimatorConfig):
    first = graph_of(export(tmp_path / "models", facegpt, MODEL))
    assert graph_of(export(tmp_path / "models", facegpt, MODEL)) == first
    path = Path(facegpt.weights)
    second_weights = tmp_path / "second"
    second_weights.mkdir()
    from tests.model.tiny_facegpt import save_facegpt

    other = save_facegpt(second_weights, path.with_name("m.gguf"), LAYOUT, lora_scale="1.0")
    second = graph_of(
        export(tmp_path / "models", EstimatorConfig(name="facegpt", weights=str(other), precision="fp32"), MODEL)
    )
    assert second.parent != first.parent and not first.exists()


def test_an_export_that_fails_leaves_the_one_before(tmp_path: Path, facegpt: EstimatorConfig, monkeypatch):
    first = graph_of(export(tmp_path / "models", facegpt, MODEL))
    config = first.parents[1] / "config.pbtxt"
    before = config.read_text()

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(repository, "_graph_of", lambda config: b"other")
    with monkeypatch.context() as patch:
        patch.setattr(repository, "write_whole", full)
        with pytest.raises(WeightsError, match="No space left on device"):
            export(tmp_path / "models", facegpt, MODEL)
    assert first.is_file() and config.read_text() == before
    assert graph_of(export(tmp_path / "models", facegpt, MODEL)).read_bytes() == b"other" and not first.exists()


def test_what_cannot_be_exported_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match="backend is 'tensorflow'; use onnxruntime or python"):
        export(tmp_path, EstimatorConfig(name="cnn"), MODEL, "tensorflow")
    with pytest.raises(ConfigError, match="robots may send 16 crops"):
        Batching(most=4)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WeightsError, match=r"facegpt_ros_cnn: cannot be written .* give another folder"):
        export(tmp_path / "file", EstimatorConfig(name="cnn"), MODEL)


def test_the_command_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["triton", "export", str(tmp_path), "cnn", "--backend", "python", "--max-batch", "20", "--delay-us", "900"]
    assert main(words) == 0
    assert str(tmp_path / "facegpt_ros_cnn") in capsys.readouterr().out
    text = (tmp_path / "facegpt_ros_cnn" / "config.pbtxt").read_text()
    assert "max_batch_size: 20" in text and "max_queue_delay_microseconds: 900" in text and 'backend: "python"' in text
    assert len(list(tmp_path.rglob("model.py"))) == 1
    assert main(["triton", "export", str(tmp_path), "smile"]) == 1
    assert "there is no estimator 'smile'; use facegpt or cnn" in capsys.readouterr().err
    assert main(["triton", "export", str(tmp_path), "cnn", "facegpt", "--weights", "w"]) == 1
    assert "--weights are of one estimator" in capsys.readouterr().err


def test_a_machine_without_a_server_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["triton", "serve"]) == 1
    assert "pip install --no-deps nvidia-pytriton" in capsys.readouterr().err
