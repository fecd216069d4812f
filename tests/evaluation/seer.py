"""A pipeline that is told what it sees, and the faces to tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from facegpt_ros.config import PerceptionConfig
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.camera import Camera


def face_at(landmarks: np.ndarray, model: MorphableModel, **values: np.ndarray) -> Face:
    """The mean face with these landmarks (68, 2) px, but for the values given."""
    theta = {
        "identity": np.zeros(len(model.identity_names)),
        "expression": np.zeros(len(model.expression_names)),
        "albedo": np.zeros(len(model.albedo_names)),
        "illumination": np.zeros(27),
        "rotation": np.eye(3),
        "translation": np.array([0, 0, 1.0]),
        "camera": Camera.from_fov(640, 480, 60),
        **values,
    }
    low, high = landmarks.min(0), landmarks.max(0)
    return Face("f1", 1.0, (*low, *(high - low)), landmarks=landmarks, **theta)


class Seer:
    """Answers the faces of one image after the other, whatever the image."""

    model_id = "seer"

    def __init__(self, model: MorphableModel, answers: Iterable[list[Face]]) -> None:
        self.model, self.resets, self.smoothed = model, 0, []
        self.config = PerceptionConfig(smoothing=True)
        self._answers: Iterator[list[Face]] = iter(answers)

    def reset(self) -> None:
        self.resets += 1

    def process(self, image: np.ndarray, camera: Camera, stamp_s: float) -> list[Face]:
        assert image.shape[:2] == (camera.height, camera.width)
        self.smoothed.append(self.config.smoothing)
        return next(self._answers)

    def close(self) -> None:
        """Nothing to free."""


def unseen(*_: object) -> None:
    """Shows nothing."""
