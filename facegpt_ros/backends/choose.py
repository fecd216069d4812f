"""Which backend runs, in which precision, and why not a better one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from facegpt_ros.backends import cuda_driver
from facegpt_ros.backends.base import Backend
from facegpt_ros.backends.fallback import FallBack
from facegpt_ros.backends.onnx_runtime import OnnxRuntime, missing_provider
from facegpt_ros.errors import ConfigError, WeightsError

BACKENDS = ("onnxruntime", "tensorrt", "torch")
#: Whose graphs are of plain ops alone, which every backend runs; the others are for CPUs.
PLAIN = ("fp16", "fp32")


@dataclass(frozen=True)
class Choice:
    """What runs.

    Attributes:
        backend: one of BACKENDS.
        precision: of the graphs, one of matrix.PRECISIONS.
        provider: of onnxruntime.
        note: why nothing better does, or why it is not what was asked for.
    """

    backend: str = "onnxruntime"
    precision: str = "int8"
    provider: str = "cpu"
    note: str = ""

    @property
    def plain(self) -> bool:
        """Whether every graph must be of plain ops: on the CPU, the shipped int8 graphs run as they are."""
        return (self.backend, self.provider) != ("onnxruntime", "cpu")

    def open(self, graph: Path | bytes, threads: int = 0, name: str = "") -> Backend:
        """A graph on it; what can be lost, with the CPU behind it. See open_graph."""
        if not self.plain:
            return open_graph(graph, self.backend, threads, name=name)
        return FallBack(
            lambda: _strictly(open_graph(graph, self.backend, threads, self.provider, name, self.precision)),
            lambda: open_graph(graph, "onnxruntime", threads, name=name),
        )


def choose(backend: str = "auto", precision: str = "auto") -> Choice:
    """What runs on this machine.

    Args:
        backend: one of BACKENDS, or auto: the fastest that works here.
        precision: one of matrix.PRECISIONS, or auto: int8 on a CPU, fp16 on a GPU.

    Raises:
        ConfigError: no backend has that name, or it cannot run here or in that precision.
    """
    if backend not in ("auto", *BACKENDS):
        raise ConfigError(f"estimator.backend is '{backend}'; use auto, {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}")
    if backend != "auto":
        if why := why_not(backend, precision):
            raise ConfigError(f"estimator.backend is {backend}, which cannot run: {why}; set it to auto")
        return _with_provider(backend, precision)
    reasons: list[str] = []
    for better in ("tensorrt", "torch"):
        why = why_not(better, precision) or ("" if better == "tensorrt" else _no_gpu_for_torch())
        if not why:
            return _with_provider(better, precision, "; ".join(reasons))
        reasons.append(f"{better}: {why}")
    return _with_provider("onnxruntime", precision, "; ".join(reasons))


def why_not(backend: str, precision: str = "auto") -> str:
    """Why a backend cannot run here in that precision; empty where it can."""
    if backend == "onnxruntime":
        return ""
    if precision not in ("auto", *PLAIN):
        return f"estimator.precision {precision} is for CPUs, it takes fp16 and fp32"
    if backend == "tensorrt":
        from facegpt_ros.backends.tensorrt import why_not as no_tensorrt

        return no_tensorrt()
    missing = [package for package in ("torch", "onnx") if find_spec(package) is None]
    return f"the package {missing[0]} is missing, pip install {missing[0]}" if missing else ""


def open_graph(
    graph: Path | bytes,
    backend: str = "onnxruntime",
    threads: int = 0,
    provider: str = "cpu",
    name: str = "",
    precision: str = "",
) -> Backend:
    """A graph on a backend, without anything behind it.

    Args:
        graph: an .onnx file, or its bytes.
        threads: of one inference on the CPU; 0 chooses.
        provider: of onnxruntime: cpu, cuda or tensorrt.
        name: what errors call bytes.
        precision: of the graph, for TensorRT's cache.

    Raises:
        ConfigError: no backend has that name.
        WeightsError: it cannot run this graph, or a package or the GPU is missing.
    """
    if backend == "onnxruntime":
        if isinstance(graph, bytes):
            return OnnxRuntime.of_bytes(graph, name, threads, provider)
        return OnnxRuntime(graph, threads, provider)
    if backend == "torch":
        from facegpt_ros.backends.torch_graph import TorchGraph

        return TorchGraph(graph, threads, name)
    if backend == "tensorrt":
        from facegpt_ros.backends.tensorrt import TensorRT

        return TensorRT(graph, name, precision)
    raise ConfigError(f"no backend is called '{backend}'; use {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}")


def _with_provider(backend: str, precision: str, note: str = "") -> Choice:
    gpu = cuda_driver.probe().gpu is not None
    provider = "cpu"
    if backend == "onnxruntime" and gpu and precision in ("auto", *PLAIN) and not missing_provider("cuda"):
        provider = "cuda"
    on_gpu = backend == "tensorrt" or provider == "cuda" or (backend == "torch" and not _no_gpu_for_torch())
    if precision == "auto":
        precision = "fp16" if on_gpu else "fp32" if backend == "torch" else "int8"
    return Choice(backend, precision, provider, note)


def _no_gpu_for_torch() -> str:
    """Torch, which takes seconds to import, is not asked where there is no GPU."""
    found = cuda_driver.probe()
    if found.gpu is None:
        return f"{found.why_not}, and torch on the CPU is slower than ONNX Runtime"
    import torch

    return "" if torch.cuda.is_available() else "this torch is built without CUDA, or the driver is too old for it"


def _strictly(backend: Backend) -> Backend:
    """ONNX Runtime that took another provider than it was asked for is as one that failed."""
    if note := getattr(backend, "note", ""):
        backend.close()
        raise WeightsError(note)
    return backend
