"""A scene whose truth is known: it plays detector and estimator, and reads the truth instead of the image."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from facegpt_ros.face import CropEstimate, Spread
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.detect import Detection
from facegpt_ros.render.camera import Camera

CAMERA = Camera.from_fov(640, 480, 60)
MODEL = MorphableModel.load()


@dataclass(eq=False)
class Person:
    """One true face."""

    translation: np.ndarray
    rotation: np.ndarray = field(default_factory=lambda: matrix_from_euler(0, 0, 0))
    smile: float = 0.0
    presence: float = 0.95
    scale_error: float = 1.0

    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        identity = np.zeros(len(MODEL.identity_names), np.float32)
        identity[0] = 1.0
        expression = np.zeros(len(MODEL.expression_names), np.float32)
        expression[MODEL.expression_names.index("mouthSmileLeft")] = self.smile
        return identity, expression

    def points(self) -> np.ndarray:
        return posed_landmarks(MODEL, *self.coefficients(), self.rotation, self.translation)


class Scene:
    """Plays detector and estimator; counts their calls. Crops are told apart by the virtual cameras that cut them."""

    model_id = "oracle"
    crop_size = 32

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *people: Person, camera: Camera = CAMERA) -> None:
        self.people, self.camera = list(people), camera
        self.detections, self.batches, self.closed = 0, [], False
        self.cuts: list[list[CropCamera]] = []
        self.sigma: float | None = None  # crop units, of landmarks; more for each crop of a batch
        self._cut: list[CropCamera] = []
        monkeypatch.setattr(CropCamera, "extract", lambda crop, image, size: self._extract(crop, size))

    def _extract(self, crop: CropCamera, size: int) -> np.ndarray:
        self._cut.append(crop)
        return np.zeros((size, size, 3), np.uint8)

    def detect(self, image: np.ndarray, min_score: float) -> list[Detection]:
        self.detections += 1
        found = []
        for person in self.people:
            pixels = self.camera.project(person.points())
            marks = [pixels[36:42], pixels[42:48], pixels[30:31], pixels[48:], pixels[1:2], pixels[15:16]]
            box = (*pixels.min(0), *pixels.max(0))
            found.append(Detection(box, person.presence, np.array([mark.mean(0) for mark in marks])))
        return [detection for detection in found if detection.score >= min_score]

    def infer(self, crops: np.ndarray) -> CropEstimate:
        cut, self._cut = self._cut, []
        assert len(crops) == len(cut)
        self.batches.append(len(cut))
        self.cuts.append(cut)
        rows = [self._look(crop) for crop in cut]
        estimate = CropEstimate(*(np.stack(column) for column in zip(*rows, strict=True)))
        if self.sigma is None:
            return estimate
        sigma = self.sigma * (1 + np.arange(len(cut)))
        parts = np.repeat(sigma[:, None], 68, 1), np.zeros((len(cut), 3)), sigma, np.zeros_like(estimate.expression)
        return replace(estimate, spread=Spread(*parts))

    def _look(self, crop: CropCamera) -> tuple[np.ndarray, ...]:
        """What an estimator would say: the person nearest to the crop's middle, if one fills it about right."""
        flat = [np.zeros(len(MODEL.albedo_names), np.float32), np.zeros(27, np.float32)]
        for person in sorted(self.people, key=lambda p: np.linalg.norm(crop.project(p.points()).mean(0))):
            seen = crop.project(person.points())
            if np.abs(seen.mean(0)).max() < 0.5 and 0.5 < np.ptp(seen, axis=0).max() < 2.2:
                rotation, offset, scale = crop.lower(person.rotation, person.translation)
                scale, presence = np.float64(scale * person.scale_error), np.float64(person.presence)
                return *person.coefficients(), *flat, rotation, offset, scale, presence
        return *Person(np.zeros(3)).coefficients(), *flat, np.eye(3), np.zeros(2), np.float64(5), np.float64(0.02)

    def close(self) -> None:
        self.closed = True
