"""Landmarks of a face in its pose, the jaw on the outline that the camera sees."""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.pose import seen_yaw


def posed_landmarks(
    model: LinearModel, identity: np.ndarray, expression: np.ndarray, rotation: np.ndarray, translation: np.ndarray
) -> np.ndarray:
    """The 68 landmarks (..., 68, 3) float64 m in the optical frame.

    Args:
        identity: α (..., I); expression: δ (..., E).
        rotation: (..., 3, 3), model frame → optical frame; translation: (..., 3) m, the sellion.
    """
    rotation, translation = np.asarray(rotation, np.float64), np.asarray(translation, np.float64)
    yaw = np.nan_to_num(seen_yaw(rotation, translation))  # a broken pose gives broken points, not an error
    points = model.landmarks(identity, expression, yaw=yaw)
    return points @ np.swapaxes(rotation, -1, -2) + translation[..., None, :]
