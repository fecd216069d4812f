"""Timings that can be compared: what is measured takes turns, so that a busy moment of the machine hits all alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tqdm import tqdm

#: One turn of something. What it returns, where it is a number, is its own measure of its milliseconds.
Turn = Callable[[], Any]


def interleaved(
    turns: Mapping[str, Turn], repeats: int, warm_up: int = 3, what: str = "turns", settling: int = 0
) -> dict[str, np.ndarray]:
    """Each name → (repeats,) milliseconds; the k-th of all were taken one after the other.

    Args:
        warm_up: rounds that do not count.
        what: is told beside the progress.
        settling: times that each runs before the one that counts, so that it finds in the caches what it left there and
            not what others did.
    """
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for nth in tqdm(range(-warm_up, repeats), desc=what, file=sys.stderr, leave=False):
        for name, turn in turns.items():
            for _ in range(settling):
                turn()
            begun = time.perf_counter()
            own = turn()
            spent = 1e3 * (time.perf_counter() - begun)
            if nth >= 0:
                taken[name].append(own if isinstance(own, float) else spent)
    return {name: np.array(values) for name, values in taken.items()}


def summary(milliseconds: np.ndarray) -> dict[str, float]:
    """min, median, p95 and p99, ms."""
    low, middle, high, highest = np.percentile(milliseconds, (0, 50, 95, 99))
    return {"min": _round(low), "median": _round(middle), "p95": _round(high), "p99": _round(highest)}


def ratio(one: np.ndarray, other: np.ndarray) -> float:
    """How many times as long one takes as the other: the median over turns that stood side by side."""
    return round(float(np.median(one / other)), 3)


def _round(value: float) -> float:
    return round(float(value), 3)
