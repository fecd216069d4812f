"""A graph on an NVIDIA Triton Inference Server, asked over gRPC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from facegpt_ros.errors import ConfigError, ServerError

ASK_S = 2.0  #: for what is no frame: what the model is, and its first run
_MOST_BYTES = 4 << 20  # of one reply; 16 faces are 35 kB
_DTYPES = {"UINT8": np.dtype(np.uint8), "FP32": np.dtype(np.float32)}  # of all our graphs
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


@dataclass(frozen=True)
class Port:
    """One input or output: Triton's name of its type, and its shape with -1 for what is free."""

    datatype: str
    shape: tuple[int, ...]

    def fits(self, array: np.ndarray) -> bool:
        """Whether an array is of this type and shape."""
        return (
            _DTYPES.get(self.datatype) == array.dtype
            and array.ndim == len(self.shape)
            and all(wanted in (-1, size) for wanted, size in zip(self.shape, array.shape, strict=True))
        )


@dataclass(frozen=True)
class ServedModel:
    """What a server says of one of its models.

    Attributes:
        version: the newest that is ready; names the weights (serving/repository.py).
        inputs, outputs: by name.
        max_batch: crops in one request at most.
        parameters: those of its config.pbtxt.
    """

    version: str
    inputs: dict[str, Port]
    outputs: dict[str, Port]
    max_batch: int
    parameters: dict[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """What asks a server; Grpc, or a test's own. Methods raise ServerError."""

    def describe(self, model: str) -> ServedModel: ...

    def infer(
        self, model: str, version: str, inputs: Mapping[str, np.ndarray], timeout_s: float
    ) -> dict[str, np.ndarray]: ...

    def close(self) -> None: ...


class Triton:
    """A Backend (backends/base.py) for one model of a server.

    Every request names the version that was found at the start: other weights under the same name are an error, never
    other numbers.

    Args:
        server: host:port of its gRPC service.
        model: its name there.
        timeout_s: the longest that infer and run wait.
        channel: asks the server; None: gRPC, by the package tritonclient.

    Raises:
        ConfigError: server is no host:port.
        ServerError: tritonclient is missing, the server cannot be reached or is slow, or it has no such model.
    """

    def __init__(self, server: str, model: str, timeout_s: float, channel: Channel | None = None) -> None:
        check_address(server)
        self.provider = f"Triton {server}"
        self._model, self._timeout_s = model, timeout_s
        self._channel = channel or Grpc(server)
        try:
            self.served = self._channel.describe(model)
        except Exception:
            self.close()
            raise
        self.metadata = self.served.parameters

    def warm_up(self, shape: tuple[int, ...]) -> None:
        """Runs once, and may take longer than a frame."""
        self._run({next(iter(self.served.inputs)): np.full(shape, 127, np.uint8)}, max(ASK_S, self._timeout_s))

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        outputs = self.run({next(iter(self.served.inputs)): inputs})
        return outputs[next(iter(self.served.outputs))]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Raises ServerError for no answer in time, and for an answer that is not what the server said it would be."""
        return self._run(inputs, self._timeout_s)

    def close(self) -> None:
        self._channel.close()

    def _run(self, inputs: Mapping[str, np.ndarray], timeout_s: float) -> dict[str, np.ndarray]:
        served, where = self.served, f"{self.provider}, model {self._model}"
        for name, array in inputs.items():
            if name not in served.inputs or not served.inputs[name].fits(array):
                raise ServerError(f"{where} does not take {name} {array.dtype} {array.shape}, but {served.inputs}")
        count = len(next(iter(inputs.values())))
        outputs = self._channel.infer(self._model, served.version, inputs, timeout_s)
        for name, port in served.outputs.items():
            if not (name in outputs and port.fits(outputs[name]) and len(outputs[name]) == count):
                got = f"{outputs[name].dtype} {outputs[name].shape}" if name in outputs else "nothing"
                raise ServerError(
                    f"{where} gave {got} as {name} of {count}, it said {port.datatype} {port.shape}; "
                    "export the model again with `facegpt triton export`"
                )
        return {name: outputs[name] for name in served.outputs}


class Grpc:
    """A Channel through tritonclient.

    Raises:
        ServerError: the package is missing.
    """

    def __init__(self, server: str) -> None:
        try:
            import tritonclient.grpc as triton
            from tritonclient.utils import InferenceServerException
        except (ImportError, RuntimeError) as error:  # RuntimeError: tritonclient without its grpc
            raise ServerError(
                f"estimator.server is {server}, and that needs a package ({error}): pip install 'tritonclient[grpc]'"
            ) from error
        self._triton, self._refused, self._where = triton, InferenceServerException, f"Triton {server}"
        options = [
            ("grpc.max_receive_message_length", _MOST_BYTES),
            ("grpc.max_send_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),  # a new channel does not wait because one before it had to
        ]
        self._client = triton.InferenceServerClient(server, channel_args=options)

    def describe(self, model: str) -> ServedModel:
        try:
            found = self._client.get_model_metadata(model, client_timeout=ASK_S)
            config = self._client.get_model_config(model, client_timeout=ASK_S).config
        except self._refused as error:
            raise self._error(model, error, ASK_S) from error
        if not found.versions:
            raise ServerError(f"{self._where} has no version of model {model} ready; its log says why")
        return ServedModel(
            version=max(found.versions, key=lambda version: (len(version), version)),
            inputs={port.name: Port(port.datatype, tuple(port.shape)) for port in found.inputs},
            outputs={port.name: Port(port.datatype, tuple(port.shape)) for port in found.outputs},
            max_batch=config.max_batch_size,
            parameters={name: value.string_value for name, value in config.parameters.items()},
        )

    def infer(
        self, model: str, version: str, inputs: Mapping[str, np.ndarray], timeout_s: float
    ) -> dict[str, np.ndarray]:
        fed = []
        for name, array in inputs.items():
            fed.append(self._triton.InferInput(name, list(array.shape), _NAMES[array.dtype]))
            fed[-1].set_data_from_numpy(array)
        try:
            reply = self._client.infer(model, fed, model_version=version, client_timeout=timeout_s)
        except self._refused as error:
            raise self._error(model, error, timeout_s) from error
        names = [output.name for output in reply.get_response().outputs]
        try:
            return {name: reply.as_numpy(name) for name in names}
        except Exception as error:  # sizes that are not the bytes', types that numpy has not
            raise ServerError(f"{self._where}, model {model}: its answer cannot be read ({error})") from error

    def close(self) -> None:
        self._client.close()

    def _error(self, model: str, error: Any, timeout_s: float) -> ServerError:
        status, where = str(error.status()), f"{self._where}, model {model}"
        if "DEADLINE_EXCEEDED" in status:
            cure = "check the network and the server's load, or raise estimator.server_timeout_ms"
            return ServerError(f"{where}: no answer within {1000 * timeout_s:.0f} ms; {cure}")
        if "UNAVAILABLE" in status:
            cure = "start the server, check estimator.server and the network"
            return ServerError(f"{where}: not available ({error.message()}); {cure}")
        cure = "the models it should have come from `facegpt triton export`"
        return ServerError(f"{where}: {error.message()}; {cure}")


def check_address(server: str) -> None:
    """Raises ConfigError for what is no host:port."""
    port = re.fullmatch(r"\S*[^\s:/]:(\d{1,5})", server)
    if port is None or not 0 < int(port[1]) < 65536:
        raise ConfigError(f"estimator.server is '{server}'; give host:port, such as 192.168.1.20:8001")
