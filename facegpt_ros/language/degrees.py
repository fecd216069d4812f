"""How much a word asks for, and from where on a face has it: the one place of all thresholds.

Ranges are in units of an attribute's `scale`: standard deviations where a scale is 1, activations for expressions. A
face drawn for a word lies well inside what counts as having it, so that an estimate of the face may err.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ConfigError

SLIGHTLY, PLAIN, VERY, NOT, AVERAGE, SOME = "slightly", "plain", "very", "not", "average", "some"


@dataclass(frozen=True)
class Degree:
    """Ranges for the high word; the low word's are mirrored.

    Attributes:
        drawn: (low, high) that faces of that word are drawn from.
        present: (low, high) within which a face counts as having it.
    """

    drawn: tuple[float, float]
    present: tuple[float, float]


_INF = float("inf")
#: For identity and albedo, standard deviations.
SIGMA = {
    SLIGHTLY: Degree((0.45, 0.9), (0.2, 1.3)),
    PLAIN: Degree((1.0, 1.9), (0.7, _INF)),
    VERY: Degree((1.9, 2.7), (1.5, _INF)),
    NOT: Degree((-1.2, 0.0), (-_INF, 0.3)),
    AVERAGE: Degree((-0.25, 0.25), (-0.6, 0.6)),
}
#: For expressions, activations.
ACTIVATION = {
    SLIGHTLY: Degree((0.25, 0.45), (0.12, 0.6)),
    PLAIN: Degree((0.5, 0.85), (0.3, _INF)),
    VERY: Degree((0.8, 1.0), (0.6, _INF)),
    SOME: Degree((0.25, 0.6), (0.12, _INF)),  # of what a situation brings along: at least slightly
    NOT: Degree((0.0, 0.04), (-_INF, 0.2)),
}


def degree_ranges(name: str, *, expression: bool) -> Degree:
    """Raises ConfigError when there is no such degree of that kind."""
    table = ACTIVATION if expression else SIGMA
    if name not in table:
        raise ConfigError(
            f"degree is '{name}'; degrees of {'expressions' if expression else 'shapes and tones'} are "
            f"{', '.join(table)}"
        )
    return table[name]


def word_degree(value: float | np.ndarray, *, expression: bool) -> np.ndarray:
    """The degree that best tells |value| (...), in units of scale; AVERAGE or NOT for little."""
    size = np.abs(np.asarray(value, np.float64))
    few, some, most = (0.15, 0.42, 0.8) if expression else (0.5, 0.95, 1.9)
    return np.select([size >= most, size >= some, size >= few], [VERY, PLAIN, SLIGHTLY], NOT if expression else AVERAGE)
