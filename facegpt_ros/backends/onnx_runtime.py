"""ONNX Runtime, on the CPU or through one of its providers for NVIDIA GPUs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort

from facegpt_ros.errors import ConfigError, WeightsError

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}


class OnnxRuntime:
    """A graph on ONNX Runtime.

    Args:
        path: an .onnx file.
        threads: of one inference on the CPU; 0 chooses.
        provider: cpu, cuda or tensorrt. Where ONNX Runtime cannot have it, the CPU computes, and `note` says so.

    Attributes:
        provider: what ONNX Runtime really uses, such as "CPUExecutionProvider".
        note: why that is not what was asked for; empty where it is.

    Raises:
        WeightsError: the file is missing or no graph that this ONNX Runtime reads.
        ConfigError: the provider is unknown.
    """

    def __init__(self, path: Path, threads: int = 0, provider: str = "cpu") -> None:
        if not path.is_file():
            raise WeightsError(f"{path}: no such file; check estimator.weights, empty takes the shipped ones")
        self._load(str(path), str(path), threads, provider)

    @classmethod
    def of_bytes(cls, graph: bytes, name: str, threads: int = 0, provider: str = "cpu") -> OnnxRuntime:
        """A graph that is no file; errors call it by this name."""
        backend = cls.__new__(cls)
        backend._load(graph, name, threads, provider)
        return backend

    def _load(self, graph: str | bytes, name: str, threads: int, provider: str) -> None:
        self._path = name
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or default_threads()
        options.inter_op_num_threads = 1
        # Between two frames a spinning pool would keep the cores busy that the rest of the robot needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        providers = _usable(provider)
        try:
            self._session: ort.InferenceSession | None = ort.InferenceSession(graph, options, providers=providers)
        except Exception as error:  # onnxruntime raises many classes that share no base of its own
            raise WeightsError(
                f"{name}: ONNX Runtime {ort.__version__} cannot load it ({error}); export it again"
            ) from error
        # A failed run would make a new session on the CPU without a word; backends/fallback.py says so.
        self._session.disable_fallback()
        self.provider = self._session.get_providers()[0]
        self.note = "" if self.provider == PROVIDERS[provider] else _why_not(PROVIDERS[provider], self.provider)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)

    def warm_up(self, shape: tuple[int, ...]) -> None:
        self.infer(np.full(shape, 127, np.uint8))

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        return self.run({self._input: inputs})[self._outputs[0]]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if self._session is None:
            raise WeightsError(f"{self._path}: the graph was closed; load it again")
        try:
            return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))
        except Exception as error:  # as above; what the graph does not take is among them
            what = ", ".join(f"{array.dtype} {array.shape}" for array in inputs.values())
            raise WeightsError(
                f"{self._path}: the graph failed on {what} ({error}); use weights of this version"
            ) from error

    def close(self) -> None:
        self._session = None


def missing_provider(provider: str) -> str:
    """Why this installation of ONNX Runtime has no such provider; empty where it has. Whether it starts, a load says.

    Raises:
        ConfigError: the provider is unknown.
    """
    if provider not in PROVIDERS:
        raise ConfigError(f"provider is '{provider}'; use cpu, cuda or tensorrt")
    have = ort.get_available_providers()
    if PROVIDERS[provider] in have:
        return ""
    return f"ONNX Runtime {ort.__version__} here has only {', '.join(have)}; pip install onnxruntime-gpu in its place"


def default_threads() -> int:
    """Half the cores this process may use, one to four: camera, messages and other nodes need the rest."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, usable // 2))


def _usable(provider: str) -> list[str]:
    """The provider where it is here, and behind it the CPU for what it cannot compute."""
    wanted = [] if missing_provider(provider) else [PROVIDERS[provider]]
    return list(dict.fromkeys([*wanted, PROVIDERS["cpu"]]))


def _why_not(wanted: str, found: str) -> str:
    missing = missing_provider(next(name for name, full in PROVIDERS.items() if full == wanted))
    why = missing or "its libraries or the GPU's driver cannot be loaded; run `nvidia-smi`, see onnxruntime.ai"
    return f"{wanted} was asked for, {found} computes: {why}"
