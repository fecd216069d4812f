"""One thing that can be said about a face, how sure it is, and where the line between two words lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from facegpt_ros.face import Spread

LEFT, RIGHT = "viewer's left", "viewer's right"
#: A fact below the first is told with a reservation, below the second not at all.
SURE, GUESS = 0.6, 0.35
_POSSIBLE = 0.15  # a neighbouring word that is at least so likely is no mistake


@dataclass(frozen=True)
class Fact:
    """What facegpt_ros/msg/Fact carries, and the number behind it.

    Attributes:
        key: what it is about, as in KEYS of topics.py; the message's key.
        value: one of that key's words; sides are the viewer's and say so. The message's value.
        confidence: probability that value is true, 0..1.
        number: the quantity behind the word in `unit`; None where there is none.
        unit: "deg", "m", "mm", "%", "sigma" or "" (activation 0..1, count).
        face: face_id; empty for the whole image.
        also: other values that are about as likely.
    """

    key: str
    value: str
    confidence: float
    number: float | None = None
    unit: str = ""
    face: str = ""
    also: tuple[str, ...] = ()

    @property
    def possible(self) -> frozenset[str]:
        """value and also."""
        return frozenset((self.value, *self.also))


@dataclass(frozen=True)
class Doubt:
    """Standard deviations of an estimate; None where unknown: the defaults of the shipped estimator then.

    A value that is not finite or negative counts as knowing nothing.

    Attributes:
        angle_deg: of yaw, pitch and roll, one number or (3,).
        identity: (I,) σ.
        expression: (E,) activations.
        illumination: one number or (27,).
        albedo: (A,) σ.
        distance: relative to the distance.
    """

    angle_deg: float | np.ndarray | None = None
    identity: np.ndarray | None = None
    expression: np.ndarray | None = None
    illumination: float | np.ndarray | None = None
    albedo: np.ndarray | None = None
    distance: float | None = None


#: Of identity coefficients when nothing of the shape is known, and the distance (mm) of the mean face from people then.
_NOTHING_KNOWN, _MEAN_FACE_MM = 0.85, 0.96


def doubt_of(spread: Spread | Doubt | None, identity: int) -> Doubt:
    """What an estimator says of its errors on one face, as facts use it.

    A shape that lies as far off as the mean face does tells nothing of identity; less, in proportion.

    Args:
        spread: of one face; None takes the defaults.
        identity: number of coefficients.
    """
    if spread is None:
        return Doubt()
    if isinstance(spread, Doubt):
        return spread
    share = float(np.asarray(spread.shape, np.float64).ravel()[0]) / _MEAN_FACE_MM
    return Doubt(
        angle_deg=np.degrees(np.asarray(spread.angles, np.float64)).ravel(),
        identity=np.full(identity, _NOTHING_KNOWN * share),
        expression=np.asarray(spread.expression, np.float64).ravel(),
    )


def filled(spread: float | np.ndarray | None, default: float, count: int) -> np.ndarray:
    """A spread or its default as (count,), inf where it says nothing or has another length."""
    values = np.asarray(default if spread is None else spread, np.float64).ravel()
    if len(values) == 1:
        values = np.repeat(values, count)
    if len(values) != count:
        return np.full(count, np.inf)
    return np.where(np.isfinite(values) & (values >= 0), values, np.inf)


def combined(weights: np.ndarray, spread: np.ndarray) -> float:
    """Standard deviation of weights · x for independent x."""
    used = weights != 0
    return float(np.linalg.norm(weights[used] * spread[used])) if used.any() else 0.0


def graded(
    key: str,
    number: float,
    spread: float,
    edges: Sequence[float],
    values: Sequence[str],
    *,
    trust: float = 1.0,
    unit: str = "",
    face: str = "",
) -> Fact:
    """The word whose range a number lies in, as sure as a normal distribution of that spread is inside the range.

    Args:
        edges: (K,) ascending, between the K + 1 values; a value may come twice (both ends of a range).
        trust: multiplies the confidence.
    """
    chance: dict[str, float] = {}
    below = [0.0, *(_below(edge, number, spread) for edge in edges), 1.0]
    for value, low, high in zip(values, below[:-1], below[1:], strict=True):
        chance[value] = chance.get(value, 0.0) + high - low
    value = values[int(np.searchsorted(np.asarray(edges), number, side="right"))]
    also = tuple(other for other, p in chance.items() if other != value and p >= _POSSIBLE)
    return Fact(key, value, float(np.clip(chance[value] * trust, 0, 1)), float(number), unit, face, also)


def _below(edge: float, number: float, spread: float) -> float:
    if not math.isfinite(spread):
        return 0.5
    if spread <= 0:
        return 1.0 if number < edge else 0.0
    return 0.5 * (1 + math.erf((edge - number) / (spread * math.sqrt(2))))
