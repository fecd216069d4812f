"""The decode graph, piece by piece: what was read before is kept here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from facegpt_ros.backends.base import Backend
from facegpt_ros.backends.choose import Choice
from facegpt_ros.backends.onnx_runtime import OnnxRuntime, language_threads
from facegpt_ros.errors import WeightsError
from facegpt_ros.model.built_graphs import BuiltGraphs

_STEP = 64  # positions that room is made for at once


class Decoder:
    """One sequence at a time; not thread-safe.

    Args:
        graphs: of facegpt_build.build.
        threads: of one inference; 0 chooses for this machine.
        choice: of what computes.
    """

    def __init__(self, graphs: BuiltGraphs, threads: int = 0, choice: Choice | None = None) -> None:
        self._config = graphs.config
        self._backend = backend = (choice or Choice()).open(graphs.decode, threads or language_threads())
        fused = isinstance(backend, OnnxRuntime) and "length" in backend.inputs
        self._keeps: _Growing | _InPlace = _InPlace(backend) if fused else _Growing(backend)  # type: ignore[arg-type]
        self.begin(0)

    def begin(self, positions: int) -> None:
        """Forgets the sequence; the next one will have so many positions at most."""
        config = self._config
        self._keeps.begin((config.layers, 1, config.key_heads, -(-positions // _STEP) * _STEP, config.head_width))

    def read(self, embeddings: np.ndarray) -> np.ndarray:
        """The next piece (1, T, D) float32 → logits (V,) of what comes after it; the next call overwrites them."""
        return self._keeps.read(embeddings)

    def close(self) -> None:
        """Frees the graph."""
        self._backend.close()


class _Growing:
    """Keys and values come back longer from every run (language_graph.decode_graph)."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def begin(self, shape: tuple[int, ...]) -> None:
        empty = np.zeros((*shape[:3], 0, shape[4]), np.float32)
        self._past: Mapping[str, np.ndarray] = {"past_keys": empty, "past_values": empty}

    def read(self, embeddings: np.ndarray) -> np.ndarray:
        out = self._backend.run({"embeddings": embeddings, **self._past})
        self._past = {"past_keys": out["keys"], "past_values": out["values"]}
        return out["logits"][0]


class _InPlace:
    """Keys and values are written where they lie (fused_layers.fused_decode_graph)."""

    def __init__(self, backend: OnnxRuntime) -> None:
        self._backend = backend

    def begin(self, shape: tuple[int, ...]) -> None:
        self._length = 0
        held = np.zeros((2, *shape), np.float32)
        names = [(f"key_{layer}", f"value_{layer}") for layer in range(shape[0])]
        self._run = self._backend.in_place(
            {name: held[part, layer] for layer, pair in enumerate(names) for part, name in enumerate(pair)}
        )

    def read(self, embeddings: np.ndarray) -> np.ndarray:
        room = next(iter(self._run.held.values())).shape[2]
        if self._length + embeddings.shape[1] > room:
            end = self._length + embeddings.shape[1]
            raise WeightsError(f"the decoder has room for {room} positions, {end} are read; begin with more")
        logits = self._run({"embeddings": embeddings, "length": np.array([self._length], np.int64)})["logits"]
        self._length += embeddings.shape[1]
        return logits[0]
