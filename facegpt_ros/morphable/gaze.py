"""Where a face looks, from its eye expressions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Turn of the shipped model's eyeballs at activation 1, degrees; the model is built with them.
SIDEWAYS_DEG, UP_DEG, DOWN_DEG = 26.0, 20.0, 24.0

#: Axes of gaze_<id> for eyes at rest: z out of the face, x to the subject's right, y down. p_model = … @ p_gaze.
MODEL_FROM_GAZE_REST = np.diag([-1.0, -1.0, 1.0])


def gaze_rotation(rotation: np.ndarray, expression: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Rotation (3, 3) of gaze_<id> (z along the gaze, x right, y down, as REP-155 says) → optical frame.

    The mean of both eyes, turned with the head. A model without ARKit's eyeLook… names looks straight ahead.

    Args:
        rotation: (3, 3), model frame → optical frame.
        expression: (E,) activations, named by names.
    """
    value = dict(zip(names, np.asarray(expression, np.float64), strict=True))

    def both(what: str) -> tuple[float, float]:
        return value.get(f"eyeLook{what}Left", 0.0), value.get(f"eyeLook{what}Right", 0.0)

    (out_left, out_right), (in_left, in_right) = both("Out"), both("In")
    yaw = np.radians(SIDEWAYS_DEG * (out_left - in_left + in_right - out_right) / 2)  # to the subject's left
    pitch = np.radians((UP_DEG * sum(both("Up")) - DOWN_DEG * sum(both("Down"))) / 2)
    turn_left = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    turn_up = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    return np.asarray(rotation, np.float64) @ turn_left @ turn_up @ MODEL_FROM_GAZE_REST
