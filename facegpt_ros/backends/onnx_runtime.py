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
        # A thread that looks for work this long before it sleeps is there when a run goes on: a language model has a
        # hundred pieces, each for all threads. Longer, it takes the core from the rest of the robot and from itself:
        # beside a busy program a frame takes twice as long with threads that never sleep (docs/engines.md).
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        options.add_session_config_entry("session.intra_op.spin_duration_us", "50")
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
        self.inputs = tuple(wanted.name for wanted in self._session.get_inputs())
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

    def in_place(self, held: Mapping[str, np.ndarray]) -> InPlace:
        """Runs that write the outputs NAME_next over the inputs NAME, which lie in these arrays."""
        if self._session is None:
            raise WeightsError(f"{self._path}: the graph was closed; load it again")
        return InPlace(self._session, self._path, held)

    def close(self) -> None:
        self._session = None


class InPlace:
    """A graph bound to arrays of the caller: see OnnxRuntime.in_place."""

    def __init__(self, session: ort.InferenceSession, path: str, held: Mapping[str, np.ndarray]) -> None:
        self._session, self._path = session, path
        self.held = dict(held)  # kept alive: the graph writes to where they lie
        self._binding = session.io_binding()
        for name, array in held.items():
            place = ("cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
            self._binding.bind_input(name, *place)
            self._binding.bind_output(f"{name}_next", *place)
        self._free = [out.name for out in session.get_outputs() if out.name.removesuffix("_next") not in held]

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The other inputs by name → the other outputs."""
        for name, array in inputs.items():
            self._binding.bind_cpu_input(name, np.ascontiguousarray(array))
        for name in self._free:
            self._binding.bind_output(name, "cpu")
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception as error:  # as in OnnxRuntime.run
            what = ", ".join(f"{array.dtype} {array.shape}" for array in inputs.values())
            raise WeightsError(
                f"{self._path}: the graph failed on {what} ({error}); use weights of this version"
            ) from error
        bound = [*(f"{name}_next" for name in self.held), *self._free]  # in the order of their binding
        found = dict(zip(bound, self._binding.get_outputs(), strict=True))
        return {name: found[name].numpy() for name in self._free}


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
    return max(1, min(4, usable_cores() // 2))


def language_threads() -> int:
    """Of a language model, which is nearly all that a frame costs: every core, up to four."""
    return max(1, min(4, usable_cores()))


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _usable(provider: str) -> list[str]:
    """The provider where it is here, and behind it the CPU for what it cannot compute."""
    wanted = [] if missing_provider(provider) else [PROVIDERS[provider]]
    return list(dict.fromkeys([*wanted, PROVIDERS["cpu"]]))


def _why_not(wanted: str, found: str) -> str:
    missing = missing_provider(next(name for name, full in PROVIDERS.items() if full == wanted))
    why = missing or "its libraries or the GPU's driver cannot be loaded; run `nvidia-smi`, see onnxruntime.ai"
    return f"{wanted} was asked for, {found} computes: {why}"
