"""What the estimator says of a crop, and what the pipeline says of a face in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.render.camera import Camera


@dataclass(frozen=True)
class Spread:
    """Standard deviations that an estimator expects of its own errors, of N faces; of one face without the N.

    Attributes:
        landmarks: (N, 68) of each coordinate of a projected landmark, crop units (perception/crop.py).
        angles: (N, 3) yaw, pitch, roll, rad.
        shape: (N,) of the distance to the true surface, mm.
        expression: (N, E) of each activation.
    """

    landmarks: np.ndarray
    angles: np.ndarray
    shape: np.ndarray
    expression: np.ndarray

    def __getitem__(self, which: int | slice) -> Spread:
        """Of one face, or of some."""
        return Spread(*(part[which] for part in vars(self).values()))

    def __add__(self, other: Spread) -> Spread:
        """Of these faces and then those."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Spread(*(np.concatenate(pair) for pair in pairs))


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
        spread: how far off the estimator thinks it is; None of an estimator that does not say.
    """

    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    illumination: np.ndarray
    rotation: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    presence: np.ndarray
    spread: Spread | None = None

    def __len__(self) -> int:
        return len(self.presence)

    def translation(self, half_extent: np.ndarray | float) -> np.ndarray:
        """(N, 3) m float64, the sellion in the virtual camera's optical frame; half_extent: h (N,), or of all crops."""
        h = np.broadcast_to(np.asarray(half_extent, np.float64), len(self))
        depth = 1 / (h * np.maximum(self.scale, 1e-6))
        sight = np.concatenate([np.asarray(self.offset, np.float64) * h[:, None], np.ones((len(self), 1))], 1)
        return depth[:, None] * sight

    def __getitem__(self, which: slice) -> CropEstimate:
        """Of some of the crops."""
        parts = {name: part[which] for name, part in vars(self).items() if part is not None}
        return CropEstimate(**parts)

    def __add__(self, other: CropEstimate) -> CropEstimate:
        """Of these crops and then those, which come from the same estimator."""
        mine, theirs = dict(vars(self)), dict(vars(other))
        spread, more = mine.pop("spread"), theirs.pop("spread")
        joined = {name: np.concatenate([part, theirs[name]]) for name, part in mine.items()}
        return CropEstimate(**joined, spread=None if spread is None or more is None else spread + more)


@dataclass(frozen=True)
class Face:
    """One face in one image.

    Attributes:
        face_id: stable while the face is tracked; starts with a letter.
        confidence: 0..1, of the face and, where the estimator says a spread, of its landmarks.
        roi: (x, y, width, height) px, the axis-aligned box of the landmarks, inside the image.
        rotation: (3, 3), model frame (x to the subject's left, y up, z out of the face) → optical frame.
        translation: (3,) m, the sellion in the optical frame.
        identity, expression, albedo, illumination: α (I,), δ (E,), γ (A,), φ (27,) as in CropEstimate.
        camera: the intrinsics used.
        landmarks: (68, 2) px, iBUG order, in the source image (distorted as the lens does). The jaw follows the
            outline of a turned head.
        landmark_spread: (68,) px, standard deviation of each landmark's x and y; None where the estimator says none.
        spread: what the estimator says of its own errors in this face's crop, or None.
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
    landmark_spread: np.ndarray | None = None
    spread: Spread | None = None
