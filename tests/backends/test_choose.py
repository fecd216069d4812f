"""Which backend runs where: machines are given by what the driver and the packages say."""

import numpy as np
import pytest

from facegpt_ros.backends import choose as chooser
from facegpt_ros.backends import cuda_driver
from facegpt_ros.backends.choose import Choice, choose, open_graph
from facegpt_ros.backends.cuda_driver import Gpu, Probe
from facegpt_ros.backends.fallback import FallBack
from facegpt_ros.errors import ConfigError, WeightsError

pytest.importorskip("onnx", reason="onnx is not installed")
from tests.backends import tiny_graphs  # noqa: E402

NO_DRIVER = "no NVIDIA driver (libcuda.so.1 cannot be loaded)"


@pytest.fixture
def machine(monkeypatch):
    """Sets what there is: a GPU, TensorRT, a torch that computes on it, ONNX Runtime's CUDA provider."""

    def has(gpu=False, tensorrt="the package tensorrt is missing", torch=False, provider=False):
        found = Probe(Gpu("Orin", "8.7", 62840, "12.6")) if gpu else Probe(None, NO_DRIVER)
        monkeypatch.setattr(cuda_driver, "probe", lambda: found)
        monkeypatch.setattr("facegpt_ros.backends.tensorrt.why_not", lambda: tensorrt)
        monkeypatch.setattr(chooser, "missing_provider", lambda _: "" if provider else "only the CPU's")
        if gpu:
            monkeypatch.setattr(chooser, "_no_gpu_for_torch", lambda: "" if torch else "this torch is without CUDA")

    has()
    return has


def test_without_a_gpu_the_cpu_runs_int8_and_every_reason_is_told(machine):
    found = choose()
    assert (found.backend, found.provider, found.precision, found.plain) == ("onnxruntime", "cpu", "int8", False)
    assert "tensorrt: the package tensorrt is missing" in found.note
    assert f"torch: {NO_DRIVER}, and torch on the CPU is slower than ONNX Runtime" in found.note
    assert choose("onnxruntime", "fp32").precision == "fp32"


def test_torch_is_not_imported_where_there_is_no_gpu(machine, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    monkeypatch.setattr(chooser, "find_spec", lambda _: object())
    assert choose().backend == "onnxruntime"


@pytest.mark.parametrize(
    ("has", "backend", "provider", "precision"),
    [
        ({"tensorrt": "", "torch": True, "provider": True}, "tensorrt", "cpu", "fp16"),
        ({"torch": True, "provider": True}, "torch", "cpu", "fp16"),
        ({"provider": True}, "onnxruntime", "cuda", "fp16"),
        ({}, "onnxruntime", "cpu", "int8"),
    ],
)
def test_auto_takes_the_best_that_works_on_a_gpu(machine, has, backend, provider, precision):
    machine(gpu=True, **has)
    found = choose()
    assert (found.backend, found.provider, found.precision) == (backend, provider, precision)
    assert found.plain == (precision == "fp16") and bool(found.note) == (backend != "tensorrt")


def test_a_precision_of_cpus_keeps_auto_on_the_cpu_and_says_why(machine):
    machine(gpu=True, tensorrt="", torch=True, provider=True)
    found = choose("auto", "int8")
    assert (found.backend, found.provider, found.precision) == ("onnxruntime", "cpu", "int8")
    assert "tensorrt: estimator.precision int8 is for CPUs, it takes fp16 and fp32" in found.note
    with pytest.raises(ConfigError, match="backend is tensorrt, which cannot run: estimator.precision int8_blocks"):
        choose("tensorrt", "int8_blocks")


def test_what_was_asked_for_and_cannot_run_is_an_error_with_the_cure(machine):
    with pytest.raises(ConfigError, match="backend is tensorrt, which cannot run: the package .*; set it to auto"):
        choose("tensorrt")
    with pytest.raises(ConfigError, match="backend is 'cuda'; use auto, onnxruntime, tensorrt or torch"):
        choose("cuda")
    with pytest.raises(ConfigError, match="no backend is called 'cuda'; use onnxruntime, tensorrt or torch"):
        open_graph(b"", "cuda")


def test_on_the_cpu_torch_runs_fp32_and_says_what_onnxruntime_says(machine):
    pytest.importorskip("torch", reason="torch is not installed")
    found = choose("torch")
    assert (found.backend, found.precision, found.plain) == ("torch", "fp32", True)
    graph, given = tiny_graphs.face("fp32"), tiny_graphs.face_inputs(2)
    ours, theirs = found.open(graph, name="face"), Choice(precision="fp32").open(graph, name="face")
    assert ours.provider.startswith("torch") and theirs.provider == "CPUExecutionProvider"
    for name, value in theirs.run(given).items():
        assert np.abs(ours.run(given)[name] - value).max() <= 1e-3 * np.abs(value).max()


def test_what_can_be_lost_has_the_cpu_behind_it_and_the_cpu_nothing(machine, monkeypatch):
    def fails(graph, backend, *rest, **named):
        if backend == "tensorrt":
            raise WeightsError("the engine is of another GPU")
        return open_graph(graph, backend, *rest, **named)

    monkeypatch.setattr(chooser, "open_graph", fails)
    graph, given = tiny_graphs.face("fp16"), tiny_graphs.face_inputs(1)
    lost = Choice("tensorrt", "fp16").open(graph, name="face")
    assert isinstance(lost, FallBack) and lost.provider == "CPUExecutionProvider"
    assert lost.problem.endswith("computes instead of what was asked for: the engine is of another GPU")
    assert lost.run(given)["theta"].shape == given["guess"].shape
    assert not isinstance(Choice().open(graph, name="face"), FallBack)


def test_onnxruntime_that_took_the_cpu_in_silence_is_told_as_a_problem(machine):
    opened = Choice("onnxruntime", "fp16", "cuda").open(tiny_graphs.face("fp16"), name="face")
    if opened.provider != "CPUExecutionProvider":
        pytest.skip("ONNX Runtime has a GPU here")
    assert "CUDAExecutionProvider was asked for, CPUExecutionProvider computes" in opened.problem
