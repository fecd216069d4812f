"""One-euro filters (Casiez, Roussel and Vogel, CHI 2012): steady when a face rests, quick when it moves.

A low-pass whose cutoff rises with speed: fc = min_cutoff + beta · |speed|, α = 1 / (1 + 1 / (2π fc dt)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

# The cutoff of the speed estimate, as in the paper.
_SPEED_CUTOFF_HZ = 1.0
# When stamps stand still (a driver that does not set them), frames count as this far apart until a step is known.
_ASSUMED_STEP_S = 1 / 30

# The change that counts as one unit of speed (per second), so that one beta serves quantities of different units.
_UNIT_ROTATION_RAD = math.radians(2)
_UNIT_DIRECTION = 0.01  # of x/z, y/z
_UNIT_LOG_DEPTH = 0.03
_UNIT_EXPRESSION = 0.05
_UNIT_COEFFICIENT = 1.0  # standard deviations of identity and albedo; illumination is of the same order
# Of direction and log depth, identity, expression, albedo, illumination.
_UNITS = tuple(
    np.array(unit)
    for unit in (
        [_UNIT_DIRECTION, _UNIT_DIRECTION, _UNIT_LOG_DEPTH],
        *(_UNIT_COEFFICIENT, _UNIT_EXPRESSION, _UNIT_COEFFICIENT, _UNIT_COEFFICIENT),
    )
)


@dataclass(frozen=True)
class FaceState:
    """What is smoothed of a face; arrays as in Face."""

    rotation: np.ndarray
    translation: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    illumination: np.ndarray


class OneEuroFilter:
    """Filters a vector, each component by its own speed.

    Args:
        unit: the change per second that counts as speed 1, of all components or of each.
    """

    def __init__(self, unit: float | np.ndarray = 1.0) -> None:
        self._unit = unit
        self._value: np.ndarray | None = None
        self._raw: np.ndarray | None = None
        self._speed: np.ndarray | None = None

    def __call__(self, value: np.ndarray, step_s: float, min_cutoff_hz: float, beta: float) -> np.ndarray:
        """The filtered value (...,), step_s > 0 after the last."""
        value = np.asarray(value, np.float64)
        if self._value is None or self._raw is None or self._speed is None:
            self._value, self._raw, self._speed = value, value, np.zeros_like(value)
            return value
        speed = (value - self._raw) / (step_s * self._unit)
        self._speed = self._speed + _share(_SPEED_CUTOFF_HZ, step_s) * (speed - self._speed)
        self._value = self._value + _share(min_cutoff_hz + beta * np.abs(self._speed), step_s) * (value - self._value)
        self._raw = value
        return self._value


class RotationFilter:
    """Filters a rotation along the geodesic from the last one, by its angular speed."""

    def __init__(self, unit_rad: float = _UNIT_ROTATION_RAD) -> None:
        self._unit = unit_rad
        self._value: np.ndarray | None = None
        self._raw: np.ndarray | None = None
        self._speed = np.zeros(3)

    def __call__(self, value: np.ndarray, step_s: float, min_cutoff_hz: float, beta: float) -> np.ndarray:
        """The filtered rotation (3, 3), step_s > 0 after the last."""
        value = np.asarray(value, np.float64)
        if self._value is None or self._raw is None:
            self._value = self._raw = value
            return value
        speed = _vector(value @ self._raw.T) / (step_s * self._unit)
        self._speed = self._speed + _share(_SPEED_CUTOFF_HZ, step_s) * (speed - self._speed)
        share = _share(min_cutoff_hz + beta * float(np.linalg.norm(self._speed)), step_s)
        self._value = cv2.Rodrigues(_vector(value @ self._value.T) * share)[0] @ self._value
        self._raw = value
        return self._value


class FaceSmoother:
    """The filters of one face. A stamp that goes back starts them anew, one that stands still is a usual step."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._step_s = _ASSUMED_STEP_S
        self._start()

    def _start(self) -> None:
        self._rotation = RotationFilter()
        self._rest: OneEuroFilter | None = None  # of everything else, in one vector: a call for each part costs more

    def smooth(self, state: FaceState, stamp_s: float, min_cutoff_hz: float, beta: float) -> FaceState:
        """The smoothed state at stamp_s (s); the same shapes, coefficients in their own dtype."""
        step = 0.0 if self._last_s is None else stamp_s - self._last_s
        if step < 0:
            self._start()
        elif step > 0:
            self._step_s = step
        self._last_s = stamp_s
        how = (self._step_s, min_cutoff_hz, beta)
        # Direction and distance apart: an estimate from one camera is far surer of the first.
        x, y, z = np.asarray(state.translation, np.float64)
        depth = max(z, 1e-6)
        sight = np.array([x / depth, y / depth, math.log(depth)])
        parts = (sight, state.identity, state.expression, state.albedo, state.illumination)
        if self._rest is None:
            units = [np.broadcast_to(unit, len(part)) for part, unit in zip(parts, _UNITS, strict=True)]
            self._rest = OneEuroFilter(np.concatenate(units))
        rest = self._rest(np.concatenate(parts), *how)
        ends = np.cumsum([len(part) for part in parts])
        values = [rest[end - len(part) : end].astype(part.dtype) for part, end in zip(parts, ends, strict=True)]
        direction, depth = values[0][:2], math.exp(float(values[0][2]))
        return FaceState(self._rotation(state.rotation, *how), depth * np.array([*direction, 1.0]), *values[1:])


def _share(cutoff_hz, step_s: float):
    """α: how much of the way to the new value is gone."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * step_s))


def _vector(rotation: np.ndarray) -> np.ndarray:
    """(3, 3) → rotation vector (3,), rad."""
    return cv2.Rodrigues(rotation)[0][:, 0]
