"""What runs a network, whatever it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np


class Backend(Protocol):
    """One loaded graph. Not thread-safe: one worker calls it."""

    @property
    def provider(self) -> str:
        """What really computes, such as "CPUExecutionProvider"."""

    @property
    def metadata(self) -> dict[str, str]:
        """The graph's own notes."""

    def warm_up(self, shape: tuple[int, ...]) -> None:
        """Runs once on an array of this shape, so that the first frame is not the slow one."""

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        """The graph's first input → its first output."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every input by name → every output by name."""

    def close(self) -> None:
        """Frees the graph; infer must not be called again."""
