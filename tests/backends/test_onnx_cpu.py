from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.backends.onnx_cpu import OnnxCpu, default_threads
from facegpt_ros.errors import WeightsError

pytest.importorskip("onnx")
from tests.backends.onnx_graphs import SIZE, save_graph  # noqa: E402


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return save_graph(tmp_path / "tiny.onnx", np.arange(3), {"layout": "any", "size": "32"})


@pytest.mark.parametrize("count", [1, 3])
def test_answers_for_every_input_of_a_batch(graph: Path, count: int):
    crops = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    crops[:, 5, 5, 0] = 10 * np.arange(count)
    assert np.array_equal(OnnxCpu(graph).infer(crops), 10 * np.arange(count)[:, None] + np.arange(3))


def test_tells_the_graphs_notes_and_what_computes(graph: Path):
    backend = OnnxCpu(graph, threads=1)
    assert backend.metadata == {"layout": "any", "size": "32"}
    assert backend.provider == "CPUExecutionProvider"
    backend.warm_up((1, SIZE, SIZE, 3))


def test_names_a_missing_file_and_the_cure(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"gone\.onnx: no such file; check estimator\.weights"):
        OnnxCpu(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"these are words, no graph"])
def test_names_a_file_that_is_no_graph_and_the_cure(tmp_path: Path, content: bytes):
    (tmp_path / "words.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"words\.onnx: .* export it again"):
        OnnxCpu(tmp_path / "words.onnx")


@pytest.mark.parametrize(
    "inputs", [np.zeros((1, SIZE, SIZE, 3), np.float32), np.zeros((1, 16, SIZE, 3), np.uint8), np.zeros(5, np.uint8)]
)
def test_names_the_file_when_an_input_does_not_fit(graph: Path, inputs: np.ndarray):
    with pytest.raises(WeightsError, match=r"tiny\.onnx"):
        OnnxCpu(graph).infer(inputs)


def test_says_that_it_was_closed(graph: Path):
    backend = OnnxCpu(graph)
    backend.close()
    backend.close()
    with pytest.raises(WeightsError, match="closed"):
        backend.infer(np.zeros((1, SIZE, SIZE, 3), np.uint8))


def test_leaves_cores_to_the_rest_of_the_robot(monkeypatch: pytest.MonkeyPatch):
    def on(cores: int) -> int:
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
        return default_threads()

    assert [on(cores) for cores in (1, 2, 4, 8, 64)] == [1, 1, 2, 4, 4]
