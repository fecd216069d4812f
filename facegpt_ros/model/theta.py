"""The raw vector that every estimator predicts per crop, and how it becomes θ (numpy; the robot runs this)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.face import CropEstimate
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL

if TYPE_CHECKING:
    from facegpt_ros.morphable.model import MorphableModel

ILLUMINATION = 27  # 9 spherical harmonics × RGB
COEFFICIENT_LIMIT = 4.0  # σ; beyond it the model's prior has nothing to say and faces turn into caricatures
ILLUMINATION_LIMIT = 6.0
LOG_SCALE_MEAN = 2.25  # log of half crop widths per metre under the standard framing (perception/crop.py)
OFFSET_Y_MEAN = -0.4  # the sellion lies above the crop's centre
LOG_SCALE_LIMITS = (0.5, 4.5)
OFFSET_LIMIT = 3.0
AMBIENT_WHITE = 0.95  # φ of harmonic 0 for a well lit face: albedo × 0.886 × 0.95
IDENTITY_6D = np.array([1, 0, 0, 0, 1, 0], np.float32)


@dataclass(frozen=True)
class ThetaLayout:
    """Where each group lies in the raw network output (N, D).

    identity | expression | albedo | illumination 27 | rotation 6 | offset 2 | log scale 1 | presence logit 1.
    Rotation is the continuous 6D representation of Zhou et al. 2019 (first two columns), minus the identity's, of the
    head's rotation in the y-up model frame: zeros look straight into the camera.

    Example:
        >>> layout = ThetaLayout(80, 52, 12)
        >>> estimate = layout.decode(np.zeros((1, layout.size), np.float32))
    """

    n_identity: int
    n_expression: int
    n_albedo: int

    @classmethod
    def of(cls, model: MorphableModel) -> ThetaLayout:
        """Of θ of this morphable model."""
        return cls(len(model.identity_names), len(model.expression_names), len(model.albedo_names))

    @property
    def identity(self) -> slice:
        return slice(0, self.n_identity)

    @property
    def expression(self) -> slice:
        return slice(self.n_identity, self.n_identity + self.n_expression)

    @property
    def albedo(self) -> slice:
        start = self.n_identity + self.n_expression
        return slice(start, start + self.n_albedo)

    @property
    def illumination(self) -> slice:
        return slice(self.albedo.stop, self.albedo.stop + ILLUMINATION)

    @property
    def rotation(self) -> slice:
        return slice(self.illumination.stop, self.illumination.stop + 6)

    @property
    def offset(self) -> slice:
        return slice(self.rotation.stop, self.rotation.stop + 2)

    @property
    def log_scale(self) -> int:
        return self.offset.stop

    @property
    def presence(self) -> int:
        return self.offset.stop + 1

    @property
    def size(self) -> int:
        """D."""
        return self.offset.stop + 2

    def to_json(self) -> str:
        """For the metadata of a weights file."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ThetaLayout:
        """Raises ModelError when the text is not a layout."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise ModelError(f"layout is {text!r}, not a θ layout ({error}); export the weights again") from error

    def mean(self) -> np.ndarray:
        """The raw vector of the mean face, frontal, in white light: (D,) float32. Presence logit 0."""
        raw = np.zeros(self.size, np.float32)
        raw[self.illumination][:3] = AMBIENT_WHITE
        raw[self.offset][1] = OFFSET_Y_MEAN
        raw[self.log_scale] = LOG_SCALE_MEAN
        return raw

    def decode(self, raw: np.ndarray) -> CropEstimate:
        """Raw output (N, D) → CropEstimate, everything finite and inside its range.

        A row that holds NaN or inf becomes the mean face with presence 0.
        Raises ModelError when D is not this layout's.
        """
        raw = np.asarray(raw, np.float32)
        if raw.ndim != 2 or raw.shape[1] != self.size:
            raise ModelError(
                f"raw θ has shape {raw.shape}; this layout needs (N, {self.size}): weights and model differ"
            )
        bad = ~np.isfinite(raw).all(1)
        if bad.any():
            raw = np.where(bad[:, None], self.mean(), raw)
        presence = 1 / (1 + np.exp(-np.clip(raw[:, self.presence], -30, 30)))
        presence[bad] = 0
        limit = COEFFICIENT_LIMIT
        return CropEstimate(
            identity=raw[:, self.identity].clip(-limit, limit),
            expression=raw[:, self.expression].clip(0, 1),
            albedo=raw[:, self.albedo].clip(-limit, limit),
            illumination=raw[:, self.illumination].clip(-ILLUMINATION_LIMIT, ILLUMINATION_LIMIT),
            rotation=OPTICAL_FROM_MODEL_FRONTAL.astype(np.float32) @ rotation_from_6d(raw[:, self.rotation]),
            offset=raw[:, self.offset].clip(-OFFSET_LIMIT, OFFSET_LIMIT),
            scale=np.exp(raw[:, self.log_scale].clip(*LOG_SCALE_LIMITS)),
            presence=presence,
        )

    def encode(self, estimate: CropEstimate) -> np.ndarray:
        """CropEstimate → raw (N, D) float32, the inverse of decode inside the limits."""
        raw = np.zeros((len(estimate), self.size), np.float32)
        raw[:, self.identity] = estimate.identity
        raw[:, self.expression] = estimate.expression
        raw[:, self.albedo] = estimate.albedo
        raw[:, self.illumination] = estimate.illumination
        head = OPTICAL_FROM_MODEL_FRONTAL.T @ estimate.rotation  # (N, 3, 3)
        raw[:, self.rotation] = head[:, :, :2].transpose(0, 2, 1).reshape(-1, 6) - IDENTITY_6D
        raw[:, self.offset] = estimate.offset
        raw[:, self.log_scale] = np.log(estimate.scale)
        presence = np.clip(estimate.presence, 1e-6, 1 - 1e-6)
        raw[:, self.presence] = np.log(presence / (1 - presence))
        return raw


def rotation_from_6d(raw: np.ndarray) -> np.ndarray:
    """(N, 6), difference from the identity's first two columns → (N, 3, 3) rotations (Zhou et al. 2019, eq. 15)."""
    six = raw + IDENTITY_6D
    a, b = six[:, :3], six[:, 3:]
    a = a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-6)
    b = b - (a * b).sum(1, keepdims=True) * a
    b = b / np.maximum(np.linalg.norm(b, axis=1, keepdims=True), 1e-6)
    rotation = np.stack([a, b, np.cross(a, b)], -1)
    collapsed = np.abs(np.linalg.det(rotation) - 1) > 1e-2  # parallel or zero columns: no rotation in there
    rotation[collapsed] = np.eye(3, dtype=rotation.dtype)
    return rotation.astype(np.float32)
