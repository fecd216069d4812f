"""Whether an estimator's own spread is as large as its errors are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.face import Face


@dataclass
class CoverageScores:
    """Which landmark coordinates lie within one standard deviation of the truth; lists hold (68, 2) bool a face."""

    inside: list[np.ndarray] = field(default_factory=list)

    def add(self, face: Face, truth: np.ndarray) -> None:
        """One face and its true landmarks (68, 2) px; nothing is counted where the estimator gives no spread.

        The spread is `face.landmark_spread`, σ in px: (68,) the same for x and y, or (68, 2).

        Raises:
            ModelError: it has another shape, is negative or not finite.
        """
        spread = face.landmark_spread
        if spread is None:
            return
        sigma = np.asarray(spread, np.float64)
        if sigma.shape not in ((68,), (68, 2)) or not np.isfinite(sigma).all() or (sigma < 0).any():
            raise ModelError(
                f"landmark_spread is {sigma.shape}, or negative or not finite; give σ in px, (68,) or (68, 2)"
            )
        self.inside.append(np.abs(face.landmarks - truth) <= (sigma[:, None] if sigma.ndim == 1 else sigma))

    def share(self) -> float | None:
        """`coverage_68`: share of all coordinates within one σ, 0.683 where errors are Gaussian and σ is right; None
        without a spread.
        """
        return float(np.mean(self.inside)) if self.inside else None
