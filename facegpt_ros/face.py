"""What the estimator says of a crop, and what the pipeline says of a face in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.render.camera import Camera


@dataclass(frozen=True)
class CropEstimate:
    """θ of N crops, relative to each crop's virtual camera (perception/crop.py).

    Attributes:
        identity: α (N, I), in standard deviations of the model's identity prior.
        expression: δ (N, E), activations, 0 (rest) to 1 (full).
        albedo: γ (N, A), in standard deviations.
        illumination: φ (N, 27), 9 spherical harmonics × RGB, harmonic-major: φ.reshape(9, 3).
        rotation: (N, 3, 3), model frame → virtual camera's optical frame.
        offset: (N, 2), projected sellion, in half crop widths from the crop's centre (x right, y down).
        scale: (N,), half crop widths per metre at the sellion's depth.
        presence: (N,), probability 0..1 that the crop shows a face.
    """

    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    illumination: np.ndarray
    rotation: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    presence: np.ndarray

    def __len__(self) -> int:
        return len(self.presence)


@dataclass(frozen=True)
class Face:
    """One face in one image.

    Attributes:
        face_id: stable while the face is tracked; starts with a letter.
        confidence: 0..1.
        roi: (x, y, width, height) px, the axis-aligned box of the landmarks, inside the image.
        rotation: (3, 3), model frame (x to the subject's left, y up, z out of the face) → optical frame.
        translation: (3,) m, the sellion in the optical frame.
        identity, expression, albedo, illumination: α (I,), δ (E,), γ (A,), φ (27,) as in CropEstimate.
        camera: the intrinsics used.
        landmarks: (68, 2) px, iBUG order, in the source image (distorted as the lens does). The jaw follows the
            outline of a turned head.
    """

    face_id: str
    confidence: float
    roi: tuple[float, float, float, float]
    rotation: np.ndarray
    translation: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    illumination: np.ndarray
    camera: Camera
    landmarks: np.ndarray
