import re
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from facegpt_ros.backends.onnx_runtime import OnnxRuntime, default_threads, missing_provider
from facegpt_ros.errors import ConfigError, WeightsError

pytest.importorskip("onnx")
from tests.backends.onnx_graphs import SIZE, save_graph  # noqa: E402


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return save_graph(tmp_path / "tiny.onnx", np.arange(3), {"layout": "any", "size": "32"})


@pytest.mark.parametrize("count", [1, 3])
def test_answers_for_every_input_of_a_batch(graph: Path, count: int):
    crops = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    crops[:, 5, 5, 0] = 10 * np.arange(count)
    assert np.array_equal(OnnxRuntime(graph).infer(crops), 10 * np.arange(count)[:, None] + np.arange(3))


def test_tells_the_graphs_notes_and_what_computes(graph: Path):
    backend = OnnxRuntime(graph, threads=1)
    assert backend.metadata == {"layout": "any", "size": "32"}
    assert backend.provider == "CPUExecutionProvider"
    backend.warm_up((1, SIZE, SIZE, 3))


def test_names_a_missing_file_and_the_cure(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"gone\.onnx: no such file; check estimator\.weights"):
        OnnxRuntime(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"these are words, no graph"])
def test_names_a_file_that_is_no_graph_and_the_cure(tmp_path: Path, content: bytes):
    (tmp_path / "words.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"words\.onnx: .* export it again"):
        OnnxRuntime(tmp_path / "words.onnx")


@pytest.mark.parametrize(
    "inputs", [np.zeros((1, SIZE, SIZE, 3), np.float32), np.zeros((1, 16, SIZE, 3), np.uint8), np.zeros(5, np.uint8)]
)
def test_names_the_file_when_an_input_does_not_fit(graph: Path, inputs: np.ndarray):
    with pytest.raises(WeightsError, match=r"tiny\.onnx"):
        OnnxRuntime(graph).infer(inputs)


def test_says_that_it_was_closed(graph: Path):
    backend = OnnxRuntime(graph)
    backend.close()
    backend.close()
    with pytest.raises(WeightsError, match="closed"):
        backend.infer(np.zeros((1, SIZE, SIZE, 3), np.uint8))


def test_a_provider_that_is_not_here_is_named_and_the_cpu_computes(graph: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    backend = OnnxRuntime(graph, provider="cuda")
    assert backend.provider == "CPUExecutionProvider"
    asked = r"CUDAExecutionProvider was asked for, CPUExecutionProvider computes: .* here has only CPUExecutionProvider"
    assert re.match(asked, backend.note) and "pip install onnxruntime-gpu" in backend.note
    assert backend.infer(np.zeros((1, SIZE, SIZE, 3), np.uint8)).tolist() == [[0, 1, 2]]
    assert OnnxRuntime(graph).note == ""
    with pytest.raises(ConfigError, match="provider is 'rocm'; use cpu, cuda or tensorrt"):
        OnnxRuntime(graph, provider="rocm")


def test_a_provider_that_is_listed_and_does_not_start_is_named(graph: Path, monkeypatch: pytest.MonkeyPatch):
    class Session(ort.InferenceSession):
        """As onnxruntime-gpu without a driver: it lists CUDA, and takes the CPU without an error."""

        def __init__(self, graph, options, providers):
            assert providers == ["CUDAExecutionProvider", "CPUExecutionProvider"]
            super().__init__(graph, options, providers=["CPUExecutionProvider"])

    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: listed)
    monkeypatch.setattr(ort, "InferenceSession", Session)
    backend = OnnxRuntime(graph, provider="cuda")
    assert backend.provider == "CPUExecutionProvider" and "driver cannot be loaded" in backend.note


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_gpus_provider_says_what_the_cpus_says(graph: Path, provider: str):
    if why := missing_provider(provider):
        pytest.skip(why)
    backend = OnnxRuntime(graph, provider=provider)
    if backend.note:
        pytest.skip(backend.note)
    crops = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    np.testing.assert_allclose(backend.infer(crops), OnnxRuntime(graph).infer(crops), rtol=1e-3)


def test_leaves_cores_to_the_rest_of_the_robot(monkeypatch: pytest.MonkeyPatch):
    def on(cores: int) -> int:
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
        return default_threads()

    assert [on(cores) for cores in (1, 2, 4, 8, 64)] == [1, 1, 2, 4, 4]
