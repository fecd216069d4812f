"""The standard deviations that an estimator says of its own errors: their order in a vector, and back to units."""

from __future__ import annotations

import numpy as np

from facegpt_ros.face import Spread

LANDMARKS = 68
ANGLES = 3
#: Logarithms are kept inside: between a third of a thousandth and 55 of each unit.
LOG_LIMITS = (-8.0, 4.0)


def spread_sizes(n_expression: int) -> dict[str, int]:
    """Name of each part → how many numbers it has, in their order."""
    return {"landmarks": LANDMARKS, "angles": ANGLES, "shape": 1, "expression": n_expression}


def decode_spread(log_spread: np.ndarray, n_expression: int) -> Spread:
    """Log standard deviations (N, 72 + E) of the face head → Spread; what is not finite is as unsure as can be."""
    low, high = LOG_LIMITS
    sigma = np.exp(np.nan_to_num(log_spread, nan=high, posinf=high, neginf=high).clip(low, high))
    sizes = spread_sizes(n_expression)
    parts = np.split(sigma.astype(np.float32), np.cumsum(list(sizes.values()))[:-1], axis=1)
    named = dict(zip(sizes, parts, strict=True))
    return Spread(named["landmarks"], named["angles"], named["shape"][:, 0], named["expression"])
